"""
Dialects and placements: their fields, and how a request is written, a response read and a token placed under them.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    Dialect,
    HttpRequest,
    HttpResponse,
    OAuthError,
    Placement,
    Scope,
    Secret,
    Token,
    TokenRequest,
    authorize,
    compose_body,
    dialects,
    errors,
    http_request,
    parse_token_response,
    token_request,
)
from oauth_cc.authentication import AuthenticationFields
from oauth_cc.dialect import BEARER, MAX_LIFETIME, RFC_6749
from oauth_cc.flows.cache_key import cache_key, fingerprint
from oauth_cc.http import SHOWN_HEADERS
from oauth_cc.token import DEFAULT_LIFETIME
from tests import strategies
from tests.bound import bound_key
from tests.leaks import shown_by

NOW = 1700000000.0
ENDPOINT = "https://as.example/token"
API = HttpRequest("GET", "https://api.example/")
KEY = bound_key("jkt")
REQUEST = token_request(ClientCredentials("id", "s3cret"), Scope.of("a", "b"))
POSTED = token_request(ClientCredentials("id", ClientSecretPost("s3c&ret")), Scope.of("a", "b"))
SHOPIFY = Placement("X-Shopify-Access-Token", scheme=None)

# Deliberately slow, and the tests call it often.
proof = cache(fingerprint)


def key(request: TokenRequest) -> str:
    """Return the cache key, as a source computes it."""
    return cache_key(request, ENDPOINT, proof(request.credentials))


def read(members: object, dialect: Dialect = RFC_6749, request: TokenRequest = REQUEST) -> Token:
    """Return the token of a response with *members*."""
    response = HttpResponse(200, (), json.dumps(members).encode("utf-8", "surrogatepass"))
    return parse_token_response(response, request.with_dialect(dialect), received_at=NOW)


def dialect_of(**fields: object) -> Dialect:
    """Return a dialect of fields of any type."""
    untyped: Any = fields
    return Dialect(**untyped)


PREFIX = "urn:ietf:params:oauth:grant-type:"
ILLEGAL: dict[str, list[object]] = {
    "bearer_names": [
        *([], ["a"], "ab", 5, None, ("",), (5,), (None,), ([],), ("é",), ("a\n",), ("a" * 201,), ("a", "")),
        *((" a",), ("a ",), (" ",), ("dpop",), ("DPoP",), ("MAC",), ("N_A",), ("BearerToken", "dpop")),
    ],
    "default_lifetime": [
        *(0, -1, -0.5, True, "60", [60], float("nan"), float("inf"), MAX_LIFETIME + 1, 10**400, -(10**400)),
    ],
    "lifetime_unit": ["m", "S", "", None, 1, []],
    "members": [
        *(None, 5, "access_token", [], [("access_token", "a")], (5,), ("ab",), (("access_token", "a", "b"),)),
        *({1: "a", "scope": "b"}, (([], "a"),), {"refresh_token": "a"}, {"error": "a"}, {"": "a"}, {"Scope": "a"}),
        *[{"scope": path} for path in ("", ".", "a.", ".a", "a..b", "a\n", "\x7f")],
        *({"scope": 5}, {"scope": None}, {"scope": ["a"]}, (("scope", "a"), ("scope", "b"))),
    ],
    "scope_separator": ["", "+", ";", ", ", "  ", None, 5, []],
    "body_format": ["", "JSON", "xml", None, 5, []],
    "grant_type": [
        *("", "a b", "é", "a\n", 'a"', None, 5, [], "a" * 201, "password", "Password", "authorization_code"),
        *(
            "refresh_token",
            "implicit",
            f"{PREFIX}jwt-bearer",
            f"{PREFIX}x".upper(),
            "urn:openid:params:grant-type:ciba",
        ),
    ],
    "placement": [None, "Authorization", ("Authorization", "Bearer"), Placement],
    "rejection_words": [[], ["a"], "ab", 5, None, ("",), (5,), (None,), ([],), ("é",), ("a\n",)],
    "rejection_statuses": [401, [401], None, (True,), ("401",), (401.0,), ([],), (200,), (399,), (500,), (-401,)],
}
"""Illegal values of each field."""


class TestFields:
    @pytest.mark.parametrize(
        ("field", "value"), [(field, value) for field, values in ILLEGAL.items() for value in values], ids=ascii
    )
    def test_a_field_outside_its_range_is_an_error_that_names_it(self, field: str, value: object) -> None:
        """Nothing but `InvalidInput` is raised."""
        with pytest.raises(errors.InvalidInput) as caught:
            dialect_of(**{field: value})
        assert caught.value.parameter == field
        assert str(caught.value).startswith(f"{field} ")

    @pytest.mark.parametrize("field", [field.name for field in attrs.fields(Dialect)])
    def test_every_field_has_a_default_and_departs_alone(self, field: str) -> None:
        """The default is the RFC."""
        assert Dialect() == RFC_6749
        assert Dialect().departures() == {}
        assert list(attrs.evolve(RFC_6749, **OTHERS[field]).departures()) == [field]

    def test_the_default_dialect_is_that_of_the_rfc(self) -> None:
        """A request has it unless it says otherwise."""
        assert REQUEST.dialect == Dialect()
        assert (BEARER.header, BEARER.scheme) == ("Authorization", "Bearer")
        assert Dialect().placement == BEARER

    @pytest.mark.parametrize("lifetime", [1, 7200, MAX_LIFETIME])
    def test_a_default_lifetime_is_a_float(self, lifetime: int) -> None:
        """Two equal dialects have equal departures."""
        dialect = Dialect(default_lifetime=lifetime)
        assert type(dialect.default_lifetime) is float
        assert dialect == Dialect(default_lifetime=float(lifetime))

    def test_members_are_stored_as_sorted_pairs(self) -> None:
        """A mapping would make the record unhashable, and its order does not matter."""
        mapped = Dialect(members={"token_type": "kind", "access_token": "data.token"})
        assert mapped.members == (("access_token", "data.token"), ("token_type", "kind"))
        assert mapped == Dialect(members=(("token_type", "kind"), ("access_token", "data.token")))
        assert attrs.evolve(mapped, lifetime_unit="ms").members == mapped.members

    @given(strategies.dialects(), strategies.dialects())
    def test_a_dialect_is_a_frozen_value(self, left: Dialect, right: Dialect) -> None:
        """It is compared and hashed by its fields, and its departures are JSON values."""
        assert (left == right) == (left.departures() == right.departures())
        assert hash(left) == hash(attrs.evolve(left))
        assert attrs.evolve(left) == left
        assert json.loads(json.dumps(left.departures())).keys() == left.departures().keys()
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            left.grant_type = "x"  # type: ignore[misc]  # what the test proves


OTHERS: dict[str, dict[str, Any]] = {
    "bearer_names": {"bearer_names": ("BearerToken",)},
    "default_lifetime": {"default_lifetime": 7200.0},
    "lifetime_unit": {"lifetime_unit": "ms"},
    "members": {"members": {"access_token": "data.token"}},
    "scope_separator": {"scope_separator": ","},
    "body_format": {"body_format": "json"},
    "grant_type": {"grant_type": "account_credentials"},
    "placement": {"placement": SHOPIFY},
    "rejection_words": {"rejection_words": ("expired_token",)},
    "rejection_statuses": {"rejection_statuses": (401, 403)},
}
"""Another value of each field."""


class TestPlacement:
    @pytest.mark.parametrize(
        "header",
        [
            *["", "a b", "é", "a\r\nb", "a:", None, 5, ["X"]],
            *["Host", "cookie", "Set-Cookie", "Content-Type", "CONTENT-LENGTH", "Transfer-Encoding", "Connection"],
            *["Proxy-Authorization", "Sec-Fetch-Mode", "DPoP", "Origin", "Referer", "Upgrade", "WWW-Authenticate"],
            *sorted(SHOWN_HEADERS),
        ],
    )
    def test_a_header_with_another_meaning_cannot_carry_a_token(self, header: Any) -> None:
        """This includes every header whose value is not redacted."""
        with pytest.raises(errors.InvalidInput, match=r"^header must ") as caught:
            Placement(header)
        assert caught.value.parameter == "header"

    @pytest.mark.parametrize(
        "scheme", ["", "a b", "Bearer ", "é", "a\n", 5, ["a"], "Basic", "DPOP", "negotiate", "MAC"]
    )
    def test_a_scheme_of_other_credentials_is_rejected(self, scheme: Any) -> None:
        """A scheme is one word."""
        with pytest.raises(errors.InvalidInput, match=r"^scheme must ") as caught:
            Placement("X-Access-Token", scheme)
        assert caught.value.parameter == "scheme"

    @given(strategies.placements(), strategies.ascii_texts(strategies.VSCHAR[1:], min_size=1))
    def test_authorize_puts_the_token_where_the_placement_says(self, placement: Placement, text: str) -> None:
        """Every other header stays, the caller's own Authorization too."""
        given_ = [("authorization", "mine"), ("X-Shopify-Access-Token", "old"), ("Accept", "text/plain")]
        token = Token(Secret(text), "Bearer", NOW, placement=placement)
        call = authorize(HttpRequest("GET", API.url, given_), token)
        kept = [pair for pair in given_ if pair[0].lower() != placement.header.lower()]
        value = text if placement.scheme is None else f"{placement.scheme} {text}"
        assert list(call.headers) == [*kept, (placement.header, value)]
        assert authorize(call, token) == call
        assert "tok-1" not in repr(authorize(call, attrs.evolve(token, access_token=Secret("tok-1"))))

    def test_the_callers_own_authorization_stays_beside_another_header(self) -> None:
        """A gateway may want it."""
        call = HttpRequest("GET", API.url, {"Authorization": "Basic aWQ6c2Vj"})
        token = Token(Secret("tok-1"), "Bearer", NOW, placement=SHOPIFY)
        assert authorize(call, token).headers == (
            ("Authorization", "Basic aWQ6c2Vj"),
            ("X-Shopify-Access-Token", "tok-1"),
        )

    def test_placement_and_oddities_of_a_token_are_neither_compared_nor_stored(self) -> None:
        """No store entry can name a header."""
        plain = Token(Secret("tok-1"), "Bearer", NOW)
        placed = attrs.evolve(plain, placement=SHOPIFY, oddities=("white_space",))
        assert plain == placed
        assert hash(plain) == hash(placed)
        assert plain.to_json() == placed.to_json()
        stored = Token.from_json(placed.to_json())
        assert (stored.placement, stored.oddities) == (BEARER, ())

    def test_a_dpop_token_has_no_other_placement(self) -> None:
        """RFC 9449 section 7.1 puts it into the Authorization header."""
        bound = Token(Secret("tok-1"), "DPoP", NOW, dpop_jkt="jkt")
        assert attrs.evolve(bound, placement=Placement()) == bound
        with pytest.raises(errors.InvalidInput, match=r"^placement must be left out for a DPoP token"):
            attrs.evolve(bound, placement=SHOPIFY)


class TestHeaders:
    """The headers of a token request."""

    def test_a_header_goes_on_the_token_request(self) -> None:
        """Its value is kept as a secret."""
        request = REQUEST.with_header("X-Merchant-Id", "4711").with_header("X-Key", Secret("k3y"))
        assert request.headers == (("X-Merchant-Id", Secret("4711")), ("X-Key", Secret("k3y")))
        sent = http_request(request, ENDPOINT)
        assert sent.headers == (
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"),
            ("X-Merchant-Id", "4711"),
            ("X-Key", "k3y"),
            ("Authorization", "Basic aWQ6czNjcmV0"),
        )
        assert "k3y" not in f"{request!r}{sent!r}"
        assert compose_body(request) == compose_body(REQUEST)

    def test_a_header_replaces_an_earlier_one_of_its_name(self) -> None:
        """The name counts in any case."""
        request = REQUEST.with_header("X-Key", "1").with_header("X-Other", "o").with_header("x-key", "2")
        assert request.headers == (("X-Other", Secret("o")), ("x-key", Secret("2")))

    def test_a_header_replaces_accept(self) -> None:
        """Some servers return JSON for another media type only."""
        sent = http_request(REQUEST.with_header("accept", "application/vnd.example+json"), ENDPOINT)
        assert [pair for pair in sent.headers if pair[0].lower() == "accept"] == (
            [("accept", "application/vnd.example+json")]
        )

    @pytest.mark.parametrize(
        "name",
        [
            *["", "a b", "é", "a\r\nb", None, 5, ["X"]],
            *["Host", "cookie", "Content-Type", "content-length", "Transfer-Encoding", "Connection", "Proxy-X"],
            *["Authorization", "authorization", "DPoP", "dpop"],
        ],
    )
    def test_a_header_that_belongs_to_http_or_the_client_is_rejected(self, name: Any) -> None:
        """The error does not quote the value."""
        with pytest.raises(errors.InvalidInput, match=r"^header must ") as caught:
            REQUEST.with_header(name, "M4RKER")
        assert caught.value.parameter == "header"
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize(
        "value",
        ["", " ", " a", "a\t", "M4RKER\r\nX: y", "M4RKER\n", "a\0b", "é", "日本", "\ud800", 5, None, b"M4RKER", []],
    )
    def test_a_value_that_cannot_be_sent_is_rejected_and_not_shown(self, value: Any) -> None:
        """HTTP libraries differ in how they encode characters beyond ASCII."""
        with pytest.raises(errors.InvalidInput, match=r"^(header X-Key|value of header X-Key) must ") as caught:
            REQUEST.with_header("X-Key", value)
        assert caught.value.parameter == "header"
        assert "M4RKER" not in shown_by(caught.value)

    def test_the_redacted_text_of_a_secret_is_rejected_as_a_value(self) -> None:
        """Type checkers do not notice a formatted Secret."""
        with pytest.raises(errors.InvalidInput, match="header X-Key holds the redacted text of a Secret"):
            REQUEST.with_header("X-Key", f"key {Secret('k3y')}")

    def test_a_request_made_without_builders_is_checked(self) -> None:
        """The record validates itself."""
        attempts: list[tuple[Any, str]] = [
            ((("X-Key", "plain"),), "value of header X-Key must be a Secret; use with_header"),
            ((("Host", Secret("a")),), "which the HTTP library sets"),
            ((("X-Key", Secret("a")), ("x-key", Secret("b"))), "x-key must not be repeated"),
        ]
        for headers, fault in attempts:
            with pytest.raises(errors.InvalidInput, match=fault):
                TokenRequest(REQUEST.credentials, headers=headers)

    def test_a_header_of_the_client_authentication_cannot_be_given_twice(self) -> None:
        """A custom method may use a header of its own."""

        class ApiKey:
            def authenticate(self, client_id: str) -> AuthenticationFields:
                return AuthenticationFields(headers=(("X-Api-Key", Secret("k3y")),))

        request = token_request(ClientCredentials("id", ApiKey()))
        assert dict(http_request(request.with_header("X-Key", "1"), ENDPOINT).headers)["X-Api-Key"] == "k3y"
        with pytest.raises(errors.InvalidInput, match=r"^header X-Api-Key must not be given by the request and by its"):
            http_request(request.with_header("x-api-key", "1"), ENDPOINT)

    def test_a_header_is_redacted_in_errors(self) -> None:
        """A server may echo it."""
        content = b'{"error": "x", "error_description": "bad k3y"}'
        with pytest.raises(errors.TokenRequestRefused, match=r"bad \*\*\*$"):
            parse_token_response(HttpResponse(400, (), content), REQUEST.with_header("X-Key", "k3y"), received_at=NOW)


class TestResourceNames:
    def test_a_resource_that_is_not_a_uri_must_be_passed_as_such(self) -> None:
        """Some servers expect a GUID or a name."""
        name = "00000003-0000-0000-c000-000000000000"
        with pytest.raises(errors.InvalidInput):
            REQUEST.with_resource(name)
        request = REQUEST.with_resource(name, uri=False).with_resource("urn:a").with_resource(name, uri=False)
        assert (request.resources, request.resource_names) == (("urn:a",), (name,))
        assert compose_body(request).endswith(f"&scope=a+b&resource=urn%3Aa&resource={name}")

    @pytest.mark.parametrize("name", ["", "a b", "é", "a\n", "\x7f", None, 5, b"a", ["a"]])
    def test_a_resource_name_is_visible_ascii(self, name: Any) -> None:
        """Nothing else is sent."""
        with pytest.raises(errors.InvalidInput, match=r"^resource must be a str of visible ASCII") as caught:
            REQUEST.with_resource(name, uri=False)
        assert caught.value.parameter == "resource"


class TestComposing:
    """The token request under a dialect."""

    def test_a_request_has_the_grant_type_of_its_dialect(self) -> None:
        """Zoom calls this grant account_credentials."""
        request = REQUEST.with_dialect(Dialect(grant_type="account_credentials"))
        assert compose_body(request) == "grant_type=account_credentials&scope=a+b"

    def test_scope_tokens_are_joined_by_the_separator_of_the_dialect(self) -> None:
        """The comma is encoded as any other character."""
        assert compose_body(REQUEST.with_dialect(Dialect(scope_separator=","))) == (
            "grant_type=client_credentials&scope=a%2Cb"
        )

    def test_a_scope_token_must_not_hold_the_separator(self) -> None:
        """The server would read two."""
        comma, with_comma = Dialect(scope_separator=","), REQUEST.with_scope(Scope.of("a,b"))
        assert compose_body(with_comma).endswith("scope=a%2Cb")
        attempts: list[Callable[[], object]] = [
            lambda: with_comma.with_dialect(comma),
            lambda: REQUEST.with_dialect(comma).with_scope(with_comma.scope),
        ]
        for attempt in attempts:
            with pytest.raises(errors.InvalidInput, match=r"^scope must not contain ','"):
                attempt()

    def test_a_json_body_is_a_flat_object_in_the_order_of_the_form(self) -> None:
        """Repeated parameters are an array, and authorization details are JSON themselves."""
        request = (
            POSTED.with_dialect(Dialect(body_format="json"))
            .with_body("x=1")
            .with_resource("urn:a")
            .with_resource("urn:b")
            .with_resource("Graph", uri=False)
            .with_authorization_details({"type": "payment", "actions": ["read"]}, {"type": "é"})
            .with_parameter("audience", 'q"é')
        )
        assert compose_body(request) == (
            '{"x":"1","grant_type":"client_credentials","client_id":"id","client_secret":"s3c&ret","scope":"a b",'
            '"resource":["urn:a","urn:b","Graph"],"audience":"q\\"é",'
            '"authorization_details":[{"type":"payment","actions":["read"]},{"type":"é"}]}'
        )
        sent = http_request(request, ENDPOINT)
        assert sent.headers == (("Content-Type", "application/json"), ("Accept", "application/json"))
        assert sent.body == compose_body(request).encode()

    def test_one_resource_is_not_an_array_in_a_json_body(self) -> None:
        """Neither is any other parameter that is not repeated."""
        body = compose_body(REQUEST.with_resource("urn:a").with_dialect(Dialect(body_format="json")))
        assert json.loads(body) == {"grant_type": "client_credentials", "scope": "a b", "resource": "urn:a"}

    def test_basic_authentication_is_a_header_beside_a_json_body(self) -> None:
        """The body holds no secret then."""
        sent = http_request(REQUEST.with_client_id_in_body().with_dialect(Dialect(body_format="json")), ENDPOINT)
        assert dict(sent.headers)["Authorization"] == "Basic aWQ6czNjcmV0"
        assert json.loads(sent.body) == {"grant_type": "client_credentials", "client_id": "id", "scope": "a b"}

    @given(strategies.token_requests())
    def test_the_default_dialect_composes_as_no_dialect(self, request_: TokenRequest) -> None:
        """The bytes are the same."""
        assertion = strategies.assertion_for(request_)
        explicit = request_.with_dialect(Dialect(rejection_statuses=(401,)))
        assert explicit.dialect is not RFC_6749
        plain = http_request(request_, ENDPOINT, assertion=assertion)
        assert http_request(explicit, ENDPOINT, assertion=assertion) == plain

    @given(strategies.departing_requests())
    def test_a_server_that_speaks_the_dialect_reads_what_was_requested(self, request: TokenRequest) -> None:
        """Nothing is lost, added or split."""
        dialect = request.dialect
        sent = http_request(request, ENDPOINT, assertion=strategies.assertion_for(request))
        fields = {name.lower(): value for name, value in sent.headers}
        assert len(fields) == len(sent.headers)
        for name, value in request.headers:
            assert fields[name.lower()] == value.reveal()
        found = received(sent)
        assert found.pop("grant_type") == [dialect.grant_type]
        scope = "".join([str(text) for text in found.pop("scope", [])])
        assert sorted(scope.split(dialect.scope_separator) if scope else []) == sorted(request.scope)
        assert found.pop("resource", []) == [*request.resources, *request.resource_names]
        assert found.pop("authorization_details", []) == [json.loads(text) for text in request.authorization_details]
        for name, secret in request.parameters:
            assert found.pop(name) == [secret.reveal()]
        assert found.pop("client_id", [request.credentials.client_id]) == [request.credentials.client_id]
        assert found.keys() <= {"client_secret", "client_assertion", "client_assertion_type"}

    @pytest.mark.parametrize("dialect", [None, "EBAY", {}, dialects])
    def test_a_dialect_of_another_type_is_rejected(self, dialect: Any) -> None:
        """The error says where the ready-made ones are."""
        with pytest.raises(errors.InvalidInput, match=r"^dialect must be a Dialect, not \w+; use Dialect"):
            REQUEST.with_dialect(dialect)

    def test_a_placement_cannot_be_combined_with_dpop(self) -> None:
        """A DPoP token belongs in the Authorization header."""
        placed = Dialect(placement=SHOPIFY)
        attempts: list[Callable[[], object]] = [
            lambda: REQUEST.with_dpop(KEY).with_dialect(placed),
            lambda: REQUEST.with_dialect(placed).with_dpop(KEY),
        ]
        for attempt in attempts:
            with pytest.raises(errors.InvalidInput, match=r"^dialect must not place a DPoP token elsewhere"):
                attempt()


def received(sent: HttpRequest) -> dict[str, list[object]]:
    """Return the parameters that a server receives, by name."""
    found: dict[str, list[object]] = {}
    if dict(sent.headers)["Content-Type"] == "application/json":
        for name, value in json.loads(sent.body, object_pairs_hook=unique).items():
            found[name] = value if isinstance(value, list) else [value]
        return found
    for name, text in parse_qsl(sent.body.decode("ascii"), keep_blank_values=True, strict_parsing=True):
        found.setdefault(name, []).extend(json.loads(text) if name == "authorization_details" else [text])
    return found


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return a JSON object without repeated members."""
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


class TestReading:
    """A token response under a dialect."""

    @pytest.mark.parametrize(
        "word", ["Application Access Token", "application access token", " APPLICATION ACCESS TOKEN\t"]
    )
    def test_a_bearer_name_means_a_bearer_token_in_any_case(self, word: str) -> None:
        """Bearer itself still does."""
        for token_type in (word, "Bearer"):
            token = read({"access_token": "tok-1", "token_type": token_type}, dialects.EBAY)
            assert token.token_type == "Bearer"

    def test_a_bearer_name_is_no_dpop_token(self) -> None:
        """A request for a bound token gets nothing else."""
        for token_type in ("BearerToken", "Bearer", "", None):
            with pytest.raises(errors.UnsupportedTokenType):
                read(
                    {"access_token": "tok-1", "token_type": token_type},
                    Dialect(bearer_names=("BearerToken",)),
                    REQUEST.with_dpop(KEY),
                )

    @pytest.mark.parametrize(
        ("given_", "seconds"), [(899_999, 899), ("899999", 899), (999, 0), (1e9, 1e6), (10**30, MAX_LIFETIME)]
    )
    def test_a_lifetime_in_milliseconds_is_converted(self, given_: object, seconds: float) -> None:
        """It is whole seconds, within limits."""
        token = read({"access_token": "tok-1", "expires_in": given_}, Dialect(lifetime_unit="ms"))
        assert (token.expires_at, token.lifetime_assumed) == (NOW + seconds, False)

    @pytest.mark.parametrize("given_", [None, "never", -1])
    def test_a_lifetime_that_is_not_given_is_that_of_the_dialect(self, given_: object) -> None:
        """It is not assumed then."""
        members = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": given_}
        token = read(members, Dialect(default_lifetime=7200, lifetime_unit="ms"))
        assert (token.expires_at, token.lifetime_assumed) == (NOW + 7200, False)
        token = read(members)
        assert (token.expires_at, token.lifetime_assumed) == (NOW + DEFAULT_LIFETIME, True)

    @pytest.mark.parametrize("text", ["a,b", "b,a", "a, b", " a ,b,", "a b", "a,\tb"])
    def test_a_scope_is_split_at_the_separator_of_the_dialect(self, text: str) -> None:
        """White space beside a comma is dropped."""
        token = read({"access_token": "tok-1", "scope": text}, Dialect(scope_separator=","))
        assert (token.scope, token.scope_assumed) == (Scope.of("a", "b"), False)

    @pytest.mark.parametrize("text", ["a\nb", "a\x0bb", "a\u2003b", 'a,"b'])
    def test_other_white_space_makes_a_scope_unreadable_under_any_separator(self, text: str) -> None:
        """White space is space and tab."""
        for dialect in (RFC_6749, Dialect(scope_separator=",")):
            token = read({"access_token": "tok-1", "token_type": "Bearer", "scope": text}, dialect)
            assert (token.scope, token.oddities) == (Scope.of("a", "b"), ("scope_unreadable",))

    def test_members_are_read_where_the_dialect_places_them(self) -> None:
        """The token itself is not kept among the further members, nor is a refresh token beside it."""
        dialect = Dialect(
            members={
                "access_token": "data.token",
                "token_type": "data.kind",
                "expires_in": "data.life.seconds",
                "scope": "granted",
            }
        )
        data = {"token": "tok-1", "kind": "bearer", "life": {"seconds": 60}, "refresh_token": "r", "id": 7}
        token = read({"data": data, "granted": "a", "expires_in": 5, "ok": True}, dialect)
        assert (token.access_token, token.expires_at, token.scope) == (Secret("tok-1"), NOW + 60, Scope.of("a"))
        assert dict(token.extra) == {"data": {"life": {}, "id": 7}, "expires_in": 5, "ok": True}
        assert token.oddities == ()

    @pytest.mark.parametrize(
        "data", [None, 5, "tok-1", [], ["tok-1"], [{"token": "tok-1"}], {}, {"token": None}, {"Token": "a"}]
    )
    def test_a_path_that_leads_nowhere_finds_no_member(self, data: object) -> None:
        """The member of the RFC does not stand in for it."""
        with pytest.raises(
            errors.InvalidResponse, match=r"data\.token was not found .*; its members are data"
        ) as caught:
            read({"data": data, "access_token": "tok-1"}, Dialect(members={"access_token": "data.token"}))
        assert caught.value.member == "access_token"

    def test_a_token_has_the_placement_of_the_dialect(self) -> None:
        """It is used as soon as it is read."""
        token = read({"access_token": "tok-1"}, Dialect(placement=SHOPIFY))
        assert authorize(API, token).headers == (("X-Shopify-Access-Token", "tok-1"),)

    def test_a_dialect_cannot_hide_the_type_of_a_bearer_token(self) -> None:
        """A request for a bound token is refused if any of the two types is another."""
        dialect, bound = Dialect(members={"token_type": "kind"}), REQUEST.with_dpop(KEY)
        assert read({"access_token": "tok-1", "kind": "DPoP"}, dialect, bound).token_type == "DPoP"
        assert read({"access_token": "tok-1", "kind": "DPoP", "token_type": "dpop"}, dialect, bound).dpop_jkt == KEY.jkt
        for kind, token_type in (("DPoP", "Bearer"), ("Bearer", "DPoP"), ("DPoP", None), (None, "DPoP"), ("DPoP", "")):
            with pytest.raises(errors.TokenTypeDowngrade):
                read({"access_token": "tok-1", "kind": kind, "token_type": token_type}, dialect, bound)


NAMES = ["access_token", "token_type", "expires_in", "scope", "error", "data", "token", "kind"]
LEAVES = st.sampled_from(
    [
        *["tok-1", "tok 1", "Bearer", "dpop", " DPoP ", "BearerToken", "Application Access Token", "invalid_client"],
        *["a b", "a,b", "3600", "", " ", "a\r\nX: y", "\ud800", "é"],
    ]
)
MEMBERS = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        LEAVES | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        max_leaves=6,
    ),
    max_size=6,
)
VALUES: dict[str, list[object]] = {
    "access_token": [*["tok-1"] * 9, "!~", "tok 1", "a\r\nX: y", "é", "", 5],
    "token_type": ["Bearer", "dpop", " DPoP ", "BearerToken", "Application Access Token", "", None, 5],
    "expires_in": [3600, "3600", -1, 1e300, "never", None],
    "scope": ["a b", "a,b", "a\nb", ["a"], 5],
}
"""Values of the members that a dialect can place."""


@st.composite
def answers(draw: st.DrawFn) -> tuple[Dialect, dict[str, object]]:
    """Draw a dialect, and the members of a response that has some of them where the dialect expects them."""
    dialect = draw(strategies.dialects(tuple(NAMES)))
    members: dict[str, Any] = dict(draw(MEMBERS))
    places: dict[str, str] = dict(dialect.members)
    for name in draw(st.permutations(list(VALUES))):
        if draw(st.integers(0, 4)):
            *parents, last = places.get(name, name).split(".")
            where = members
            for parent in parents:
                inner = where.get(parent)
                where[parent] = inner if isinstance(inner, dict) else {}
                where = where[parent]
            where[last] = draw(st.sampled_from(VALUES[name]))
    if draw(st.booleans()):
        members.pop("error", None)
    return dialect, members


LEGAL = re.compile(r"(?:[!-~]+ )?[!-~]+")


class TestAnything:
    """Any response under any dialect."""

    @given(answers(), st.sampled_from([200, 200, 200, 201, 400, 401, 302, 500]))
    @example((Dialect(members={"access_token": "data.token"}), {"data": {"token": "tok-1"}}), 200)
    @example((Dialect(bearer_names=("BearerToken",)), {"access_token": "a\r\nX: y", "token_type": "BearerToken"}), 200)
    def test_the_result_is_a_legal_token_or_an_error_of_the_library(
        self, answer: tuple[Dialect, dict[str, object]], status: int
    ) -> None:
        """A header can carry the token."""
        dialect, content = answer[0], json.dumps(answer[1]).encode()
        request = REQUEST.with_dialect(dialect)
        token = outcome(HttpResponse(status, (), content), request)
        if isinstance(token, OAuthError):
            assert str(token).isprintable()
            return
        assert status in (200, 201)
        call = authorize(API, token)
        assert [name for name, _ in call.headers] == [dialect.placement.header]
        assert LEGAL.fullmatch(call.headers[0][1])
        assert 0 <= token.expires_at - NOW <= MAX_LIFETIME
        assert Token.from_json(token.to_json()) == token

    @given(answers())
    @example((Dialect(members={"token_type": "kind"}), {"access_token": "a", "kind": "dpop", "token_type": "Bearer"}))
    @example((Dialect(bearer_names=("BearerToken",)), {"access_token": "tok-1", "token_type": "BearerToken"}))
    @example((Dialect(members={"access_token": "token_type"}), {"token_type": "dpop"}))
    @example((RFC_6749, {"access_token": "tok-1"}))
    @example((RFC_6749, {"access_token": "tok-1", "token_type": "dpop"}))
    def test_no_dialect_ends_a_dpop_request_in_a_bearer_token(self, answer: tuple[Dialect, dict[str, object]]) -> None:
        """The type that the dialect names is DPoP, and so is the one that the RFC names, if there is one."""
        dialect, members = answer
        request = REQUEST.with_dpop(KEY).with_dialect(attrs.evolve(dialect, placement=BEARER))
        token = outcome(HttpResponse(200, (), json.dumps(members).encode()), request)
        if isinstance(token, OAuthError):
            return
        assert (token.token_type, token.dpop_jkt, token.placement) == ("DPoP", KEY.jkt, BEARER)
        places = dict(dialect.members)
        types = [at(members, places.get("token_type", "token_type"))]
        if "token_type" in members and places.get("access_token") != "token_type":
            types.append(members["token_type"])
        assert {str(word).strip().lower() for word in types} == {"dpop"}
        with pytest.raises(errors.InvalidInput):
            authorize(API, token)


def outcome(
    response: HttpResponse, request: TokenRequest
) -> Token | errors.TokenRequestRefused | errors.InvalidResponse:
    """Return the token of *response*, or the error that concerns the response."""
    try:
        return parse_token_response(response, request, received_at=NOW)
    except (errors.TokenRequestRefused, errors.InvalidResponse) as error:
        return error


def at(members: Any, path: str) -> object:
    """Return the member at *path*."""
    for name in path.split("."):
        members = members[name] if isinstance(members, dict) else None
    return members


class TestCacheKey:
    @pytest.mark.parametrize("field", OTHERS)
    def test_a_request_with_another_dialect_has_another_key(self, field: str) -> None:
        """The scope and the placement shape the token and its use."""
        assert key(REQUEST.with_dialect(Dialect(**OTHERS[field]))) != key(REQUEST)

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (REQUEST, "4fb7f5a4298177ac2edb691ec8cf84cf10bc796a600502207120b52d4d8e251c"),
            (
                POSTED.with_resource("urn:a").with_parameter("audience", "x").with_dpop(KEY),
                "166b9954fef42de56e6aa8f1ca99c9ccc2621ca43cdf9376be0d7bf308659a44",
            ),
            (
                token_request(ClientCredentials("your_id", "s3cret")),
                "1328cc84b0f11e430fb08c9f1471dc8c872dcec39473372ed00fb819a18f9b31",
            ),
        ],
    )
    def test_the_default_dialect_changes_no_key(self, request_: TokenRequest, expected: str) -> None:
        """The keys are those of a release without dialects."""
        for dialect in (RFC_6749, Dialect(), Dialect(rejection_statuses=(401,), members={})):
            assert key(request_.with_dialect(dialect)) == expected

    @given(strategies.dialects(), strategies.dialects())
    def test_two_dialects_share_a_key_exactly_if_they_are_equal(self, left: Dialect, right: Dialect) -> None:
        """No field is left out, and no value is taken for another."""
        keys = [key(REQUEST.with_dialect(dialect)) for dialect in (left, right)]
        assert (keys[0] == keys[1]) == (left == right)

    @given(strategies.dialects(), st.sampled_from(list(OTHERS)))
    def test_one_other_field_gives_another_key(self, dialect: Dialect, field: str) -> None:
        """This holds for every start."""
        other = attrs.evolve(dialect, **OTHERS[field])
        assert (key(REQUEST.with_dialect(dialect)) == key(REQUEST.with_dialect(other))) == (dialect == other)

    def test_a_request_with_another_header_or_resource_name_has_another_key(self) -> None:
        """Each pair of these requests is different."""
        requests = [
            REQUEST,
            REQUEST.with_header("X-Key", "1"),
            REQUEST.with_header("X-Key", "2"),
            REQUEST.with_header("X-Kex", "1"),
            REQUEST.with_header("X-Key", "1").with_header("X-Other", "1"),
            REQUEST.with_parameter("X-Key", "1"),
            REQUEST.with_resource("urn:a"),
            REQUEST.with_resource("urn:a", uri=False),
            REQUEST.with_resource("urn:b", uri=False),
        ]
        assert len({key(request) for request in requests}) == len(requests)

    def test_order_and_case_of_headers_do_not_change_the_key(self) -> None:
        """A server treats them alike."""
        one = REQUEST.with_header("X-Key", "1").with_header("Accept", "a/b")
        other = REQUEST.with_header("accept", "a/b").with_header("x-key", "1")
        assert key(one) == key(other)

    def test_the_key_reveals_no_header(self) -> None:
        """A header may be a key of its own."""
        request = REQUEST.with_header("X-Key", "M4RKER")
        assert cache_key(request, ENDPOINT, b"a" * 32) != cache_key(request, ENDPOINT, b"b" * 32)
        assert "M4RKER" not in key(request)


@pytest.mark.parametrize("name", dialects.__all__)
def test_a_ready_made_dialect_departs_from_the_rfc(name: str) -> None:
    """A server without departures needs none."""
    dialect = getattr(dialects, name)
    assert isinstance(dialect, Dialect)
    assert dialect.departures()
