"""
What the tests of the shells share.
"""

import pytest

from tests.shells.asking import WAYS, Ask


@pytest.fixture(params=WAYS, ids=lambda way: f"{way.library.__name__}-{way.backend}")
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each library, in threads and on event loops."""
    found: Ask = request.param
    return found
