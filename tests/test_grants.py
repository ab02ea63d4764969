"""
The grant of an assertion that the client signs (RFC 7523 section 2.1).
"""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
from joserfc import jwt

from oauth_cc import (
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    Dialect,
    HttpResponse,
    JwtBearerGrant,
    NoAuthentication,
    PrivateKeyJwt,
    Scope,
    Secret,
    SecretFile,
    SigningKey,
    TokenRequest,
    compose_body,
    errors,
    http_request,
    parse_token_response,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import KeySource
from oauth_cc.authentication.credentials import has_name
from oauth_cc.fapi import fapi2
from oauth_cc.flows import Failed, exchange
from oauth_cc.flows.cache_key import fingerprint
from oauth_cc.flows.renewal import terms
from oauth_cc.httpx2 import TokenSource, fetch_metadata, fetch_token
from oauth_cc.jose import key_from_file, key_from_jwk, sign
from oauth_cc.metadata import ServerMetadata, endpoint_for
from oauth_cc.testing import AuthorizationServer, FederatedIdentity, RegisteredClient
from tests.keys import CURVES, jwk, pem, private, public_jwk
from tests.leaks import shown_by
from tests.shells.asking import WAYS, Ask
from tests.world import World, token_answer

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://as.example/token"
KEY = key_from_jwk(jwk(CURVES["ES256"]))
PLAIN = JwtBearerGrant(KEY, audience=AUDIENCE)


def claims_of(request: TokenRequest) -> dict[str, Any]:
    """Return the claims of the assertion that *request* signs."""
    unsigned = unsigned_assertion(request, now=1700000000.0, unique_id="id-1")
    found: dict[str, Any] = json.loads(urlsafe_b64decode(unsigned.signing_input.split(b".")[1] + b"=="))
    return found


def form_of(request: TokenRequest, assertion: str = "eyJ.e30.c2ln") -> dict[str, str]:
    """Return the body of *request*."""
    return dict(parse_qsl(compose_body(request, assertion=assertion), strict_parsing=True))


def with_grant(grant: JwtBearerGrant, scope: str = "a b") -> TokenRequest:
    """Return a request by *grant*."""
    return token_request(ClientCredentials("robot@example", grant), Scope.parse(scope))


class TestComposition:
    """The request."""

    def test_a_grant_is_sent_without_a_client_id(self) -> None:
        """The assertion names the client."""
        assert form_of(with_grant(PLAIN)) == {"grant_type": GRANT, "assertion": "eyJ.e30.c2ln", "scope": "a b"}
        sent = http_request(with_grant(PLAIN), AUDIENCE, assertion="eyJ.e30.c2ln")
        assert "Authorization" not in dict(sent.headers)

    def test_the_claims_are_those_of_section_3(self) -> None:
        """The subject is omitted unless it is given, and the issuer is the client unless it is given."""
        assert claims_of(with_grant(PLAIN)) == {
            "iss": "robot@example",
            "aud": AUDIENCE,
            "iat": 1700000000,
            "exp": 1700000060,
            "jti": "id-1",
        }
        grant = JwtBearerGrant(KEY, audience="a", issuer="i", subject="s", claims={"resource": "r"}, lifetime=9)
        found = claims_of(with_grant(grant))
        assert (found["iss"], found["sub"], found["aud"], found["resource"]) == ("i", "s", "a", "r")
        assert found["exp"] - found["iat"] == 9

    def test_the_scope_goes_into_the_assertion_if_the_grant_says_so(self) -> None:
        """It is not in the body then. Without a scope neither has it."""
        grant = attrs.evolve(PLAIN, scope_claim=True, claims={"resource": "r"})
        assert "scope" not in form_of(with_grant(grant))
        assert claims_of(with_grant(grant))["scope"] == "a b"
        assert claims_of(with_grant(grant))["resource"] == "r"
        assert "scope" not in claims_of(with_grant(grant, ""))
        assert "scope" not in claims_of(with_grant(PLAIN))

    @pytest.mark.parametrize(
        ("beside", "names"),
        [
            (ClientSecretPost("s3cret"), {"client_id", "client_secret"}),
            (NoAuthentication(), {"client_id"}),
            (ClientSecretBasic("s3cret"), set[str]()),
        ],
    )
    def test_the_client_authenticates_beside_the_grant(
        self, beside: ClientSecretBasic | ClientSecretPost | NoAuthentication, names: set[str]
    ) -> None:
        """Some servers require it."""
        request = with_grant(attrs.evolve(PLAIN, client_authentication=beside))
        assert set(form_of(request)) == {"grant_type", "assertion", "scope"} | names
        sent = http_request(request, AUDIENCE, assertion="eyJ.e30.c2ln")
        assert ("Authorization" in dict(sent.headers)) is isinstance(beside, ClientSecretBasic)

    def test_resources_and_parameters_stay(self) -> None:
        """They belong to the request, and a JSON body has the grant too."""
        request = with_grant(PLAIN).with_resource("https://api.example/").with_parameter("audience", "x")
        assert form_of(request)["resource"] == "https://api.example/"
        assert form_of(request)["audience"] == "x"
        asked = with_grant(PLAIN).with_dialect(Dialect(body_format="json"))
        assert json.loads(compose_body(asked, assertion="eyJ"))["grant_type"] == GRANT

    def test_another_word_for_the_other_grant_is_rejected(self) -> None:
        """A dialect with one is for the client credentials grant."""
        with pytest.raises(errors.InvalidInput, match="dialect must not have a grant_type for credentials that are a"):
            with_grant(PLAIN).with_dialect(Dialect(grant_type="account_credentials"))

    def test_a_request_needs_its_assertion(self) -> None:
        """The check of a source does not."""
        with pytest.raises(errors.InvalidInput, match="no client assertion"):
            compose_body(with_grant(PLAIN))
        assert terms(with_grant(PLAIN), AUDIENCE).request == with_grant(PLAIN)


class TestRecord:
    """The record."""

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"key": "M4RKER"}, "signing key must be a SigningKey, not str"),
            ({"audience": None}, "audience must be a str, not NoneType"),
            ({"audience": ""}, "must be text without line breaks"),
            ({"issuer": "M4RKER\n"}, "must be text without line breaks"),
            ({"subject": 5}, "must be text without line breaks"),
            ({"typ": ""}, "must be text without line breaks"),
            ({"lifetime": 0}, "whole number of seconds from 1 to 3600"),
            ({"claims": {"sub": "M4RKER"}}, "must not have sub"),
            ({"claims": {"scope": "a"}, "scope_claim": True}, "must not have scope together with scope_claim"),
            ({"client_authentication": PrivateKeyJwt(KEY, "https://as.example")}, "must be ClientSecretBasic"),
        ],
        ids=range(10),
    )
    def test_illegal_arguments_are_rejected_and_not_shown(self, options: dict[str, Any], reason: str) -> None:
        """The error says what to do."""
        given: Any = {"key": KEY, "audience": AUDIENCE, **options}
        with pytest.raises(errors.InvalidInput, match=reason) as caught:
            JwtBearerGrant(**given)
        assert "M4RKER" not in shown_by(caught.value)

    def test_everything_that_shapes_the_token_is_in_the_cache_key(self) -> None:
        """The key counts by its path if it is read from a file."""
        others = [
            PLAIN,
            attrs.evolve(PLAIN, subject="s"),
            attrs.evolve(PLAIN, issuer="i"),
            attrs.evolve(PLAIN, audience="b"),
            attrs.evolve(PLAIN, claims={"a": 1}),
            attrs.evolve(PLAIN, scope_claim=True),
            attrs.evolve(PLAIN, client_authentication=NoAuthentication()),
            attrs.evolve(PLAIN, client_authentication=ClientSecretBasic("s3cret")),
            PLAIN.with_key(key_from_jwk(jwk(CURVES["ES384"]))),
        ]
        assert len({fingerprint(ClientCredentials("id", grant)) for grant in others}) == len(others)
        rotating = [attrs.evolve(KEY, thumbprint=name, source=KeySource("a", lambda: KEY)) for name in "ab"]
        old, new = [fingerprint(ClientCredentials("id", PLAIN.with_key(key))) for key in rotating]
        assert old == new

    def test_the_algorithm_is_that_of_the_key(self) -> None:
        """The grant type is fixed too."""
        assert (PLAIN.algorithm, PLAIN.grant_type) == ("ES256", GRANT)


class TestExchange:
    """The flow."""

    def test_every_attempt_signs_a_new_assertion(self) -> None:
        """A server accepts each once."""
        world = World([HttpResponse(503), token_answer()])
        world.run(exchange(with_grant(PLAIN), AUDIENCE))
        forms = [dict(parse_qsl(sent.body.decode())) for sent in world.sent]
        assert forms[0]["assertion"] != forms[1]["assertion"]
        assert {form["grant_type"] for form in forms} == {GRANT}

    def test_a_wrong_clock_is_corrected(self) -> None:
        """The server calls the assertion an invalid grant."""
        headers = {"Content-Type": "application/json", "Date": "Tue, 14 Nov 2023 22:23:20 GMT"}
        world = World([HttpResponse(400, headers, b'{"error": "invalid_grant"}'), token_answer()])
        world.run(exchange(with_grant(PLAIN), AUDIENCE))
        assert len(world.sent) == 2

    def test_a_key_that_was_replaced_meanwhile_is_used_once(self) -> None:
        """It is read again after the refusal."""
        other = SigningKey("ES256", lambda _: bytes(64), "key-2")
        grant = PLAIN.with_key(attrs.evolve(KEY, source=KeySource("a", lambda: KEY)))
        world = World([HttpResponse(400, (), b'{"error": "invalid_grant"}'), token_answer()], readings=[KEY, other])
        world.run(exchange(with_grant(grant), AUDIENCE))
        assert len(world.sent) == 2

    def test_a_secret_beside_the_grant_that_was_replaced_meanwhile_is_used_once(self) -> None:
        """The key is read first again only if the secret has not changed. One that cannot be read sends nothing."""
        grant = PLAIN.with_key(attrs.evolve(KEY, source=KeySource("a", lambda: KEY)))
        grant = attrs.evolve(grant, client_authentication=ClientSecretPost(SecretFile("b")))
        refusal = HttpResponse(400, (), b'{"error": "invalid_client"}')
        old, new = Secret("old"), Secret("new")
        world = World([refusal, token_answer()], readings=[old, KEY, new, new, KEY])
        world.run(exchange(with_grant(grant), AUDIENCE))
        assert [b"client_secret=old" in sent.body for sent in world.sent] == [True, False]
        world = World([refusal], readings=[old, KEY, old, KEY])
        with pytest.raises(errors.TokenRequestRefused):
            world.run(exchange(with_grant(grant), AUDIENCE))
        assert len(world.sent) == 1
        gone = World([], readings=[old, Failed(errors.InvalidKey("signing key", "gone"), retryable=False)])
        with pytest.raises(errors.InvalidKey, match="gone"):
            gone.run(exchange(with_grant(grant), AUDIENCE))

    def test_a_secret_that_is_not_there_is_not_replaced(self) -> None:
        """With another authentication beside the grant, or none."""
        for beside in (None, NoAuthentication()):
            grant = attrs.evolve(PLAIN, client_authentication=beside)
            assert grant.with_secret(Secret("new")) == grant
            with pytest.raises(errors.InvalidInput, match="has no client secret"):
                ClientCredentials("id", grant).with_secret("new")

    def test_the_cache_key_covers_the_names_of_both_files(self) -> None:
        """A function without a name shares no token."""
        grant = PLAIN.with_key(attrs.evolve(KEY, source=KeySource("a", lambda: KEY)))

        def with_secret(secret: Any) -> ClientCredentials:
            return ClientCredentials("id", attrs.evolve(grant, client_authentication=ClientSecretPost(secret)))

        assert fingerprint(with_secret(SecretFile("b"))) == fingerprint(with_secret(SecretFile("b")))
        assert fingerprint(with_secret(SecretFile("b"))) != fingerprint(with_secret(SecretFile("c")))
        assert has_name(with_secret(SecretFile("b")))
        assert not has_name(with_secret(lambda: "s3cret"))

    def test_a_refusal_says_what_to_check_and_shows_no_secret(self) -> None:
        """The server may echo what it was sent."""
        grant = attrs.evolve(PLAIN, client_authentication=ClientSecretPost("s3cret-1"))
        words = b'{"error": "invalid_grant", "error_description": "bad s3cret-1"}'
        with pytest.raises(
            errors.TokenRequestRefused, match="check the issuer, the subject and the audience"
        ) as caught:
            World([HttpResponse(400, (), words)]).run(exchange(with_grant(grant), AUDIENCE))
        assert "s3cret-1" not in shown_by(caught.value)
        other = HttpResponse(400, (), b'{"error": "invalid_grant"}')
        with pytest.raises(errors.TokenRequestRefused) as refused:
            parse_token_response(other, ClientCredentials("id", "s3cret"), received_at=0.0)
        assert "check the issuer" not in str(refused.value)


class TestServer:
    """Against the test server, which verifies by joserfc."""

    @pytest.fixture
    def server(self) -> Iterator[AuthorizationServer]:
        """Run a server with a robot and with a client that authenticates beside the grant."""
        keys = {"keys": [public_jwk(CURVES["ES256"])]}
        robot = FederatedIdentity("robot@example", "user@example", AUDIENCE, keys)
        other = FederatedIdentity("other@example", "", AUDIENCE, {"keys": [public_jwk(CURVES["ES384"])]})
        clients = [
            RegisteredClient("robot", authentication_methods=frozenset(), grant_identity=robot),
            RegisteredClient("other", "s3cret", grant_identity=other),
            RegisteredClient("plain", "s3cret"),
        ]
        with AuthorizationServer(clients=clients) as running:
            yield running

    @pytest.mark.parametrize("ask", WAYS, ids=lambda way: f"{way.library.__name__}-{way.backend}")
    @pytest.mark.parametrize("scope_claim", [True, False])
    def test_every_library_gets_a_token(self, ask: Ask, server: AuthorizationServer, scope_claim: bool) -> None:
        """The scope is in the assertion or in the body."""
        grant = attrs.evolve(PLAIN, subject="user@example", scope_claim=scope_claim)
        token = ask.token(with_grant(grant, "read"), server.token_endpoint)
        assert token.scope == Scope.of("read")
        (seen,) = server.token_requests
        assert (seen.client_id, seen.parameters[:2]) == ("robot", ("grant_type", "assertion"))

    @pytest.mark.parametrize(
        ("client_id", "options"),
        [
            ("stranger@example", {}),
            ("robot@example", {"subject": "another@example"}),
            ("robot@example", {"subject": None}),
            ("robot@example", {"audience": "https://other.example/token"}),
            ("robot@example", {"key": key_from_jwk(jwk(CURVES["ES384"]))}),
        ],
        ids=["issuer", "subject", "no subject", "audience", "key"],
    )
    def test_the_server_rejects_anything_else(
        self, server: AuthorizationServer, client_id: str, options: dict[str, Any]
    ) -> None:
        """It is an invalid grant."""
        grant = attrs.evolve(PLAIN, **{"subject": "user@example", **options})
        with pytest.raises(errors.TokenRequestRefused, match="invalid_grant"):
            fetch_token(ClientCredentials(client_id, grant), server.token_endpoint)

    @pytest.mark.parametrize("issued", [-900, 900], ids=["expired", "from the future"])
    def test_the_server_rejects_a_wrong_time(self, server: AuthorizationServer, issued: int) -> None:
        """It also rejects an assertion that was used, and a request without one."""
        grant = attrs.evolve(PLAIN, subject="user@example")
        request = ClientCredentials("robot@example", grant)
        unsigned = unsigned_assertion(request, now=time.time() + issued, unique_id="id-1")
        sent = http_request(request, server.token_endpoint, assertion=sign(unsigned))
        assert self.post(sent) == 400
        now = unsigned_assertion(request, now=time.time(), unique_id="id-2")
        sent = http_request(request, server.token_endpoint, assertion=sign(now))
        assert [self.post(sent), self.post(sent)] == [200, 400]
        assert self.post(attrs.evolve(sent, body=f"grant_type={GRANT}".encode())) == 400

    @staticmethod
    def post(request: Any) -> int:
        """Return the status of the response to *request*."""
        import httpx2

        return httpx2.post(request.url, headers=dict(request.headers), content=request.body).status_code

    def test_a_client_authenticates_beside_the_grant(self, server: AuthorizationServer) -> None:
        """Its secret is wrong, or that of another client, or missing."""
        key = key_from_jwk(jwk(CURVES["ES384"]))

        def status(client_id: str, beside: ClientSecretPost | None) -> int:
            grant = JwtBearerGrant(key, audience=AUDIENCE, issuer="other@example", client_authentication=beside)
            try:
                fetch_token(ClientCredentials(client_id, grant), server.token_endpoint)
            except errors.TokenRequestRefused as error:
                return error.status
            return 200

        assert status("other", ClientSecretPost("s3cret")) == 200
        assert status("other", ClientSecretPost("wrong")) in (400, 401)
        assert status("plain", ClientSecretPost("s3cret")) == 400
        assert status("other", None) in (400, 401)

    def test_a_key_and_a_secret_beside_it_are_rotated(self, server: AuthorizationServer, tmp_path: Path) -> None:
        """Each from its file, one after the other and both at once."""
        secret, file = tmp_path / "secret", tmp_path / "key.pem"
        beside = ClientSecretPost(SecretFile(secret))

        def rotate(word: str, key: Any) -> None:
            secret.write_text(word)
            file.write_bytes(pem(key))
            identity = FederatedIdentity("other@example", "", AUDIENCE, {"keys": [public_jwk(key)]})
            server.register(RegisteredClient("other", word, grant_identity=identity))

        rotate("s3cret", CURVES["ES384"])
        grant = JwtBearerGrant(
            key_from_file(file), audience=AUDIENCE, issuer="other@example", client_authentication=beside
        )
        request = token_request(ClientCredentials("other", grant))
        for word, key in (("s3cret", "ES384"), ("n3xt", "ES384"), ("n3xt", "ES256"), ("l4st", "ES512")):
            rotate(word, CURVES[key])
            fetch_token(request, server.token_endpoint)
        assert [seen.status for seen in server.token_requests] == [200] * 4

    def test_metadata_and_discovery_know_the_grant(self, server: AuthorizationServer) -> None:
        """A server that lists other grants alone does not support it."""
        grant = attrs.evolve(PLAIN, subject="user@example")
        request = with_grant(grant, "read")
        assert TokenSource.from_issuer(server.issuer, request).token().scope == Scope.of("read")
        metadata = fetch_metadata(server.issuer)
        assert str(endpoint_for(metadata, request)) == server.token_endpoint
        alone = attrs.evolve(metadata, grant_types_supported=("client_credentials",))
        with pytest.raises(errors.InvalidInput, match="jwt-bearer is missing from the server's metadata"):
            endpoint_for(alone, request)
        posting = with_grant(attrs.evolve(grant, client_authentication=ClientSecretPost("s3cret")))
        limited = ServerMetadata("https://as.example", AUDIENCE, token_endpoint_auth_methods_supported=("none",))
        with pytest.raises(errors.InvalidInput, match="client_secret_post is missing"):
            endpoint_for(limited, posting)

    def test_fapi_looks_at_the_client_authentication(self) -> None:
        """A grant authenticates no client."""
        assert not fapi2(with_grant(PLAIN), AUDIENCE)[0].met


def test_the_assertion_is_a_jwt_that_its_public_key_verifies() -> None:
    """By hand it takes two pure steps with the signature between them."""
    request = with_grant(PLAIN)
    assertion = sign(unsigned_assertion(request, now=time.time(), unique_id="id-1"))
    assert isinstance(assertion, Secret)
    read = jwt.decode(assertion.reveal(), private(CURVES["ES256"]), algorithms=["ES256"])
    assert read.header == {"alg": "ES256", "typ": "JWT"}
    assert form_of(request, assertion.reveal())["assertion"] == assertion.reveal()
