"""
The token as oauthlib hands it out: a dict that knows its scopes.
"""

from collections.abc import Mapping
from typing import Final, TypedDict

from oauth_cc.compat._scopes import Scopes, scope_list
from oauth_cc.compat._token_dict import TokenDict

_SCOPES: Final = frozenset({str, list, tuple, set, type(None)})


class TokenMembers(TypedDict, total=False):
    """
    The members of a token that the client reads, and what they are when a server keeps to RFC 6749 section 5.1.
    """

    access_token: str
    token_type: str
    refresh_token: str
    expires_in: int
    expires_at: float
    scope: list[str]
    mac_key: str
    mac_algorithm: str


class OAuth2Token(TokenDict):
    """
    The members of a token response, a dict, with the scopes that were asked for and granted.

    *params*: the members; *old_scope*: what was asked for, None if unknown. Lists of scopes are sorted.

        >>> token = OAuth2Token({"access_token": "2YotnFZFEjr1zCsicMWpAA", "scope": ["a", "c"]}, old_scope="a b")
        >>> token.scope_changed, token.missing_scopes, token.additional_scopes
        (True, ['b'], ['c'])
        >>> token
        {'access_token': '***', 'scope': ['a', 'c']}
    """

    __slots__ = ("__dict__", "_asked", "_granted")
    _asked: object
    _granted: object

    def __init__(self, params: Mapping[str, object], old_scope: Scopes = None) -> None:
        self.update(params)
        self._granted, self._asked = params.get("scope") or None, old_scope
        # The sets that oauthlib makes of these are made when someone asks; what none can be made of fails here.
        if type(self._granted) not in _SCOPES or type(old_scope) not in _SCOPES:
            self._granted, self._asked = scope_list(self._granted), scope_list(old_scope)

    @property
    def _old_scope(self) -> frozenset[str] | None:
        return _set(self._granted if self._asked is None else self._asked)

    @property
    def _new_scope(self) -> frozenset[str] | None:
        # A server may leave out a scope that is what was asked for (RFC 6749 section 5.1).
        return _set(self._asked if self._granted is None else self._granted)

    @property
    def scope_changed(self) -> bool:
        """Whether the scope granted is another than that asked for."""
        granted, asked = self._granted, self._asked
        return granted != asked and granted is not None and asked is not None and _set(granted) != _set(asked)

    @property
    def old_scope(self) -> str | None:
        """The scope asked for, as text; None if unknown."""
        return None if self._old_scope is None else " ".join(self.old_scopes)

    @property
    def old_scopes(self) -> list[str]:
        """The scopes asked for; none if unknown."""
        return sorted(self._old_scope or ())

    @property
    def scope(self) -> str | None:
        """The scope granted, as text; None if unknown."""
        return None if self._new_scope is None else " ".join(self.scopes)

    @property
    def scopes(self) -> list[str]:
        """The scopes granted; none if unknown."""
        return sorted(self._new_scope or ())

    @property
    def missing_scopes(self) -> list[str]:
        """The scopes asked for and not granted."""
        return sorted((self._old_scope or frozenset()) - (self._new_scope or frozenset()))

    @property
    def additional_scopes(self) -> list[str]:
        """The scopes granted and not asked for."""
        return sorted((self._new_scope or frozenset()) - (self._old_scope or frozenset()))


def _set(scope: object) -> frozenset[str] | None:
    scopes = scope_list(scope)
    return None if scopes is None else frozenset(scopes)
