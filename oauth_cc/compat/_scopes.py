"""
Scopes as oauthlib has them: a text or a collection, with no grammar. The grammar is that of `oauth_cc.Scope`.
"""

from collections.abc import Collection, Sequence
from typing import TypeAlias, TypeGuard, cast

Scopes: TypeAlias = str | Sequence[str] | set[str] | tuple[str, ...] | None
"""What every ``scope`` parameter takes: a text with spaces, a list, tuple or set of texts, or None."""


def scope_text(scope: Scopes) -> str | None:
    """
    Gives *scope* as it is sent: its members with spaces between, or None.

    Raises ValueError if it is neither str, tuple, set nor list.

        >>> scope_text(["hello", "world"])
        'hello world'
    """
    if isinstance(scope, str) or scope is None:
        return scope
    if isinstance(scope, list | tuple | set):
        return " ".join([str(token) for token in scope])
    raise ValueError(f"Invalid scope ({scope}), must be string, tuple, set, or list.")


def scope_list(scope: object) -> list[str] | None:
    """
    Gives *scope* as a list of texts, or None. A text is cut at each single space, so that the empty one gives ``['']``.

    Raises AttributeError or TypeError if it is nothing of the kind, as oauthlib does.

        >>> scope_list("hello world")
        ['hello', 'world']
    """
    if _is_collection(scope):
        return [str(token) for token in scope]
    # What is no text either fails here, as it does in oauthlib.
    return None if scope is None else cast("str", scope).strip().split(" ")


def _is_collection(value: object) -> TypeGuard[Collection[object]]:
    return isinstance(value, list | tuple | set)
