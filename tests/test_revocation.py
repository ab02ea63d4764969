"""
The revocation and the introspection of a token: requests, responses and flows.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    ClientAssertion,
    ClientCredentials,
    ClientSecretPost,
    Dialect,
    HttpResponse,
    InvalidInput,
    InvalidResponse,
    NoAuthentication,
    OAuthError,
    PrivateKeyJwt,
    Scope,
    Secret,
    SigningKey,
    Token,
    TokenRequestRefused,
    token_request,
)
from oauth_cc.errors import UnexpectedRedirect
from oauth_cc.flows import Failed, introspect, revoke
from oauth_cc.flows.exchange import Retries
from oauth_cc.revocation import (
    Introspection,
    check_revocation_response,
    introspection_request,
    parse_introspection_response,
    revocation_request,
)
from tests.leaks import shown_by
from tests.world import World

MARK = "M4RKER"
ENDPOINT = "https://as.example/revoke"
CLIENT = ClientCredentials("id", "s3cret")
TOKEN = Token(Secret(MARK), "Bearer", 1700000000.0)


class TestRequest:
    """The requests."""

    @pytest.mark.parametrize("token", [TOKEN, Secret(MARK), MARK])
    @pytest.mark.parametrize("compose", [revocation_request, introspection_request])
    def test_a_token_is_sent_as_access_token(self, compose: Callable[..., Any], token: object) -> None:
        """The client authenticates as for a token request."""
        sent = compose(token, CLIENT, ENDPOINT)
        assert (sent.method, sent.url, sent.body) == ("POST", ENDPOINT, b"token=M4RKER&token_type_hint=access_token")
        assert dict(sent.headers) == {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Authorization": "Basic aWQ6czNjcmV0",
        }
        assert MARK not in repr(sent)

    def test_a_client_in_the_body_and_further_headers_are_sent(self) -> None:
        """The body is a form, also where the dialect of token requests is JSON."""
        request = token_request(ClientCredentials("id", ClientSecretPost("s3cret"))).with_header("X-Key", "k")
        sent = revocation_request("t", request.with_dialect(Dialect(body_format="json")), ENDPOINT)
        assert sent.body == b"token=t&token_type_hint=access_token&client_id=id&client_secret=s3cret"
        assert dict(sent.headers)["X-Key"] == "k"
        named = revocation_request("t", token_request(CLIENT).with_client_id_in_body(), ENDPOINT)
        assert named.body == b"token=t&token_type_hint=access_token&client_id=id"

    def test_an_assertion_is_sent(self) -> None:
        """A client that authenticates by an assertion needs one."""
        client = ClientCredentials("id", ClientAssertion(lambda: "a.b.c"))
        assert b"&client_assertion=a.b.c" in revocation_request("t", client, ENDPOINT, assertion="a.b.c").body
        with pytest.raises(InvalidInput, match="no client assertion"):
            revocation_request("t", client, ENDPOINT)

    @pytest.mark.parametrize(
        "attempt",
        [
            lambda: revocation_request(f"{MARK}\n", CLIENT, ENDPOINT),
            lambda: revocation_request(Secret(f"{MARK} "), CLIENT, ENDPOINT),
            lambda: introspection_request("", CLIENT, ENDPOINT),
            lambda: introspection_request(MARK.encode(), CLIENT, ENDPOINT),  # type: ignore[arg-type]
            lambda: introspection_request(MARK, CLIENT, f"http://as.example/{MARK}"),
            lambda: introspection_request(MARK, CLIENT, ENDPOINT, assertion=f"{MARK}\n{MARK}"),
            lambda: introspection_request(MARK, CLIENT, ENDPOINT, assertion=MARK),
            lambda: introspection_request(MARK, ClientCredentials("id"), ENDPOINT, assertion=MARK),
            lambda: check_revocation_response(HttpResponse(200), CLIENT, received_at=0.0, assertion=f"{MARK}\n{MARK}"),
        ],
    )
    def test_invalid_input_shows_no_token(self, attempt: Callable[[], object]) -> None:
        """The local variables of every frame are searched, too."""
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert MARK not in shown_by(caught.value)


TEXT = "token must be a Token, a Secret or a str of visible ASCII characters"
FORMATTED = "token is the redacted text of a Secret; pass the Secret object instead of str(secret)"


@pytest.mark.parametrize("door", [revocation_request, introspection_request])
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        *[(token, TEXT) for token in ("", "a b", "a\n", "é", Secret(""), Secret("a b"), b"a", None, 5, CLIENT)],
        *[(token, FORMATTED) for token in (f"{Secret('t')}", Secret(repr(Secret("t"))), f"Bearer:{Secret('t')}")],
    ],
    ids=repr,
)
def test_what_is_not_a_token_is_rejected(door: Callable[..., Any], token: object, reason: str) -> None:
    """A server would report that the redacted text of a token is revoked, as it knows no such token."""
    with pytest.raises(InvalidInput) as caught:
        door(token, CLIENT, ENDPOINT)
    assert caught.value.args == ("token", reason)


@pytest.mark.parametrize("flow", [revoke, introspect])
def test_the_flows_reject_what_is_not_a_token(flow: Callable[..., Any]) -> None:
    """They send nothing."""
    world = World([HttpResponse(200)])
    with pytest.raises(InvalidInput) as caught:
        world.run(flow(f"{Secret('t')}", CLIENT, ENDPOINT))
    assert (caught.value.args, world.sent) == (("token", FORMATTED), [])


@pytest.mark.parametrize("door", [revocation_request, introspection_request])
def test_the_first_invalid_argument_is_named(door: Callable[..., Any]) -> None:
    """The others may be valid or not."""
    for arguments, parameter in (
        (("", 5, 5), "token"),
        (("t", 5, 5), "endpoint"),
        (("t", ENDPOINT, 5), "client assertion"),
        (("t", ENDPOINT, ""), "client assertion"),
    ):
        with pytest.raises(InvalidInput) as caught:
            door(arguments[0], CLIENT, arguments[1], assertion=arguments[2])
        assert caught.value.parameter.endswith(parameter)


READERS: tuple[Callable[..., object], ...] = (check_revocation_response, parse_introspection_response)
ASSERTED = ClientCredentials("id", ClientAssertion(lambda: "a.b.c"))


@pytest.mark.parametrize("read", READERS)
class TestErrorResponse:
    """The responses that are errors, in the same way for both endpoints."""

    def read(self, read: Callable[..., object], response: HttpResponse, **arguments: Any) -> OAuthError:
        """Return the error."""
        with pytest.raises((TokenRequestRefused, InvalidResponse)) as caught:
            read(response, **{"client": CLIENT, "received_at": 1700000000.0, **arguments})
        return caught.value

    @pytest.mark.parametrize("status", [300, 301, 302, 307, 399])
    def test_every_redirect_is_an_error_with_its_target(self, read: Callable[..., object], status: int) -> None:
        """The secret of the client is redacted in the target."""
        response = HttpResponse(status, {"Location": "https://other.example/s3cret?a=b"})
        assert self.read(read, response).args == (
            status,
            "the endpoint redirects, and requests with a token do not follow redirects; correct the endpoint",
            "***",
        )

    @pytest.mark.parametrize("status", [299, 400])
    def test_a_status_beside_those_of_redirects_is_a_refusal(self, read: Callable[..., object], status: int) -> None:
        """Its Location does not matter."""
        error = self.read(read, HttpResponse(status, {"Location": "https://other.example/"}, b'{"message": "no"}'))
        assert error.args == (None, None, None, status, False, None, "no", None)

    def test_the_advice_names_the_endpoint(self, read: Callable[..., object]) -> None:
        """It is not the token endpoint."""
        kind = "revocation" if read is check_revocation_response else "introspection"
        error = self.read(read, HttpResponse(404, {"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT"}))
        advice = f"check the {kind} endpoint and any proxy in front of it"
        assert error.args == (None, None, None, 404, False, 5.0, None, advice)

    def test_the_advice_for_an_invalid_client_concerns_its_secret(self, read: Callable[..., object]) -> None:
        """It is that of a token request."""
        client = ClientCredentials("id", "a+b")
        error = self.read(read, HttpResponse(401, (), b'{"error": "invalid_client"}'), client=client)
        advice = "try ClientSecretBasic(secret, encode=False), as the secret has reserved characters"
        assert error.args == ("invalid_client", None, None, 401, False, None, None, advice)

    @pytest.mark.parametrize(
        "given_", ["eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJlLTc", Secret(" eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJlLTc\n")]
    )
    @pytest.mark.parametrize("echo", ["eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJlLTc", "eyJhbGciOiJub25lIn0"])
    def test_an_echoed_assertion_is_redacted(self, read: Callable[..., object], given_: object, echo: str) -> None:
        """It is so as a whole and in its parts."""
        content = f'{{"error": "invalid_client", "error_description": "bad {echo} given"}}'.encode()
        error = self.read(read, HttpResponse(401, (), content), client=ASSERTED, assertion=given_)
        assert isinstance(error, TokenRequestRefused)
        assert error.description == "bad *** given"
        moved = HttpResponse(302, {"Location": f"/{echo}/"})
        assert self.read(read, moved, client=ASSERTED, assertion=given_).args[-1] == "/***/"

    @pytest.mark.parametrize("given_", ["", 5, f"{MARK}\n{MARK}", f"{Secret('t')}"])
    def test_an_invalid_assertion_is_rejected(self, read: Callable[..., object], given_: object) -> None:
        """So it is never taken for one that needs no redaction."""
        with pytest.raises(InvalidInput) as caught:
            read(HttpResponse(400), ASSERTED, received_at=1700000000.0, assertion=given_)
        assert caught.value.parameter == "client assertion"
        assert MARK not in shown_by(caught.value)

    @pytest.mark.parametrize(
        ("arguments", "parameter"),
        [
            ({"response": b"HTTP"}, "response"),
            ({"received_at": "now"}, "received_at"),
            ({"client": "id"}, "request"),
        ],
    )
    def test_an_argument_of_another_type_is_named(
        self, read: Callable[..., object], arguments: dict[str, object], parameter: str
    ) -> None:
        """The others are valid."""
        valid = {"response": HttpResponse(200, (), b'{"active": true}'), "client": CLIENT, "received_at": 0.0}
        read(**valid)
        with pytest.raises(InvalidInput) as caught:
            read(**{**valid, **arguments})
        assert caught.value.parameter == parameter


NOT_ACTIVE = (
    "the response does not say whether the token is active; check that the URL is that of an introspection endpoint"
)


class TestResponse:
    """The responses."""

    @pytest.mark.parametrize("status", [200, 204])
    def test_a_success_means_revoked(self, status: int) -> None:
        """The content does not matter."""
        assert check_revocation_response(HttpResponse(status, (), b"x"), CLIENT, received_at=0.0) is None  # type: ignore[func-returns-value]

    def test_a_refusal_has_the_code_and_no_secret(self) -> None:
        """The error is that of a refused token request."""
        content = b'{"error": "unsupported_token_type", "error_description": "of s3cret"}'
        response = HttpResponse(503, {"Retry-After": "7"}, content)
        for read in (check_revocation_response, parse_introspection_response):
            with pytest.raises(TokenRequestRefused) as caught:
                read(response, CLIENT, received_at=0.0)
            error = caught.value
            assert (error.error, error.retryable, error.retry_after) == ("unsupported_token_type", True, 7.0)
            assert f"{error}".endswith("unsupported_token_type (HTTP 503): of ***; try again in 7 seconds")

    def test_a_redirect_is_not_followed(self) -> None:
        """The error names the target."""
        response = HttpResponse(302, {"Location": "https://other.example/"})
        for read in (check_revocation_response, parse_introspection_response):
            with pytest.raises(UnexpectedRedirect) as caught:
                read(response, CLIENT, received_at=0.0)
            assert caught.value.location == "https://other.example/"

    def test_all_members_are_read(self) -> None:
        """Other members are in extra."""
        content = (
            b'{"active": true, "scope": "a b", "client_id": "c", "token_type": "Bearer", "exp": 3, "iat": 1.5,'
            b' "nbf": 2, "sub": "s", "aud": ["x", "y"], "iss": "i", "jti": "j", "username": "u", "cnf": {"jkt": "t"}}'
        )
        found = parse_introspection_response(HttpResponse(200, (), content), CLIENT, received_at=0.0)
        assert found == Introspection(
            True, Scope.of("a", "b"), "c", "Bearer", 3.0, 1.5, 2.0, "s", ("x", "y"), "i", "j", found.extra
        )
        assert (found.extra["username"], found.extra["cnf"]) == ("u", {"jkt": "t"})
        assert hash(found) == hash(found)

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b'{"active": false}', Introspection(False)),
            (b'{"active": true, "exp": 1' + b"0" * 400 + b', "iat": -1, "nbf": []}', Introspection(True)),
            (b'{"active": true, "aud": "x"}', Introspection(True, aud=("x",))),
            (b'{"active": true, "scope": 5, "exp": "3", "iat": true, "aud": 5, "sub": 1}', Introspection(True)),
            (b'{"active": true, "scope": "\\n", "exp": 1e999, "aud": ["x", 5]}', Introspection(True, aud=("x",))),
        ],
    )
    def test_a_member_of_another_type_counts_as_not_given(self, content: bytes, expected: Introspection) -> None:
        """Only ``active`` must be there."""
        found = parse_introspection_response(HttpResponse(200, (), content), CLIENT, received_at=0.0)
        assert found == expected

    @pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"active": "true"}', b'{"active": 1}'])
    def test_a_response_without_active_is_invalid(self, content: bytes) -> None:
        """The error says what to check."""
        with pytest.raises(InvalidResponse, match="check that the URL is that of an introspection endpoint"):
            parse_introspection_response(HttpResponse(200, (), content), CLIENT, received_at=0.0)

    @pytest.mark.parametrize(
        ("content", "reason", "member"),
        [
            (b"<html>", "the response is not JSON; check that the URL is that of an introspection endpoint", None),
            (
                b'{"scope": "a"}',
                NOT_ACTIVE,
                "active",
            ),
        ],
    )
    def test_the_error_for_a_response_without_active_says_what_is_missing(
        self, content: bytes, reason: str, member: str | None
    ) -> None:
        """It names the member."""
        with pytest.raises(InvalidResponse) as caught:
            parse_introspection_response(HttpResponse(200, (), content), CLIENT, received_at=0.0)
        error = caught.value
        assert (error.status, error.reason, error.member, error.retryable) == (200, reason, member, False)

    @pytest.mark.parametrize(
        ("given_", "expected"),
        [
            ("0", 0.0),
            ("0.5", 0.5),
            ("253402300799", 253402300799.0),
            ("253402300800", None),
            ("-0.5", None),
            ("true", None),
            ("false", None),
            ('"5"', None),
            ("null", None),
        ],
    )
    @pytest.mark.parametrize("member", ["exp", "iat", "nbf"])
    def test_a_moment_is_a_number_up_to_the_end_of_the_year_9999(
        self, member: str, given_: str, expected: float | None
    ) -> None:
        """Any other value counts as not given."""
        content = f'{{"active": true, "{member}": {given_}}}'.encode()
        found = parse_introspection_response(HttpResponse(200, (), content), CLIENT, received_at=0.0)
        moments = {name: getattr(found, name) for name in ("exp", "iat", "nbf")}
        assert moments == {"exp": None, "iat": None, "nbf": None, member: expected}
        assert type(moments[member]) is type(expected)

    def test_other_members_are_read_only(self) -> None:
        """This includes the values in them."""
        content = b'{"active": true, "cnf": {"x": [1]}}'
        extra: Any = parse_introspection_response(HttpResponse(200, (), content), CLIENT, received_at=0.0).extra
        assert extra == {"cnf": {"x": (1,)}}
        for members in (extra, extra["cnf"]):
            with pytest.raises(TypeError):
                members["y"] = 1

    @given(st.sampled_from([200, 204, 301, 400, 401, 503]), st.binary() | st.text().map(str.encode))
    def test_any_response_is_read_or_an_error_of_this_library(self, status: int, content: bytes) -> None:
        """No other exception is raised."""
        response = HttpResponse(status, {"Location": content.decode("latin-1")}, content)
        for read in (check_revocation_response, parse_introspection_response):
            with suppress(OAuthError):
                read(response, CLIENT, received_at=0.0)

    def test_a_method_that_fails_is_no_reason_to_hide_the_response(self) -> None:
        """There is nothing of it to redact."""

        class Broken:
            def authenticate(self, client_id: str, /) -> Any:
                return None

        client = ClientCredentials("id", Broken())
        with pytest.raises(TokenRequestRefused):
            check_revocation_response(HttpResponse(400), client, received_at=0.0)


class TestFlow:
    """The flows."""

    def test_a_failed_attempt_is_repeated(self) -> None:
        """A Retry-After is observed."""
        world = World([HttpResponse(503, {"Retry-After": "7"}), Failed(OSError("down"), True), HttpResponse(200)])
        assert world.run(revoke(TOKEN, CLIENT, ENDPOINT)) is None
        assert (len(world.sent), world.slept) == (3, [7.25, 0.5])
        dated = World([HttpResponse(503, {"Retry-After": "Tue, 14 Nov 2023 22:13:23 GMT"}), HttpResponse(200)])
        dated.run(revoke(TOKEN, CLIENT, ENDPOINT))
        assert dated.slept == [3.25]

    def test_a_refusal_is_raised_without_the_token(self) -> None:
        """A server may repeat the token."""
        world = World([HttpResponse(400, (), b'{"error": "invalid_request", "error_description": "of M4RKER"}')])
        with pytest.raises(TokenRequestRefused) as caught:
            world.run(introspect(MARK, CLIENT, ENDPOINT))
        assert MARK not in shown_by(caught.value)
        assert len(world.sent) == 1

    def test_the_last_failure_is_raised(self) -> None:
        """The error is that of the HTTP library."""
        world = World([Failed(OSError("down"), retryable=True)])
        with pytest.raises(OSError, match="down"):
            world.run(introspect(MARK, CLIENT, ENDPOINT, retries=Retries(attempts=1)))
        assert (len(world.sent), world.slept) == (1, [])
        final = World([Failed(OSError("of TLS"), retryable=False)])
        with pytest.raises(OSError, match="of TLS"):
            final.run(revoke(TOKEN, CLIENT, ENDPOINT))
        assert len(final.sent) == 1

    def test_an_error_of_the_network_shows_no_secret(self) -> None:
        """The server's metadata may have chosen the host that it names."""
        error = OSError(f"no route to {MARK}.evil.example or s3cret.evil.example")
        with pytest.raises(OSError, match="no response") as caught:
            World([Failed(error, retryable=False)]).run(revoke(TOKEN, CLIENT, ENDPOINT))
        assert MARK not in shown_by(caught.value)
        assert "s3cret" not in shown_by(caught.value)

    def test_an_invalid_token_sends_nothing(self) -> None:
        """Neither the error nor its traceback shows it."""
        world = World([HttpResponse(200)])
        with pytest.raises(InvalidInput) as caught:
            world.run(revoke(f"{MARK}\n", ClientCredentials("id", NoAuthentication()), ENDPOINT))
        assert (world.sent, MARK in shown_by(caught.value)) == ([], False)

    def test_an_assertion_is_signed_for_each_attempt(self) -> None:
        """A key that cannot sign is an error."""
        key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth")
        client = ClientCredentials("id", PrivateKeyJwt(key, "https://as.example"))
        world = World([HttpResponse(503), HttpResponse(200, (), b'{"active": false}')])
        assert world.run(introspect(MARK, client, ENDPOINT)) == Introspection(False)
        assert len(set(world.signed)) == 2
        with pytest.raises(OSError, match="no key"):
            World([], signature=Failed(OSError("no key"), False)).run(introspect(MARK, client, ENDPOINT))
