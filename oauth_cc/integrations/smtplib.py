"""
Tokens for mail sent with ``smtplib``.
"""

import re
from typing import Final, final

from oauth_cc._io.base_source import check_bearer_source
from oauth_cc._io.source import TokenSource
from oauth_cc.errors import InvalidInput

__all__ = ["Xoauth2"]


def __dir__() -> list[str]:
    return __all__


_USER: Final = re.compile(r"[!-~]+")


@final
class Xoauth2:
    """
    What ``SMTP.auth("XOAUTH2", ...)`` calls, for mail servers such as those of Google and Microsoft.

    Args:
        user: The mailbox that the token is for.
        source: The source of the tokens.

    Raises:
        InvalidInput: *user* is not visible ASCII, or *source* has another type or DPoP tokens.
    """

    def __init__(self, user: str, source: TokenSource) -> None:
        if not isinstance(user, str) or not _USER.fullmatch(user):
            raise InvalidInput("user", "user must be a mailbox such as 'me@example.com', in visible ASCII")
        check_bearer_source(source, TokenSource)
        self._user = user
        self._source = source

    def __repr__(self) -> str:
        return f"Xoauth2({self._user!r}, {self._source!r})"

    def __call__(self, challenge: bytes | None = None, /) -> str:
        """Return the initial response, or an empty one to a *challenge*, which is the error of a server."""
        return "" if challenge else f"user={self._user}\x01auth=Bearer {self._source.access_token()}\x01\x01"
