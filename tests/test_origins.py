"""
Which origins a token is put on calls to.
"""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, errors, token_request
from oauth_cc._io.origins import Origins
from oauth_cc.endpoint import origin

URLS = [
    "https://api.example/things",
    "https://api.example:444/",
    "https://evil.example/",
    "https://api.example.evil.example/",
    "https://[::1]/",
]


@given(st.lists(st.sampled_from(URLS), min_size=1), st.sampled_from(URLS), st.booleans())
def test_a_token_goes_to_what_is_named_and_nowhere_else(named: list[str], called: str, as_resources: bool) -> None:
    """An origin is scheme, host and port, whatever the path; resources name it as well."""
    meant = Origins(None, named) if as_resources else Origins(named, ["https://other.example/"])
    assert meant.admit(origin(called)) == (origin(called) in map(origin, named))


@given(st.lists(st.sampled_from(URLS), min_size=1), st.sampled_from([(), ("urn:example:api", "api://id")]))
def test_without_names_the_first_call_decides(called: list[str], resources: tuple[str, ...]) -> None:
    """Whatever is called first is meant, and nothing else from then on."""
    meant = Origins(None, resources)
    answers = [meant.admit(origin(url)) for url in called]
    assert answers == [origin(url) == origin(called[0]) for url in called]


def test_http_is_admitted_to_this_machine_and_to_origins_that_are_named() -> None:
    """A token in the clear is everyone's; the refusal decides nothing for the calls that follow."""
    meant = Origins(None)
    with pytest.raises(errors.InsecureEndpoint):
        meant.admit(origin("http://api.example/"))
    assert Origins(["http://api.example/"]).admit(origin("http://api.example/"))
    with pytest.raises(errors.InsecureEndpoint):
        Origins(None, ("http://api.example/",))
    assert meant.admit(origin("https://api.example/"))
    assert not meant.admit(origin("http://api.example/"))
    local = Origins(None)
    with pytest.raises(errors.InsecureEndpoint):
        local.admit(origin("http://api.example/"))
    assert local.admit(origin("http://localhost:8000/"))
    assert Origins(["http://127.0.0.1/"]).admit(origin("http://127.0.0.1/"))


@pytest.mark.parametrize(
    "named",
    [["api.example"], ["https://u:p@api.example/"], ["*"], [""]],
)
def test_what_can_be_no_origin_is_refused(named: list[str]) -> None:
    """At once, and not when the first call is made."""
    with pytest.raises(errors.InvalidInput):
        Origins(named)


@pytest.mark.parametrize("named", ["https://api.example/", b"https://api.example/", 5, [], ()])
def test_one_text_or_nothing_is_no_list(named: Any) -> None:
    """A text would be a list of letters, and an empty list is no choice."""
    with pytest.raises(errors.InvalidInput, match="origins: give"):
        Origins(named)


@pytest.mark.parametrize("shell", [oauth_cc.httpx2, oauth_cc.httpx, oauth_cc.requests, oauth_cc.aiohttp])
def test_one_text_is_no_list_to_any_shell(shell: ModuleType) -> None:
    """It is refused where it is given."""
    request = token_request(ClientCredentials("your_id", "s3cret"))
    with pytest.raises(errors.InvalidInput, match="origins: give several: a list of URLs"):
        shell.ClientCredentialsAuth(request, "https://as.example/token", origins="https://api.example/")
