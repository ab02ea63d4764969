"""
The detection of coroutine functions and of mocks of them.
"""

import functools
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest

from oauth_cc._wire.typing import is_coroutine_function


class Both:
    """An object with a plain and a coroutine method."""

    def plain(self, event: object) -> None:
        """Do nothing."""

    async def later(self, event: object) -> None:
        """Do nothing."""


def plain(event: object) -> None:
    """Do nothing."""


async def later(event: object) -> None:
    """Do nothing."""


MOCKED: Any = create_autospec(Both, instance=True)


@pytest.mark.parametrize(
    "function",
    [
        *[plain, Both().plain, Both.plain, print, [].append, functools.partial(plain, 1), lambda event: event, 5, None],
        *[Mock(), Mock(spec=plain), MagicMock(spec=plain), create_autospec(plain), MOCKED.plain],
    ],
    ids=range(14),
)
def test_plain_functions_and_their_mocks_are_not_coroutine_functions(function: object) -> None:
    """Other objects are not either."""
    assert not is_coroutine_function(function)


@pytest.mark.parametrize(
    "function",
    [later, Both().later, Both.later, functools.partial(functools.partial(later), 1), AsyncMock(), MOCKED.later],
    ids=range(6),
)
def test_coroutine_functions_and_their_mocks_are_recognised(function: object) -> None:
    """They are recognised behind `functools.partial`, too."""
    assert is_coroutine_function(function)
