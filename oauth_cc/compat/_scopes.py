"""
Scopes as oauthlib defines them: a string or a collection, without a grammar. `oauth_cc.Scope` has the grammar.
"""

from collections.abc import Collection, Sequence
from typing import TypeAlias, TypeGuard, cast

Scopes: TypeAlias = str | Sequence[str] | set[str] | tuple[str, ...] | None
"""The type of every ``scope`` parameter: a space-separated string, a list, tuple or set of strings, or None."""


def scope_text(scope: Scopes) -> str | None:
    """
    Return *scope* as it is sent: space-separated, or None.

    Raises ValueError if *scope* is not a str, tuple, set or list.

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
    Return *scope* as a list of strings, or None. A string is split at each single space, so ``""`` becomes ``['']``.

    Raises AttributeError or TypeError for any other type, as oauthlib does.

        >>> scope_list("hello world")
        ['hello', 'world']
    """
    if _is_collection(scope):
        return [str(token) for token in scope]
    # Any other type fails here, as in oauthlib.
    return None if scope is None else cast("str", scope).strip().split(" ")


def _is_collection(value: object) -> TypeGuard[Collection[object]]:
    return isinstance(value, list | tuple | set)
