"""
Shared parts of the lines to paste, for Python and for a shell.
"""

from typing import Final

from oauth_cc import dialects
from oauth_cc._wire.form import encode_value
from oauth_cc.doctor._records import Observed
from oauth_cc.endpoint import url_fault
from oauth_cc.errors import InsecureEndpoint
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

HARMLESS: Final = frozenset({"audience", "organization", "tenant", "version"})
"""Parameters whose values are public."""

TYP: Final = "client-authentication+jwt"
"""The default typ of assertions."""


def ready_dialect(request: TokenRequest) -> str | None:
    """Return the name of the ready-made dialect of *request*, or None."""
    return next((name for name in dialects.__all__ if getattr(dialects, name) == request.dialect), None)


def shown_value(name: str, value: Secret) -> str | None:
    """
    Return the value of a parameter, or None if it may be a secret.

    Args:
        name: The name of the parameter.
        value: Its value.
    """
    return value.reveal() if name in HARMLESS else None


def shown_form(pairs: tuple[tuple[str, Secret], ...]) -> str:
    """Return *pairs* as a form, with ``...`` in place of what may be a secret."""
    return "&".join(
        [f"{encode_value(name)}={encode_value(shown_value(name, value) or '...')}" for name, value in pairs]
    )


def is_plain_http(url: str, observed: Observed) -> bool:
    """
    Return whether *url* is used only because plain http was allowed.

    Args:
        url: The URL of a token endpoint or an issuer.
        observed: What was observed, and what was allowed.
    """
    return observed.allow_http and isinstance(url_fault("", url, allow_http=False), InsecureEndpoint)


def shown_issuer(observed: Observed) -> str | None:
    """Return the issuer to discover the endpoint from, or None if the endpoint is known or the issuer is invalid."""
    issuer = observed.issuer if observed.endpoint is None else None
    if issuer is None or "?" in issuer or url_fault("", issuer, allow_http=True) is not None:
        return None
    return issuer
