"""
The attributes of the original session and client.
"""

import inspect

import pytest
from oauthlib.oauth2 import BackendApplicationClient as OriginalClient
from requests_oauthlib import OAuth2Session as OriginalSession

from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat.requests_oauthlib import OAuth2Session

METHODS = (
    "authorization_url fetch_token new_state refresh_token register_compliance_hook request token_from_fragment".split()
)


def parameters(function: object) -> list[tuple[str, object]]:
    """Return name and default of each parameter that can be passed by position, and of the keywords at the end."""
    assert callable(function)
    found = inspect.signature(function).parameters.values()
    return [(item.name, item.default) for item in found if item.kind is not inspect.Parameter.KEYWORD_ONLY]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_the_parameters_of_the_original(name: str) -> None:
    """The parameters have the same order and defaults."""
    assert parameters(getattr(OriginalSession, name)) == parameters(getattr(OAuth2Session, name))


def test_the_constructor_has_the_parameters_of_the_original() -> None:
    """Keywords of its base class, which has none, are refused."""
    *named, rest = parameters(OriginalSession)
    assert ("kwargs", inspect.Parameter.empty) == rest
    assert named == parameters(OAuth2Session)
    for kind in (OriginalSession, OAuth2Session):
        with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
            kind("your_id", other=1)  # type: ignore[call-arg]  # on purpose


def test_every_attribute_of_the_original_is_present() -> None:
    """The session has the private ones that programs read, and the client has its own."""
    with OAuth2Session("your_id") as ours, OriginalSession("your_id") as theirs:
        assert set(dir(ours)) >= set(dir(theirs))
        assert set(dir(ours._client)) >= set(dir(OriginalClient("your_id")))
        assert {name: set[object]() for name in theirs.compliance_hook} == ours.compliance_hook
    assert isinstance(ours._client, BackendApplicationClient)
