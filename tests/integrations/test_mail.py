"""
Tokens for mail, with a server on loopback that speaks XOAUTH2.
"""

import base64
import smtplib
import socket
from collections.abc import Iterator

import aiosmtplib
import anyio
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from oauth_cc import ClientCredentials, InvalidInput, token_request
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.integrations.smtplib import Xoauth2
from oauth_cc.testing import AuthorizationServer

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))


class Mailbox:
    """A handler of aiosmtpd that accepts one user by XOAUTH2, as Google and Microsoft describe it."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.seen: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802  # the name that aiosmtpd calls
        """Read the initial response."""
        given = args[1] if len(args) > 1 else ""
        text = base64.b64decode(given).decode()
        self.seen.append(text)
        if text in self.accepted:
            return AuthResult(success=True)
        # The error is a challenge, and the client ends the exchange by an empty response.
        answer = await server.challenge_auth('{"status": "400"}')
        self.seen.append("" if answer == b"" else "not empty")
        return AuthResult(success=False, handled=False)


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """Run a mail server, and yield its handler and its port."""
    handler = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    without = ["LOGIN", "PLAIN"]
    controller = Controller(
        handler, hostname="127.0.0.1", port=port, auth_require_tls=False, auth_exclude_mechanism=without
    )
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server."""
    with AuthorizationServer() as running:
        yield running


def test_smtplib_authenticates_by_a_token(mailbox: tuple[Mailbox, int], server: AuthorizationServer) -> None:
    """The initial response is that of XOAUTH2."""
    handler, port = mailbox
    source = TokenSource(REQUEST, server.token_endpoint)
    handler.accepted = {f"user=me@example.com\x01auth=Bearer {source.access_token()}\x01\x01"}
    with smtplib.SMTP("127.0.0.1", port, timeout=9) as smtp:
        smtp.ehlo()
        code, _ = smtp.auth("XOAUTH2", Xoauth2("me@example.com", source))
        assert code == 235
        smtp.sendmail("me@example.com", ["you@example.com"], "Subject: hello")


def test_smtplib_ends_the_exchange_that_a_server_refuses(
    mailbox: tuple[Mailbox, int], server: AuthorizationServer
) -> None:
    """The second response is empty, and the error has no token."""
    handler, port = mailbox
    handler.accepted, handler.seen = set(), []
    source = TokenSource(REQUEST, server.token_endpoint)
    with smtplib.SMTP("127.0.0.1", port, timeout=9) as smtp:
        smtp.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError) as raised:
            smtp.auth("XOAUTH2", Xoauth2("me@example.com", source))
    assert handler.seen[1:] == [""]
    assert source.access_token() not in str(raised.value)


def test_aiosmtplib_takes_the_source_as_it_is(mailbox: tuple[Mailbox, int], server: AuthorizationServer) -> None:
    """A recipe of one line: ``oauth_token_generator=source.access_token``."""
    handler, port = mailbox

    async def main() -> None:
        async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
            handler.accepted = {f"user=me@example.com\x01auth=Bearer {await source.access_token()}\x01\x01"}
            smtp = aiosmtplib.SMTP(
                hostname="127.0.0.1",
                port=port,
                start_tls=False,
                username="me@example.com",
                oauth_token_generator=source.access_token,
            )
            async with smtp:
                await smtp.sendmail("me@example.com", ["you@example.com"], "Subject: hello")

    anyio.run(main)


def test_a_user_that_would_break_the_exchange_is_refused(server: AuthorizationServer) -> None:
    """The character 1 ends a field of it."""
    source = TokenSource(REQUEST, server.token_endpoint)
    for user in ("", "me\x01auth=Bearer x", "me\r\n", "mé@example.com"):
        with pytest.raises(InvalidInput, match="user must be a mailbox"):
            Xoauth2(user, source)
