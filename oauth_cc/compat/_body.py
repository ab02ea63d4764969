"""
Form bodies as oauthlib composes them: its order of parameters, the parameters it leaves out, the bodies it accepts.

`oauth_cc._wire.form` encodes each name and value.
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
    Return the body of a token request, in oauthlib's order of parameters.

    Args:
        grant_type: The grant.
        body: An existing form body, which comes first.
        scope: The scope to request.
        client_id: The client identifier; None leaves it out.
        extras: Further parameters. A list or tuple is sent once per element, and a `Secret` as its content.
            ``client_id`` and ``include_client_id`` are ignored, ``code_verifier`` and ``client_secret`` left out if
            None, all other parameters left out if falsy.

    Raises:
        TypeError: For a second grant_type.
        ValueError: For a scope that `scope_text` rejects.

    Example:
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
        # Sent even if empty: some servers require an empty client_secret.
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
    Return the body of a revocation request (RFC 7009 section 2.1).

    Args:
        token: The token to revoke.
        token_type_hint: The type of the token; None leaves it out.
        body: An existing form body, which comes first.
        extras: Further parameters, as in `compose`.

    Example:
        >>> compose_revocation("45ghiukldjahdnhzdauz", "refresh_token", "", {})
        'token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token'
    """
    hint = [("token_type_hint", token_type_hint)] if token_type_hint else []
    return append(body, [("token", token), *hint]) + _others(extras, ())


def append(form: Body, parameters: Iterable[tuple[str, object]]) -> str:
    """
    Return *form* with *parameters* appended, all of it encoded anew.

    Args:
        form: Form text, parsed as leniently as `urllib.parse.parse_qsl` does; `_wire.form.decode` is strict.
        parameters: Names and values.

    Example:
        >>> append("x=a b&y", [("access_token", "2YotnFZFEjr1zCsicMWpAA")])
        'x=a+b&y=&access_token=2YotnFZFEjr1zCsicMWpAA'
    """
    added = "&".join([f"{encode_value(name)}={_value(value)}" for name, value in parameters])
    if not form:
        return added
    # Most bodies are encoded already, exactly as they would be here.
    if isinstance(form, str) and _COMPOSED.fullmatch(form):
        kept = form
    else:
        # Bytes parse into pairs of bytes. Anything but bytes and str fails here, as in oauthlib.
        pairs = parse_qsl(cast("str", form), keep_blank_values=True)
        kept = "&".join([f"{_value(name)}={_value(value)}" for name, value in pairs])
    return f"{kept}&{added}" if kept and added else kept or added


def opened(value: object) -> object:
    """
    Return the content of a `Secret`, and any other value unchanged.

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
    # Bytes are sent unchanged: they may not be UTF-8.
    return quote_plus(value) if isinstance(value, bytes) else encode_value(str(value))
