"""
DPoP nonces in the responses of a server (RFC 9449 section 8).
"""

from oauth_cc._wire.grammar import NONCE
from oauth_cc.errors import OAuthError, TokenRequestRefused
from oauth_cc.http import HttpResponse

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__


def dpop_nonce(response: HttpResponse) -> str | None:
    """
    Return the nonce for the next proof that *response*, of any status, names (RFC 9449 section 8.2).

    None if there is no nonce, more than one, or one outside the grammar of section 8.1.

        >>> dpop_nonce(HttpResponse(200, {"DPoP-Nonce": "n-1"}))
        'n-1'
    """
    values = response.header("DPoP-Nonce")
    return values[0] if len(values) == 1 and NONCE.fullmatch(values[0]) else None


def retry_nonce(error: OAuthError, response: HttpResponse, sent: str | None) -> str | None:
    """
    Return the nonce for a retry of the same request, or None if a retry does not help (RFC 9449 section 8).

    None if the server rejects the nonce that it issued itself, so that retries cannot loop.

        >>> response = HttpResponse(400, {"DPoP-Nonce": "n-1"}, b'{"error": "use_dpop_nonce"}')
        >>> retry_nonce(TokenRequestRefused("use_dpop_nonce"), response, None)
        'n-1'

    Args:
        error: The error that `parse_token_response` raised for *response*.
        response: The response.
        sent: The nonce in the rejected proof, or None.
    """
    nonce = dpop_nonce(response)
    return (
        nonce if isinstance(error, TokenRequestRefused) and error.code == "use_dpop_nonce" and nonce != sent else None
    )
