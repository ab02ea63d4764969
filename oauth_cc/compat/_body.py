"""
Form bodies as oauthlib composes them: its order of parameters, what it leaves out, and what it takes for a body.

The coding of each name and value is that of `oauth_cc._wire.form`.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias, cast
from urllib.parse import parse_qsl, quote_plus

from oauth_cc._wire.form import encode_value
from oauth_cc._wire.json import is_array
from oauth_cc.compat._scopes import Scopes, scope_text
from oauth_cc.secret import Secret

Body: TypeAlias = str | bytes | None
"""An existing form body."""

_NAMED: Final = frozenset({"client_id", "include_client_id", "code_verifier", "client_secret"})
_COMPOSED: Final = re.compile(r"[-._~0-9A-Za-z]+=[-._~0-9A-Za-z+]*(?:&[-._~0-9A-Za-z]+=[-._~0-9A-Za-z+]*)*")


def compose(grant_type: str, body: Body, scope: Scopes, client_id: object, extras: Mapping[str, object]) -> str:
    """
    Gives the body of a token request in oauthlib's order: *body*, grant_type, client_id, code_verifier, client_secret,
    scope, then the other *extras* as given.

    *client_id*: None leaves it out. *extras*: the keywords of the caller; ``client_id`` and ``include_client_id`` among
    them are passed over, the two secrets are left out only if None, any other if falsy; a list or tuple is sent once
    per element, and of a `Secret` what it holds. Raises ValueError for *scope* as `scope_text` does, TypeError for a
    second grant_type.

        >>> compose("client_credentials", "x=1", ["hello", "world"], None, {"z": 1, "empty": ""})
        'x=1&grant_type=client_credentials&scope=hello+world&z=1'
    """
    if "grant_type" in extras:
        raise TypeError("prepare_token_request() got multiple values for argument 'grant_type'")
    text = scope_text(scope)
    composed = f"grant_type={_value(grant_type)}"
    if body:
        embedded = append(body, ())
        composed = f"{embedded}&{composed}" if embedded else composed
    if client_id is not None:
        composed += f"&client_id={_value(client_id)}"
    if extras:
        # What a caller may want to send empty: some servers ask for an empty client_secret.
        for name in ("code_verifier", "client_secret"):
            secret = extras.get(name)
            if secret is not None:
                composed += f"&{name}={_value(secret)}"
    if text:
        composed += f"&scope={encode_value(text)}"
    if extras:
        composed += _others(extras, _NAMED)
    return composed


def compose_revocation(token: object, token_type_hint: str | None, body: Body, extras: Mapping[str, object]) -> str:
    """
    Gives the body of a revocation request (RFC 7009 section 2.1): *body*, token, token_type_hint, then *extras*.

        >>> compose_revocation("45ghiukldjahdnhzdauz", "refresh_token", "", {})
        'token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token'
    """
    hint = [("token_type_hint", token_type_hint)] if token_type_hint else []
    return append(body, [("token", token), *hint]) + _others(extras, ())


def append(form: Body, parameters: Iterable[tuple[str, object]]) -> str:
    """
    Gives the form text *form* with *parameters* behind its own, all of them encoded anew.

    *form* is read as `urllib.parse.parse_qsl` reads it, guessing where it is broken; `_wire.form.decode` is strict.

        >>> append("x=a b&y", [("access_token", "2YotnFZFEjr1zCsicMWpAA")])
        'x=a+b&y=&access_token=2YotnFZFEjr1zCsicMWpAA'
    """
    added = "&".join([f"{encode_value(name)}={_value(value)}" for name, value in parameters])
    if not form:
        return added
    # Most bodies are written as they would be written again.
    if isinstance(form, str) and _COMPOSED.fullmatch(form):
        kept = form
    else:
        # Bytes give pairs of bytes; what is neither bytes nor text fails here as it does for oauthlib.
        pairs = parse_qsl(cast("str", form), keep_blank_values=True)
        kept = "&".join([f"{_value(name)}={_value(value)}" for name, value in pairs])
    return f"{kept}&{added}" if kept and added else kept or added


def opened(value: object) -> object:
    """
    Gives what *value* is on the wire: of a `Secret` what it holds, of anything else itself.

        >>> opened(Secret("s3cret")), opened("s3cret")
        ('s3cret', 's3cret')
    """
    return value.reveal() if isinstance(value, Secret) else value


def _others(extras: Mapping[str, object], named: Collection[str]) -> str:
    composed = ""
    for name, value in extras.items():
        if name not in named:
            for element in value if is_array(value) else (value,):
                if opened(element):
                    composed += f"&{encode_value(name)}={_value(element)}"
    return composed


def _value(value: object) -> str:
    if isinstance(value, str):
        return encode_value(value)
    value = opened(value)
    # Bytes are sent as they are; there may be no text of them.
    return quote_plus(value) if isinstance(value, bytes) else encode_value(str(value))
