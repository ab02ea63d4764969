"""
DPoP: what the server's answers say about the nonce of a proof (RFC 9449 section 8).
"""

from oauth_cc._wire.grammar import NONCE
from oauth_cc.errors import OAuthError, TokenRequestRefused
from oauth_cc.http import HttpResponse

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__


def dpop_nonce(response: HttpResponse) -> str | None:
    """
    Gives the nonce that *response*, whatever its status, wants in the next proof for its server (RFC 9449 section 8.2).

    None if there is none, more than one, or one outside the grammar of section 8.1.

        >>> dpop_nonce(HttpResponse(200, {"DPoP-Nonce": "n-1"}))
        'n-1'
    """
    values = response.header("DPoP-Nonce")
    return values[0] if len(values) == 1 and NONCE.fullmatch(values[0]) else None


def retry_nonce(error: OAuthError, response: HttpResponse, sent: str | None) -> str | None:
    """
    Gives the nonce to send the same request with once more, or None if that would not help (RFC 9449 section 8).

    *error*: what `parse_token_response` made of *response*; *sent*: the nonce that the refused proof held, or None. A
    server that refuses the nonce it gave is not asked again, so that no two programs run in a circle.

        >>> answer = HttpResponse(400, {"DPoP-Nonce": "n-1"}, b'{"error": "use_dpop_nonce"}')
        >>> retry_nonce(TokenRequestRefused("use_dpop_nonce"), answer, None)
        'n-1'
    """
    nonce = dpop_nonce(response)
    return (
        nonce if isinstance(error, TokenRequestRefused) and error.code == "use_dpop_nonce" and nonce != sent else None
    )
