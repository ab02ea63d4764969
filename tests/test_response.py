"""
Reading token responses, with the vectors of cases/token_responses.json and provider_answers.json, and with any bytes.
"""

import json
import time
from typing import Any, get_args

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    Dialect,
    HttpResponse,
    OAuthError,
    Scope,
    Secret,
    Token,
    TokenRequest,
    errors,
    is_expired,
    parse_token_response,
    token_request,
)
from oauth_cc.authentication import AuthenticationFields, Proof
from oauth_cc.compose import proof_of
from oauth_cc.dialect import MAX_LIFETIME, Placement
from oauth_cc.dpop import dpop_nonce, retry_nonce
from oauth_cc.http import MAX_RETRY_AFTER
from oauth_cc.response import read_token_response
from oauth_cc.token import DEFAULT_LIFETIME
from tests.bound import bound_key
from tests.leaks import shown_by
from tests.vectors import Case, content, dialect, load

NOW = 1700000000.0

KINDS: dict[type[OAuthError], set[str]] = {
    errors.InvalidResponse: {
        *("invalid_token_response", "malformed_response", "malformed_error_response", "response_too_large"),
    },
    errors.UnexpectedRedirect: {"unexpected_redirect"},
    errors.UnsupportedTokenType: {"unsupported_token_type"},
    errors.TokenTypeDowngrade: {"token_type_downgrade"},
    errors.TokenRequestRefused: {"oauth_error", "http_error", "malformed_error_response"},
}

SHELLS = ("enc-gzip", "enc-unknown-content-coding")


def request_for(case: Case) -> TokenRequest:
    """Return the request that *case* responds to."""
    context = case.data["context"]
    request = token_request(ClientCredentials(context["client_id"], context["client_secret"]))
    if "dialect" in case.data:
        request = request.with_dialect(dialect(case.data))
    if context["scope"]:
        words = context["scope"]
        request = request.with_scope(Scope.parse(words) if isinstance(words, str) else Scope.of(*words))
    return request.with_dpop(bound_key("thumbprint")) if context.get("dpop") else request


def answer(case: Case) -> HttpResponse:
    """Return the response of *case*."""
    return HttpResponse(case.data["status"], [(name, text) for name, text in case.data["headers"]], content(case.data))


@pytest.mark.parametrize(
    "case",
    [case for case in load("token_responses.json") if not case.name.startswith(SHELLS)],
    ids=lambda case: case.name,
)
def test_a_vector_is_its_token_or_its_error(case: Case) -> None:
    """The error has its attributes and shows no secret."""
    outcome = check_vector(case)
    if isinstance(outcome, Token):
        flags = ["scope_narrowed"] * bool(outcome.missing_scope) + ["scope_widened"] * bool(outcome.additional_scope)
        assert case.expect.get("flags", []) == flags


@pytest.mark.parametrize("case", load("provider_answers.json"), ids=lambda case: case.name)
def test_the_response_of_a_provider_is_its_token_or_its_error(case: Case) -> None:
    """The token has the placement of the dialect."""
    outcome = check_vector(case)
    if isinstance(outcome, Token):
        assert outcome.placement == dialect(case.data).placement


def check_vector(case: Case) -> Token | errors.TokenRequestRefused | errors.InvalidResponse:
    """Compare what the response of *case* is read as with what *case* expects, and return it."""
    outcome = read_token_response(answer(case), request_for(case), NOW, lambda: proof(request_for(case)))
    assert case.expect.get("dpop_nonce", dpop_nonce(answer(case))) == dpop_nonce(answer(case))
    if isinstance(outcome, Token):
        check_token(case, outcome)
    else:
        check_error(case, outcome)
    return outcome


def check_token(case: Case, token: Token) -> None:
    """Compare *token* with what *case* expects."""
    expected = case.expect["token"]
    assert case.expect["outcome"] == "ok"
    assert expected["access_token"] == token.access_token.reveal()
    assert expected["token_type"] == token.token_type
    check_lifetime(expected.get("lifetime", "any"), token, request_for(case).dialect.default_lifetime)
    if "granted_scope" in expected:
        assert expected["granted_scope"] == sorted(token.scope)
        assert not token.scope_assumed


def check_lifetime(expected: float | str | None, token: Token, default: float | None) -> None:
    """Compare the lifetime of *token* with the *expected* seconds, None for not given, or "any"."""
    lifetime = token.expires_at - NOW
    if expected == "any":
        assert 0 <= lifetime <= MAX_LIFETIME
    elif expected is None:
        assert (lifetime, token.lifetime_assumed) == (default or DEFAULT_LIFETIME, default is None)
    else:
        assert (lifetime, token.lifetime_assumed) == (expected, False)


def check_error(case: Case, error: errors.TokenRequestRefused | errors.InvalidResponse) -> None:
    """Compare *error* with what *case* expects."""
    assert case.expect["outcome"] == "error"
    assert case.kinds & KINDS[type(error)] or not case.kinds
    names = {"error_uri": "uri"}
    for name in ("status", "error", "description", "error_uri", "member", "token_type", "retryable"):
        if name in case.expect:
            assert case.expect[name] == getattr(error, names.get(name, name))
    if "retry_after" in case.expect:
        capped = {"capped": (MAX_RETRY_AFTER,), "capped_or_none": (MAX_RETRY_AFTER, None)}
        assert error.retry_after in capped.get(case.expect["retry_after"], (case.expect["retry_after"],))
    if "retry_with_nonce" in case.expect:
        sent, proof = case.data["context"].get("dpop_nonce_sent"), case.data["context"]["dpop"]
        assert case.expect["retry_with_nonce"] == (proof and retry_nonce(answer(case), sent) is not None)
    assert all([text in str(error) for text in case.expect.get("text_includes", ())])
    for hidden in (*case.expect.get("str_excludes", ()), *case.expect.get("text_excludes", ())):
        assert hidden not in str(error)
        assert hidden not in repr(error).replace("\\\\", "\\")
    assert len(str(error)) <= case.expect.get("str_max", 2048)


def read(members: object, request: TokenRequest | None = None, status: int = 200) -> object:
    """Read a response with *members*."""
    request = request or token_request(ClientCredentials("id", "s3cr3t-value"))
    return read_token_response(
        HttpResponse(status, (), json.dumps(members).encode()), request, NOW, lambda: proof(request)
    )


GOOD = {"access_token": "tok-1", "token_type": "Bearer"}


class TestToken:
    """Successful responses (RFC 6749 section 5.1)."""

    def test_parse_token_response_raises_the_error_that_read_token_response_returns(self) -> None:
        """Both return the same token."""
        request = token_request(ClientCredentials("id", "sec"))
        good = HttpResponse(200, (), json.dumps(GOOD).encode())
        assert parse_token_response(good, request, received_at=NOW) == read_token_response(
            good, request, NOW, lambda: proof_of(request)
        )
        with pytest.raises(errors.TokenRequestRefused):
            parse_token_response(HttpResponse(404), request, received_at=NOW)

    def test_unknown_members_are_kept_read_only_without_the_refresh_token(self) -> None:
        """This grant has no use for a refresh token."""
        token = read({**GOOD, "refresh_token": "r", "nested": {"list": [1, {"a": None}]}})
        assert isinstance(token, Token)
        assert dict(token.extra) == {"nested": {"list": (1, {"a": None})}}
        members: Any = token.extra
        with pytest.raises(TypeError):
            members["x"] = 1
        with pytest.raises(TypeError):
            members["nested"]["x"] = 1

    @pytest.mark.parametrize(
        ("given_", "lifetime"),
        [
            (0, 0.0),
            ("0", 0.0),
            (-0.0, 0.0),
            (1.9, 1.0),
            ("3600.9", 3600.0),
            ("0003600", 3600.0),
            (MAX_LIFETIME, MAX_LIFETIME),
            (MAX_LIFETIME + 1, MAX_LIFETIME),
            (10**30, MAX_LIFETIME),
            (1e300, MAX_LIFETIME),
            ("9" * 20, MAX_LIFETIME),
            ("9" * 5000, MAX_LIFETIME),
            ("9" * 5000 + ".5", MAX_LIFETIME),
        ],
    )
    def test_a_lifetime_is_whole_seconds_within_limits(self, given_: object, lifetime: float) -> None:
        """A lifetime of 0 is expired at once (RFC 6749 appendix A.14)."""
        token = read({**GOOD, "expires_in": given_})
        assert isinstance(token, Token)
        assert token.expires_at == NOW + lifetime
        assert is_expired(token, NOW) == (lifetime <= 0)
        assert (token.lifetime_assumed, token.oddities) == (False, ())

    @pytest.mark.parametrize(
        "given_",
        [
            -1,
            -0.5,
            "",
            "  ",
            "-5",
            "+5",
            "1e3",
            "3_600",
            "1.",
            ".5",
            "1 s",
            "٣",
            "\xa01",
            "1\n",
            [],
            [5],
            {},
            True,
            False,
        ],
    )
    def test_a_lifetime_that_is_not_a_number_of_seconds_counts_as_not_given(self, given_: object) -> None:
        """The token is good nonetheless."""
        token = read({**GOOD, "expires_in": given_})
        assert isinstance(token, Token)
        assert (token.expires_at, token.lifetime_assumed) == (NOW + DEFAULT_LIFETIME, True)
        assert "expires_in_unreadable" in token.oddities

    @pytest.mark.parametrize(
        "given_", [5, {}, True, ["a b"], ["a", 5], [["a"]], "a  b", "a\tb", "a\n", 'a"b', "é", "\xa0a", "a\\b"]
    )
    def test_a_scope_outside_the_grammar_counts_as_not_given(self, given_: object) -> None:
        """The token has the requested scope, and says that it is assumed."""
        request = token_request(ClientCredentials("id", "s3cr3t-value"), Scope.of("a", "b"))
        token = read({**GOOD, "scope": given_}, request)
        assert isinstance(token, Token)
        assert (token.scope, token.scope_assumed) == (Scope.of("a", "b"), True)
        assert token.oddities == ("scope_unreadable",)

    def test_a_missing_or_null_side_detail_is_not_odd(self) -> None:
        """RFC 6749 section 5.1 does not require lifetime and scope."""
        for members in (GOOD, {**GOOD, "expires_in": None, "scope": None}):
            token = read(members)
            assert isinstance(token, Token)
            assert (token.lifetime_assumed, token.scope_assumed, token.oddities) == (True, True, ())

    @pytest.mark.parametrize("given_", [["a", "b"], "a b", "b a"])
    def test_a_readable_scope_is_not_assumed(self, given_: object) -> None:
        """It may be an array, which some servers return."""
        token = read({**GOOD, "scope": given_})
        assert isinstance(token, Token)
        assert (token.scope, token.scope_assumed, token.oddities) == (Scope.of("a", "b"), False, ())

    @pytest.mark.parametrize(
        ("member", "given_"),
        [
            ("token_type", " Bearer"),
            ("token_type", "bearer \t"),
            ("expires_in", " 60"),
            ("expires_in", "60.0\t"),
            ("scope", " a b"),
            ("scope", "a b \t "),
        ],
    )
    def test_white_space_around_a_side_detail_is_dropped(self, member: str, given_: str) -> None:
        """White space is space and tab."""
        token = read({**GOOD, "expires_in": 60, "scope": "a b", member: given_})
        assert isinstance(token, Token)
        assert (token.expires_at, token.scope, token.oddities) == (NOW + 60, Scope.of("a", "b"), ("white_space",))

    @pytest.mark.parametrize("given_", [None, "", " \t"])
    def test_a_token_without_a_type_is_a_bearer_token(self, given_: object) -> None:
        """Several providers leave the type out."""
        missing = read({"access_token": "tok-1"})
        empty = read({"access_token": "tok-1", "token_type": given_})
        assert isinstance(missing, Token)
        assert isinstance(empty, Token)
        assert missing == empty == read(GOOD)
        assert missing.oddities == ("token_type_missing",)
        assert "token_type_missing" in empty.oddities

    @pytest.mark.parametrize("given_", [None, "", " \t", "Bearer", " bearer "])
    def test_a_request_for_a_bound_token_never_gets_a_bearer_token(self, given_: object) -> None:
        """Tolerance does not weaken DPoP."""
        request = token_request(ClientCredentials("id", "sec")).with_dpop(bound_key("jkt"))
        for members in ({"access_token": "tok-1"}, {"access_token": "tok-1", "token_type": given_}):
            error = read(members, request)
            assert isinstance(error, errors.TokenTypeDowngrade)
            assert "was requested" in str(error)

    @pytest.mark.parametrize("given_", [5, True, [], ["Bearer"], {}, "é", "Bearer\n", "\xa0Bearer", "a" * 201])
    def test_a_type_outside_the_grammar_is_an_error(self, given_: object) -> None:
        """Nobody can say how such a token is used (RFC 6749 section 7.1)."""
        error = read({**GOOD, "token_type": given_})
        assert isinstance(error, errors.InvalidResponse)
        assert error.member == "token_type"

    @pytest.mark.parametrize("given_", [None, False, ""])
    def test_an_empty_error_beside_a_token_is_not_an_error(self, given_: object) -> None:
        """Some servers return every member of their record."""
        token = read({**GOOD, "error": given_, "error_description": given_})
        assert isinstance(token, Token)
        assert token.oddities == ("error_beside_token",)
        assert "error" not in token.extra

    @pytest.mark.parametrize("given_", [0, True, [], {}, 5, ["invalid_client"], {"message": "x"}, "é", "a\n"])
    def test_any_other_error_that_is_not_a_code_costs_the_token(self, given_: object) -> None:
        """The response contradicts itself."""
        error = read({**GOOD, "error": given_})
        assert isinstance(error, errors.InvalidResponse)
        assert "not an error code" in str(error)

    def test_an_error_code_costs_the_token(self) -> None:
        """The status does not matter."""
        assert isinstance(read({**GOOD, "error": "invalid_client"}), errors.TokenRequestRefused)

    def test_oddities_are_sorted_and_each_kind_is_there_once(self) -> None:
        """They do not take part in equality."""
        members = {"access_token": "tok-1", "token_type": "", "expires_in": " x ", "scope": " ", "error": None}
        token = read({**members, "scope": [5]})
        assert isinstance(token, Token)
        assert token.oddities == (
            "error_beside_token",
            "expires_in_unreadable",
            "scope_unreadable",
            "token_type_missing",
            "white_space",
        )
        assert token == read(GOOD)
        assert hash(token) == hash(read(GOOD))

    @pytest.mark.parametrize("given_", [" ", " tok-1", "tok 1", "tok-1\n", "é"])
    def test_an_access_token_that_no_header_can_carry_is_an_error(self, given_: object) -> None:
        """Nothing is stripped from a token."""
        error = read({**GOOD, "access_token": given_})
        assert isinstance(error, errors.InvalidResponse)
        assert error.member == "access_token"
        assert (
            str(error)
            == "HTTP 200: the response has an access_token that no header can carry; ask the server's operator"
        )

    @pytest.mark.parametrize(
        ("given_", "fault"),
        [
            ("", "empty"),
            (5, "not text"),
            (0, "not text"),
            (True, "not text"),
            (["tok-1"], "not text"),
            ({}, "not text"),
        ],
    )
    def test_an_access_token_that_is_no_text_is_an_error(self, given_: object, fault: str) -> None:
        """The error says so, as a server's operator can search for it."""
        error = read({**GOOD, "access_token": given_})
        assert isinstance(error, errors.InvalidResponse)
        assert error.member == "access_token"
        assert str(error) == f"HTTP 200: the response has an access_token that is {fault}; ask the server's operator"

    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ({"errcode": 40013, "errmsg": "invalid appid"}, "invalid appid"),
            ({"success": False, "message": "bad"}, "bad"),
            ({"errors": [{"message": "client_not_found: check\x1b it"}]}, "client_not_found: check  it"),
            ({"message": "no such client s3cr3t-value"}, "no such client ***"),
            ({"message": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}, "***"),
            ({"message": "your token: 2YotnFZFEjr1zCsicMWpAA!"}, "your token: ***"),
            ({"message": "ask for client_credentials_of_a_tenant."}, "ask for client_credentials_of_a_tenant."),
            ({"message": "abc " * 1000}, "abc " * 74 + "abc…"),
        ],
    )
    def test_the_error_for_a_response_without_a_token_has_the_words_of_the_server(
        self, members: dict[str, object], words: str
    ) -> None:
        """They are cleaned and bounded, and show nothing that may be a token."""
        error = read(members)
        assert isinstance(error, errors.InvalidResponse)
        start, said, *_ = str(error).split("; ")
        assert start == "HTTP 200: the response has no access_token"
        assert said == f"the server says: {words}"

    @pytest.mark.parametrize(
        ("members", "advice"),
        [
            ({}, "check that the URL is that of a token endpoint"),
            ({"error": None}, "check that the URL is that of a token endpoint"),
            ({"é": 1, "a b": 2, "a" * 41: 3}, "check that the URL is that of a token endpoint"),
            (
                {"accessToken": "tok-1", "é": 1, "expiresIn": 5},
                "its members are accessToken, expiresIn; if one of them is the token, set Dialect(members=...)",
            ),
            (
                {"access_token": None, "s3cr3t-value": "tok-1"},
                "its members are ***; if one of them is the token, set Dialect(members=...)",
            ),
        ],
    )
    def test_the_error_for_a_response_without_a_token_names_its_members(
        self, members: dict[str, object], advice: str
    ) -> None:
        """It shows no values, and no name that is a secret."""
        error = read(members)
        assert isinstance(error, errors.InvalidResponse)
        assert error.member == "access_token"
        assert str(error) == f"HTTP 200: the response has no access_token; {advice}"

    def test_the_error_for_a_response_without_a_token_names_twelve_members_at_most(self) -> None:
        """The text stays short."""
        text = str(read({f"m{number}": 1 for number in range(1000)}))
        assert "m11" in text
        assert "m12" not in text

    def test_the_error_for_an_unknown_type_names_the_field_of_the_dialect(self) -> None:
        """DPoP and MAC tokens are not bearer tokens."""
        error = read({"access_token": "tok-1", "token_type": "BearerToken"})
        assert str(error).endswith("; if it is a bearer token, set Dialect(bearer_names=('BearerToken',))")
        assert "Dialect" not in str(read({"access_token": "tok-1", "token_type": "DPoP"}))
        assert "Dialect" not in str(read({"access_token": "tok-1", "token_type": "mac"}))

    def test_without_a_requested_scope_no_scope_is_additional(self) -> None:
        """The server chooses (RFC 6749 section 3.3)."""
        token = read({**GOOD, "scope": "a"})
        assert isinstance(token, Token)
        assert (token.scope, token.additional_scope, token.missing_scope) == (Scope.of("a"), Scope(), Scope())


REQUEST = token_request(ClientCredentials("id", "s3cr3t-value"), Scope.of("a", "b"))
BOUND = REQUEST.with_dpop(bound_key("jkt"))
NESTED = REQUEST.with_dialect(Dialect(members={"access_token": "data.token", "expires_in": "data.life.time"}))
ENDPOINT_ADVICE = "check that the URL is that of a token endpoint"
TWELVE = ", ".join([f"m{number}" for number in range(12)])
SET_MEMBERS = "if one of them is the token, set Dialect(members=...)"
NOT_BOUND = "a token bound to a key was requested, and the response does not say that its token is bound"
DOWNGRADED = "a token bound to a key was requested, and the server returned a bearer token"
NO_TYPE = "the response has a token_type that is not a token type (RFC 6749 appendix A.13)"
NO_CODE = "the response has a member 'error' that is not an error code; ask the server's operator"
REDIRECTED = "the token endpoint redirects, and token requests do not follow redirects; correct the endpoint"


def not_requested(token_type: str, advice: str = "") -> str:
    """Return the reason for a token of another type."""
    return f"the server returned a token of type {token_type!r}, which was not requested and must not be used{advice}"


def set_names(name: str) -> str:
    """Return the advice to list a type as one of bearer tokens."""
    return f"; if it is a bearer token, set Dialect(bearer_names=({name!r},))"


@pytest.mark.parametrize(
    ("content", "request_", "kind", "arguments"),
    [
        (b"<html>", REQUEST, errors.InvalidResponse, (f"the response is not JSON; {ENDPOINT_ADVICE}", None)),
        (b"[]", REQUEST, errors.InvalidResponse, (f"the response is not a JSON object; {ENDPOINT_ADVICE}", None)),
        (b" " * (2**20 + 1), REQUEST, errors.InvalidResponse, ("the response exceeds 1048576 bytes", None)),
        (b" " * 2**20, REQUEST, errors.InvalidResponse, (f"the response is not JSON; {ENDPOINT_ADVICE}", None)),
        ({**GOOD, "error": 5}, REQUEST, errors.InvalidResponse, (NO_CODE, None)),
        (
            {},
            REQUEST,
            errors.InvalidResponse,
            (f"the response has no access_token; {ENDPOINT_ADVICE}", "access_token"),
        ),
        (
            {"refresh_token": "r", "token_type": "Bearer", "message": "no s3cr3t-value", "a" * 40: 1, "b" * 41: 1},
            REQUEST,
            errors.InvalidResponse,
            (
                "the response has no access_token; the server says: no ***; its members are token_type, message, "
                + "a" * 40
                + "; if one of them is the token, set Dialect(members=...)",
                "access_token",
            ),
        ),
        (
            {"access_token": "tok-1", "refresh_token": "r"},
            NESTED,
            errors.InvalidResponse,
            (
                "data.token was not found in the response; its members are access_token; correct Dialect(members=...)",
                "access_token",
            ),
        ),
        *[
            (
                {"é": 1, **members},
                NESTED,
                errors.InvalidResponse,
                (f"data.token was not found in the response; {advice}", "access_token"),
            )
            for members, advice in (
                ({}, ENDPOINT_ADVICE),
                ({"data": None}, "its members are data; correct Dialect(members=...)"),
                ({"data": ["token"]}, "its members are data; correct Dialect(members=...)"),
                ({"data": {"token": None}}, "its members are data; correct Dialect(members=...)"),
            )
        ],
        (
            {f"m{number}": 1 for number in range(13)},
            REQUEST,
            errors.InvalidResponse,
            (
                f"the response has no access_token; its members are {TWELVE}; {SET_MEMBERS}",
                "access_token",
            ),
        ),
        ({**GOOD, "token_type": "é"}, REQUEST, errors.InvalidResponse, (NO_TYPE, "token_type")),
        ({**GOOD, "token_type": 5}, BOUND, errors.InvalidResponse, (NO_TYPE, "token_type")),
        ({"access_token": "tok-1"}, BOUND, errors.TokenTypeDowngrade, (NOT_BOUND, "Bearer")),
        ({**GOOD, "token_type": " "}, BOUND, errors.TokenTypeDowngrade, (NOT_BOUND, "Bearer")),
        ({**GOOD, "token_type": "BEARER"}, BOUND, errors.TokenTypeDowngrade, (DOWNGRADED, "Bearer")),
        ({**GOOD, "token_type": " mac"}, REQUEST, errors.UnsupportedTokenType, (not_requested("mac"), "mac")),
        ({**GOOD, "token_type": "DPoP"}, REQUEST, errors.UnsupportedTokenType, (not_requested("DPoP"), "DPoP")),
        ({**GOOD, "token_type": "key"}, BOUND, errors.UnsupportedTokenType, (not_requested("key"), "key")),
        (
            {**GOOD, "token_type": "key"},
            REQUEST,
            errors.UnsupportedTokenType,
            (not_requested("key", set_names("key")), "key"),
        ),
        (
            {**GOOD, "token_type": "tok-1 of s3cr3t-value"},
            REQUEST,
            errors.UnsupportedTokenType,
            (not_requested("*** of ***", set_names("*** of ***")), "*** of ***"),
        ),
        (
            {**GOOD, "kind": "DPoP"},
            BOUND.with_dialect(Dialect(members={"token_type": "kind"})),
            errors.TokenTypeDowngrade,
            (DOWNGRADED, "Bearer"),
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_the_error_of_a_success_without_a_token_has_these_arguments(
    content: object, request_: TokenRequest, kind: type[OAuthError], arguments: tuple[object, ...], status: int
) -> None:
    """Its status is that of the response."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(OAuthError) as caught:
        parse_token_response(HttpResponse(status, {"Retry-After": "5"}, body), request_, received_at=NOW)
    assert type(caught.value) is kind
    rest = (False, None) if kind is errors.InvalidResponse else ()
    assert caught.value.args == (status, *arguments, *rest)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, errors.TokenRequestRefused) for status in (100, 199, 202, 204, 299, 400, 500)],
        *[(status, errors.UnexpectedRedirect) for status in (300, 301, 399)],
    ],
)
def test_only_the_statuses_200_and_201_have_a_token(status: int, kind: type[OAuthError]) -> None:
    """The content does not matter."""
    response = HttpResponse(status, {"Location": "/s3cr3t-value/a"}, json.dumps(GOOD).encode())
    with pytest.raises(OAuthError) as caught:
        parse_token_response(response, REQUEST, received_at=NOW)
    assert type(caught.value) is kind
    assert status in caught.value.args
    if kind is errors.UnexpectedRedirect:
        assert caught.value.args == (status, REDIRECTED, "/***/a")


def token(seconds: float = 60.0, **fields: Any) -> Token:
    """Return the token of a response to REQUEST whose scope and lifetime the server names."""
    given_: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": REQUEST.scope,
        "requested_scope": REQUEST.scope,
        **fields,
    }
    return Token(access_token=Secret("tok-1"), received_at=NOW, expires_at=NOW + seconds, **given_)


SIDE = {"expires_in": 60, "scope": "a b"}


@pytest.mark.parametrize(
    ("members", "request_", "expected"),
    [
        ({**GOOD, **SIDE}, REQUEST, token()),
        (
            GOOD,
            REQUEST,
            token(seconds=DEFAULT_LIFETIME, lifetime_assumed=True, scope_assumed=True),
        ),
        (
            {**GOOD, **SIDE, "scope": "b c", "x": [1]},
            REQUEST,
            token(scope=Scope.of("b", "c"), extra={"x": (1,)}),
        ),
        (
            {**GOOD, **SIDE, "token_type": "dpop"},
            BOUND,
            token(token_type="DPoP", dpop_jkt=BOUND.dpop_jkt),
        ),
        (
            {"data": {"token": "tok-1", "refresh_token": "r", "life": {"time": "60"}, "a": 1}, "scope": "a b"},
            NESTED,
            token(extra={"data": {"life": {}, "a": 1}}, oddities=("token_type_missing",)),
        ),
        (
            {"data": {"token": "tok-1", "life": 5}, "expires_in": 60, "scope": "a b"},
            NESTED,
            token(
                seconds=DEFAULT_LIFETIME,
                lifetime_assumed=True,
                extra={"data": {"life": 5}, "expires_in": 60},
                oddities=("token_type_missing",),
            ),
        ),
        (
            {**GOOD, "scope": "a b"},
            REQUEST.with_dialect(Dialect(default_lifetime=7)),
            token(seconds=7.0),
        ),
        (
            {**GOOD, "scope": "a b", "expires_in": "60999.9"},
            REQUEST.with_dialect(Dialect(lifetime_unit="ms")),
            token(),
        ),
        (
            {**GOOD, "scope": " a, b,\t", "expires_in": 60},
            REQUEST.with_dialect(Dialect(scope_separator=",")),
            token(oddities=("white_space",)),
        ),
        (
            {**GOOD, **SIDE, "token_type": "APPLICATION Access Token"},
            REQUEST.with_dialect(Dialect(bearer_names=("x", "Application Access Token"))),
            token(),
        ),
        (
            {**GOOD, **SIDE},
            REQUEST.with_dialect(Dialect(placement=Placement("X-Token", None))),
            token(placement=Placement("X-Token", None)),
        ),
        (
            {**GOOD, **SIDE, "expires_in": " 60", "scope": ["a", "b"], "error": ""},
            REQUEST,
            token(oddities=("error_beside_token", "white_space")),
        ),
        (
            {**GOOD, "expires_in": "x", "scope": ["a", 5]},
            REQUEST,
            token(
                seconds=DEFAULT_LIFETIME,
                lifetime_assumed=True,
                scope_assumed=True,
                oddities=("expires_in_unreadable", "scope_unreadable"),
            ),
        ),
    ],
    ids=range(13),
)
def test_a_token_has_exactly_what_its_response_says(
    members: dict[str, object], request_: TokenRequest, expected: Token
) -> None:
    """Nothing is left out, and nothing is added."""
    found = parse_token_response(HttpResponse(201, (), json.dumps(members).encode()), request_, received_at=NOW)
    assert attrs.asdict(found, recurse=False) == attrs.asdict(expected, recurse=False)


class Fickle:
    """A custom client authentication method that fails."""

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Raise an error."""
        raise errors.InvalidInput("client authentication", f"{client_id} has lost its key")


def proof(request: TokenRequest) -> Proof | None:
    """Return the authentication of *request*, or None if it fails."""
    try:
        return proof_of(request)
    except errors.OAuthError:
        return None


CLIENTS = (ClientCredentials("id", ClientSecretPost("s3c")), ClientCredentials("id", Fickle()), ClientCredentials("id"))


class TestRefusal:
    """Error responses (RFC 6749 section 5.2)."""

    @pytest.mark.parametrize("code", get_args(errors.RegisteredCode))
    def test_a_registered_error_code_is_the_code_of_the_error(self, code: errors.RegisteredCode) -> None:
        """The text contains it, too."""
        error = read({"error": code}, status=400)
        assert isinstance(error, errors.TokenRequestRefused)
        assert error.code == error.error == code
        advice = "; try again later" if error.retryable else ""
        assert str(error) == f"the server rejected the request: {code} (HTTP 400){advice}"

    @pytest.mark.parametrize("code", ["server_error", "temporarily_unavailable"])
    def test_server_error_and_temporarily_unavailable_are_retryable(self, code: str) -> None:
        """The status does not matter."""
        error, other = read({"error": code}, status=400), read({"error": "x"}, status=400)
        assert isinstance(error, errors.TokenRequestRefused)
        assert isinstance(other, errors.TokenRequestRefused)
        assert (error.retryable, other.retryable) == (True, False)

    def test_the_text_of_an_error_has_description_and_uri(self) -> None:
        """They are the server's."""
        error = read({"error": "x", "error_description": "why", "error_uri": "https://as.example/e"}, status=400)
        assert str(error) == "the server rejected the request: x (HTTP 400): why [https://as.example/e]"

    @pytest.mark.parametrize(
        "echo",
        [
            "s3cr3t/va lue",
            "s3cr3t%2Fva%20lue",
            "s3cr3t%2Fva+lue",
            "Basic aWQ6czNjcjN0JTJGdmElMjBsdWU=",
            "aWQ6czNjcjN0JTJGdmElMjBsdWU=",
            "k3y",
            "b0dy",
        ],
    )
    def test_an_echoed_secret_is_redacted_in_every_encoding(self, echo: str) -> None:
        """A server may echo it anywhere."""
        request = token_request(ClientCredentials("id", "s3cr3t/va lue"))
        request = request.with_parameter("key", "k3y").with_body("b=b0dy")
        text = f"got {echo} for id"
        error = read({"error": f"x {echo}", "error_description": text, "error_uri": f"https://x/{echo}"}, request, 400)
        assert isinstance(error, errors.TokenRequestRefused)
        assert echo not in f"{error}{error!r}{error.args}"
        assert error.description in ("got *** for id", "got Basic *** for id")

    @pytest.mark.parametrize("given_", ["eyJM4RKER.e30.c2ln\n", Secret(" eyJM4RKER.e30.c2ln"), "eyJM4RKER.e30.c2ln"])
    def test_an_echoed_assertion_is_redacted_as_it_was_sent(self, given_: str | Secret) -> None:
        """It is sent without surrounding white space."""
        request = token_request(ClientCredentials("id", ClientAssertion(AssertionFile("/run/token"))))
        content = b'{"error": "invalid_client", "error_description": "bad eyJM4RKER.e30.c2ln given"}'
        with pytest.raises(errors.TokenRequestRefused, match=r"bad \*\*\* given"):
            parse_token_response(HttpResponse(401, (), content), request, received_at=NOW, assertion=given_)

    @pytest.mark.parametrize("part", ["eyJhbGciOiJFUzI1NiJ9", "eyJzdWIiOiJNNFJLRVIifQ", "c2lnbmF0dXJlLW9mLXRoYXQ"])
    def test_an_echoed_part_of_an_assertion_is_redacted(self, part: str) -> None:
        """Parts as short as ``e30`` are not."""
        request = token_request(ClientCredentials("id", ClientAssertion(AssertionFile("/run/token"))))
        whole = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJNNFJLRVIifQ.c2lnbmF0dXJlLW9mLXRoYXQ.e30"
        content = json.dumps({"error": "invalid_client", "error_description": f"bad {part}, not e30"}).encode()
        with pytest.raises(errors.TokenRequestRefused, match=r"bad \*\*\*, not e30"):
            parse_token_response(HttpResponse(401, (), content), request, received_at=NOW, assertion=whole)

    @pytest.mark.parametrize("given_", [b"M4RKER", 5, "M4RKER M4RKER", ""])
    def test_an_invalid_assertion_is_rejected_and_not_shown(self, given_: Any) -> None:
        """`http_request` rejects it in the same way."""
        request = token_request(ClientCredentials("id", ClientAssertion(AssertionFile("/run/token"))))
        with pytest.raises(errors.InvalidInput) as caught:
            parse_token_response(HttpResponse(401), request, received_at=NOW, assertion=given_)
        assert "M4RKER" not in shown_by(caught.value)

    def test_an_echoed_secret_of_any_method_is_redacted(self) -> None:
        """A method that fails afterwards does no harm."""
        refusal = {"error": "x", "error_description": "s3c"}
        errors_ = [read(refusal, token_request(client)) for client in CLIENTS]
        assert [getattr(error, "description", None) for error in errors_] == ["***", "s3c", "s3c"]

    def test_a_secret_across_the_end_of_a_shortened_text_is_redacted(self) -> None:
        """The text is redacted before it is shortened."""
        error = read({"error": "x", "error_description": "a" * 495 + "s3cr3t-value" + "b" * 100}, status=400)
        assert isinstance(error, errors.TokenRequestRefused)
        assert "s3cr" not in str(error)
        assert error.description is not None
        assert error.description.endswith("…")

    def test_a_token_echoed_as_its_type_is_redacted(self) -> None:
        """RFC 6749 section 7.1 has the client reject the type."""
        error = read({"access_token": "t0ken", "token_type": "t0ken"})
        assert isinstance(error, errors.UnsupportedTokenType)
        assert "t0ken" not in f"{error}{error!r}"

    def test_an_echoed_basic_field_without_encoding_is_redacted(self) -> None:
        """It contains the secret in Base64."""
        request = token_request(ClientCredentials("id", ClientSecretBasic("s3 c", encode=False)))
        error = read({"error": "x", "error_description": "aWQ6czMgYw=="}, request, 400)
        assert "aWQ6czMgYw==" not in str(error)


MEMBERS = st.dictionaries(
    st.sampled_from(["access_token", "token_type", "expires_in", "scope", "error", "error_description", "error_uri"]),
    st.one_of(
        st.sampled_from(["tok-1", "Bearer", "dpop", "a b", "invalid_client", "3600", "https://as.example/"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=5,
        ),
    ),
)


class TestAnything:
    """Any response of a server."""

    @given(
        st.integers(0, 999),
        st.lists(st.tuples(st.sampled_from(["Retry-After", "Content-Type", "DPoP-Nonce"]), st.text()), max_size=3),
        st.one_of(st.binary(), MEMBERS.map(lambda members: json.dumps(members).encode("utf-8", "surrogatepass"))),
    )
    @example(200, [], b'{"access_token": "a", "token_type": "Bearer", "x": "\\ud800"}')
    @example(200, [], b"\x00" * 10)
    @example(200, [], b'{"access_token": "a", "token_type": "Bearer", "expires_in": ' + b"9" * 5000 + b"}")
    def test_any_response_is_a_token_or_an_error(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        """No other exception is raised."""
        request = token_request(ClientCredentials("id", "s3cr3t-value"), Scope.of("a"))
        outcome = read_token_response(HttpResponse(status, headers, body), request, NOW, lambda: proof(request))
        assert isinstance(outcome, Token | errors.TokenRequestRefused | errors.InvalidResponse)
        assert len(str(outcome)) < 2500
        assert str(outcome).isprintable() or isinstance(outcome, Token)
        if isinstance(outcome, Token):
            assert Token.from_json(outcome.to_json()) == outcome

    @pytest.mark.parametrize(
        "body",
        [
            b"[" * 1_000_000,
            b'{"a":' * 170_000,
            b'{"x":"' + b"\\u0000" * 170_000 + b'"}',
            b'{"error":"x","error_description":"' + b"s3cr3t-value" * 80_000 + b'"}',
            b'{"error":"' + b"a" * 1_000_000 + b'"}',
            b'{"access_token":"' + b"a " * 500_000 + b'"}',
            b'{"access_token":"a","token_type":"Bearer","scope":"' + b"a " * 500_000 + b'"}',
            b'{"a":1' + b',"b":1' * 160_000 + b"}",
            b"9" * 1_000_000,
            b" " * 1_000_000,
        ],
        ids=range(10),
    )
    def test_reading_takes_linear_time(self, body: bytes) -> None:
        """The largest and worst responses are read within seconds."""
        request = token_request(ClientCredentials("id", "s3cr3t-value"))
        started = time.process_time()
        read_token_response(HttpResponse(200, (), body), request, NOW, lambda: proof(request))
        # Generous for a slow machine under load, as quadratic time would be minutes.
        assert time.process_time() - started < 5.0

    def test_a_response_beyond_the_limit_is_not_parsed(self) -> None:
        """The limit is a mebibyte."""
        request = token_request(ClientCredentials("id"))
        outcome = read_token_response(HttpResponse(200, (), b" " * (2**20 + 1)), request, NOW, lambda: proof(request))
        assert isinstance(outcome, errors.InvalidResponse)

    def test_the_repr_of_a_token_shows_no_token(self) -> None:
        """It does not show further members either."""
        token = read({**GOOD, "id_token": "hidden"})
        assert "tok-1" not in repr(token)
        assert "hidden" not in repr(token)
        assert isinstance(token, Token)
        assert token.access_token == Secret("tok-1")


class Broken:
    """A client authentication method that always fails."""

    def authenticate(self, client_id: str) -> Any:
        """Raise an error."""
        raise errors.InvalidInput("client authentication", f"{client_id} has lost its key")


def test_a_method_that_fails_afterwards_does_not_hide_the_error_response() -> None:
    """It is only asked for the secrets to redact."""
    request = token_request(ClientCredentials("id", Broken()))
    with pytest.raises(errors.TokenRequestRefused, match="invalid_scope"):
        parse_token_response(HttpResponse(400, (), b'{"error": "invalid_scope"}'), request, received_at=NOW)
