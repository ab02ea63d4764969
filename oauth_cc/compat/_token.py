"""
The token as oauthlib returns it: a dict with its scopes.
"""

from collections.abc import Mapping
from typing import Final, TypedDict

from oauth_cc.compat._scopes import Scopes, scope_list
from oauth_cc.compat._token_dict import TokenDict

_SCOPES: Final = frozenset({str, list, tuple, set, type(None)})


class TokenMembers(TypedDict, total=False):
    """The members of a token that the client reads, typed as RFC 6749 section 5.1 defines them."""

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
    The members of a token response as a dict, with the scopes that were requested and granted. Lists of scopes are
    sorted.

    Args:
        params: The members.
        old_scope: The scope that was requested; None if unknown.

    Example:
        >>> token = OAuth2Token({"access_token": "2YotnFZFEjr1zCsicMWpAA", "scope": ["a", "c"]}, old_scope="a b")
        >>> token.scope_changed, token.missing_scopes, token.additional_scopes
        (True, ['b'], ['c'])
        >>> token
        {'access_token': '***', 'scope': ['a', 'c']}
    """

    __slots__ = ("__dict__", "_granted", "_requested")
    _requested: object
    _granted: object

    def __init__(self, params: Mapping[str, object], old_scope: Scopes = None) -> None:
        self.update(params)
        self._granted, self._requested = params.get("scope") or None, old_scope
        # oauthlib builds sets of these here; this class does so on first use. A wrong type still fails here.
        if type(self._granted) not in _SCOPES or type(old_scope) not in _SCOPES:
            self._granted, self._requested = scope_list(self._granted), scope_list(old_scope)

    @property
    def _old_scope(self) -> frozenset[str] | None:
        return _set(self._granted if self._requested is None else self._requested)

    @property
    def _new_scope(self) -> frozenset[str] | None:
        # A server may omit a scope that equals the requested one (RFC 6749 section 5.1).
        return _set(self._requested if self._granted is None else self._granted)

    @property
    def scope_changed(self) -> bool:
        """True if the server granted another scope than was requested."""
        granted, requested = self._granted, self._requested
        if granted is None or requested is None or granted == requested:
            return False
        return _set(granted) != _set(requested)

    @property
    def old_scope(self) -> str | None:
        """The scope that was requested, as text; None if unknown."""
        return None if self._old_scope is None else " ".join(self.old_scopes)

    @property
    def old_scopes(self) -> list[str]:
        """The scopes that were requested; empty if unknown."""
        return sorted(self._old_scope or ())

    @property
    def scope(self) -> str | None:
        """The scope that was granted, as text; None if unknown."""
        return None if self._new_scope is None else " ".join(self.scopes)

    @property
    def scopes(self) -> list[str]:
        """The scopes that were granted; empty if unknown."""
        return sorted(self._new_scope or ())

    @property
    def missing_scopes(self) -> list[str]:
        """The scopes that were requested and not granted."""
        return sorted((self._old_scope or frozenset()) - (self._new_scope or frozenset()))

    @property
    def additional_scopes(self) -> list[str]:
        """The scopes that were granted and not requested."""
        return sorted((self._new_scope or frozenset()) - (self._old_scope or frozenset()))


def _set(scope: object) -> frozenset[str] | None:
    scopes = scope_list(scope)
    return None if scopes is None else frozenset(scopes)
