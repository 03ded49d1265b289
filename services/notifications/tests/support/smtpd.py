"""A mail server by aiosmtpd for tests/smtp.rs: takes mails from `shop` with the password `s3cret`.

Says its port, and then each mail as one line of JSON. With a certificate and its key as arguments it
wants STARTTLS first.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Office:
    async def handle_DATA(self, server, session, envelope):
        mail = {"to": envelope.rcpt_tos, "data": envelope.content.decode()}
        print(json.dumps(mail), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    known = (data.login, data.password) == (b"shop", b"s3cret")
    # Not handled yet: the server itself says no.
    return AuthResult(success=known, handled=False)


def protocol():
    tls = None
    if len(sys.argv) == 3:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[1], sys.argv[2])
    return SMTP(
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
