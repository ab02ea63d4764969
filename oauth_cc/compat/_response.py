"""
Parsing of token responses as oauthlib does it, minus what yields an unusable or dangerous token.

Faults are values until the client raises them, so that no traceback shows the response.
"""

import os
import re
from collections.abc import Mapping
from json import JSONDecoder
from typing import Final, NoReturn
from urllib.parse import parse_qsl

from oauth_cc._wire.json import MAX_SIZE, is_array, parse_object
from oauth_cc.compat._expiry import Expiry, read_expiry
from oauth_cc.compat._scopes import Scopes, scope_list
from oauth_cc.compat._token import OAuth2Token

ACCESS_TOKEN: Final = re.compile(r"[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?")
"""access-token (RFC 6749 appendix A.12) without a space at either end, which an Authorization field cannot carry."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = JSONDecoder(parse_constant=_no_constant)


def read_response(body: str | bytes | bytearray, scope: Scopes) -> tuple[OAuth2Token, Expiry] | Exception:
    """
    Return the token in a response and its expiry, or the error to raise.

    Args:
        body: The body of the response.
        scope: The scope that was requested.

    Returns:
        The token and its expiry; or an OAuth2Error, or the Warning that the scope has changed.

    Example:
        >>> token, _ = read_response('{"access_token": "2YotnFZFEjr1zCsicMWpAA", "scope": "a b"}', ["a", "b"])
        >>> token.scopes
        ['a', 'b']
    """
    members = _quick_members(body)
    if members is None:
        found = _members(body)
        if isinstance(found, str):
            return _invalid(found)
        members = found
    return _refusal(members) if "error" in members else _token(members, scope)


def _refusal(members: dict[str, object]) -> Exception:
    # Imported here, as everywhere in the facade, because it imports oauthlib, which only errors need.
    from oauth_cc.compat._errors import refusal

    return refusal(members)


def _token(members: dict[str, object], scope: Scopes) -> tuple[OAuth2Token, Expiry] | Exception:
    granted = members.get("scope")
    if granted is not None:
        if not (isinstance(granted, str) or is_array(granted)):
            return _invalid("scope must be a string or an array")
        members["scope"] = scope_list(granted)
    expiry = read_expiry(members)
    if isinstance(expiry, str):
        return _invalid(expiry)
    if expiry[0] and expiry[1]:
        members["expires_in"], members["expires_at"] = expiry[0], expiry[1]
    else:
        expiry = _settle(members, expiry)
    token = OAuth2Token(members, scope)
    return _fault(members, token) or (token, expiry)


def _settle(members: dict[str, object], expiry: Expiry) -> Expiry:
    for name, value in zip(("expires_in", "expires_at"), expiry, strict=False):
        if value:
            members[name] = value
        else:
            members.pop(name, None)
    # oauthlib parses twice: a token whose ``expires_at`` is 0 expires after its ``expires_in``.
    again = read_expiry(members) if expiry[0] else expiry
    return expiry if isinstance(again, str) else again


def _fault(members: Mapping[str, object], token: OAuth2Token) -> Exception | None:
    access_token = members.get("access_token")
    if not isinstance(access_token, str) or not ACCESS_TOKEN.fullmatch(access_token):
        return _token_fault(access_token)
    if "token_type" not in members and os.environ.get("OAUTHLIB_STRICT_TOKEN_TYPE"):
        from oauth_cc.compat._errors import MissingTokenTypeError

        return MissingTokenTypeError()
    return _scope_fault(token) if token.scope_changed else None


def _quick_members(body: str | bytes | bytearray) -> dict[str, object] | None:
    # The common response, parsed in half the time: a flat object without repeated members. Such a text has one colon
    # per member and no brackets of an array. The core's parser reads every other response.
    if type(body) is not str or body[:1] != "{" or "[" in body or len(body) > MAX_SIZE:
        return None
    try:
        # A text that begins with a brace is an object or not JSON.
        members: dict[str, object]
        members, end = _DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        return None
    return members if end == len(body) and body.count(":") == len(members) else None


def _members(body: str | bytes | bytearray) -> dict[str, object] | str:
    if not isinstance(body, str | bytes | bytearray):
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {type(body).__name__}")
    content = body.removeprefix("\ufeff") if isinstance(body, str) else bytes(body)
    members = parse_object(content)
    if members != "is not JSON":
        return {**members} if isinstance(members, dict) else f"the response {members}"
    # Old servers respond in form text. A page of HTML is not a token, although its links parse as form text.
    if isinstance(content, str) and not content.lstrip().startswith("<"):
        return dict(parse_qsl(content))
    return {}


def _token_fault(access_token: object) -> Exception:
    if access_token is not None and access_token != "":
        return _invalid("access_token cannot be sent in a header (RFC 6749 appendix A.12)")
    from oauth_cc.compat._errors import MissingTokenError

    return MissingTokenError(description="Missing access token parameter.")


def _scope_fault(token: OAuth2Token) -> Warning | None:
    from oauth_cc.compat._signals import scope_changed

    message = f'Scope has changed from "{token.old_scope}" to "{token.scope}".'
    scope_changed.send(message=message, old=token.old_scopes, new=token.scopes)
    if os.environ.get("OAUTHLIB_RELAX_TOKEN_SCOPE"):
        return None
    warning = Warning(message)
    # A plain Warning with these attributes is what callers catch.
    vars(warning).update(token=token, old_scope=token.old_scopes, new_scope=token.scopes)
    return warning


def _invalid(description: str) -> Exception:
    from oauth_cc.compat._errors import InvalidResponseError

    return InvalidResponseError(description)
