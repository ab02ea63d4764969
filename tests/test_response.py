"""
Reading token responses, with the vectors of cases/token_responses.json and with any bytes.
"""

import json
import time
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
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
from oauth_cc.dpop import dpop_nonce, retry_nonce
from oauth_cc.http import MAX_RETRY_AFTER
from oauth_cc.request import proof_of
from oauth_cc.response import MAX_LIFETIME, read_token_response
from tests.leaks import shown_by
from tests.vectors import Case, content, load

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
    context = {"client_id": "id", "client_secret": "sec", **case.data.get("context", {})}
    request = token_request(ClientCredentials(context["client_id"], context["client_secret"]))
    if context.get("scope"):
        request = request.with_scope(Scope.parse(context["scope"]))
    return request.with_dpop_jkt("thumbprint") if context.get("dpop") else request


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
    outcome = read_token_response(answer(case), request_for(case), NOW, lambda: proof(request_for(case)))
    assert case.expect.get("dpop_nonce", dpop_nonce(answer(case))) == dpop_nonce(answer(case))
    if isinstance(outcome, Token):
        check_token(case, outcome)
    else:
        check_error(case, outcome)


def check_token(case: Case, token: Token) -> None:
    """Compare *token* with what *case* expects."""
    expected = case.expect["token"]
    assert case.expect["outcome"] == "ok"
    assert expected["access_token"] == token.access_token.reveal()
    assert expected["token_type"] == token.token_type
    lifetime = None if token.lifetime_assumed else token.expires_at - NOW
    assert expected["lifetime"] == lifetime
    if "granted_scope" in expected:
        assert expected["granted_scope"] == sorted(token.scope)
    flags = ["scope_narrowed"] * bool(token.missing_scope) + ["scope_widened"] * bool(token.additional_scope)
    assert case.expect.get("flags", []) == flags


def check_error(case: Case, error: errors.TokenRequestRefused | errors.InvalidResponse) -> None:
    """Compare *error* with what *case* expects."""
    assert case.expect["outcome"] == "error"
    assert case.kinds & KINDS[type(error)]
    names = {"error_uri": "uri"}
    for name in ("status", "error", "description", "error_uri", "member", "token_type", "retryable"):
        if name in case.expect:
            assert case.expect[name] == getattr(error, names.get(name, name))
    if "retry_after" in case.expect:
        capped = {"capped": (MAX_RETRY_AFTER,), "capped_or_none": (MAX_RETRY_AFTER, None)}
        assert error.retry_after in capped.get(case.expect["retry_after"], (case.expect["retry_after"],))
    if "retry_with_nonce" in case.expect:
        sent = case.data.get("context", {}).get("dpop_nonce_sent")
        proof = case.data.get("context", {}).get("dpop", False)
        assert case.expect["retry_with_nonce"] == (proof and retry_nonce(error, answer(case), sent) is not None)
    for hidden in case.expect.get("str_excludes", ()):
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
        [(0, 0.0), ("0", 0.0), (1.9, 1.0), (10**30, MAX_LIFETIME), ("9" * 20, MAX_LIFETIME), (1e300, MAX_LIFETIME)],
    )
    def test_a_lifetime_is_whole_seconds_within_limits(self, given_: object, lifetime: float) -> None:
        """A lifetime of 0 is expired at once (RFC 6749 appendix A.14)."""
        token = read({**GOOD, "expires_in": given_})
        assert isinstance(token, Token)
        assert token.expires_at == NOW + lifetime
        assert is_expired(token, NOW) == (lifetime <= 0)

    @pytest.mark.parametrize("given_", ["9" * 21, -0.5, "", " 1", "٣", [], {}, True])
    def test_an_invalid_lifetime_is_an_error_that_names_the_member(self, given_: object) -> None:
        """It is not a number of seconds."""
        error = read({**GOOD, "expires_in": given_})
        assert isinstance(error, errors.InvalidResponse)
        assert error.member == "expires_in"

    @pytest.mark.parametrize("given_", [5, {}, True, ["a b"], ["a", 5], " a", "a  b"])
    def test_an_invalid_scope_is_an_error_that_names_the_member(self, given_: object) -> None:
        """It is outside the grammar."""
        error = read({**GOOD, "scope": given_})
        assert isinstance(error, errors.InvalidResponse)
        assert error.member == "scope"

    def test_without_a_requested_scope_no_scope_is_additional(self) -> None:
        """The server chooses (RFC 6749 section 3.3)."""
        token = read({**GOOD, "scope": "a"})
        assert isinstance(token, Token)
        assert (token.scope, token.additional_scope, token.missing_scope) == (Scope.of("a"), Scope(), Scope())


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
        assert str(error) == f"the server rejected the token request: {code} (HTTP 400)"

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
        assert str(error) == "the server rejected the token request: x (HTTP 400): why [https://as.example/e]"

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
