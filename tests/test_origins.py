"""
The origins that may receive a token.
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
def test_only_named_origins_receive_a_token(named: list[str], called: str, as_resources: bool) -> None:
    """An origin is scheme, host and port. The path does not matter. Resources name origins too."""
    meant = Origins(None, named) if as_resources else Origins(named, ["https://other.example/"])
    assert meant.admit(origin(called)) == (origin(called) in map(origin, named))


@given(st.lists(st.sampled_from(URLS), min_size=1), st.sampled_from([(), ("urn:example:api", "api://id")]))
def test_the_first_call_sets_the_origin_when_none_is_named(called: list[str], resources: tuple[str, ...]) -> None:
    """Resources that are not URLs name no origin."""
    meant = Origins(None, resources)
    answers = [meant.admit(origin(url)) for url in called]
    assert answers == [origin(url) == origin(called[0]) for url in called]


def test_plain_http_is_accepted_on_loopback_and_for_named_origins_only() -> None:
    """A rejected first call does not set the origin."""
    meant = Origins(None)
    with pytest.raises(errors.InsecureEndpoint) as caught:
        meant.admit(origin("http://api.example/"))
    assert caught.value.parameter == "origin"
    assert str(caught.value) == (
        "API http://api.example:80 must use https; to send it a token in plain text, name it in origins=[...]"
    )
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
def test_a_url_without_an_origin_is_rejected(named: list[str]) -> None:
    """The error is raised at construction, not at the first call."""
    with pytest.raises(errors.InvalidInput, match=r"^a URL in origins (must|has)") as caught:
        Origins(named)
    assert caught.value.parameter == "origins"


SINGLE = "origins must be a list of URLs, not {}; put a single URL into a list"
NONE = "origins must not be empty; pass at least one URL, or None to accept the origin of the first call"


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("https://api.example/", SINGLE.format("str")),
        (b"https://api.example/", SINGLE.format("bytes")),
        (5, SINGLE.format("int")),
        ([], NONE),
        ((), NONE),
    ],
)
def test_origins_must_be_a_nonempty_list(named: Any, reason: str) -> None:
    """A str would count as a list of letters, and an empty list would admit nothing."""
    with pytest.raises(errors.InvalidInput) as caught:
        Origins(named, ["https://api.example/"])
    assert (caught.value.parameter, str(caught.value)) == ("origins", reason)


@pytest.mark.parametrize(
    ("named", "resources", "several"),
    [
        (None, [], False),
        (None, ["urn:example:api"], False),
        (["https://api.example/"], [], False),
        (["https://api.example/", "https://api.example:443/other"], [], False),
        (["https://api.example/", "https://other.example/"], [], True),
        (None, ["https://api.example/", "HTTPS://other.example/"], True),
    ],
)
def test_origins_are_several_if_two_can_receive_the_token(
    named: list[str] | None, resources: list[str], several: bool
) -> None:
    """Without a name there is the one of the first call."""
    assert Origins(named, resources).are_several is several


def test_origins_of_a_discovered_resource_are_the_named_ones_or_its_own() -> None:
    """An auth for a resource asks for them."""
    resource = origin("https://api.example/")
    own = Origins(None).of_resource("https://api.example/things")
    assert [own.admit(resource), own.admit(origin("https://other.example/"))] == [True, False]
    with pytest.raises(errors.InsecureEndpoint):
        Origins(None).of_resource("http://api.example/")
    given = Origins(["https://other.example/"])
    assert given.of_resource("https://api.example/things") is given


@pytest.mark.parametrize("shell", [oauth_cc.httpx2, oauth_cc.httpx, oauth_cc.requests, oauth_cc.aiohttp])
def test_every_auth_rejects_a_str_as_origins(shell: ModuleType) -> None:
    """The error is raised at construction."""
    request = token_request(ClientCredentials("your_id", "s3cret"))
    with pytest.raises(
        errors.InvalidInput, match="origins must be a list of URLs, not str; put a single URL into a list"
    ):
        shell.ClientCredentialsAuth(request, "https://as.example/token", origins="https://api.example/")
