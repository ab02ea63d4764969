"""
DPoP proofs and nonces (RFC 9449), without I/O.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from oauth_cc import (
    ClientCredentials,
    Endpoint,
    HttpResponse,
    PrivateKeyJwt,
    Retries,
    Secret,
    SigningKey,
    Token,
    TokenRequest,
    errors,
    http_request,
    token_request,
)
from oauth_cc.authentication import AuthenticationFields, UnsignedJwt
from oauth_cc.authentication.public_jwk import public_jwk, thumbprint
from oauth_cc.dpop import accepted_algorithms, dpop_nonce, dpop_proof, normalized_htu, proof_rejected, retry_nonce
from oauth_cc.endpoint import origin
from oauth_cc.flows import Failed, exchange
from oauth_cc.flows.hints import Hints
from oauth_cc.flows.renewal import terms
from tests.bound import bound_key
from tests.vectors import FOLDER
from tests.world import World, token_answer

VECTORS = json.loads((FOLDER / "dpop_htu.json").read_text("utf-8"))
ENDPOINT = "https://as.example/token"
KEY = bound_key("ours")
REQUEST = token_request(ClientCredentials("id", "sec")).with_dpop(KEY)
BOUND = HttpResponse(200, (), b'{"access_token": "tok-1", "token_type": "DPoP", "expires_in": 3600}')
API = origin("https://api.example")
NOW = 1700000000.0


def proof(url: str = ENDPOINT, **changes: Any) -> UnsignedJwt:
    """Return the proof of a POST to *url*."""
    arguments: dict[str, Any] = {"key": KEY, "method": "POST", "now": NOW, "unique_id": "id-1"}
    return dpop_proof(url=url, **{**arguments, **changes})


def decoded(part: bytes) -> dict[str, Any]:
    """Return the JSON object of one *part* of a JWT."""
    members: dict[str, Any] = json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return members


def claims(signing_input: bytes) -> dict[str, Any]:
    """Return the claims of a proof."""
    return decoded(signing_input.split(b".")[1])


def header(unsigned: UnsignedJwt) -> dict[str, Any]:
    """Return the header of a proof."""
    return decoded(unsigned.signing_input.split(b".")[0])


def demand(nonce: str) -> HttpResponse:
    """Return the response of a token endpoint that requires *nonce* in the proof."""
    return HttpResponse(400, {"DPoP-Nonce": nonce}, b'{"error": "use_dpop_nonce"}')


class TestProof:
    """The JWT (RFC 9449 section 4.2)."""

    def test_a_proof_for_a_token_request_has_exactly_its_members(self) -> None:
        """The header shows the public half alone."""
        unsigned = proof()
        assert header(unsigned) == {"typ": "dpop+jwt", "alg": "ES256", "jwk": json.loads(KEY.public_jwk or "")}
        assert header(unsigned)["jwk"].keys() == {"kty", "crv", "x", "y"}
        assert claims(unsigned.signing_input) == {"jti": "id-1", "htm": "POST", "htu": ENDPOINT, "iat": 1700000000}
        assert unsigned.signed(bytes(64)).reveal().count(".") == 2

    @pytest.mark.parametrize("case", VECTORS["htu"], ids=lambda case: case["name"])
    def test_a_vector_of_the_url_is_normalized(self, case: dict[str, Any]) -> None:
        """A server that compares only the text accepts it too."""
        assert claims(proof(case["request_uri"]).signing_input)["htu"] == case["expect"]

    @pytest.mark.parametrize("case", VECTORS["ath"], ids=lambda case: case["name"])
    def test_a_vector_of_the_token_is_its_hash(self, case: dict[str, Any]) -> None:
        """The token is a str or a Secret."""
        for token in (case["access_token"], Secret(case["access_token"])):
            assert claims(proof(access_token=token).signing_input)["ath"] == case["expect"]

    def test_the_nonce_of_the_server_is_a_claim(self) -> None:
        """Without a nonce there is no such claim."""
        assert claims(proof(nonce="n-1").signing_input)["nonce"] == "n-1"

    @pytest.mark.parametrize(
        ("url", "htu"),
        [
            ("https://as.example/a/./b/../c", "https://as.example/a/c"),
            ("https://as.example/a/b/..", "https://as.example/a/"),
            ("https://as.example/a/.", "https://as.example/a/"),
            ("https://as.example/../../a", "https://as.example/a"),
            ("https://as.example/%2e%2E/a%2fb", "https://as.example/a%2Fb"),
            ("https://as.example/a..b/.c/d.", "https://as.example/a..b/.c/d."),
            ("https://as.example/%zz%4", "https://as.example/%zz%4"),
            ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
            ("http://127.0.0.1:80", "http://127.0.0.1/"),
            ("http://127.0.0.1:443/", "http://127.0.0.1:443/"),
            ("https://as.example:/?a#b", "https://as.example/"),
            ("https://as.example:00443/#b?c", "https://as.example/"),
        ],
    )
    def test_a_url_is_normalized_by_rfc_3986(self, url: str, htu: str) -> None:
        """Sections 6.2.2 and 6.2.3; query and fragment are left out."""
        assert normalized_htu(url) == htu

    @given(
        st.from_regex(
            r"https://[a-z]{1,3}(:[0-9]{1,5})?(/(\.|\.\.|%[0-9A-Fa-f]{2}|[a-zA-Z.~]){0,4}){0,4}", fullmatch=True
        )
    )
    def test_normalization_is_done_once(self, url: str) -> None:
        """A second time changes nothing, unless a percent-encoded dot is next to another dot segment."""
        once = normalized_htu(url)
        assert once is not None
        assert normalized_htu(once) == once
        assert re.fullmatch(r"https://[^/]+/[^?#]*", once)

    @pytest.mark.parametrize(
        "url",
        [
            *[
                "",
                "as.example",
                "ftp://as.example/",
                "https://",
                "https:///a",
                "https://id:sec@as.example/",
                "https://ä.example/",
            ],
            *[
                "https://as.example:123456/",
                "https://as.example:a/",
                "https://[::1/",
                "https://a b/",
                "https://a\\b/",
                5,
                None,
            ],
        ],
    )
    def test_another_url_is_rejected_without_being_quoted(self, url: Any) -> None:
        """It may hold credentials."""
        with pytest.raises(errors.InvalidInput, match=r"^URL must be an http or https URL in ASCII, without userinfo$"):
            proof(url)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"method": "GE T"}, "method must be an HTTP method"),
            ({"method": None}, "method must be an HTTP method"),
            ({"now": float("nan")}, "DPoP proof requires now in POSIX seconds"),
            ({"now": "1"}, "DPoP proof requires now in POSIX seconds"),
            ({"unique_id": ""}, "DPoP proof requires now in POSIX seconds, and unique_id"),
            ({"unique_id": "a\nb"}, "DPoP proof requires now in POSIX seconds, and unique_id"),
            ({"unique_id": 5}, "DPoP proof requires now in POSIX seconds, and unique_id"),
            ({"nonce": ""}, "nonce must be the value of a DPoP-Nonce header"),
            ({"nonce": 5}, "nonce must be the value of a DPoP-Nonce header"),
            ({"access_token": "a b"}, "access_token must be a str or Secret of visible ASCII"),
            ({"access_token": 5}, "access_token must be a str or Secret of visible ASCII"),
            ({"key": "key.pem"}, "signing key must be a SigningKey, not str"),
        ],
    )
    def test_an_argument_outside_its_grammar_is_rejected(self, changes: dict[str, Any], reason: str) -> None:
        """The error says which."""
        with pytest.raises(errors.InvalidInput, match=f"^{reason}"):
            proof(**changes)


POINT = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}


class TestPublicHalf:
    """The public half of a key, and its thumbprint (RFC 7638)."""

    def test_the_thumbprint_of_rfc_7638_section_3_1_is_computed(self) -> None:
        """Members that are not required do not count."""
        modulus = (
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
            "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
            "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        )
        text = public_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}, "RS256")
        assert isinstance(text, str)
        assert thumbprint(text) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

    def test_a_key_keeps_the_required_members_of_its_public_half(self) -> None:
        """They are in lexicographic order, which the thumbprint hashes."""
        key = SigningKey(
            "EdDSA",
            lambda _: bytes(64),
            "kms",
            public_jwk={"x": "A" * 43, "kty": "OKP", "crv": "Ed25519", "use": "sig"},
        )
        assert key.public_jwk == '{"crv":"Ed25519","kty":"OKP","x":"' + "A" * 43 + '"}'
        digest = hashlib.sha256((key.public_jwk or "").encode()).digest()
        assert key.jkt is not None
        assert urlsafe_b64decode(key.jkt + "=") == digest
        assert attrs.evolve(key, key_id="1").jkt == key.jkt
        assert SigningKey("ES256", lambda _: bytes(64), "kms").jkt is None

    @pytest.mark.parametrize(
        ("given_", "algorithm", "reason"),
        [
            (5, "ES256", "must be a JWK, as a mapping or as the text of a JSON object"),
            ("[]", "ES256", "must be a JWK, as a mapping or as the text of a JSON object"),
            ({1: 2}, "ES256", "must be a JWK, as a mapping or as the text of a JSON object"),
            ({**POINT, "d": "A" * 43}, "ES256", "must not have a private"),
            ({"kty": "oct", "k": "A" * 43}, "ES256", "must not have a private member"),
            ({**POINT, "crv": "P-384"}, "ES256", "must be of the type and the curve of ES256"),
            ({"kty": "OKP", "crv": "X25519", "x": "A" * 43}, "EdDSA", "must be of the type and the curve of EdDSA"),
            (POINT, "PS256", "must be of the type and the curve of PS256"),
            ({**POINT, "y": "A" * 42}, "ES256", "must have x and y as base64url"),
            ({**POINT, "x": "A" * 42 + "="}, "ES256", "must have x and y as base64url"),
            ({"kty": "OKP", "crv": "Ed25519"}, "Ed25519", "must have x as base64url of the right length"),
            ({"kty": "RSA", "n": "A" * 341, "e": "AQAB"}, "PS256", "must have e and n as base64url of the"),
        ],
    )
    def test_another_public_half_is_rejected(self, given_: Any, algorithm: Any, reason: str) -> None:
        """The error does not quote it."""
        with pytest.raises(errors.InvalidKey, match=f"^signing key public_jwk {reason}"):
            SigningKey(algorithm, lambda _: bytes(64), "kms", public_jwk=given_)

    def test_keys_with_different_public_halves_differ(self) -> None:
        """A KMS may give a new key the same name, and a cached token is bound to the old one."""
        old = bound_key("old")
        renamed = attrs.evolve(bound_key("new"), thumbprint="old")
        assert old != renamed
        assert terms(REQUEST.with_dpop(old), ENDPOINT).slot != terms(REQUEST.with_dpop(renamed), ENDPOINT).slot


class TestNonces:
    """The nonces in the responses of servers (RFC 9449 sections 8 and 9)."""

    @given(st.text())
    def test_a_nonce_outside_the_grammar_is_ignored(self, text: str) -> None:
        """A nonce is 1*NQCHAR (section 8.1)."""
        nonce = dpop_nonce(HttpResponse(200, {"dpop-nonce": text}))
        legal = text != "" and all(0x21 <= ord(character) <= 0x7E and character not in '"\\' for character in text)
        assert nonce == (text if legal else None)

    def test_a_missing_or_repeated_nonce_is_none(self) -> None:
        """A response has at most one."""
        assert dpop_nonce(HttpResponse(200)) is None
        assert dpop_nonce(HttpResponse(200, [("DPoP-Nonce", "a"), ("dpop-nonce", "b")])) is None

    def test_a_nonce_too_long_for_the_header_of_a_proof_is_ignored(self) -> None:
        """Every later request would fail, and no response would bring another one."""
        assert dpop_nonce(HttpResponse(200, {"DPoP-Nonce": "n" * 4096})) == "n" * 4096
        assert dpop_nonce(HttpResponse(200, {"DPoP-Nonce": "n" * 4097})) is None

    def test_nonces_of_places_that_change_at_each_request_are_dropped(self) -> None:
        """The newest are kept."""
        hints, places = Hints(), [Endpoint(f"https://as.example/{number}") for number in range(100)]
        for place in places:
            hints.keep_nonce(place, "n-1")
        assert [place for place in places if hints.nonce(place) is not None] == places[-64:]

    @pytest.mark.parametrize(
        ("response", "sent", "expected"),
        [
            (demand("n"), None, "n"),
            (demand("n"), "old", "n"),
            (demand("n"), "n", None),
            (HttpResponse(400, (), b'{"error": "use_dpop_nonce"}'), None, None),
            (HttpResponse(400, {"DPoP-Nonce": "n"}, b'{"error": ["use_dpop_nonce"]}'), None, None),
            (HttpResponse(400, {"DPoP-Nonce": "n"}, b'{"error": "invalid_dpop_proof"}'), None, None),
            (HttpResponse(400, {"DPoP-Nonce": "n"}, b'{"error": 5}'), None, None),
            (HttpResponse(400, {"DPoP-Nonce": "n"}, b"<html>"), None, None),
            (HttpResponse(200, {"DPoP-Nonce": "n"}, b'{"error": "use_dpop_nonce"}'), None, None),
            (HttpResponse(401, {"DPoP-Nonce": "n", "WWW-Authenticate": "DPoP error=use_dpop_nonce"}), "old", "n"),
            (
                HttpResponse(401, {"DPoP-Nonce": "n", "WWW-Authenticate": "Bearer, DPoP error=use_dpop_nonce"}),
                None,
                "n",
            ),
            (HttpResponse(401, {"DPoP-Nonce": "n", "WWW-Authenticate": "DPoP error=invalid_token"}), None, None),
            (HttpResponse(401, {"DPoP-Nonce": "n"}), None, None),
        ],
    )
    def test_only_a_new_nonce_justifies_a_retry(
        self, response: HttpResponse, sent: str | None, expected: str | None
    ) -> None:
        """The server must have requested it, and the last proof must not contain it."""
        assert retry_nonce(response, sent) == expected

    @pytest.mark.parametrize(
        ("accepted", "line"),
        [
            (("ES256", "PS256"), 'DPoP error="invalid_dpop_proof", algs="ES256 PS256"'),
            (("ES256",), "dpop ALGS=ES256"),
            (("PS256", "ML-DSA-44"), 'DPoP algs=" PS256\tML-DSA-44  PS256"'),
            # Neither symmetric ones, nor words that may be a token that the API echoes.
            (("ES512",), 'DPoP algs="tok-1 HS256 none es256 ES512,ES384 ES512"'),
            (("ES256", "EdDSA"), 'DPoP algs="ES256", DPoP algs="EdDSA ES256"'),
            ((), 'Bearer algs="ES256", DPoP'),
            ((), 'DPoP algs=""'),
            ((), 'DPoP algs="ES256", algs="PS256"'),
        ],
    )
    def test_the_algorithms_of_a_challenge_are_the_registered_ones(self, accepted: tuple[str, ...], line: str) -> None:
        """In its order, each once (section 7.1). No other status names them."""
        assert accepted_algorithms(HttpResponse(401, {"WWW-Authenticate": line})) == accepted
        assert accepted_algorithms(HttpResponse(403, {"WWW-Authenticate": line})) == ()

    @given(
        st.text()
        | st.lists(st.sampled_from(["ES256", "PS256", "tok-1", " ", '"', "\\", ",", "algs=", "\n"])).map("".join)
    )
    def test_any_text_names_a_bounded_number_of_algorithms(self, text: str) -> None:
        """The API may write anything."""
        line = f'DPoP algs="{text}"'
        found = accepted_algorithms(HttpResponse(401, (("WWW-Authenticate", line),)))
        assert len(found) == len(set(found)) <= 16
        assert "tok-1" not in found

    def test_a_rejected_proof_is_told_from_a_rejected_token(self) -> None:
        """A wrong clock explains the first one."""
        assert proof_rejected(HttpResponse(400, (), b'{"error": "invalid_dpop_proof"}'))
        assert not proof_rejected(HttpResponse(401, {"WWW-Authenticate": "DPoP error=invalid_token"}))


class TestComposing:
    """A token request with a proof, by hand."""

    def test_the_proof_is_a_header_of_the_request(self) -> None:
        """Nothing else changes."""
        plain = http_request(ClientCredentials("id", "sec"), ENDPOINT)
        for given_ in ("e30.e30.c2ln", Secret("e30.e30.c2ln")):
            bound = http_request(REQUEST, ENDPOINT, proof=given_)
            assert set(bound.headers) == {*plain.headers, ("DPoP", "e30.e30.c2ln")}
            assert bound.body == plain.body

    @pytest.mark.parametrize(
        ("request_", "given_", "reason"),
        [
            (REQUEST, None, "no DPoP proof; use fetch_token"),
            (REQUEST, "e30", "DPoP proof must be a signed JWT"),
            (
                ClientCredentials("id", "sec"),
                "e30.e30.c2ln",
                r"DPoP proof must be left out for a request without with_dpop\(\)",
            ),
        ],
    )
    def test_a_request_and_its_proof_belong_together(
        self, request_: TokenRequest | ClientCredentials, given_: str | None, reason: str
    ) -> None:
        """A bound token needs one, and a bearer token has none."""
        with pytest.raises(errors.InvalidInput, match=f"^{reason}"):
            http_request(request_, ENDPOINT, proof=given_)

    def test_a_client_authentication_method_cannot_send_a_second_proof(self) -> None:
        """There is exactly one (section 4.3)."""

        class Own:
            def authenticate(self, client_id: str) -> AuthenticationFields:
                return AuthenticationFields(headers=(("DPoP", Secret("e30.e30.c2ln")),))

        with pytest.raises(errors.InvalidInput, match=r"^header DPoP must not be given by the request and by its"):
            http_request(token_request(ClientCredentials("id", Own())).with_dpop(KEY), ENDPOINT, proof="e30.e30.c2ln")


class TestExchange:
    """The token request with its retries."""

    def test_every_attempt_has_a_proof_of_its_own(self) -> None:
        """Retries included (section 7.3)."""
        world = World([HttpResponse(503), Failed(ConnectionResetError(), retryable=True), BOUND])
        token = world.run(exchange(REQUEST, ENDPOINT))
        assert (token.token_type, token.dpop_jkt) == ("DPoP", KEY.jkt)
        assert len({claims(each)["jti"] for each in world.signed}) == len(world.sent) == 3
        assert all([dict(each.headers)["DPoP"].count(".") == 2 for each in world.sent])
        assert not any(["ath" in claims(each) for each in world.signed])

    def test_a_demanded_nonce_is_sent_in_one_retry_without_a_pause(self) -> None:
        """This holds even if no other failure may be retried."""
        world = World([demand("n-1"), BOUND])
        world.run(exchange(REQUEST, ENDPOINT, retries=Retries(attempts=1)))
        assert [claims(each).get("nonce") for each in world.signed] == [None, "n-1"]
        assert world.slept == []

    @pytest.mark.parametrize(
        "answers", [[demand("n-1")], [demand("n-1"), demand("n-2"), demand("n-3")]], ids=["same", "new"]
    )
    def test_a_server_that_keeps_asking_is_not_asked_for_ever(self, answers: list[HttpResponse | Failed]) -> None:
        """There is one retry for this cause."""
        world = World(answers)
        with pytest.raises(errors.TokenRequestRefused, match="use_dpop_nonce"):
            world.run(exchange(REQUEST, ENDPOINT))
        assert len(world.sent) == 2

    def test_the_newest_nonce_is_kept_for_the_next_token_request(self) -> None:
        """A response of any status names it (section 8.2)."""
        hints = Hints()
        named = HttpResponse(200, {"DPoP-Nonce": "n-3"}, BOUND.content)
        world = World([demand("n-1"), HttpResponse(503, {"DPoP-Nonce": "n-2"}), named, BOUND])
        world.run(exchange(REQUEST, ENDPOINT, hints=hints))
        world.run(exchange(REQUEST, ENDPOINT, hints=hints))
        assert [claims(each).get("nonce") for each in world.signed] == [None, "n-1", "n-2", "n-3"]

    def test_a_request_without_a_key_sends_no_proof_and_keeps_no_nonce(self) -> None:
        """A demand for a nonce is an error then."""
        hints, world = Hints(), World([demand("n-1")])
        with pytest.raises(errors.TokenRequestRefused, match="use_dpop_nonce"):
            world.run(exchange(ClientCredentials("id", "sec"), ENDPOINT, hints=hints))
        assert (len(world.sent), world.signed, hints.nonce(Endpoint(ENDPOINT))) == (1, [], None)

    def test_a_bearer_token_in_place_of_a_bound_one_is_refused(self) -> None:
        """It is not used, and the request is not repeated."""
        world = World([token_answer()])
        with pytest.raises(errors.TokenTypeDowngrade):
            world.run(exchange(REQUEST, ENDPOINT))
        assert len(world.sent) == 1

    @pytest.mark.parametrize("code", ["invalid_dpop_proof", "invalid_client"])
    def test_a_rejected_proof_is_sent_again_by_the_servers_clock(self, code: str) -> None:
        """A client secret depends on no clock."""
        world = World(
            [HttpResponse(400, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}, f'{{"error": "{code}"}}'.encode()), BOUND]
        )
        if code == "invalid_client":
            with pytest.raises(errors.TokenRequestRefused):
                world.run(exchange(REQUEST, ENDPOINT))
            return
        world.run(exchange(REQUEST, ENDPOINT))
        assert [claims(each)["iat"] for each in world.signed] == [1700000000, 1700000600]

    def test_an_assertion_and_a_proof_are_corrected_together(self) -> None:
        """Each is signed anew."""
        method = PrivateKeyJwt(bound_key("client"), "https://as.example")
        refused = HttpResponse(401, {"Date": "Tue, 14 Nov 2023 22:23:20 GMT"}, b'{"error": "invalid_client"}')
        world = World([refused, BOUND])
        world.run(exchange(token_request(ClientCredentials("id", method)).with_dpop(KEY), ENDPOINT))
        assert [claims(each)["iat"] - 1700000000 for each in world.signed] == [0, 0, 600, 600]

    def test_a_key_that_cannot_sign_ends_the_request(self) -> None:
        """Nothing is sent."""
        world = World([BOUND], signature=Failed(OSError("no KMS"), retryable=False))
        with pytest.raises(OSError, match="no KMS"):
            world.run(exchange(REQUEST, ENDPOINT))
        assert world.sent == []

    def test_an_echoed_proof_is_not_shown(self) -> None:
        """It is shown neither whole nor in parts."""
        whole = proof(now=NOW, unique_id="id-0").signed(bytes(64)).reveal()
        for part in (whole, *[each for each in whole.split(".") if len(each) > 60]):
            world = World(
                [HttpResponse(400, (), json.dumps({"error": "invalid_dpop_proof", "error_description": part}).encode())]
            )
            with pytest.raises(errors.TokenRequestRefused) as raised:
                world.run(exchange(REQUEST, ENDPOINT))
            assert part not in f"{raised.value!r} {raised.value}"


class TestStores:
    """Keys, and stores that processes share."""

    def test_a_shared_store_needs_a_key_that_lasts(self) -> None:
        """Another process could not use the token."""
        fleeting = REQUEST.with_dpop(attrs.evolve(KEY, ephemeral=True))
        with pytest.raises(errors.InvalidInput) as caught:
            terms(fleeting, ENDPOINT)
        assert caught.value.parameter == "signing key"
        assert str(caught.value) == (
            "signing key must outlast the process, as the store shares tokens that are bound to it; load it with "
            "oauth_cc.jose.key_from_file()"
        )
        assert terms(fleeting, ENDPOINT, shared=False).request == terms(REQUEST, ENDPOINT).request

    def test_the_cache_key_covers_the_key_and_no_proof(self) -> None:
        """So a token bound to another key is not found."""
        keys = {terms(REQUEST.with_dpop(bound_key(name)), ENDPOINT).cache_key for name in ("ours", "theirs", "ours")}
        assert len({*keys, terms(ClientCredentials("id", "sec"), ENDPOINT).cache_key}) == 3


class NonceMachine(RuleBasedStateMachine):
    """A token endpoint that issues nonces as it likes, and a client that never sends any but the newest."""

    def __init__(self) -> None:
        super().__init__()
        self.hints = Hints()
        self.newest: str | None = None
        self.count = 0

    @rule(
        script=st.lists(
            st.tuples(
                st.sampled_from(["ok", "demand", "busy", "refuse"]), st.sampled_from(["new", "none", "same", "bad"])
            ),
            min_size=1,
            max_size=6,
        )
    )
    def request(self, script: list[tuple[str, str]]) -> None:
        """Send a token request to a server that answers by *script*."""
        answers: list[HttpResponse] = []
        expected: list[str | None] = []
        newest = self.newest
        for what, naming in script:
            expected.append(newest)
            self.count += naming == "new"
            named = {"new": f"n-{self.count}", "none": None, "same": newest, "bad": 'a"b'}[naming]
            headers = {} if named is None else {"DPoP-Nonce": named}
            newest = newest if naming == "bad" or named is None else named
            content = {
                "ok": BOUND.content,
                "demand": b'{"error": "use_dpop_nonce"}',
                "busy": b"",
                "refuse": b'{"error": "invalid_scope"}',
            }
            answers.append(HttpResponse({"ok": 200, "busy": 503}.get(what, 400), headers, content[what]))
        world = World([*answers])
        try:
            token: Token | None = world.run(exchange(REQUEST, ENDPOINT, hints=self.hints))
        except errors.TokenRequestRefused:
            token = None
        sent = len(world.sent)
        played = [script[min(index, len(script) - 1)][0] for index in range(sent)]
        assert sent <= 4
        assert (token is not None) == (played[-1] == "ok")
        assert played.count("demand") <= 2
        if sent <= len(script):
            assert [claims(each).get("nonce") for each in world.signed] == expected[:sent]
        self.newest = claims(world.signed[-1]).get("nonce")
        last = dpop_nonce(answers[min(sent, len(answers)) - 1])
        self.newest = self.newest if last is None else last

    @invariant()
    def the_newest_nonce_is_known(self) -> None:
        """Compare it with that of the last response."""
        assert self.hints.nonce(Endpoint(ENDPOINT)) == self.newest


TestNonceMachine: Callable[[], object] = NonceMachine.TestCase


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
@example(0.0, 1.0)
@example(0.0, 600.0)
def test_a_clock_is_corrected_only_if_it_differs(first: float, second: float) -> None:
    """A retry by the same clock fails again."""
    hints = Hints()
    assert hints.keep_clock(API, first) == (abs(first) > 2)
    assert hints.keep_clock(API, second) == (abs(second - first) > 2)
    assert hints.ahead(API) == second
