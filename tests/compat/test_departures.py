"""
The deliberate differences between the facade and oauthlib: for each such row of the table, both behaviours.
"""

import json
import time
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from oauthlib.oauth2 import BackendApplicationClient as Original
from oauthlib.oauth2 import OAuth2Error, TokenExpiredError
from oauthlib.oauth2 import OAuth2Token as OriginalToken
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidClientIdError, MissingTokenError

from oauth_cc.compat import BackendApplicationClient, InvalidResponseError, OAuth2Token

URL = "https://api.example/things"


@pytest.fixture
def facade() -> BackendApplicationClient:
    """Return the facade."""
    return BackendApplicationClient("your_id")


@pytest.fixture
def original() -> Original:
    """Return the original."""
    return Original("your_id")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Stop the clock, so that both clients see the same time."""
    with patch("time.time", lambda: 1000.4):
        yield


def response(**members: object) -> str:
    """Return a response with a token and *members*."""
    return json.dumps({"access_token": "2YotnFZFEjr1zCsicMWpAA", **members})


@pytest.mark.parametrize("lifetime", [0, "0", 0.5, False])
def test_row_1_a_lifetime_of_0_has_expired(
    facade: BackendApplicationClient, original: Original, lifetime: object
) -> None:
    """A token with a lifetime of 0 never expires in oauthlib; in the facade it has expired, with the same members."""
    theirs = original.parse_request_body_response(response(expires_in=lifetime))
    assert theirs == facade.parse_request_body_response(response(expires_in=lifetime))
    assert "expires_in" not in theirs
    assert original.add_token(URL)[1]
    assert 1000 == facade._expires_at
    with pytest.raises(TokenExpiredError):
        facade.add_token(URL)
    # requests-oauthlib passes the same token again: it stays expired.
    facade.populate_token_attributes(facade.token)
    assert 1000 == facade._expires_at


@pytest.mark.parametrize("text", ["<html>&access_token=zzz&", "\n<!doctype html><a href='?x=1&access_token=zzz&y=1'>"])
def test_row_2_html_holds_no_token(facade: BackendApplicationClient, original: Original, text: str) -> None:
    """The original reads a token from a link in a page; the facade finds none."""
    assert "zzz" == original.parse_request_body_response(text)["access_token"]
    with pytest.raises(MissingTokenError):
        facade.parse_request_body_response(text)


@pytest.mark.parametrize("lifetime", ["", "abc", "3600.9", [], {}, float("inf")])
def test_row_3_a_lifetime_that_is_not_a_number_is_invalid(
    facade: BackendApplicationClient, original: Original, lifetime: object
) -> None:
    """
    The original raises ValueError or OverflowError, even in place of the server's error; the facade raises its own
    ValueError.
    """
    text = response(expires_in=lifetime).replace("Infinity", "1e400")
    with pytest.raises((ValueError, OverflowError)) as theirs:
        original.parse_request_body_response(text)
    assert not isinstance(theirs.value, OAuth2Error)
    with pytest.raises(InvalidResponseError, match="expires_in must be an int") as ours:
        facade.parse_request_body_response(text)
    assert isinstance(ours.value, OAuth2Error)
    assert isinstance(ours.value, ValueError)
    with pytest.raises(InvalidResponseError, match="expires_in must be an int"):
        BackendApplicationClient("your_id", token={"expires_in": lifetime})


def test_row_3_an_error_precedes_a_bad_lifetime(facade: BackendApplicationClient, original: Original) -> None:
    """A bad lifetime hides the server's error in oauthlib; the facade raises the server's error."""
    text = '{"error": "custom", "expires_in": "abc"}'
    with pytest.raises(ValueError, match="expires_in must be an int"):
        original.parse_request_body_response(text)
    with pytest.raises(CustomOAuth2Error, match="custom"):
        facade.parse_request_body_response(text)


@pytest.mark.parametrize(
    "text",
    [
        *['{"error": null}', "null", "true", "5", "[]", '["access_token"]', '"access_token"', "[" * 100_000],
        *[response(scope=5), response(scope={"a": 1}), response(scope=False)],
    ],
    ids=lambda text: str(text)[:20],
)
def test_row_4_json_that_is_not_an_object_is_invalid(
    facade: BackendApplicationClient, original: Original, text: str
) -> None:
    """
    The original raises five kinds of foreign exceptions; the facade raises one class that is an OAuth2Error and a
    ValueError.
    """
    foreign = (TypeError, AttributeError, ValueError, RecursionError)
    with pytest.raises(foreign) as theirs:
        original.parse_request_body_response(text)
    assert not isinstance(theirs.value, OAuth2Error)
    with pytest.raises(InvalidResponseError) as ours:
        facade.parse_request_body_response(text)
    assert isinstance(ours.value, OAuth2Error)
    assert isinstance(ours.value, ValueError)


def test_row_4_bytes_that_are_not_utf8_are_invalid(facade: BackendApplicationClient) -> None:
    """
    The facade behaves alike on every Python. oauthlib raises UnicodeDecodeError before 3.13, and MissingTokenError
    since.
    """
    with pytest.raises(InvalidResponseError):
        facade.parse_request_body_response(b"\xff{}")


def test_row_5_invalid_request_does_not_blame_client_id(facade: BackendApplicationClient, original: Original) -> None:
    """The class is oauthlib's; the text blames client_id only if the server does."""
    with pytest.raises(InvalidClientIdError, match="Invalid client_id parameter value"):
        original.parse_request_body_response('{"error": "invalid_request"}')
    with pytest.raises(InvalidClientIdError) as ours:
        facade.parse_request_body_response('{"error": "invalid_request"}')
    assert "(invalid_request) " == str(ours.value)
    with pytest.raises(InvalidClientIdError, match=r"\(invalid_request\) no grant_type"):
        facade.parse_request_body_response('{"error": "invalid_request", "error_description": "no grant_type"}')


@pytest.mark.parametrize(
    "code",
    "token_expired insecure_transport mismatching_state missing_code missing_token missing_token_type".split(),
)
def test_row_6_a_server_cannot_send_codes_of_the_client(
    facade: BackendApplicationClient, original: Original, code: str
) -> None:
    """A server that sends a code of the client controls oauthlib's callers; the facade raises a custom error."""
    text = json.dumps({"error": code})
    with pytest.raises(OAuth2Error) as theirs:
        original.parse_request_body_response(text)
    assert not isinstance(theirs.value, CustomOAuth2Error)
    with pytest.raises(CustomOAuth2Error) as ours:
        facade.parse_request_body_response(text)
    assert code == ours.value.error


def test_row_7_scopes_in_the_warning_are_sorted(facade: BackendApplicationClient, original: Original) -> None:
    """Both raise a plain Warning with the same attributes; the facade sorts the scopes in its text."""
    with pytest.raises(Warning, match="Scope has changed from") as theirs:
        original.parse_request_body_response(response(scope="d c e"), scope=["b", "a"])
    with pytest.raises(Warning, match=r'Scope has changed from "a b" to "c d e"\.') as ours:
        facade.parse_request_body_response(response(scope="d c e"), scope=["b", "a"])
    assert type(theirs.value) is type(ours.value) is Warning
    assert vars(theirs.value)["token"] == vars(ours.value)["token"]
    assert (["a", "b"], ["c", "d", "e"]) == (vars(ours.value)["old_scope"], vars(ours.value)["new_scope"])


@pytest.mark.parametrize("url", ["https://api.example/a b", "https://api.example/\r\nx: y", "https://api.example/\x7f"])
def test_row_9_a_url_with_a_space_is_rejected(facade: BackendApplicationClient, original: Original, url: str) -> None:
    """The original accepts a URL that splits a request; the facade rejects a space or a control character."""
    assert url == original.prepare_token_request(url)[0]
    for call in (facade.prepare_token_request, facade.prepare_refresh_token_request, facade.add_token):
        with pytest.raises(ValueError, match="space or a control character"):
            call(url)
    with pytest.raises(ValueError, match="space or a control character"):
        facade.prepare_token_revocation_request(url, "x")


@pytest.mark.parametrize("token", [None, ""])
def test_row_11_an_empty_token_is_missing(
    facade: BackendApplicationClient, original: Original, token: str | None
) -> None:
    """A null or empty token is a token in oauthlib; in the facade it is missing."""
    text = json.dumps({"access_token": token})
    assert token == original.parse_request_body_response(text)["access_token"]
    with pytest.raises(MissingTokenError):
        facade.parse_request_body_response(text)


@pytest.mark.parametrize("token", [5, True, ["a"], {"a": 1}, " a", "a\r\nx: y", "é", "a\x00"])
def test_row_11_an_unusable_token_is_rejected(
    facade: BackendApplicationClient, original: Original, token: object
) -> None:
    """The original returns a token that splits a request; the facade rejects it and shows nothing of it."""
    text = json.dumps({"access_token": token})
    assert token == original.parse_request_body_response(text)["access_token"]
    with pytest.raises(InvalidResponseError, match="access_token cannot be sent in a header") as ours:
        facade.parse_request_body_response(text)
    assert "x: y" not in str(ours.value)
    assert facade.access_token is None


def test_row_12_an_assigned_token_is_sent(facade: BackendApplicationClient, original: Original) -> None:
    """If only the attribute *token* is assigned, oauthlib sends ``Bearer None``, and the facade sends the token."""
    original.token = facade.token = {"access_token": "2YotnFZFEjr1zCsicMWpAA"}
    assert {"Authorization": "Bearer None"} == original.add_token(URL)[1]
    assert {"Authorization": "Bearer 2YotnFZFEjr1zCsicMWpAA"} == facade.add_token(URL)[1]


def test_row_14_only_the_refresh_token_survives_a_new_token(
    facade: BackendApplicationClient, original: Original
) -> None:
    """Expiry, type and MAC key of the last token survive in oauthlib; in the facade only the refresh token does."""
    old = response(expires_in=10, refresh_token="r", token_type="MAC", mac_key="k", mac_algorithm="hmac-sha-1")
    for client in (original, facade):
        client.parse_request_body_response(old)
        client.parse_request_body_response(response())
    assert ("MAC", "k", "hmac-sha-1", 10, 1010, "r") == (
        original.token_type,
        original.mac_key,
        original.mac_algorithm,
        original.expires_in,
        original.expires_at,
        original.refresh_token,
    )
    assert ("Bearer", None, None, None, None, "r") == (
        facade.token_type,
        facade.mac_key,
        facade.mac_algorithm,
        facade.expires_in,
        facade._expires_at,
        facade.refresh_token,
    )
    assert not hasattr(facade, "expires_at")


def test_row_14_a_token_falls_back_to_the_constructor() -> None:
    """A token without type or MAC key falls back to the arguments of the constructor."""
    client = BackendApplicationClient("your_id", token_type="MAC", mac_key="k", token={"token_type": "Bearer"})
    client.parse_request_body_response(response())
    assert ("MAC", "k") == (client.token_type, client.mac_key)


def test_row_16_headers_are_not_shared(facade: BackendApplicationClient, original: Original) -> None:
    """The original returns one dict to all callers, who can corrupt it; the facade makes a dict for each."""
    first, second = [original.prepare_token_request(URL)[1] for _ in range(2)]
    assert first is second
    first, second = [facade.prepare_token_request(URL)[1] for _ in range(2)]
    assert (
        {"Content-Type": "application/x-www-form-urlencoded"}
        == first
        == second
        == original.prepare_token_request(URL)[1]
    )
    assert first is not second


def test_row_19_a_list_is_sent_once_per_element(facade: BackendApplicationClient, original: Original) -> None:
    """The original sends the repr of a list; the facade sends the parameter once per element (RFC 8707 section 2)."""
    resources = ["https://a/", "https://b/"]
    assert original.prepare_request_body(resource=resources).endswith(
        "&resource=%5B%27https%3A%2F%2Fa%2F%27%2C+%27https%3A%2F%2Fb%2F%27%5D"
    )
    assert facade.prepare_request_body(resource=resources).endswith(
        "&resource=https%3A%2F%2Fa%2F&resource=https%3A%2F%2Fb%2F"
    )
    assert facade.prepare_request_body(resource=tuple(resources)) == facade.prepare_request_body(resource=resources)
    assert facade.prepare_request_body(z=["", None, "a"]) == facade.prepare_request_body(z="a")


def test_row_26_plain_is_obeyed_and_unknown_methods_rejected(
    facade: BackendApplicationClient, original: Original
) -> None:
    """
    The original returns None for ``plain`` and unknown methods; the facade supports the first and rejects the second.
    """
    assert original.create_code_challenge("verifier", "plain") is None
    assert original.create_code_challenge("verifier", "unknown") is None
    assert "verifier" == facade.create_code_challenge("verifier", "plain") == facade.code_challenge
    with pytest.raises(ValueError, match="code_challenge_method"):
        facade.create_code_challenge("verifier", "unknown")


def test_row_27_an_authorization_header_in_any_case_is_replaced() -> None:
    """The original keeps a header ``authorization`` beside its own; the facade replaces it, in the same dict."""
    theirs, ours = {"authorization": "Basic eDp5", "Accept": "a/b"}, {"authorization": "Basic eDp5", "Accept": "a/b"}
    Original("your_id", access_token="tok").add_token(URL, headers=theirs)
    assert {"authorization": "Basic eDp5", "Accept": "a/b", "Authorization": "Bearer tok"} == theirs
    assert BackendApplicationClient("your_id", access_token="tok").add_token(URL, headers=ours)[1] is ours
    assert {"Accept": "a/b", "Authorization": "Bearer tok"} == ours


def test_row_28_only_utf8_is_decoded(facade: BackendApplicationClient, original: Original) -> None:
    """The original decodes UTF-16 and UTF-32, and no mark in text; the facade decodes UTF-8, with one mark or none."""
    for encoding in ("utf-16", "utf-32"):
        assert original.parse_request_body_response(response().encode(encoding))
        with pytest.raises(InvalidResponseError):
            facade.parse_request_body_response(response().encode(encoding))
    with pytest.raises(MissingTokenError):
        original.parse_request_body_response(f"\ufeff{response()}")
    for text in (f"\ufeff{response()}", response().encode("utf-8-sig")):
        assert "2YotnFZFEjr1zCsicMWpAA" == facade.parse_request_body_response(text)["access_token"]


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "a", "access_token": "b"}',
        '{"access_token": "a", "x": NaN}',
        '{"access_token": "a", "x": Infinity}',
        '{"access_token": "a", "x": {"y": 1, "y": 2}}',
        '{"access_token": "a", "x": [{"y": 1, "y": 2}]}',
    ],
)
def test_row_29_repeated_members_and_nan_are_rejected(
    facade: BackendApplicationClient, original: Original, text: str
) -> None:
    """The original accepts repeated members and NaN; the facade rejects both."""
    assert original.parse_request_body_response(text)
    with pytest.raises(OAuth2Error):
        facade.parse_request_body_response(text)


def test_row_30_unknown_scopes_are_empty_lists() -> None:
    """The original raises TypeError for unknown scopes; the facade returns empty lists."""
    theirs, ours = OriginalToken({"access_token": "x"}), OAuth2Token({"access_token": "x"})
    assert (None, None, False) == (theirs.scope, theirs.old_scope, theirs.scope_changed)
    assert (None, None, False) == (ours.scope, ours.old_scope, ours.scope_changed)
    for name in ("scopes", "old_scopes", "missing_scopes", "additional_scopes"):
        with pytest.raises(TypeError):
            getattr(theirs, name)
        assert [] == getattr(ours, name)


def test_repr_of_a_token_is_redacted() -> None:
    """The original's token prints itself; the facade's redacts every member that may be secret."""
    members = {"access_token": "2YotnFZFEjr1zCsicMWpAA", "id_token": "eyJ", "expires_in": 3600}
    assert "2YotnFZFEjr1zCsicMWpAA" in repr(OriginalToken(members))
    token = OAuth2Token(members)
    assert "{'access_token': '***', 'id_token': '***', 'expires_in': 3600}" == repr(token) == str(token)
    assert members == token == dict(token) == token.copy() == json.loads(json.dumps(token))


def test_vars_of_a_client_has_no_attribute_with_a_secret(facade: BackendApplicationClient, original: Original) -> None:
    """Programs log it, and JSON encoders read it. The attributes are read, set and deleted as in the original."""
    for client in (original, facade):
        client.code = client.code_verifier = client.mac_key = client.refresh_token = "s3cret"
        client.parse_request_body_response(response(token_type="MAC", mac_key="s3cret"))
        assert "MAC" == client.token_type
        assert "2YotnFZFEjr1zCsicMWpAA" == client.token["access_token"]
    assert "s3cret" in repr(vars(original))
    assert "2YotnFZFEjr1zCsicMWpAA" in repr(vars(original))
    for text in (repr(vars(facade)), json.dumps(facade, default=vars)):
        assert "s3cret" not in text
        assert "2YotnFZFEjr1zCsicMWpAA" not in text
    for name in ("access_token", "refresh_token", "mac_key", "code", "code_verifier"):
        assert getattr(original, name) == getattr(facade, name)
        delattr(facade, name)
        assert not hasattr(facade, name)


def test_size_and_depth_are_bounded(facade: BackendApplicationClient, original: Original) -> None:
    """The original parses responses of any size and depth; the facade has the bounds of the core."""
    for text in (response(x="a" * (1 << 20)), response(x=json.loads("[" * 40 + "]" * 40))):
        assert original.parse_request_body_response(text)
        with pytest.raises(InvalidResponseError):
            facade.parse_request_body_response(text)


def test_the_clock_of_these_tests_stands_still() -> None:
    """It does so for both clients."""
    assert 1000.4 == time.time()
