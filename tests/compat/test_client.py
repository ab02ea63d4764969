"""
The facade on its own: hooks of subclasses, MAC tokens, records of the core, and secrecy.
"""

import contextlib
import copy
import datetime
import inspect
import json
import logging
import pickle
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeVar
from unittest.mock import patch

import oauthlib.oauth2
import pytest
from requests.structures import CaseInsensitiveDict

from oauth_cc import ClientCredentials, ClientSecretPost, Scope, Secret, compat, compose_body
from oauth_cc.compat import (
    AUTH_HEADER,
    BODY,
    URI_QUERY,
    BackendApplicationClient,
    InvalidResponseError,
    MissingTokenError,
    MissingTokenTypeError,
    OAuth2Token,
    scope_changed,
)
from oauth_cc.compat import (
    _errors as errors,
)
from oauth_cc.compat import _mac as mac
from oauth_cc.compat import (
    _own_errors as _errors,
)
from oauth_cc.compat._placing import with_authorization
from oauth_cc.compat._signals import ScopeChanged
from oauth_cc.errors import InvalidInput
from tests.leaks import shown_by

URL = "https://example.com/path?query=world"
TOKEN = "2YotnFZFEjr1zCsicMWpAA"


class TestHooks:
    """Methods and attributes that subclasses in the field override."""

    def test_subclass_overrides_the_grant_type(self) -> None:
        """A subclass names another grant, and another value for refresh requests."""

        class Bearer(BackendApplicationClient):
            grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            refresh_token_key = "urn:x"

        client = Bearer("your_id")
        assert "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer" == client.prepare_request_body()
        assert "grant_type=urn%3Ax" == client.prepare_refresh_body()

    def test_subclass_constructor_passes_a_placement_on(self) -> None:
        """A subclass passes a placement to the constructor."""

        class Query(BackendApplicationClient):
            def __init__(self, client_id: str) -> None:
                super().__init__(client_id, default_token_placement=URI_QUERY)

        client = Query("your_id")
        client.access_token = "tok"
        assert f"{URL}&access_token=tok" == client.add_token(URL)[0]

    def test_subclass_adds_a_header_beside_the_bearer_token(self) -> None:
        """A subclass adds another header beside the token."""

        class Adding(BackendApplicationClient):
            def _add_bearer_token(self, *arguments: object, **keywords: object):  # type: ignore[no-untyped-def]
                url, headers, body = super()._add_bearer_token(*arguments, **keywords)  # type: ignore[arg-type]
                return url, {**(headers or {}), "X-Api-Key": "k"}, body

        placed = Adding("your_id", access_token="tok").add_token(URL)
        assert {"Authorization": "Bearer tok", "X-Api-Key": "k"} == placed[1]

    def test_subclass_adds_a_token_type(self) -> None:
        """A subclass supports another token type, in any case."""

        class Other(BackendApplicationClient):
            @property
            def token_types(self):  # type: ignore[no-untyped-def]
                return {**super().token_types, "N_A": lambda *arguments, **keywords: arguments}

        placed: object = Other("your_id", token_type="n_a", access_token="tok").add_token(URL)
        assert (URL, "GET", None, None, AUTH_HEADER) == placed

    def test_subclass_populates_every_token(self) -> None:
        """An overridden populate_token_attributes is called for every token, and once without one."""
        seen: list[dict[str, object]] = []

        class Populating(BackendApplicationClient):
            def populate_token_attributes(self, response) -> None:  # type: ignore[no-untyped-def]
                seen.append(dict(response))
                super().populate_token_attributes(response)

        client = Populating("your_id")
        client.parse_request_body_response(json.dumps({"access_token": TOKEN, "expires_in": 0}))
        assert [{}, {"access_token": TOKEN}] == seen
        assert client._expires_at

    def test_expiry_is_readable_and_writable(self) -> None:
        """Callers read and write the expiry of the token."""
        client = BackendApplicationClient("your_id", token={"access_token": "tok", "expires_at": 5})
        assert 5 == client._expires_at
        client._expires_at = None
        assert client.add_token(URL)[1]

    def test_any_attribute_can_be_set(self) -> None:
        """requests_oauthlib.OAuth2 sets each member of a token as an attribute."""
        client = BackendApplicationClient("your_id")
        for name, value in {"access_token": "tok", "token_type": "Bearer", "nonsense": 1}.items():
            setattr(client, name, value)
        assert {"Authorization": "Bearer tok"} == client.add_token(URL)[1]


class TestMac:
    """The two expired drafts, with the vectors of oauthlib's tests."""

    def client(self) -> BackendApplicationClient:
        """Return a client with a MAC token."""
        return BackendApplicationClient(
            "your_id", token_type="MAC", access_token="tok", mac_key="secret", mac_algorithm="hmac-sha-1"
        )

    def test_draft_00_signs_the_body(self) -> None:
        """Draft 00 signs the body and puts an age into its nonce."""
        with patch.object(mac, "new_nonce", lambda: "abc123"), patch.object(mac, "age", lambda issue_time: "0"):
            headers = self.client().add_token(URL, body="not=empty", issue_time=datetime.datetime.now())[1]
        assert {
            "Authorization": 'MAC id="tok", nonce="0:abc123", bodyhash="Yqyso8r3hR5Nm1ZFv+6AvNHrxjE=", '
            'mac="0X6aACoBY0G6xgGZVJ1IeE8dF9k="'
        } == headers

    def test_draft_01_signs_a_timestamp(self) -> None:
        """Draft 01 signs a timestamp instead of the body."""
        with patch.object(mac, "new_nonce", lambda: "abc123"), patch.object(mac, "timestamp", lambda: "123456789"):
            headers = self.client().add_token(URL, body="not=empty", draft=1, nonce="zzz")[1]
        assert {
            "Authorization": 'MAC id="tok", ts="123456789", nonce="abc123", mac="Xuk+9oqaaKyhitkgh1CD0xrI6+s="'
        } == headers

    def test_mac_header_is_a_pure_function(self) -> None:
        """The signature depends on the arguments alone."""
        header = mac.mac_header("tok", URL, "secret", "get", nonce="0:abc123", body="not=empty")
        assert header == mac.mac_header("tok", URL, b"secret", "GET", nonce="0:abc123", body="not=empty")
        assert 'bodyhash="Yqyso8r3hR5Nm1ZFv+6AvNHrxjE="' in header
        assert ', ext="e", mac=' in mac.mac_header("tok", URL, "secret", "GET", nonce="n", ext="e")
        other = mac.mac_header("tok", "https://h:8443/", "secret", "GET", nonce="n", hash_algorithm="HMAC-SHA-256")
        assert other.startswith('MAC id="tok", nonce="n", mac="')

    def test_nonces_are_unique_and_ages_are_numbers(self) -> None:
        """No two nonces are equal, and timestamps and ages are numbers."""
        assert mac.new_nonce() != mac.new_nonce()
        assert mac.timestamp().isdigit()
        assert 0 <= float(mac.age(datetime.datetime.now())) < 10

    def test_unsupported_placement_or_algorithm_is_a_value_error(self) -> None:
        """A placement or an algorithm that MAC does not support is a ValueError."""
        with pytest.raises(ValueError, match="Invalid token placement"):
            self.client().add_token(URL, token_placement=BODY)
        with pytest.raises(ValueError, match="unknown hash algorithm"):
            mac.mac_header("tok", URL, "secret", "GET", nonce="n", hash_algorithm="md5")


class TestRecordsOfTheCore:
    """The client's state as records of the core."""

    def test_credentials_take_a_secret_the_client_never_held(self) -> None:
        """The client_id is combined with a secret that the client never held."""
        client = BackendApplicationClient("your_id", client_secret="s3cret")
        assert ClientCredentials("your_id") == client.credentials()
        assert ClientCredentials("your_id", "s3cret") == client.credentials("s3cret")

    @pytest.mark.parametrize(
        "scope", ["hello world", ["hello", "world"], ("hello", "world"), " hello  world ", None, ""]
    )
    def test_request_has_the_scope_and_the_body_of_the_client(
        self, scope: str | list[str] | tuple[str, ...] | None
    ) -> None:
        """The record requests the same scope and composes the same body."""
        client = BackendApplicationClient("your_id", scope=scope)
        request = client.to_request("s3cret")
        assert ClientCredentials("your_id", "s3cret") == request.credentials
        if scope != " hello  world ":
            assert compose_body(client.to_request()) == client.prepare_request_body()
        assert (Scope.of("hello", "world") if scope else Scope()) == request.scope
        assert Scope.of("a") == client.to_request(ClientSecretPost("s3cret"), scope=["a"]).scope

    def test_scope_outside_the_grammar_is_rejected(self) -> None:
        """The core rejects a scope that the facade sends unchecked."""
        with pytest.raises(InvalidInput):
            BackendApplicationClient("your_id", scope=['a"b']).to_request()

    def test_token_keeps_its_expiry_and_scopes(self) -> None:
        """The record has the expiry and the scopes of the token."""
        client = BackendApplicationClient("your_id", scope=["a", "b"])
        with patch("time.time", lambda: 1000.4):
            client.parse_request_body_response(
                json.dumps({"access_token": TOKEN, "token_type": "bearer", "expires_in": 10, "scope": "b a"})
            )
        token = client.to_token(received_at=1000.4)
        assert (TOKEN, 1010, Scope.of("a", "b")) == (token.access_token.reveal(), token.expires_at, token.scope)
        assert Scope.of("a", "b") == token.requested_scope

    def test_token_without_expiry_gets_the_default_lifetime(self) -> None:
        """A token without expiry or scope gets the core's default lifetime and the requested scope."""
        client = BackendApplicationClient("your_id", scope="a", access_token=TOKEN)
        token = client.to_token(received_at=1000.0)
        assert (1300.0, Scope.of("a")) == (token.expires_at, token.scope)

    def test_missing_or_mac_token_is_invalid_input(self) -> None:
        """The core rejects a missing token and a MAC token."""
        with pytest.raises(InvalidInput, match="no access_token in this client; parse a token response first"):
            BackendApplicationClient("your_id").to_token(received_at=1000.0)
        with pytest.raises(InvalidInput, match="token_type must be Bearer"):
            BackendApplicationClient("your_id", token_type="MAC", access_token="x").to_token(received_at=1000.0)


class TestSecrecy:
    """No output contains a secret or a token."""

    @pytest.mark.parametrize(
        "answer",
        [
            json.dumps({"access_token": f"{TOKEN}\n"}),
            json.dumps({"access_token": TOKEN, "expires_in": "x"}),
            json.dumps({"access_token": TOKEN, "scope": 5}),
            json.dumps({"access_token": TOKEN, "error": None}),
            f'{{"access_token": "{TOKEN}", "access_token": "{TOKEN}"}}',
            f'{{"access_token": "{TOKEN}"'.encode() + b"\xff}",
            f'["{TOKEN}"]',
            f"<a href='?access_token={TOKEN}'>",
        ],
    )
    def test_an_error_shows_nothing_of_the_response(self, answer: str | bytes) -> None:
        """The text, attributes and traceback of an error contain nothing of the response."""
        client = BackendApplicationClient("your_id")
        with pytest.raises((InvalidResponseError, MissingTokenError)) as caught:
            client.parse_request_body_response(answer)
        assert TOKEN not in shown_by(caught.value)

    def test_missing_token_type_error_shows_no_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error for a missing token type shows no token. Any value of the switch turns it on, ``0`` included."""
        monkeypatch.setenv("OAUTHLIB_STRICT_TOKEN_TYPE", "0")
        with pytest.raises(MissingTokenTypeError) as caught:
            BackendApplicationClient("your_id").parse_request_body_response(json.dumps({"access_token": TOKEN}))
        assert TOKEN not in shown_by(caught.value)

    def test_a_bad_lifetime_shows_no_token(self) -> None:
        """The error for a bad lifetime does not show the token that was passed."""
        client = BackendApplicationClient("your_id")
        token = {"access_token": TOKEN, "expires_in": "x"}
        with pytest.raises(InvalidResponseError) as caught:
            client.populate_token_attributes(token)
        assert f"({caught.value.error}) expires_in must be an int" == str(caught.value)
        assert TOKEN not in str(caught.value)

    def test_repr_and_logs_show_no_token(self, caplog: pytest.LogCaptureFixture) -> None:
        """Neither client nor token shows its secrets, and nothing is logged."""
        with caplog.at_level(logging.DEBUG):
            client = BackendApplicationClient("your_id", client_secret="s3cret", refresh_token="r3fresh")
            token = client.parse_request_body_response(json.dumps({"access_token": TOKEN, "id_token": "eyJ"}))
            client.prepare_request_body(client_secret="s3cret")
            client.add_token(URL)
        shown = f"{client!r} {client} {token!r} {token} {caplog.text}"
        assert not [secret for secret in ("s3cret", "r3fresh", TOKEN, "eyJ") if secret in shown]
        assert "s3cret" not in str(vars(client))


class TestSecretObjects:
    """A `Secret` of the core in every argument that the facade sends: its content is sent, never its redaction."""

    @pytest.mark.parametrize("value", ["s3cret/+", ""])
    def test_a_body_contains_the_content_of_a_secret(self, value: str) -> None:
        """Each method that composes a body treats a `Secret` like its text."""
        assert self.bodies(value, TOKEN) == self.bodies(Secret(value), Secret(TOKEN))
        body = BackendApplicationClient("your_id").prepare_request_body(client_secret=Secret("s3cret/+"))
        assert "grant_type=client_credentials&client_secret=s3cret%2F%2B" == body

    def bodies(self, value: str | Secret, token: str | Secret) -> list[str]:
        """Return a body of each kind with *value* in each of its places."""
        client, url = BackendApplicationClient("your_id"), "https://as.example/token"
        keys = ["a", value]
        return [
            client.prepare_request_body(client_secret=value, code_verifier=value, key=value, keys=keys),
            client.prepare_token_request(url, client_secret=value, key=value, keys=keys)[2],
            client.prepare_refresh_body(client_secret=value, key=value, keys=keys),
            client.prepare_refresh_token_request(url, client_secret=value, key=value, keys=keys)[2],
            client.prepare_token_revocation_request(url, token, key=value, keys=keys)[2],
        ]

    @pytest.mark.parametrize("placement", [AUTH_HEADER, URI_QUERY, BODY])
    def test_a_secret_token_is_placed_like_its_text(self, placement: Literal["auth_header", "query", "body"]) -> None:
        """A `Secret` token is sent like its text at each place, and converts to the same record."""
        plain = BackendApplicationClient("your_id", token={"access_token": TOKEN})
        sealed = BackendApplicationClient("your_id", token={"access_token": Secret(TOKEN)})
        call = plain.add_token(URL, token_placement=placement)
        assert TOKEN in repr(call)
        assert call == sealed.add_token(URL, token_placement=placement)
        assert plain.to_token(received_at=1.0) == sealed.to_token(received_at=1.0)


T = TypeVar("T")


def unpickled(value: T) -> T:
    """Return *value*, pickled and unpickled."""
    found: T = pickle.loads(pickle.dumps(value))  # noqa: S301  # made here
    return found


def test_client_and_token_survive_pickling_and_copying() -> None:
    """A client and a token survive pickling and copying."""
    client = BackendApplicationClient("your_id", scope=["a", "b"])
    token = client.parse_request_body_response(json.dumps({"access_token": TOKEN, "scope": "b a"}))
    for again in (unpickled(client), copy.deepcopy(client)):
        assert vars(client) == vars(again)
        assert (token, TOKEN) == (again.token, again.access_token)
    for other in (unpickled(token), copy.deepcopy(token), copy.copy(token)):
        assert type(other) is OAuth2Token
        assert (token, ["a", "b"], ["a", "b"]) == (other, other.scopes, other.old_scopes)
    assert type(token.copy()) is dict


@pytest.mark.parametrize("name", ["access_token", "expires_at", "nothing"])
def test_an_attribute_that_is_not_there_raises_the_error_of_oauthlib(name: str) -> None:
    """Secrets are in slots, whose own errors have other texts. On a second deletion, too."""

    def text_of(act: Callable[[], object]) -> str:
        with pytest.raises(AttributeError) as caught:
            act()
        return str(caught.value)

    found: list[list[str]] = []
    for kind in (BackendApplicationClient, oauthlib.oauth2.BackendApplicationClient):
        client = kind("your_id")
        vars(client).pop("expires_at", None)
        with contextlib.suppress(AttributeError):
            delattr(client, name)
        found.append([text_of(partial(getattr, client, name)), text_of(partial(delattr, client, name))])
    assert found[0] == found[1] == [f"'BackendApplicationClient' object has no attribute '{name}'"] * 2


def test_headers_of_requests_are_changed_in_place() -> None:
    """The headers object of requests is changed in place, although its names ignore case."""
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict({"authorization": "Basic eDp5"})
    assert with_authorization(headers, "Bearer tok") is headers
    assert [("Authorization", "Bearer tok")] == list(headers.items())


def test_states_and_verifiers_are_random() -> None:
    """State and code verifiers are random and have the requested length."""
    client = BackendApplicationClient("your_id")
    assert client.state_generator() != client.state_generator()
    assert 30 == len(client.state_generator())
    with pytest.raises(NotImplementedError):
        client.prepare_authorization_request("https://as.example/authorize")
    assert client.state
    assert 43 == len(client.create_code_verifier(43))


def test_subclass_composes_an_authorization_request() -> None:
    """A subclass with an authorization endpoint composes its request."""

    class Code(BackendApplicationClient):
        def prepare_request_uri(self, *arguments: object, **keywords: object) -> str:
            return f"{arguments[0]}?state={keywords['state']}"

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    prepared = Code("your_id").prepare_authorization_request("https://as.example/", "s")
    assert ("https://as.example/?state=s", form, "") == prepared


def test_no_signature_contains_any() -> None:
    """No annotation of the client is Any."""
    for name, method in inspect.getmembers(BackendApplicationClient, inspect.isfunction):
        assert "Any" not in str(inspect.signature(method)), name


def test_own_error_classes_equal_those_of_oauthlib() -> None:
    """
    The substitute classes behave like oauthlib's. tests/compat/test_imports.py compares all of them in another process.
    """
    names = [name for name, kind in vars(_errors).items() if isinstance(kind, type)]
    for own, theirs in ((getattr(_errors, name), getattr(errors, name)) for name in names):
        code = ["custom"] if own is _errors.CustomOAuth2Error else []
        for rest in ((), ("why",), ("why", "u", "s"), ("why", "u", "s", 401)):
            one, other = own(*code, *rest), theirs(*code, *rest)
            assert (str(other), other.twotuples, other.json) == (str(one), one.twotuples, one.json)
            assert (other.urlencoded, other.headers) == (one.urlencoded, one.headers)
            for mode in (None, "fragment"):
                one.response_mode = other.response_mode = mode
                assert other.in_uri("https://x/?a=1#f") == one.in_uri("https://x/?a=1#f")
            again = unpickled(one)
            assert (type(one), str(one), one.twotuples) == (type(again), str(again), again.twotuples)


def test_own_signal_rejects_listeners() -> None:
    """The substitute signal does nothing and rejects listeners."""
    signal = ScopeChanged()
    assert signal.send(message="m", old=["a"], new=["b"]) is None
    for method in (signal.connect, signal.disconnect, signal.has_receivers_for):
        with pytest.raises(RuntimeError, match="signalling support is unavailable"):
            method(print)
    assert scope_changed.send(message="m", old=["a"], new=["b"]) is None


def test_every_listed_name_exists() -> None:
    """The package has every name that it lists."""
    assert not [name for name in compat.__all__ if not hasattr(compat, name)]
    assert compat.TokenExpiredError is errors.TokenExpiredError


def test_own_error_survives_pickling() -> None:
    """The facade's own error survives pickling, with either base class."""
    again = unpickled(InvalidResponseError("why"))
    assert (InvalidResponseError, "(invalid_response) why") == (type(again), str(again))


def test_nested_and_binary_json_is_parsed() -> None:
    """
    A response with nested objects, surrounding space or of bytes is parsed by the core's reader, with the same result.
    """
    client = BackendApplicationClient("your_id")
    for body in (
        ' {"access_token": "x", "y": {"z": [1]}}',
        b'{"access_token": "x"}',
        bytearray(b'{"access_token": "x"}'),
    ):
        assert "x" == client.parse_request_body_response(body)["access_token"]
    with pytest.raises(TypeError, match="must be str, bytes or bytearray, not NoneType"):
        client.parse_request_body_response(None)  # type: ignore[arg-type]  # oauthlib's own text
