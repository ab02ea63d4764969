"""
Every request of the command line and its response, redacted, as ``--verbose`` prints them.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

import httpx2

from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.form import decode
from oauth_cc._wire.json import MAX_SIZE, parse_object
from oauth_cc.cli.display import SHOWN_PARAMETERS, TRACED_HEADERS, answer_message, http_message
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.refusal import redact
from oauth_cc.secret import Secret

_LEAST: Final = 4
"""Characters of a value that is redacted in a response. Shorter values are parts of words."""

_HEADER: Final = re.compile(r"([-0-9A-Za-z]+: ).*")


def trace(client: httpx2.Client, print_text: Callable[[str], None], secrets: tuple[Secret, ...] = ()) -> None:
    """
    Make *client* print each request and each response.

    Args:
        client: The client.
        print_text: Prints one message.
        secrets: What is hidden in every message, because metadata may repeat it.
    """

    def asked(request: httpx2.Request) -> None:
        print_text(_marked(">", _without(secrets, http_message(_request(request)))))

    def answered(response: httpx2.Response) -> None:
        def done(content: bytes) -> None:
            print_text(_marked("<", _without(secrets, _answer(response, content))))

        stream = response.stream
        if isinstance(stream, httpx2.ByteStream):
            # The library has read it, within its limits.
            done(b"".join(stream))
        elif isinstance(stream, httpx2.SyncByteStream):
            response.stream = _Recorded(stream, done)

    client.event_hooks = {"request": [asked], "response": [answered]}


class _Recorded(httpx2.SyncByteStream):
    # The body of a response, which is passed on once it was read.

    def __init__(self, stream: httpx2.SyncByteStream, done: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._done = done
        self._content = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._content += chunk[: MAX_SIZE - len(self._content)]
            yield chunk

    def close(self) -> None:
        self._stream.close()
        self._done(bytes(self._content))


def _request(request: httpx2.Request) -> HttpRequest:
    return HttpRequest(request.method, f"{request.url}", _headers(request.headers), request.content)


def _answer(response: httpx2.Response, content: bytes) -> str:
    codings = response.headers.get_list("Content-Encoding")
    decoded = decode_content(content, codings, max_size=MAX_SIZE)
    body = decoded if isinstance(decoded, bytes) else b""
    # Metadata alone are requested by GET.
    is_metadata = response.request.method == "GET"
    received = HttpResponse(response.status_code, _headers(response.headers), body)
    message = answer_message(received, is_metadata=is_metadata)
    return redact(message, values_of(_request(response.request)))


def _headers(headers: httpx2.Headers) -> list[tuple[str, str]]:
    # In their case on the wire.
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw]


def values_of(request: HttpRequest) -> tuple[Secret, ...]:
    """
    Return the values of *request* that no text may show, as a response may repeat them.

        >>> request = HttpRequest("POST", "https://as.example/token", {"Authorization": "Basic aWQ6czNjcmV0"})
        >>> [value.reveal() for value in values_of(request)]
        ['Basic aWQ6czNjcmV0', 'aWQ6czNjcmV0', 's3cret']
    """
    values = [part for name, value in request.headers if name.lower() not in TRACED_HEADERS for part in _parts(value)]
    members = parse_object(request.body)
    pairs = decode(request.body.decode("ascii", "replace")) if isinstance(members, str) else tuple(members.items())
    if not isinstance(pairs, str):
        values += [value for name, value in pairs if name not in SHOWN_PARAMETERS and isinstance(value, str)]
    return tuple([Secret(value) for value in values if len(value) >= _LEAST])


def _parts(value: str) -> list[str]:
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic":
        return [value, rest]
    try:
        pair = b64decode(rest).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    return [value, rest, unquote(pair.partition(":")[2])]


def _without(secrets: tuple[Secret, ...], message: str) -> str:
    # The value of a header, such as Host, is hidden as a whole: the labels of a host may hold the rest of a secret.
    shown = [(line, redact(line, secrets)) for line in message.splitlines()]
    return "\n".join(
        [_HEADER.sub(r"\1***", line) if _HEADER.match(line) and text != line else text for line, text in shown]
    )


def _marked(mark: str, message: str) -> str:
    return "\n".join([f"{mark} {line}".rstrip() for line in message.splitlines()])
