"""
Server metadata, with the vectors of cases/issuers.json and with any document.
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
from tests.bound import bound_key
from tests.vectors import FOLDER, Case

ISSUER = "https://as.example"
ENDPOINT = "https://as.example/token"
LEAST = {"issuer": ISSUER, "token_endpoint": ENDPOINT}
METADATA = ServerMetadata(ISSUER, ENDPOINT)
CERTIFICATE = Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0")

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "issuers.json").read_text("utf-8"))


def cases(part: str) -> list[Case]:
    """Return the vectors of one *part*."""
    return [Case(case["name"], case["rule"], case) for case in VECTORS[part]]


def read(document: object, issuer: str | Endpoint = ISSUER, status: int = 200) -> ServerMetadata:
    """Parse the metadata in *document*."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_metadata(HttpResponse(status, (), content), issuer)


def test_no_vector_is_lost() -> None:
    """The vectors have unique names."""
    assert 34 == len({case.name for part in ("well_known", "compare", "documents") for case in cases(part)})


class TestUrls:
    """RFC 8414 section 3.1, OpenID Connect Discovery 1.0 section 4."""

    @pytest.mark.parametrize("case", cases("well_known"), ids=lambda case: case.name)
    def test_a_vector_has_its_well_known_url_or_is_rejected(self, case: Case) -> None:
        """The URL is that of RFC 8414."""
        if case.expect["outcome"] == "error":
            with pytest.raises(errors.InvalidInput):
                metadata_urls(case.data["issuer"])
        else:
            assert case.expect["url"] == metadata_urls(case.data["issuer"])[0]

    @pytest.mark.parametrize(
        ("issuer", "path", "appended"),
        [
            (ISSUER, "", ""),
            (f"{ISSUER}/", "", ""),
            (f"{ISSUER}/a", "/a", "/a"),
            (f"{ISSUER}/a/b/", "/a/b", "/a/b"),
            (f"{ISSUER}/a//", "/a/", "/a/"),
        ],
    )
    def test_rfc_8414_inserts_the_path_and_openid_connect_appends_it(
        self, issuer: str, path: str, appended: str
    ) -> None:
        """One `/` at the end of the issuer is removed. For OpenID Connect, the inserted form comes last."""
        inserted = f"{ISSUER}/.well-known/oauth-authorization-server{path}"
        urls = (inserted, f"{ISSUER}{appended}/.well-known/openid-configuration")
        last = f"{ISSUER}/.well-known/openid-configuration{path}"
        assert (urls if not path else (*urls, last)) == metadata_urls(issuer)

    def test_an_http_issuer_is_allowed_on_loopback_or_explicitly(self) -> None:
        """Any other http issuer is rejected."""
        assert metadata_urls("http://localhost:8080/t")[0].startswith("http://localhost:8080/.well-known/")
        allowed = Endpoint("http://as.example/t", allow_http=True)
        assert metadata_urls(allowed)[1] == "http://as.example/t/.well-known/openid-configuration"
        with pytest.raises(errors.InvalidInput, match="must use https"):
            metadata_urls("http://as.example")

    def test_an_issuer_with_a_query_is_rejected_with_advice(self) -> None:
        """The error says what to remove."""
        with pytest.raises(errors.InvalidInput, match=r"^issuer must not have a query; remove '\?'"):
            metadata_urls(f"{ISSUER}?tenant=1")


class TestIssuer:
    """RFC 8414 sections 3.3 and 4."""

    @pytest.mark.parametrize("case", cases("compare"), ids=lambda case: case.name)
    def test_metadata_must_name_exactly_the_requested_issuer(self, case: Case) -> None:
        """Any difference is an error."""
        document = {**LEAST, "issuer": case.data["document_issuer"]}
        if case.expect["match"]:
            assert METADATA == read(document, case.data["configured"])
        else:
            with pytest.raises((errors.IssuerMismatch, errors.InvalidInput)):
                read(document, case.data["configured"])

    def test_issuers_are_compared_after_json_escapes_are_decoded(self) -> None:
        """The escapes are not part of the text."""
        assert METADATA == read(json.dumps(LEAST).replace("as", "\\u0061s").replace("/", "\\/").encode())

    def test_the_issuer_is_compared_before_anything_else_is_read(self) -> None:
        """Other faults of the metadata do not matter then."""
        with pytest.raises(errors.IssuerMismatch):
            read({"issuer": f"{ISSUER}/", "token_endpoint": 5, "scopes_supported": 5})

    def test_issuers_are_not_normalised(self) -> None:
        """Characters that only look alike are different."""
        with pytest.raises(errors.IssuerMismatch):
            read({**LEAST, "issuer": f"{ISSUER}/\N{KELVIN SIGN}"}, f"{ISSUER}/K")

    def test_an_object_without_issuer_is_not_metadata(self) -> None:
        """It is some other JSON object."""
        with pytest.raises(errors.InvalidResponse, match="has no issuer, so it is not metadata"):
            read({"error": "not_found"})

    @pytest.mark.parametrize("url", metadata_urls(f"{ISSUER}/tenant"))
    def test_the_url_of_metadata_is_rejected_as_an_issuer(self, url: str) -> None:
        """The error says where the issuer is."""
        with pytest.raises(errors.InvalidInput, match="must not be the URL of its metadata"):
            metadata_urls(url)

    def test_the_error_of_a_mismatch_shows_a_valid_issuer(self) -> None:
        """It is usually the right one."""
        with pytest.raises(errors.IssuerMismatch, match=r"another issuer, 'https://as\.example/'; if you mean"):
            read({**LEAST, "issuer": f"{ISSUER}/"})

    @pytest.mark.parametrize(
        "found", [None, 5, "M4RKER", f"{ISSUER}?M4RKER", f"{ISSUER}/M4RKER{'a' * 200}", ["M4RKER"]]
    )
    def test_the_error_of_a_mismatch_does_not_show_an_invalid_issuer(self, found: object) -> None:
        """It may be anything."""
        with pytest.raises(errors.IssuerMismatch, match=r"check the issuer$") as caught:
            read({**LEAST, "issuer": found})
        assert "M4RKER" not in f"{caught.value!r}"

    def test_an_issuer_with_a_placeholder_asks_for_the_tenant(self) -> None:
        """The metadata of Entra ID for 'common' have such an issuer."""
        template = f"{ISSUER}/{{tenantid}}/v2.0"
        with pytest.raises(errors.IssuerMismatch, match=r"in place of \{tenantid\}$"):
            read({**LEAST, "issuer": template}, f"{ISSUER}/common/v2.0")
        with pytest.raises(errors.InvalidInput, match="placeholder in braces; replace it"):
            read(LEAST, template)
        for odd in (f"{ISSUER}/{{tenant id}}", "http://as.example/{a}", "{a}://x", f"{ISSUER}/{{a}}?{{b}}"):
            with pytest.raises(errors.IssuerMismatch, match=r"check the issuer$"):
                read({**LEAST, "issuer": odd})

    def test_an_invalid_configured_issuer_is_rejected(self) -> None:
        """What the metadata says does not matter."""
        with pytest.raises(errors.InvalidInput):
            read({**LEAST, "issuer": "http://as.example"}, "http://as.example")


class TestDocument:
    """RFC 8414 sections 2 and 3.2."""

    @pytest.mark.parametrize("case", cases("documents"), ids=lambda case: case.name)
    def test_a_vector_is_parsed_or_rejected(self, case: Case) -> None:
        """Each vector lists the members that count."""
        if case.expect["outcome"] == "error" and case.expect.get("when") != "mtls":
            with pytest.raises(errors.InvalidResponse):
                read(case.data["document"], case.data["configured"])
            return
        metadata = read(case.data["document"], case.data["configured"])
        if case.expect["outcome"] == "error":
            with pytest.raises(errors.InvalidInput, match="mtls_endpoint_aliases in the metadata have no https"):
                endpoint_for(metadata, token_request(ClientCredentials("id", TlsClientAuth(CERTIFICATE))))
            assert metadata.token_endpoint == endpoint_for(metadata, ClientCredentials("id", "s3cret")).url
            return
        assert case.expect.get("token_endpoint", ENDPOINT) == metadata.token_endpoint
        assert case.expect.get("token_endpoint_mtls") == metadata.mtls_token_endpoint
        assert case.expect.get("dpop_usable", False) == bool(metadata.dpop_algorithms)
        assert (case.expect["outcome"] != "ok_with_warning") == metadata.grants_client_credentials

    def test_every_known_member_is_parsed(self) -> None:
        """Unknown members are ignored."""
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
                "revocation_endpoint": "https://as.example/revoke",
                "introspection_endpoint": "https://as.example/introspect",
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
            revocation_endpoint="https://as.example/revoke",
            introspection_endpoint="https://as.example/introspect",
        )
        assert ("ES256", "PS256") == metadata.dpop_algorithms

    @pytest.mark.parametrize("url", [5, "http://as.example/revoke", "https://as.example/#f", ""])
    @pytest.mark.parametrize("name", ["revocation_endpoint", "introspection_endpoint"])
    def test_an_unusable_side_endpoint_counts_as_not_given(self, name: str, url: object) -> None:
        """No token request fails because of it. A record with one cannot be made."""
        assert read({**LEAST, name: url}) == METADATA
        with pytest.raises(errors.InvalidInput):
            ServerMetadata(ISSUER, ENDPOINT, **{name: url})  # type: ignore[arg-type]

    def test_a_missing_null_or_empty_member_has_its_default(self) -> None:
        """Without a list of authentication methods, the choice is the caller's."""
        names = [field.name for field in attrs.fields(ServerMetadata)[2:8]]
        assert METADATA == read({**LEAST, **dict.fromkeys(names)})
        assert METADATA == read({**LEAST, **dict.fromkeys(names, ())})
        for name in ("mtls_endpoint_aliases", "tls_client_certificate_bound_access_tokens"):
            assert METADATA == read({**LEAST, name: None})
        assert METADATA == read({**LEAST, "mtls_endpoint_aliases": {}})
        assert METADATA.token_endpoint_auth_methods_supported is None
        assert METADATA.grants_client_credentials

    def test_list_items_outside_the_grammar_are_dropped(self) -> None:
        """A list without valid items does not get the default."""
        odd = ["", "a b", "é", "\x1b[2J", '"']
        metadata = read({**LEAST, "scopes_supported": [*odd, "a"], "token_endpoint_auth_methods_supported": odd})
        assert (("a",), ()) == (metadata.scopes_supported, metadata.token_endpoint_auth_methods_supported)

    @pytest.mark.parametrize("name", [field.name for field in attrs.fields(ServerMetadata)[2:8]])
    @pytest.mark.parametrize("wrong", ["a", 5, True, {}, {"a": "b"}, [5], ["a", None], [["a"]]])
    def test_a_list_of_another_shape_counts_as_omitted(self, name: str, wrong: object) -> None:
        """The rest of the metadata can be used."""
        assert METADATA == read({**LEAST, name: wrong})

    @pytest.mark.parametrize("wrong", [5, "true", [], {}, "https://mtls.example/", [{"token_endpoint": ENDPOINT}]])
    @pytest.mark.parametrize("name", ["mtls_endpoint_aliases", "tls_client_certificate_bound_access_tokens"])
    def test_a_side_member_of_another_type_counts_as_omitted(self, name: str, wrong: object) -> None:
        """A request with a certificate is then refused, as it needs the member."""
        metadata = read({**LEAST, name: wrong})
        assert METADATA == attrs.evolve(metadata, mtls_alias_is_unusable=False)
        assert (name == "mtls_endpoint_aliases" and wrong != {}) == metadata.mtls_alias_is_unusable
        with pytest.raises(errors.InvalidInput, match="certificate"):
            endpoint_for(metadata, token_request(ClientCredentials("id", "s3cret")).with_certificate(CERTIFICATE))

    @pytest.mark.parametrize("document", [{**LEAST, "token_endpoint": None}, {"issuer": ISSUER}])
    def test_metadata_without_token_endpoint_is_invalid(self, document: object) -> None:
        """There is nowhere to send the request."""
        with pytest.raises(errors.InvalidResponse, match="no token_endpoint"):
            read(document)

    @pytest.mark.parametrize(
        "url", [5, [ENDPOINT], "", "/token", "http://as.example/", f"{ENDPOINT}#", f"{ENDPOINT}?client_secret=M4RKER"]
    )
    def test_an_invalid_endpoint_is_named_in_the_error_and_not_shown(self, url: object) -> None:
        """Endpoints follow the same rules as in `Endpoint`."""
        with pytest.raises(errors.InvalidResponse, match="token_endpoint in the metadata") as caught:
            read({**LEAST, "token_endpoint": url})
        assert "M4RKER" not in f"{caught.value!r}"
        # An alias is a side member.
        aliased = read({**LEAST, "mtls_endpoint_aliases": {"token_endpoint": url}})
        assert attrs.evolve(METADATA, mtls_alias_is_unusable=True) == aliased

    def test_only_an_issuer_on_loopback_may_name_http_endpoints_on_loopback(self) -> None:
        """The endpoints of an https issuer are https."""
        local = {"issuer": "http://localhost", "token_endpoint": "http://localhost:8080/token"}
        assert "http://localhost:8080/token" == read(local, "http://localhost").token_endpoint
        with pytest.raises(errors.InvalidResponse, match="as its issuer uses https"):
            read({**local, "issuer": ISSUER})

    def test_an_allowed_http_issuer_may_name_http_endpoints_at_its_own_origin(self) -> None:
        """Keycloak in a compose file is an example."""
        issuer = "http://keycloak:8080/realms/demo"
        allowed = Endpoint(issuer, allow_http=True)
        found = read({"issuer": issuer, "token_endpoint": "http://keycloak:8080/token"}, allowed)
        assert "http://keycloak:8080/token" == found.token_endpoint
        request = token_request(ClientCredentials("id", "s3cret"))
        assert Endpoint("http://keycloak:8080/token", allow_http=True) == endpoint_for(found, request)
        secure = {"issuer": issuer, "token_endpoint": "https://other/token"}
        assert "https://other/token" == read(secure, allowed).token_endpoint
        for elsewhere in ("http://keycloak/token", "http://other:8080/token", "http://localhost/token"):
            with pytest.raises(errors.InvalidResponse, match="has another host"):
                read({"issuer": issuer, "token_endpoint": elsewhere}, allowed)

    @pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"a": 1, "a": 1}', b"\xff", b'{"a": NaN}'])
    def test_a_body_that_is_not_a_json_object_is_not_metadata(self, content: bytes) -> None:
        """The error says what to check."""
        with pytest.raises(errors.InvalidResponse, match="so it is not metadata; check the issuer"):
            read(content)

    def test_a_body_beyond_the_limit_is_not_parsed(self) -> None:
        """The limit is a mebibyte."""
        with pytest.raises(errors.InvalidResponse):
            read(b" " * (MAX_SIZE + 1))

    @pytest.mark.parametrize("status", [199, 201, 204, 400, 404, 418, 429, 500, 503])
    def test_only_status_200_has_metadata(self, status: int) -> None:
        """Other statuses are retryable if they may pass."""
        cause = {429: "the server limits requests", 500: "the server is failing", 503: "the server is failing"}
        advice = cause.get(status, ".*pass the token endpoint")
        with pytest.raises(errors.InvalidResponse, match=f"HTTP {status}: {advice}") as caught:
            read(LEAST, status=status)
        assert (status in RETRYABLE) == caught.value.retryable

    @pytest.mark.parametrize("status", [300, 301, 308, 399])
    def test_a_redirect_is_not_followed(self, status: int) -> None:
        """It is an error of its own, which names the target if it can be shown."""
        with pytest.raises(
            errors.UnexpectedRedirect, match="URL redirects, and the redirect is not followed"
        ) as caught:
            read(LEAST, status=status)
        assert caught.value.location is None
        redirect = HttpResponse(status, {"Location": "https://b.example/m?M4RKER"})
        with pytest.raises(errors.UnexpectedRedirect, match=r"redirects to https://b\.example/m, and the") as caught:
            parse_metadata(redirect, ISSUER)
        assert ("https://b.example/m", False) == (caught.value.location, "M4RKER" in str(caught.value))


class TestRecord:
    """A record of metadata is always valid."""

    @pytest.mark.parametrize("url", ["", "http://as.example/", "https://as.example/#"])
    def test_a_record_with_an_invalid_endpoint_cannot_be_made(self, url: str) -> None:
        """The mutual-TLS endpoint is checked, too."""
        with pytest.raises(errors.InvalidInput):
            ServerMetadata(ISSUER, url)
        with pytest.raises(errors.InvalidInput):
            ServerMetadata(ISSUER, ENDPOINT, mtls_token_endpoint=url)


@attrs.frozen
class Own:
    """A custom client authentication method."""

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return no fields."""
        return AuthenticationFields()


KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
METHOD_RECORDS: dict[str, ClientAuthentication] = {
    "client_secret_basic": ClientSecretBasic("s3cret", encode=False),
    "client_secret_post": ClientSecretPost("s3cret"),
    "client_secret_jwt": ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", METADATA.issuer),
    "private_key_jwt": PrivateKeyJwt(SigningKey("ES256", lambda _: bytes(64), "key-1"), METADATA.issuer),
    "none": NoAuthentication(),
    "tls_client_auth": TlsClientAuth(CERTIFICATE),
    "self_signed_tls_client_auth": TlsClientAuth(CERTIFICATE, self_signed=True),
}


class TestEndpointFor:
    """The choice of an endpoint, and the checks of a request against metadata."""

    def test_every_built_in_method_has_its_registered_name(self) -> None:
        """A custom method has none."""
        assert METHOD_RECORDS.keys() == METHODS.keys()
        assert list(METHOD_RECORDS) == [method_name(method) for method in METHOD_RECORDS.values()]
        assert method_name(Own()) is None

    @pytest.mark.parametrize("name", METHOD_RECORDS)
    @pytest.mark.parametrize("supported", [*METHOD_RECORDS, "attest_jwt_client_auth"])
    def test_a_method_that_the_server_does_not_list_is_rejected(self, name: str, supported: str) -> None:
        """No other method is used in its place."""
        metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("x", supported))
        request = token_request(ClientCredentials("id", METHOD_RECORDS[name]))
        if name == supported:
            assert ENDPOINT == str(endpoint_for(metadata, request))
            return
        with pytest.raises(
            errors.InvalidInput, match=f"^client authentication method {name} is missing .*; use the method"
        ) as caught:
            endpoint_for(metadata, request)
        assert f"which lists x, {supported};" in caught.value.reason
        assert caught.value.reason.endswith("or pass the token endpoint, which needs no metadata")

    def test_an_assertion_for_another_issuer_is_rejected(self) -> None:
        """Metadata does not change the issuer of an assertion."""
        for method in (PrivateKeyJwt(KEY, "https://b.example"), ClientSecretJwt("s" * 32, "https://b.example")):
            request = token_request(ClientCredentials("id", method))
            metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=tuple(METHOD_RECORDS))
            with pytest.raises(errors.InvalidInput, match="for another issuer"):
                endpoint_for(metadata, request)

    def test_a_key_for_proofs_that_the_server_does_not_support_is_rejected(self) -> None:
        """Without a list, every algorithm is accepted."""
        request = token_request(ClientCredentials("id", "sec")).with_dpop(bound_key("ours"))
        assert endpoint_for(METADATA, request) == Endpoint(METADATA.token_endpoint)
        for listed in (("PS256",), ()):
            other = attrs.evolve(METADATA, dpop_signing_alg_values_supported=listed)
            with pytest.raises(
                errors.InvalidInput, match=r"^DPoP algorithm ES256 is missing from the server's metadata"
            ):
                endpoint_for(other, request)
        supported = attrs.evolve(METADATA, dpop_signing_alg_values_supported=("PS256", "ES256"))
        assert endpoint_for(supported, request) == Endpoint(METADATA.token_endpoint)

    def test_an_algorithm_that_the_server_does_not_list_is_rejected(self) -> None:
        """Without a list, every algorithm is accepted."""
        request = token_request(ClientCredentials("id", METHOD_RECORDS["private_key_jwt"]))
        metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=("private_key_jwt",))
        for listed, shown in (
            (("PS256", "RS256", "x"), "PS256, RS256, x"),
            ((), "none"),
            (("x" * 300,), "x" * 200 + "…"),
        ):
            other = attrs.evolve(metadata, token_endpoint_auth_signing_alg_values_supported=listed)
            with pytest.raises(
                errors.InvalidInput,
                match=f"algorithm ES256 is missing from the server's metadata, which lists {shown}; use a key",
            ) as caught:
                endpoint_for(other, request)
            assert "client authentication" == caught.value.parameter
        for right in (None, ("ES256",)):
            same = attrs.evolve(metadata, token_endpoint_auth_signing_alg_values_supported=right)
            assert ENDPOINT == str(endpoint_for(same, request))

    def test_a_list_of_metadata_must_be_a_tuple(self) -> None:
        """In a str, part of a name would count as a name."""
        listed: Any = "client_secret_basic,none"
        for name in ("token_endpoint_auth_methods_supported", "grant_types_supported", "scopes_supported"):
            with pytest.raises(errors.InvalidInput, match=f"^{name} must be a tuple of str"):
                attrs.evolve(METADATA, **{name: listed})

    def test_a_custom_method_is_not_checked(self) -> None:
        """Neither are credentials without a method."""
        metadata = attrs.evolve(METADATA, token_endpoint_auth_methods_supported=())
        assert ENDPOINT == str(endpoint_for(metadata, token_request(ClientCredentials("id", Own()))))
        assert ENDPOINT == str(endpoint_for(metadata, token_request(ClientCredentials("id"))))

    def test_a_server_that_lists_other_grants_only_is_rejected(self) -> None:
        """The token request would fail. The error says what the server lists."""
        request = token_request(ClientCredentials("id", "s3cret"))
        with pytest.raises(
            errors.InvalidInput,
            match=r"^grant_type client_credentials is missing from .* which lists authorization_code; ask its operator",
        ):
            endpoint_for(attrs.evolve(METADATA, grant_types_supported=("authorization_code",)), request)
        listed = attrs.evolve(METADATA, grant_types_supported=("authorization_code", "client_credentials"))
        assert ENDPOINT == str(endpoint_for(listed, request))

    def test_a_request_with_a_certificate_uses_the_mutual_tls_alias(self) -> None:
        """Without an alias, it uses the token endpoint."""
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

    def test_a_certificate_bound_token_needs_a_server_that_binds_tokens(self) -> None:
        """Mutual TLS as an authentication method alone does not."""
        request = token_request(ClientCredentials("id", "s3cret")).with_certificate(CERTIFICATE)
        with pytest.raises(errors.InvalidInput, match="does not list certificate-bound tokens"):
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
    def test_the_lifetime_of_metadata_is_between_a_minute_and_a_day(
        self, headers: list[tuple[str, str]], expected: float
    ) -> None:
        """It is an hour if the server does not say."""
        assert expected == metadata_lifetime(HttpResponse(200, headers))

    @given(st.lists(st.tuples(st.sampled_from(["Cache-Control", "Age"]), st.text() | st.from_regex(r"max-age=\d+"))))
    def test_any_cache_control_is_a_lifetime_within_the_limits(self, headers: list[tuple[str, str]]) -> None:
        """Nothing is raised."""
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
    """Any response of a server."""

    @given(
        st.just(200) | st.integers(0, 999),
        st.one_of(st.binary(), documents.map(lambda document: json.dumps(document).encode("utf-8", "surrogatepass"))),
    )
    @example(200, b'{"issuer": "\\ud800"}')
    @example(200, b'{"issuer": "https://as.example", "token_endpoint": "\\ud800"}')
    def test_any_response_is_valid_metadata_or_invalid_response(self, status: int, content: bytes) -> None:
        """Metadata and errors are printable."""
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
    def test_any_text_is_an_issuer_or_invalid_input(self, issuer: str) -> None:
        """The URLs of an issuer are https."""
        try:
            urls = metadata_urls(issuer)
        except errors.InvalidInput:
            with pytest.raises(errors.InvalidInput):
                read({**LEAST, "issuer": issuer}, issuer)
            return
        assert all(url.isascii() and url.startswith("https://") for url in urls)
        assert issuer == read({**LEAST, "issuer": issuer}, issuer).issuer
