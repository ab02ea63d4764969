"""
Protected resources: their metadata, their challenges, and the flow from a resource to a token request.
"""

import json
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    Endpoint,
    HttpRequest,
    HttpResponse,
    MetadataCache,
    PrivateKeyJwt,
    Retries,
    Scope,
    Secret,
    SigningKey,
    Token,
    TokenRequest,
    errors,
    token_request,
)
from oauth_cc.challenge import challenged_scope, resource_metadata
from oauth_cc.events import TokenObtained
from oauth_cc.flows import Failed, discover_resource
from oauth_cc.flows.cache_key import cache_key, fingerprint
from oauth_cc.flows.metadata_cache import Discovery, KnownResource
from oauth_cc.flows.renewal import Renewed, Terms, renewal, terms
from oauth_cc.metadata import (
    ResourceMetadata,
    metadata_urls,
    parse_resource_metadata,
    request_for_resource,
    resource_metadata_urls,
)
from tests.leaks import shown_by
from tests.world import World, token_answer

ISSUER = "https://as.example"
RESOURCE = "https://api.example/mcp"
URLS = resource_metadata_urls(RESOURCE)
LEAST: dict[str, object] = {"resource": RESOURCE, "authorization_servers": [ISSUER]}
METADATA = ResourceMetadata(RESOURCE, (ISSUER,))
CREDENTIALS = ClientCredentials("your_id", "s3cret")
LIVE = "SlAV32hkKG-live"
WELL_KNOWN = "https://api.example/.well-known/oauth-protected-resource"


def document(members: object, **headers: str) -> HttpResponse:
    """Return a response with the document *members*."""
    content = members if isinstance(members, bytes) else json.dumps(members).encode("utf-8", "surrogatepass")
    return HttpResponse(200, headers, content)


def read(members: object, resource: str = RESOURCE) -> ResourceMetadata:
    """Parse the metadata in *members*."""
    return parse_resource_metadata(document(members), resource)


class TestRfc9728:
    """The examples that a client meets."""

    RESOURCE = "https://resource.example.com"
    URL = f"{RESOURCE}/.well-known/oauth-protected-resource"

    def test_the_urls_of_section_3_1(self) -> None:
        """The well-known path stands before the path of the resource."""
        assert (self.URL,) == resource_metadata_urls(self.RESOURCE)
        assert (f"{self.URL}/resource1", self.URL) == resource_metadata_urls(f"{self.RESOURCE}/resource1")

    def test_the_response_of_section_3_2(self) -> None:
        """A member that a client of this grant does not need is ignored."""
        members = {
            "resource": self.RESOURCE,
            "authorization_servers": ["https://as1.example.com", "https://as2.example.net"],
            "bearer_methods_supported": ["header", "body"],
            "scopes_supported": ["profile", "email", "phone"],
            "resource_documentation": f"{self.RESOURCE}/resource_documentation.html",
        }
        found = read(members, self.RESOURCE)
        assert found == ResourceMetadata(
            self.RESOURCE,
            ("https://as1.example.com", "https://as2.example.net"),
            ("profile", "email", "phone"),
            ("header", "body"),
        )
        assert (Scope.of("profile", "email", "phone"), True) == (found.scope, found.takes_header)

    @pytest.mark.parametrize(
        "line",
        [
            f'Bearer resource_metadata="{URL}"',
            f'Bearer error="invalid_request", error_description="No access token", resource_metadata="{URL}"',
            f'DPoP algs="ES256", resource_metadata="{URL}"',
        ],
    )
    def test_the_challenges_of_section_5_1(self, line: str) -> None:
        """They name the URL of the metadata."""
        assert self.URL == resource_metadata(HttpResponse(401, {"WWW-Authenticate": line}))


class TestUrls:
    """RFC 9728 section 3.1."""

    @pytest.mark.parametrize(
        ("resource", "first"),
        [
            ("https://api.example", WELL_KNOWN),
            ("https://api.example/", WELL_KNOWN),
            ("https://api.example/a/b", f"{WELL_KNOWN}/a/b"),
            ("https://api.example/a/", f"{WELL_KNOWN}/a/"),
            ("https://api.example?a=/b", f"{WELL_KNOWN}?a=/b"),
            ("https://api.example/?a", f"{WELL_KNOWN}?a"),
            ("https://api.example/a?b=c?", f"{WELL_KNOWN}/a?b=c?"),
            ("http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"),
            ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/.well-known/oauth-protected-resource/a"),
        ],
    )
    def test_path_and_query_stand_after_the_well_known_path(self, resource: str, first: str) -> None:
        """A slash after the host is removed first. The second URL is the one of the origin."""
        urls = resource_metadata_urls(resource)
        assert first == urls[0]
        assert urls[-1].endswith("/.well-known/oauth-protected-resource")
        assert len(urls) == len(set(urls)) <= 2

    @pytest.mark.parametrize(
        ("resource", "kind", "match"),
        [
            ("http://api.example/", errors.InsecureEndpoint, "^resource must use https"),
            ("https://api.example/#f", errors.InvalidInput, "^resource must not have a fragment"),
            ("https://u:M4RKER@api.example/", errors.InvalidInput, "^resource must not contain userinfo"),
            ("urn:example:api", errors.InvalidInput, "^resource must be an absolute URL"),
            ("/mcp", errors.InvalidInput, "^resource must be an absolute URL"),
            (URLS[0], errors.InvalidInput, "must not be the URL of its metadata; pass the URL of the API"),
            (5, errors.InvalidInput, "^resource must be a str, not int"),
        ],
    )
    def test_anything_but_the_url_of_an_api_is_rejected(self, resource: Any, kind: type[Exception], match: str) -> None:
        """The error does not quote it."""
        for function in (resource_metadata_urls, lambda given: read(LEAST, given), ResourceMetadata):
            with pytest.raises(kind, match=match) as caught:
                function(resource)
            assert "M4RKER" not in f"{caught.value!r}"


class TestDocument:
    """RFC 9728 sections 2, 3.2 and 3.3."""

    @pytest.mark.parametrize(
        "resource",
        [None, 5, [RESOURCE], "", f"{RESOURCE}/", RESOURCE.upper(), "https://api.example", "https://evil.example/mcp"],
    )
    def test_metadata_of_another_resource_are_not_used(self, resource: object) -> None:
        """The comparison is exact."""
        with pytest.raises(errors.InvalidResponse, match="resource") as caught:
            read({**LEAST, "resource": resource})
        assert "resource" == caught.value.member
        same = isinstance(resource, str) and resource.lower().startswith("https://api.example")
        assert same == ("pass exactly this URL" in caught.value.reason)
        assert "evil" not in caught.value.reason

    def test_an_object_without_resource_is_not_metadata(self) -> None:
        """The error says so."""
        with pytest.raises(errors.InvalidResponse, match="names no resource, so it is not metadata"):
            read({"issuer": ISSUER})

    @pytest.mark.parametrize("status", [302, 404, 500])
    def test_only_status_200_has_metadata(self, status: int) -> None:
        """A redirect names its target."""
        with pytest.raises(errors.InvalidResponse) as caught:
            parse_resource_metadata(HttpResponse(status, {"Location": "https://evil.example/x"}), RESOURCE)
        assert (status == 302) == isinstance(caught.value, errors.UnexpectedRedirect)

    @pytest.mark.parametrize("wrong", ["a", 5, {}, {"a": "b"}, [5], ["a", None], None, []])
    def test_a_list_of_another_shape_counts_as_omitted(self, wrong: object) -> None:
        """No method at all, however, is a statement."""
        for name in ("authorization_servers", "scopes_supported", "bearer_methods_supported"):
            found = read({**LEAST, name: wrong})
            assert found == attrs.evolve(
                METADATA,
                authorization_servers=() if name == "authorization_servers" else (ISSUER,),
                bearer_methods_supported=() if (name, wrong) == ("bearer_methods_supported", []) else None,
            )
            assert found.takes_header == ((name, wrong) != ("bearer_methods_supported", []))

    def test_an_authorization_server_that_is_no_issuer_is_left_out(self) -> None:
        """The others count."""
        named = ["https://as.example#f", "as.example", "https://u@as.example", "javascript:alert(1)", f"{ISSUER}/?x"]
        found = read({**LEAST, "authorization_servers": [*named, "http://as.example", ISSUER]})
        assert ("http://as.example", ISSUER) == found.authorization_servers

    @pytest.mark.parametrize("required", [None, False, True, "true", 0, 1, [], {}])
    def test_only_a_clear_no_permits_bearer_tokens(self, required: object) -> None:
        """Anything else must not weaken the token."""
        found = read({**LEAST, "dpop_bound_access_tokens_required": required})
        assert (required not in (None, False) or (required == 0 and required is not False)) == (
            found.dpop_bound_access_tokens_required
        )

    def test_more_scope_tokens_than_fifty_are_not_requested(self) -> None:
        """They would be a request of any size."""
        names = tuple([f"s{number}" for number in range(51)])
        assert Scope.of(*names[:50]) == attrs.evolve(METADATA, scopes_supported=names[:50]).scope
        assert Scope() == attrs.evolve(METADATA, scopes_supported=names).scope == METADATA.scope

    def test_an_issuer_without_a_path_is_the_same_with_a_slash(self) -> None:
        """Servers made with pydantic add it. Any other difference counts."""
        for named, same in (
            (ISSUER, True),
            (f"{ISSUER}/", True),
            (f"{ISSUER}/a", False),
            (f"{ISSUER}:443", False),
            ("https://AS.example", False),
            ("http://as.example", False),
            ("https://as.example.evil.example", False),
            ("https://evil.example/https://as.example", False),
        ):
            metadata = ResourceMetadata(RESOURCE, ("https://evil.example", named))
            assert same == metadata.names_issuer(ISSUER) == metadata.names_issuer(Endpoint(f"{ISSUER}/"))
        tenant = ResourceMetadata(RESOURCE, (f"{ISSUER}/t",))
        assert (True, False) == (tenant.names_issuer(f"{ISSUER}/t"), tenant.names_issuer(f"{ISSUER}/t/"))

    @pytest.mark.parametrize("name", ["authorization_servers", "scopes_supported", "bearer_methods_supported"])
    def test_a_record_with_text_in_place_of_a_tuple_cannot_be_made(self, name: str) -> None:
        """A part of a text would count as a name. An issuer is valid."""
        listed: Any = ISSUER
        with pytest.raises(errors.InvalidInput, match=f"^{name} must be a tuple"):
            attrs.evolve(METADATA, **{name: listed})
        with pytest.raises(errors.InvalidInput, match="issuer"):
            ResourceMetadata(RESOURCE, ("as.example",))


def challenge(*parameters: str, status: int = 401, scheme: str = "Bearer") -> HttpResponse:
    """Return a response with one challenge."""
    return HttpResponse(status, {"WWW-Authenticate": f"{scheme} {', '.join(parameters)}"})


class TestChallenge:
    """RFC 9728 section 5.1, RFC 6750 section 3."""

    @pytest.mark.parametrize(
        "url", ["http://api.example/m", "/m", "https://u@api.example/m", "https://api.example/#f", "", "file:///etc"]
    )
    def test_a_url_that_nothing_may_be_requested_from_is_not_returned(self, url: str) -> None:
        """The next usable one is."""
        line = f'Bearer resource_metadata="{url}"'
        assert resource_metadata(HttpResponse(401, {"WWW-Authenticate": line})) is None
        lines = HttpResponse(401, {"WWW-Authenticate": f'{line}, DPoP resource_metadata="{WELL_KNOWN}"'})
        assert WELL_KNOWN == resource_metadata(lines)

    def test_only_a_bearer_or_dpop_challenge_of_a_401_counts(self) -> None:
        """A 403 asks for scope in another way."""
        both = (f'resource_metadata="{WELL_KNOWN}"', 'scope="a b"')
        for status, scheme in ((401, "Basic"), (403, "Bearer"), (200, "Bearer")):
            response = challenge(*both, status=status, scheme=scheme)
            assert (None, Scope()) == (resource_metadata(response), challenged_scope(response))
        for scheme in ("bearer", "DPoP"):
            response = challenge(*both, scheme=scheme)
            assert (WELL_KNOWN, Scope.of("a", "b")) == (resource_metadata(response), challenged_scope(response))
        assert Scope() == challenged_scope(challenge('scope="a\\\\b"'))


OPEN = HttpResponse(200)
SERVER = document({"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"})


def asked(*urls: str) -> list[HttpRequest]:
    """Return the requests for *urls*."""
    return [HttpRequest("GET", url, {"Accept": "application/json"}) for url in urls]


class TestDiscoverResource:
    """The search for the metadata."""

    def test_the_resource_is_asked_first_and_then_its_well_known_urls(self) -> None:
        """The second one after any other answer."""
        for first in (HttpResponse(404), HttpResponse(302), document({**LEAST, "resource": f"{RESOURCE}/"})):
            world = World([OPEN, first, document(LEAST)])
            assert METADATA == world.run(discover_resource(RESOURCE))
            assert asked(RESOURCE, *URLS) == world.sent

    def test_the_url_of_the_challenge_comes_before_the_well_known_urls(self) -> None:
        """They are asked if it has no metadata of this resource."""
        named = challenge('resource_metadata="https://api.example/meta"')
        world = World([named, document(LEAST)])
        assert METADATA == world.run(discover_resource(RESOURCE))
        assert asked(RESOURCE, "https://api.example/meta") == world.sent
        other = World([named, document({**LEAST, "resource": "https://api.example/"}), document(LEAST)])
        assert METADATA == other.run(discover_resource(RESOURCE))
        assert asked(RESOURCE, "https://api.example/meta", URLS[0]) == other.sent

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/m",
            "https://api.example:8443/m",
            "http://127.0.0.1/m",
            f"https://api.example/{'m' * 2000}",
        ],
    )
    def test_a_challenge_leads_to_no_other_origin(self, url: str) -> None:
        """The resource chooses the URL. One of any length does not get into errors either."""
        world = World([challenge(f'resource_metadata="{url}"'), document(LEAST)])
        assert METADATA == world.run(discover_resource(RESOURCE))
        assert asked(RESOURCE, URLS[0]) == world.sent

    def test_the_error_of_a_network_shows_no_url_that_a_challenge_named(self) -> None:
        """An API may repeat a token there."""
        named = challenge(f'resource_metadata="{RESOURCE}/{LIVE}"')
        for url, note in ((named, "https://api.example:443"), (OPEN, URLS[0])):
            world = World([url, Failed(OSError("down"), retryable=False)])
            with pytest.raises(OSError, match="down") as caught:
                world.run(discover_resource(RESOURCE))
            assert [f"The metadata was requested from {note}."] == caught.value.__notes__

    def test_a_resource_that_cannot_be_asked_may_have_metadata(self) -> None:
        """It is asked once, without a retry."""
        world = World([Failed(OSError("down"), retryable=True), HttpResponse(503), document(LEAST)])
        assert METADATA == world.run(discover_resource(RESOURCE))
        assert asked(RESOURCE, URLS[0], URLS[0]) == world.sent

    def test_without_metadata_the_error_names_the_requested_urls(self) -> None:
        """A redirect is not followed."""
        with pytest.raises(errors.UnexpectedRedirect, match=r"redirects to https://evil\.example/m") as caught:
            World([OPEN, HttpResponse(302, {"Location": "https://evil.example/m"}), HttpResponse(404)]).run(
                discover_resource(RESOURCE)
            )
        assert caught.value.reason.endswith(f"requested {' and '.join(URLS)}")

    def test_metadata_are_cached_as_long_as_the_resource_allows(self) -> None:
        """Without a cache they are requested at each call."""
        answers: list[HttpResponse | Failed] = [OPEN, document(LEAST, **{"Cache-Control": "max-age=600"})] * 2
        world, cache = World(answers), MetadataCache()
        for later, requests in ((0.0, 2), (599.0, 2), (1.0, 4)):
            world.now += later
            assert METADATA == world.run(discover_resource(RESOURCE, cache=cache))
            assert requests == len(world.sent)
        for _ in range(2):
            cache.forget_resource(RESOURCE)
            assert cache.get_resource(RESOURCE, world.now) is None
        wrong: Any = {}
        with pytest.raises(errors.InvalidInput) as caught:
            world.run(discover_resource(RESOURCE, cache=wrong))
        assert caught.value.parameter == "cache"
        assert str(caught.value) == "cache must be a MetadataCache, one for the whole program, or None"


def source(
    request: TokenRequest | ClientCredentials = CREDENTIALS, issuer: str | Endpoint = ISSUER, **options: Any
) -> Terms:
    """Return the settings of a source for the resource."""
    asked_for = token_request(request) if isinstance(request, ClientCredentials) else request
    discovery = Discovery(options.pop("cache", None) or MetadataCache(), by_resource=True)
    return terms(asked_for.with_resource(RESOURCE), issuer, shared=False, discovery=discovery, **options)


def form(request: HttpRequest) -> str:
    """Return the body of a token request."""
    return request.body.decode("ascii")


class TestResourceRequest:
    """From the resource to the token request."""

    def test_the_resource_leads_to_a_token_for_it(self) -> None:
        """The request names the resource (RFC 8707), and goes to the endpoint of the pinned issuer."""
        world = World([OPEN, document(LEAST), SERVER, token_answer()])
        renewed = world.run(renewal(source()))
        assert isinstance(renewed, Renewed)
        assert [RESOURCE, URLS[0], metadata_urls(ISSUER)[0], f"{ISSUER}/token"] == [each.url for each in world.sent]
        expected = "grant_type=client_credentials&resource=https%3A%2F%2Fapi.example%2Fmcp"
        assert expected == form(world.sent[-1])
        assert isinstance(world.reported[-1], TokenObtained)
        assert not any("Authorization" in dict(request.headers) for request in world.sent[:-1])

    @pytest.mark.parametrize(
        ("ours", "challenged", "supported", "expected"),
        [
            ("x", "a", ["b"], "x"),
            ("", "a", ["b"], "a"),
            ("", "", ["b", "c"], "b+c"),
            ("", "", None, None),
            ("", "a\\\\b", ["b"], "b"),
        ],
    )
    def test_the_scope_is_the_callers_or_the_challenges_or_all_of_it(
        self, ours: str, challenged: str, supported: object, expected: str | None
    ) -> None:
        """They are tried in this order."""
        described = document({**LEAST, "scopes_supported": supported})
        world = World([challenge(f'scope="{challenged}"'), described, SERVER, token_answer()])
        world.run(renewal(source(token_request(CREDENTIALS, Scope.parse(ours)))))
        sent = dict(pair.split("=") for pair in form(world.sent[-1]).split("&"))
        assert expected == sent.get("scope")

    @pytest.mark.parametrize(
        "named",
        [[], None, ["https://evil.example"], ["https://as.example.evil.example", "https://evil.example/as.example"]],
    )
    def test_a_resource_that_does_not_name_the_issuer_gets_nothing(self, named: object) -> None:
        """The server that it names gets nothing either. The error names that server."""
        world = World([OPEN, document({**LEAST, "authorization_servers": named}), SERVER, token_answer()])
        with pytest.raises(errors.IssuerNotNamed, match=r"not https://as\.example, so nothing was sent") as caught:
            world.run(renewal(source()))
        assert [RESOURCE, URLS[0]] == [each.url for each in world.sent]
        assert (named or ["none"])[0] in caught.value.reason  # type: ignore[index]  # a list or None

    def test_only_the_pinned_issuer_is_contacted_wherever_it_stands(self) -> None:
        """Attackers that are named first, or around it, see nothing."""
        named = ["https://evil.example", "https://evil.example/as", ISSUER, "https://last.example"]
        world = World([OPEN, document({**LEAST, "authorization_servers": named}), SERVER, token_answer()])
        world.run(renewal(source()))
        assert {"api.example", "as.example"} == {urlsplit(each.url).hostname for each in world.sent}

    def test_the_method_is_checked_and_never_replaced(self) -> None:
        """A signing client does not send a secret because the server lists only that."""
        listing = document(
            {
                "issuer": ISSUER,
                "token_endpoint": f"{ISSUER}/token",
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            }
        )
        signing = PrivateKeyJwt(SigningKey("ES256", lambda _: bytes(64), "key-1"), ISSUER)
        for method in (signing, ClientSecretPost("s3cret")):
            world = World([OPEN, document(LEAST), listing, token_answer()])
            with pytest.raises(errors.InvalidInput, match="which lists client_secret_basic, none; use the method"):
                world.run(renewal(source(ClientCredentials("your_id", method))))
            assert 3 == len(world.sent)

    def test_a_resource_that_requires_bound_tokens_is_sent_no_bearer_token(self) -> None:
        """The error says what to add."""
        required = document({**LEAST, "dpop_bound_access_tokens_required": True})
        world = World([OPEN, required, SERVER, token_answer()])
        with pytest.raises(errors.InvalidInput, match=r"add \.with_dpop\(key\) to the request"):
            world.run(renewal(source()))
        assert 2 == len(world.sent)

    def test_a_resource_that_takes_no_header_is_not_asked(self) -> None:
        """A token belongs into a header."""
        world = World([OPEN, document({**LEAST, "bearer_methods_supported": ["body"]}), SERVER, token_answer()])
        with pytest.raises(errors.InvalidInput, match="does not accept a token in a header; it lists body"):
            world.run(renewal(source()))

    def test_metadata_that_have_expired_are_asked_for_again(self) -> None:
        """A resource that names another issuer meanwhile gets nothing more."""
        stays = document(LEAST, **{"Cache-Control": "max-age=600"})
        gone = document({**LEAST, "authorization_servers": ["https://evil.example"]})
        world = World([OPEN, stays, SERVER, token_answer(), token_answer(), OPEN, gone])
        ours = source()
        for later, requests in ((0.0, 4), (599.0, 5)):
            world.now += later
            world.run(renewal(ours))
            assert requests == len(world.sent)
        world.now += 1
        with pytest.raises(errors.IssuerNotNamed):
            world.run(renewal(ours))
        assert 7 == len(world.sent)

    @pytest.mark.parametrize(
        "answers",
        [
            (OPEN, document({**LEAST, "authorization_servers": [f"{ISSUER}/{LIVE}"]})),
            (OPEN, document({**LEAST, "bearer_methods_supported": [LIVE]})),
            (OPEN, *[document({**LEAST, "resource": f"{RESOURCE}/{LIVE}"})] * 2),
            (OPEN, *[HttpResponse(302, {"Location": f"https://evil.example/{LIVE}"})] * 2),
            (challenge(f'resource_metadata="{RESOURCE}/{LIVE}"'), *[OPEN] * 3),
            (OPEN, document(LEAST), document({**json.loads(SERVER.content), "grant_types_supported": [LIVE]})),
        ],
    )
    def test_metadata_that_repeat_a_token_do_not_bring_it_into_an_error(self, answers: tuple[HttpResponse]) -> None:
        """An API has it from an earlier call, and the server has issued it."""
        token = Token(Secret(LIVE), "Bearer", 1700000000.0)
        for known in ({"held": token}, {"rejected": (token,)}):
            tokens: dict[str, Any] = {**known}
            with pytest.raises(errors.OAuthError, match=r"\*\*\*") as caught:
                World(list(answers)).run(renewal(source(), **tokens))
            assert LIVE not in shown_by(caught.value)

    def test_a_network_that_fails_is_not_a_statement_of_the_resource(self) -> None:
        """It is the error of the library."""
        world = World([OPEN, Failed(OSError("down"), retryable=False)])
        with pytest.raises(OSError, match="down"):
            world.run(renewal(source(retries=Retries(1))))


class TestRequestForResource:
    """The same decisions, for a program that does its own I/O."""

    def test_the_request_names_the_resource_once_and_has_its_scope(self) -> None:
        """Credentials are a request without scope."""
        metadata = attrs.evolve(METADATA, scopes_supported=("a",))
        named = token_request(CREDENTIALS).with_resource(RESOURCE)
        for ours in (CREDENTIALS, named):
            assert named.with_scope(Scope.of("a")) == request_for_resource(metadata, ours, ISSUER)
            assert Scope.of("b") == request_for_resource(metadata, ours, ISSUER, Scope.of("b")).scope
        both = token_request(CREDENTIALS).with_resource("https://b.example/")
        assert ("https://b.example/", RESOURCE) == request_for_resource(metadata, both, ISSUER).resources

    def test_an_issuer_that_is_not_named_is_an_error(self) -> None:
        """So are metadata of another kind."""
        with pytest.raises(errors.IssuerNotNamed):
            request_for_resource(METADATA, CREDENTIALS, f"{ISSUER}/t")
        wrong: Any = {"resource": RESOURCE}
        with pytest.raises(errors.InvalidInput, match=r"must be ResourceMetadata, not dict; use parse_resource_metad"):
            request_for_resource(wrong, CREDENTIALS, ISSUER)


class TestTerms:
    """The settings of a source for a resource."""

    def test_a_request_for_another_resource_is_refused(self) -> None:
        """The resource that is discovered is the one of the token."""
        for request in (
            token_request(CREDENTIALS).with_resource("https://other.example/"),
            token_request(CREDENTIALS).with_resource("api", uri=False),
        ):
            with pytest.raises(errors.InvalidInput) as caught:
                source(request)
            assert caught.value.parameter == "resource"
            assert str(caught.value) == "the request must name no resource but the one that is discovered"

    def test_another_scope_or_resource_is_discovered_in_the_same_way(self) -> None:
        """A resource that is not a URL cannot be."""
        ours = source()
        wider = ours.with_request(ours.request.with_scope(Scope.of("a")))
        assert wider.by_resource
        assert wider.slot != ours.slot
        other = attrs.evolve(ours.request, resources=())
        assert ours.with_request(other.with_resource("https://b.example/")).by_resource
        with pytest.raises(errors.InvalidInput, match="absolute URL"):
            ours.with_request(other.with_resource("urn:example:api"))

    def test_a_token_is_not_shared_with_a_source_that_asks_no_resource(self) -> None:
        """Its scope may be another."""
        request = token_request(CREDENTIALS).with_resource(RESOURCE)
        plain = terms(request, ISSUER, discovery=Discovery(MetadataCache()))
        ours = source()
        assert (plain.slot == ours.slot, plain.cache_key == ours.cache_key) == (False, False)
        proof = fingerprint(CREDENTIALS)
        assert ours.cache_key == cache_key(request, ISSUER, proof, by_resource=True)
        assert plain.cache_key == cache_key(request, ISSUER, proof)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([ISSUER, RESOURCE, "https://evil.example"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
members = st.dictionaries(st.sampled_from([field.name for field in attrs.fields(ResourceMetadata)]), json_values)


@given(
    st.just(200) | st.integers(0, 999),
    st.binary() | members.map(lambda more: json.dumps({**LEAST, **more}).encode("utf-8", "surrogatepass")),
)
@example(200, b'{"resource": "\\ud800"}')
def test_any_response_is_valid_metadata_or_invalid_response(status: int, content: bytes) -> None:
    """Metadata and errors are printable."""
    try:
        found = parse_resource_metadata(HttpResponse(status, (), content), RESOURCE)
    except errors.InvalidResponse as error:
        shown = str(error)
    else:
        shown = repr(found)
        assert RESOURCE == found.resource
        assert found == attrs.evolve(found)
        assert KnownResource(found, found.scope).metadata is found
    assert shown.isprintable()
