"""
Which functions have to be awaited, and which mocks of them.
"""

import functools
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest

from oauth_cc._wire.typing import is_coroutine_function


class Both:
    """A method of either kind."""

    def plain(self, event: object) -> None:
        """Gives nothing."""

    async def later(self, event: object) -> None:
        """Gives nothing, once awaited."""


def plain(event: object) -> None:
    """Gives nothing."""


async def later(event: object) -> None:
    """Gives nothing, once awaited."""


MOCKED: Any = create_autospec(Both, instance=True)


@pytest.mark.parametrize(
    "function",
    [
        *[plain, Both().plain, Both.plain, print, [].append, functools.partial(plain, 1), lambda event: event, 5, None],
        *[Mock(), Mock(spec=plain), MagicMock(spec=plain), create_autospec(plain), MOCKED.plain],
    ],
    ids=range(14),
)
def test_plain(function: object) -> None:
    """What one calls, and what is no function; a mock is what it stands for."""
    assert not is_coroutine_function(function)


@pytest.mark.parametrize(
    "function",
    [later, Both().later, Both.later, functools.partial(functools.partial(later), 1), AsyncMock(), MOCKED.later],
    ids=range(6),
)
def test_awaited(function: object) -> None:
    """What one awaits."""
    assert is_coroutine_function(function)
