"""What schemathesis needs beside its settings: it does not know NDJSON by itself."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    text = value if isinstance(value, (str, bytes)) else json.dumps(value)
    return text.encode("utf-8", "replace") if isinstance(text, str) else text
