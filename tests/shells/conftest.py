"""
Fixtures shared by the tests of the shells.
"""

import pytest

from tests.shells.asking import WAYS, Ask


@pytest.fixture(params=WAYS, ids=lambda way: f"{way.library.__name__}-{way.backend}")
def ask(request: pytest.FixtureRequest) -> Ask:
    """Return each HTTP library, on threads and on event loops."""
    found: Ask = request.param
    return found
