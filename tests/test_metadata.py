"""
Metadata: every vector of cases/issuers.json, and any document at all.
"""

import json
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import (
    Certificate,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    Endpoint,
    HttpResponse,
    NoAuthentication,
    PrivateKeyJwt,
    SigningKey,
    TlsClientAuth,
    errors,
    token_request,
)
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.authentication import AuthenticationFields, ClientAuthentication
from oauth_cc.http import RETRYABLE
from oauth_cc.metadata import (
    DEFAULT_METADATA_LIFETIME,
    METHODS,
    ServerMetadata,
    endpoint_for,
    metadata_lifetime,
    metadata_urls,
    method_name,
    parse_metadata,
)
from tests.vectors import FOLDER, Case

ISSUER = "https://as.example"
ENDPOINT = "https://as.example/token"
LEAST = {"issuer": ISSUER, "token_endpoint": ENDPOINT}
METADATA = ServerMetadata(ISSUER, ENDPOINT)
CERTIFICATE = Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0")

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "issuers.json").read_text("utf-8"))


def cases(part: str) -> list[Case]:
    """Gives the cases of one *part* of the vectors."""
    return [Case(case["name"], case["rule"], case) for case in VECTORS[part]]


def read(document: object, issuer: str | Endpoint = ISSUER, status: int = 200) -> ServerMetadata:
    """Gives the metadata in *document*."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_metadata(HttpResponse(status, (), content), issuer)


def test_the_vectors_are_all_here() -> None:
    """The vectors have names of their own, and none was lost."""
    assert 34 == len({case.name for part in ("well_known", "compare", "documents") for case in cases(part)})


class TestUrls:
    """RFC 8414 section 3.1, OpenID Connect Discovery 1.0 section 4."""

    @pytest.mark.parametrize("case", cases("well_known"), ids=lambda case: case.name)
    def test_vectors(self, case: Case) -> None:
        """An issuer has its well-known URL, or is refused as one."""
        if case.expect["outcome"] == "error":
            with pytest.raises(errors.InvalidInput):
                metadata_urls(case.data["issuer"])
        else:
            assert case.expect["url"] == metadata_urls(case.data["issuer"])[0]

    @pytest.mark.parametrize(
        ("issuer", "inserted", "appended"),
        [
            (ISSUER, "", ""),
            (f"{ISSUER}/", "", ""),
            (f"{ISSUER}/a", "/a", "/a"),
            (f"{ISSUER}/a/b/", "/a/b", "/a/b"),
            (f"{ISSUER}/a//", "/a/", "/a/"),
        ],
    )
    def test_both_ways(self, issuer: str, inserted: str, appended: str) -> None:
        """One `/` at the end goes; OpenID Connect's path follows the issuer's."""
        plain = f"{ISSUER}/.well-known/oauth-authorization-server{inserted}"
        assert (plain, f"{ISSUER}{appended}/.well-known/openid-configuration") == metadata_urls(issuer)

    def test_http(self) -> None:
        """Http goes to this machine, and elsewhere where the caller says so."""
        assert metadata_urls("http://localhost:8080/t")[0].startswith("http://localhost:8080/.well-known/")
        allowed = Endpoint("http://as.example/t", allow_http=True)
        assert metadata_urls(allowed)[1] == "http://as.example/t/.well-known/openid-configuration"
        with pytest.raises(errors.InvalidInput, match="use https"):
            metadata_urls("http://as.example")

    def test_query(self) -> None:
        """The error says what to leave out."""
        with pytest.raises(errors.InvalidInput, match=r"issuer: has a query: leave out '\?'"):
            metadata_urls(f"{ISSUER}?tenant=1")


class TestIssuer:
    """RFC 8414 sections 3.3 and 4."""

    @pytest.mark.parametrize("case", cases("compare"), ids=lambda case: case.name)
    def test_vectors(self, case: Case) -> None:
        """Only metadata with the very same issuer are used."""
        document = {**LEAST, "issuer": case.data["document_issuer"]}
        if case.expect["match"]:
            assert METADATA == read(document, case.data["configured"])
        else:
            with pytest.raises((errors.IssuerMismatch, errors.InvalidInput)):
                read(document, case.data["configured"])

    def test_escapes(self) -> None:
        """Issuers are compared after JSON's escapes are undone."""
        assert METADATA == read(json.dumps(LEAST).replace("as", "\\u0061s").replace("/", "\\/").encode())

    def test_before_all_else(self) -> None:
        """Nothing else is read in the metadata of another issuer."""
        with pytest.raises(errors.IssuerMismatch):
            read({"issuer": f"{ISSUER}/", "token_endpoint": 5, "scopes_supported": 5})

    def test_another_letter(self) -> None:
        """Texts are compared as they are, and not by what they would be after normalisation."""
        with pytest.raises(errors.IssuerMismatch):
            read({**LEAST, "issuer": f"{ISSUER}/\N{KELVIN SIGN}"}, f"{ISSUER}/K")

    def test_without_issuer(self) -> None:
        """A JSON object of some other kind is no metadata."""
        with pytest.raises(errors.InvalidResponse, match="has no issuer, so it is no metadata"):
            read({"error": "not_found"})

    @pytest.mark.parametrize("url", metadata_urls(f"{ISSUER}/tenant"))
    def test_the_url_of_metadata_as_issuer(self, url: str) -> None:
        """It is not the issuer: what stands there is."""
        with pytest.raises(errors.InvalidInput, match="is the URL of metadata"):
            metadata_urls(url)

    def test_a_slash_too_many(self) -> None:
        """What can be an issuer is shown, since it is nearly always the remedy."""
        with pytest.raises(errors.IssuerMismatch, match=r"they are of 'https://as\.example/'; if that"):
            read({**LEAST, "issuer": f"{ISSUER}/"})

    @pytest.mark.parametrize(
        "found", [None, 5, "M4RKER", f"{ISSUER}?M4RKER", f"{ISSUER}/M4RKER{'a' * 200}", ["M4RKER"]]
    )
    def test_nothing_else_is_shown(self, found: object) -> None:
        """What can be no issuer is not shown."""
        with pytest.raises(errors.IssuerMismatch, match=r"check the issuer$") as caught:
            read({**LEAST, "issuer": found})
        assert "M4RKER" not in f"{caught.value!r}"

    def test_configured(self) -> None:
        """An issuer that can be none has no metadata, whatever they say."""
        with pytest.raises(errors.InvalidInput):
            read({**LEAST, "issuer": "http://as.example"}, "http://as.example")


class TestDocument:
    """RFC 8414 sections 2 and 3.2."""

    @pytest.mark.parametrize("case", cases("documents"), ids=lambda case: case.name)
    def test_vectors(self, case: Case) -> None:
        """A document gives what it says, or is refused."""
        if case.expect["outcome"].startswith("error"):
            with pytest.raises(errors.InvalidResponse):
                read(case.data["document"], case.data["configured"])
            return
        metadata = read(case.data["document"], case.data["configured"])
        assert case.expect.get("token_endpoint", ENDPOINT) == metadata.token_endpoint
        assert case.expect.get("token_endpoint_mtls") == metadata.mtls_token_endpoint
        assert case.expect.get("dpop_usable", False) == bool(metadata.dpop_algorithms)
        assert (case.expect["outcome"] == "ok") == metadata.grants_client_credentials

    def test_all(self) -> None:
        """Every member is read, unknown ones are ignored."""
        metadata = read(
            {
                **LEAST,
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
                "grant_types_supported": ["client_credentials"],
                "scopes_supported": ["a", "b"],
                "authorization_details_types_supported": ["payment"],
                "dpop_signing_alg_values_supported": ["HS256", "none", "ES256", "PS256"],
                "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example/", "x": 5},
                "tls_client_certificate_bound_access_tokens": True,
                "unknown": {"x": [5]},
            }
        )
        assert metadata == ServerMetadata(
            ISSUER,
            ENDPOINT,
            token_endpoint_auth_methods_supported=("private_key_jwt", "client_secret_post"),
            token_endpoint_auth_signing_alg_values_supported=("ES256",),
            grant_types_supported=("client_credentials",),
            scopes_supported=("a", "b"),
            authorization_details_types_supported=("payment",),
            dpop_signing_alg_values_supported=("HS256", "none", "ES256", "PS256"),
            mtls_token_endpoint="https://mtls.example/",
            tls_client_certificate_bound_access_tokens=True,
        )
        assert ("ES256", "PS256") == metadata.dpop_algorithms

    def test_defaults(self) -> None:
        """What is omitted, null or empty has its default; for authentication that is Basic."""
        names = [field.name for field in attrs.fields(ServerMetadata)[2:8]]
        assert METADATA == read({**LEAST, **dict.fromkeys(names)})
        assert METADATA == read({**LEAST, **dict.fromkeys(names, ())})
        for name in ("mtls_endpoint_aliases", "tls_client_certificate_bound_access_tokens"):
            assert METADATA == read({**LEAST, name: None})
        assert METADATA == read({**LEAST, "mtls_endpoint_aliases": {}})
        assert ("client_secret_basic",) == METADATA.token_endpoint_auth_methods_supported
        assert METADATA.grants_client_credentials

    def test_outside_the_grammar(self) -> None:
        """A text that could neither be asked for nor shown is left out, and what is left is no default."""
        odd = ["", "a b", "é", "\x1b[2J", '"']
        metadata = read({**LEAST, "scopes_supported": [*odd, "a"], "token_endpoint_auth_methods_supported": odd})
        assert (("a",), ()) == (metadata.scopes_supported, metadata.token_endpoint_auth_methods_supported)

    @pytest.mark.parametrize("name", [field.name for field in attrs.fields(ServerMetadata)[2:8]])
    @pytest.mark.parametrize("wrong", ["a", 5, True, {}, {"a": "b"}, [5], ["a", None], [["a"]]])
    def test_no_array(self, name: str, wrong: object) -> None:
        """What is no array of texts is refused by name."""
        with pytest.raises(errors.InvalidResponse, match=f"{name} in the metadata is no array of texts"):
            read({**LEAST, name: wrong})

    @pytest.mark.parametrize("wrong", [5, "true", [], {}, "https://mtls.example/", [{"token_endpoint": ENDPOINT}]])
    @pytest.mark.parametrize("name", ["mtls_endpoint_aliases", "tls_client_certificate_bound_access_tokens"])
    def test_other_types(self, name: str, wrong: object) -> None:
        """What is of another type is refused by name."""
        if (name, wrong) != ("mtls_endpoint_aliases", {}):
            with pytest.raises(errors.InvalidResponse, match=f"{name} in the metadata is n"):
                read({**LEAST, name: wrong})

    @pytest.mark.parametrize("document", [{**LEAST, "token_endpoint": None}, {"issuer": ISSUER}])
    def test_no_token_endpoint(self, document: object) -> None:
        """Without token endpoint there is nothing to ask."""
        with pytest.raises(errors.InvalidResponse, match="no token_endpoint"):
            read(document)

    @pytest.mark.parametrize(
        "url", [5, [ENDPOINT], "", "/token", "http://as.example/", f"{ENDPOINT}#", f"{ENDPOINT}?client_secret=M4RKER"]
    )
    def test_endpoints(self, url: object) -> None:
        """Endpoints are those that the core would send a secret to."""
        for document, name in (
            ({"token_endpoint": url}, "token_endpoint"),
            ({"mtls_endpoint_aliases": {"token_endpoint": url}}, "token_endpoint among mtls_endpoint_aliases"),
        ):
            with pytest.raises(errors.InvalidResponse, match=f"{name} in the metadata") as caught:
                read({**LEAST, **document})
            assert "M4RKER" not in f"{caught.value!r}"

    def test_loopback(self) -> None:
        """An issuer on this machine may name http endpoints on it; the endpoints of an https issuer are https."""
        local = {"issuer": "http://localhost", "token_endpoint": "http://localhost:8080/token"}
        assert "http://localhost:8080/token" == read(local, "http://localhost").token_endpoint
        with pytest.raises(errors.InvalidResponse, match="its issuer is reached by https"):
            read({**local, "issuer": ISSUER})

    def test_an_http_issuer_that_is_allowed_names_http_endpoints_at_its_own_host_and_port(self) -> None:
        """A compose file's Keycloak: https, or the very origin that the caller allowed."""
        issuer = "http://keycloak:8080/realms/demo"
        allowed = Endpoint(issuer, allow_http=True)
        found = read({"issuer": issuer, "token_endpoint": "http://keycloak:8080/token"}, allowed)
        assert "http://keycloak:8080/token" == found.token_endpoint
        request = token_request(ClientCredentials("id", "s3cret"))
        assert Endpoint("http://keycloak:8080/token", allow_http=True) == endpoint_for(found, request)
        secure = {"issuer": issuer, "token_endpoint": "https://other/token"}
        assert "https://other/token" == read(secure, allowed).token_endpoint
        for elsewhere in ("http://keycloak/token", "http://other:8080/token", "http://localhost/token"):
            with pytest.raises(errors.InvalidResponse, match="on another host"):
                read({"issuer": issuer, "token_endpoint": elsewhere}, allowed)

    @pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"a": 1, "a": 1}', b"\xff", b'{"a": NaN}'])
    def test_no_object(self, content: bytes) -> None:
        """What is not one JSON object is no metadata."""
        with pytest.raises(errors.InvalidResponse, match="so it is no metadata: check the issuer"):
            read(content)

    def test_too_large(self) -> None:
        """An answer beyond the bound is not parsed."""
        with pytest.raises(errors.InvalidResponse):
            read(b" " * (MAX_SIZE + 1))

    @pytest.mark.parametrize("status", [199, 201, 204, 400, 404, 418, 429, 500, 503])
    def test_status(self, status: int) -> None:
        """Only 200 has metadata; what may pass is said to be so."""
        with pytest.raises(errors.InvalidResponse, match=f"HTTP {status}: .*give the token endpoint itself") as caught:
            read(LEAST, status=status)
        assert (status in RETRYABLE) == caught.value.retryable

    @pytest.mark.parametrize("status", [300, 301, 308, 399])
    def test_redirect(self, status: int) -> None:
        """No redirect is followed."""
        with pytest.raises(errors.UnexpectedRedirect, match="not followed"):
            read(LEAST, status=status)


class TestRecord:
    """There is no record that could not be used."""

    @pytest.mark.parametrize("url", ["", "http://as.example/", "https://as.example/#"])
    def test_refused(self, url: str) -> None:
        """An endpoint that no secret may be sent to makes no record."""
        with pytest.raises(errors.InvalidInput):
            ServerMetadata(ISSUER, url)
        with pytest.raises(errors.InvalidInput):
            ServerMetadata(ISSUER, ENDPOINT, mtls_token_endpoint=url)


@attrs.frozen
class Own:
    """A way of a user's own."""

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives no fields."""
        return AuthenticationFields()


KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
WAYS: dict[str, ClientAuthentication] = {
    "client_secret_basic": ClientSecretBasic("s3cret", encode=False),
    "client_secret_post": ClientSecretPost("s3cret"),
    "client_secret_jwt": ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", METADATA.issuer),
    "private_key_jwt": PrivateKeyJwt(SigningKey("ES256", lambda _: bytes(64), "key-1"), METADATA.issuer),
    "none": NoAuthentication(),
    "tls_client_auth": TlsClientAuth(CERTIFICATE),
    "self_signed_tls_client_auth": TlsClientAuth(CERTIFICATE, self_signed=True),
}


class TestEndpointFor:
    """Which endpoint, and whether it would do."""

    def test_method_names(self) -> None:
        """Each way of this library has its registered name, and every name its way; one of a user's own has none."""
        assert WAYS.keys() == METHODS.keys()
        assert list(WAYS) == [method_name(way) for way in WAYS.values()]
        assert method_name(Own()) is None

    @pytest.mark.parametrize("name", WAYS)
    @pytest.mark.parametrize("supported", [*WAYS, "attest_jwt_client_auth"])
    def test_ways(self, name: str, supported: str) -> None:
        """A way is used if the server supports it, and no other is taken in its place."""
        metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("x", supported))
        request = token_request(ClientCredentials("id", WAYS[name]))
        if name == supported:
            assert ENDPOINT == str(endpoint_for(metadata, request))
            return
        with pytest.raises(errors.InvalidInput, match=f"and no {name}: configure the way") as caught:
            endpoint_for(metadata, request)
        shown = supported if supported in METHODS else "other ways"
        assert f"the server takes {shown}," in caught.value.reason

    def test_signed_for_another_issuer(self) -> None:
        """Whoever names the issuer decides whom assertions are for, and not what metadata say."""
        for way in (PrivateKeyJwt(KEY, "https://b.example"), ClientSecretJwt("s" * 32, "https://b.example")):
            request = token_request(ClientCredentials("id", way))
            metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=tuple(WAYS))
            with pytest.raises(errors.InvalidInput, match="for another issuer"):
                endpoint_for(metadata, request)

    def test_algorithm(self) -> None:
        """One that the server does not list is refused before it refuses; without a list, anything goes."""
        request = token_request(ClientCredentials("id", WAYS["private_key_jwt"]))
        metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("private_key_jwt",))
        for listed, known in ((("PS256", "RS256", "x"), "RS256 or PS256"), (("x",), "another"), ((), "another")):
            other = attrs.evolve(metadata, token_endpoint_auth_signing_alg_values_supported=listed)
            with pytest.raises(errors.InvalidInput, match=f"takes no ES256: sign by {known}"):
                endpoint_for(other, request)
        for right in (None, ("ES256",)):
            same = attrs.evolve(metadata, token_endpoint_auth_signing_alg_values_supported=right)
            assert ENDPOINT == str(endpoint_for(same, request))

    def test_no_tuple(self) -> None:
        """A record by hand has tuples: in a text, part of a name would count as a name."""
        listed: Any = "client_secret_basic,none"
        for name in ("token_endpoint_auth_methods_supported", "grant_types_supported", "scopes_supported"):
            with pytest.raises(errors.InvalidInput, match=f"{name}: give a tuple of str"):
                attrs.evolve(METADATA, **{name: listed})

    def test_ways_unknown(self) -> None:
        """A way of a user's own is not checked, nor are credentials that cannot be sent yet."""
        metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=())
        assert ENDPOINT == str(endpoint_for(metadata, token_request(ClientCredentials("id", Own()))))
        assert ENDPOINT == str(endpoint_for(metadata, token_request(ClientCredentials("id"))))

    def test_grant(self) -> None:
        """A server that lists grants without this one is refused before it refuses."""
        request = token_request(ClientCredentials("id", "s3cret"))
        with pytest.raises(errors.InvalidInput, match="do not list client_credentials"):
            endpoint_for(attrs.evolve(METADATA, grant_types_supported=("authorization_code",)), request)
        listed = attrs.evolve(METADATA, grant_types_supported=("authorization_code", "client_credentials"))
        assert ENDPOINT == str(endpoint_for(listed, request))

    def test_mtls(self) -> None:
        """The alias is for connections with a client certificate, and where there is none the endpoint serves them."""
        plain = token_request(ClientCredentials("id", "s3cret"))
        by_certificate = token_request(ClientCredentials("id", TlsClientAuth(CERTIFICATE)))
        listed = attrs.evolve(
            METADATA,
            token_endpoint_auth_methods_supported=("client_secret_basic", "tls_client_auth"),
            tls_client_certificate_bound_access_tokens=True,
        )
        aliased = attrs.evolve(listed, mtls_token_endpoint="https://mtls.example/")
        for request in (by_certificate, plain.with_certificate(CERTIFICATE)):
            assert "https://mtls.example/" == str(endpoint_for(aliased, request))
            assert ENDPOINT == str(endpoint_for(listed, request))
        assert ENDPOINT == str(endpoint_for(aliased, plain))

    def test_binding(self) -> None:
        """A token that is to be bound is not asked of a server that binds none; the method itself asks for nothing."""
        request = token_request(ClientCredentials("id", "s3cret")).with_certificate(CERTIFICATE)
        with pytest.raises(errors.InvalidInput, match="binds no token to a certificate"):
            endpoint_for(METADATA, request)
        unbound = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("tls_client_auth",))
        by_certificate = ClientCredentials("id", TlsClientAuth(CERTIFICATE))
        assert ENDPOINT == str(endpoint_for(unbound, token_request(by_certificate)))


class TestLifetime:
    """RFC 9111 section 4.2."""

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ([], DEFAULT_METADATA_LIFETIME),
            ([("Cache-Control", "max-age=600")], 600.0),
            ([("cache-control", 'public ,\tMAX-AGE="600"')], 600.0),
            ([("Cache-Control", "max-age=900"), ("Cache-Control", "max-age=600")], 600.0),
            ([("Cache-Control", "max-age=600"), ("Age", "100")], 500.0),
            ([("Cache-Control", "max-age=600"), ("Age", "-100")], 600.0),
            ([("Cache-Control", "max-age=600"), ("Age", "900")], 60.0),
            ([("Cache-Control", "max-age=0")], 60.0),
            ([("Cache-Control", "max-age=999999999")], 86400.0),
            ([("Cache-Control", "no-store, max-age=600")], 60.0),
            ([("Cache-Control", "No-Cache")], 60.0),
            ([("Cache-Control", "s-maxage=600, x")], DEFAULT_METADATA_LIFETIME),
            ([("Age", "100")], DEFAULT_METADATA_LIFETIME),
            ([("Cache-Control", "max-age=-5")], DEFAULT_METADATA_LIFETIME),
            ([("Cache-Control", "max-age=٣")], DEFAULT_METADATA_LIFETIME),
            ([("Cache-Control", f"max-age={'9' * 5000}"), ("Age", "9" * 5000)], DEFAULT_METADATA_LIFETIME),
        ],
    )
    def test_fields(self, headers: list[tuple[str, str]], expected: float) -> None:
        """What the server says, from a minute to a day; an hour if it says nothing that can be read."""
        assert expected == metadata_lifetime(HttpResponse(200, headers))

    @given(st.lists(st.tuples(st.sampled_from(["Cache-Control", "Age"]), st.text() | st.from_regex(r"max-age=\d+"))))
    def test_anything(self, headers: list[tuple[str, str]]) -> None:
        """Whatever stands there, it is a number of seconds within the bounds."""
        assert 60.0 <= metadata_lifetime(HttpResponse(200, headers)) <= 86400.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ISSUER, ENDPOINT, "none"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("token_endpoint"), inner, max_size=3)
    ),
    max_leaves=5,
)
members = st.dictionaries(
    st.sampled_from([field.name for field in attrs.fields(ServerMetadata)] + ["mtls_endpoint_aliases"]), json_values
)
documents = st.builds(lambda least, more: {**least, **more}, st.sampled_from([LEAST, {}]), members)


class TestAnything:
    """Whatever a server sends is metadata that can be used, or an OAuthError."""

    @given(
        st.just(200) | st.integers(0, 999),
        st.one_of(st.binary(), documents.map(lambda document: json.dumps(document).encode("utf-8", "surrogatepass"))),
    )
    @example(200, b'{"issuer": "\\ud800"}')
    @example(200, b'{"issuer": "https://as.example", "token_endpoint": "\\ud800"}')
    def test_metadata_or_an_error(self, status: int, content: bytes) -> None:
        """No other exception escapes; what comes is of the issuer asked for, https, and text that can be shown."""
        try:
            metadata = parse_metadata(HttpResponse(status, (), content), ISSUER)
        except errors.InvalidResponse as error:
            shown = str(error)
        else:
            shown = repr(metadata)
            assert ISSUER == metadata.issuer
            assert metadata.token_endpoint.startswith("https://")
            assert metadata == attrs.evolve(metadata)
        assert shown.isprintable()
        assert len(shown) < 500 + len(content)

    @given(st.text() | st.builds("https://as.example{}".format, st.text()))
    def test_any_issuer(self, issuer: str) -> None:
        """Any text is an issuer, whose URLs can be asked and whose metadata can be read, or an InvalidInput."""
        try:
            urls = metadata_urls(issuer)
        except errors.InvalidInput:
            with pytest.raises(errors.InvalidInput):
                read({**LEAST, "issuer": issuer}, issuer)
            return
        assert all(url.isascii() and url.startswith("https://") for url in urls)
        assert issuer == read({**LEAST, "issuer": issuer}, issuer).issuer
