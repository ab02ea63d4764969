"""
The facade beside oauthlib's own client: the same call on both, and each outcome in comparable form.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs
from oauthlib.oauth2 import BackendApplicationClient as Original
from oauthlib.oauth2 import OAuth2Error
from oauthlib.oauth2 import OAuth2Token as OriginalToken

from oauth_cc.compat import BackendApplicationClient, OAuth2Token

ATTRIBUTES: Final = (
    "client_id default_token_placement token_type access_token refresh_token mac_key mac_algorithm token scope "
    "state_generator state redirect_url code_verifier code_challenge code_challenge_method code expires_in expires_at "
    "_expires_at grant_type refresh_token_key".split()
)
ERROR_ATTRIBUTES: Final = (
    "error description uri state status_code scopes client_id redirect_uri response_type response_mode grant_type "
    "twotuples headers".split()
)
SCOPES: Final = "old_scopes scopes missing_scopes additional_scopes".split()
ABSENT: Final = "no such attribute"


@attrs.frozen
class Raised:
    """An exception: the name of its type, its text, its attributes."""

    kind: str
    text: str
    details: Mapping[str, object]


def outcome(function: Callable[[], object]) -> object:
    """Return what *function* returns or raises, in comparable form."""
    try:
        return comparable(function())
    except Exception as error:
        return raised(error)


def raised(error: Exception) -> Raised:
    """Return *error* in comparable form."""
    names = ERROR_ATTRIBUTES if isinstance(error, OAuth2Error) else ()
    details = {name: getattr(error, name) for name in names}
    text = re.sub(r"[\w.]+\.(\w+\(\))", r"\1", str(error))  # the owner of the function differs
    if type(error) is Warning:
        # Row 7: the facade sorts scopes; oauthlib lists them in the order of a set.
        details = {name: sorted(getattr(error, name)) for name in ("old_scope", "new_scope")}
        details["token"] = comparable(vars(error)["token"])
        text = " ".join(sorted(re.findall(r'[^ "]+', text)))
    return Raised(type(error).__name__, text, details)


def comparable(value: object) -> object:
    """Return *value* in a form that equals the other client's: tokens as their members and scopes."""
    if isinstance(value, OAuth2Token | OriginalToken):
        known = value.scope is not None  # row 30: oauthlib raises TypeError if not
        scopes = {name: sorted(getattr(value, name)) for name in SCOPES if known}
        texts = [None if text is None else sorted(text.split(" ")) for text in (value.scope, value.old_scope)]
        members = {name: comparable(item) for name, item in value.items()}
        return "OAuth2Token", members, value.scope_changed, scopes, texts
    if isinstance(value, tuple):
        return tuple([comparable(item) for item in value])
    return "nan" if value != value else value  # NaN alone differs from itself


def state(client: object) -> dict[str, object]:
    """Return every attribute of *client*."""
    found = {name: comparable(getattr(client, name, ABSENT)) for name in ATTRIBUTES}
    generator = found["state_generator"]
    return found | {"state_generator": getattr(generator, "__name__", generator)}


def pair(*arguments: object, **keywords: object) -> tuple[BackendApplicationClient, Original]:
    """Return a facade and an original, constructed alike."""
    # Tests pass values that no type allows, too.
    return BackendApplicationClient(*arguments, **keywords), Original(*arguments, **keywords)  # type: ignore[arg-type]
