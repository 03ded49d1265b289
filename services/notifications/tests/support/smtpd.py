"""A mail server by aiosmtpd for tests/smtp.rs: takes mails from `shop` with the password `s3cret`.

Says its port, and then each mail as one line of JSON. With a certificate and its key it wants STARTTLS
first. It refuses a verb (also GREETING, and MESSAGE for what follows DATA) with the reply that it is given
for it, says nothing to it, or hangs up instead of answering.
"""

import argparse
import asyncio
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--at", help="the verb")
    parser.add_argument("--reply", help="refuse it with this")
    parser.add_argument("--do", choices=["hang", "drop"], help="do this instead of answering it")
    return parser.parse_args()


OPTIONS = arguments()


async def refuse(server):
    if OPTIONS.do == "hang":
        await asyncio.Event().wait()
    if OPTIONS.do == "drop":
        server.transport.abort()
        raise ConnectionResetError
    await SMTP.push(server, OPTIONS.reply)


class Server(SMTP):
    async def push(self, status):
        greets = isinstance(status, str) and status.startswith("220 ") and not self.session.host_name
        if OPTIONS.at == "GREETING" and greets and not getattr(self, "greeted", False):
            self.greeted = True
            return await refuse(self)
        return await super().push(status)


if OPTIONS.at not in (None, "GREETING", "MESSAGE"):
    setattr(Server, f"smtp_{OPTIONS.at}", lambda self, _: refuse(self))


class Office:
    async def handle_DATA(self, server, session, envelope):
        mail = {"to": envelope.rcpt_tos, "data": envelope.content.decode()}
        print(json.dumps(mail), flush=True)
        if OPTIONS.at == "MESSAGE" and OPTIONS.do:
            await refuse(server)
        return OPTIONS.reply if OPTIONS.at == "MESSAGE" else "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    known = (data.login, data.password) == (b"shop", b"s3cret")
    # Not handled yet: the server itself says no.
    return AuthResult(success=known, handled=False)


def protocol():
    tls = None
    if OPTIONS.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(OPTIONS.certificate, OPTIONS.key)
    return Server(
        Office(),
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=tls is not None,
        tls_context=tls,
        require_starttls=tls is not None,
    )


async def serve():
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
