"""
The public surface: every name that users import, so that a new name is a decision.
"""

import ast
import importlib
import importlib.metadata
import inspect
import pydoc
import sys
import typing
from types import ModuleType

import attrs
import httpx2
import pytest

import oauth_cc
from tests.layers import PACKAGE

PUBLIC = {
    "oauth_cc": """
        AssertionFile AuthenticationFields Certificate CertificateFile ClientAssertion ClientAuthentication
        ClientCredentials ClientSecretBasic ClientSecretJwt ClientSecretPost Dialect Endpoint HttpRequest HttpResponse
        InvalidInput InvalidResponse JwtBearerGrant MetadataCache NoAuthentication OAuthError Options Placement
        PrivateKeyJwt RenewalWindow Retries Scope Secret SecretFile SigningKey TlsClientAuth Token TokenCache
        TokenRequest TokenRequestRefused authorize compose_body http_request is_expired parse_token_response
        token_request unsigned_assertion""",
    "oauth_cc.aiohttp": "AsyncTokenSource ClientCredentialsAuth fetch_metadata fetch_token perform",
    "oauth_cc.authentication": """
        Algorithm AssertionDraft AssertionFile AssertionSource AudienceSource AuthenticationFields
        BuiltInAuthentication Certificate CertificateFile ClientAssertion ClientAuthentication ClientCredentials
        ClientSecret ClientSecretBasic ClientSecretJwt ClientSecretPost GivenCertificate GivenSecret GrantDraft
        JwtBearerGrant KeySource MacAlgorithm MacKey NoAuthentication PrivateKeyJwt Proof SecretFile SecretFunction
        SecretSource Signer SigningKey Source TlsClientAuth UnsignedJwt""",
    "oauth_cc.challenge": """
        Challenge challenged_scope insufficient_scope parse_challenges resource_metadata token_rejected""",
    "oauth_cc.compat": """
        AUTH_HEADER AccessDeniedError BODY BackendApplicationClient ConsentRequired CustomOAuth2Error FatalClientError
        InsecureTransportError InsufficientScopeError InvalidClientError InvalidClientIdError InvalidGrantError
        InvalidRequestError InvalidRequestFatalError InvalidResponseError InvalidScopeError InvalidTokenError
        LoginRequired MismatchingStateError MissingCodeError MissingTokenError MissingTokenTypeError OAuth2Error
        OAuth2Token ServerError TemporarilyUnavailableError TokenExpiredError URI_QUERY UnauthorizedClientError
        UnsupportedGrantTypeError UnsupportedResponseTypeError UnsupportedTokenTypeError generate_token
        scope_changed""",
    "oauth_cc.compat.requests_oauthlib": "OAuth2Session TokenUpdated",
    "oauth_cc.dialects": """
        ADOBE_IMS AMAZON_SP_API APIGEE EBAY FISERV IBM_IAM ODOO PERSONIO_V1 SALESFORCE SALESFORCE_MARKETING_CLOUD
        SAP_ARIBA SHOPIFY SOUNDCLOUD WALMART ZOOM""",
    "oauth_cc.doctor": """
        Alternative Diagnosis Failure FailureKind Finding Observed Outage Topic alternatives examine
        needs_alternatives""",
    "oauth_cc.dpop": "accepted_algorithms dpop_nonce dpop_proof retry_nonce",
    "oauth_cc.errors": """
        InsecureEndpoint InvalidInput InvalidKey InvalidResponse IssuerMismatch IssuerNotNamed OAuthError
        RegisteredCode RenewalTimedOut SourceClosed StoreUnavailable TokenRequestRefused TokenTypeDowngrade
        UnexpectedRedirect UnsupportedTokenType""",
    "oauth_cc.events": """
        Event EventHook ProofAlgorithmUnsupported RejectionRepeated RenewalFailed ResponseOdd ScopeInsufficient
        StoreFailed StoreReturned TokenDiscarded TokenFound TokenObtained TokenWithheld""",
    "oauth_cc.fapi": "Requirement fapi2",
    "oauth_cc.flows": """
        Effect Failed FetchAssertion Flow Load Lock Moment Observe ReadKey ReadSecret Received Report Returned Save
        Send Sign Sleep advance discover discover_endpoint discover_resource exchange introspect revoke
        without_store""",
    "oauth_cc.httpx": """
        AsyncTokenSource ClientCredentialsAuth TokenSource fetch_metadata fetch_metadata_async fetch_token
        fetch_token_async perform perform_async""",
    "oauth_cc.httpx2": """
        AsyncTokenSource ClientCredentialsAuth TokenSource fetch_metadata fetch_metadata_async fetch_token
        fetch_token_async perform perform_async""",
    "oauth_cc.integrations.aiokafka": "TokenProvider",
    "oauth_cc.integrations.confluent_kafka": "oauth_cb",
    "oauth_cc.integrations.grpc": "call_credentials",
    "oauth_cc.integrations.openapi": "with_source",
    "oauth_cc.integrations.smtplib": "Xoauth2",
    "oauth_cc.integrations.urllib": "TokenSource fetch_token",
    "oauth_cc.jose": "key_from_file key_from_jwk key_from_pem new_key",
    "oauth_cc.metadata": """
        ResourceMetadata ServerMetadata endpoint_for metadata_lifetime metadata_urls parse_metadata
        parse_resource_metadata request_for_resource resource_metadata_urls""",
    "oauth_cc.requests": "ClientCredentialsAuth TokenSource fetch_metadata fetch_token perform",
    "oauth_cc.revocation": """
        Introspection check_revocation_response introspection_request parse_introspection_response
        revocation_request""",
    "oauth_cc.settings": "Issuer from_environment",
    "oauth_cc.stores": "AsyncStore Store TokenCache",
    "oauth_cc.stores.file": "Entry FileStore",
    "oauth_cc.stores.redis": "AsyncRedisClient AsyncRedisStore RedisClient RedisStore",
    "oauth_cc.testing": """
        AssertionIssuer AuthenticationMethod AuthorizationServer Fault FederatedIdentity PrivateAuthority
        ProtectedResource Quota RegisteredClient ResourceCall TokenClock TokenRequestSeen""",
    "oauth_cc.testing.httpx": "Transport",
    "oauth_cc.testing.httpx2": "Transport",
    "oauth_cc.testing.requests": "Adapter",
    "oauth_cc.tls": "certificate_from_file client_context",
    "oauth_cc.workload": "AssertionVariable GitHubActions GoogleMetadata Perform",
}
"""Every public name, by the module that it is imported from."""

MODULES = {name: importlib.import_module(name) for name in PUBLIC}


def public_classes() -> list[type]:
    """Return every public class of this package."""
    found = {getattr(module, name) for module in MODULES.values() for name in module.__all__}
    # With oauthlib installed, the errors of the facade are oauthlib's.
    own = [item for item in found if isinstance(item, type) and item.__module__.startswith("oauth_cc.")]
    return sorted(own, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_module_exports_exactly_its_listed_names(name: str) -> None:
    """`dir` shows the same names, and every module is documented."""
    module, listed = MODULES[name], PUBLIC[name].split()
    assert sorted(listed) == listed == sorted(module.__all__)
    assert sorted({*listed, "__version__"} if module is oauth_cc else listed) == dir(module)
    assert module.__doc__
    assert not [each for each in listed if not hasattr(module, each)]


def test_a_private_module_exports_names_of_the_top_level_only() -> None:
    """Any other public name is imported from a module above."""
    top = set(PUBLIC["oauth_cc"].split())
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(["oauth_cc", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
        tree = ast.parse(path.read_text("utf-8"))
        lists = [
            node for node in tree.body if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node.targets[0])
        ]
        if lists and name not in PUBLIC and not name.startswith("oauth_cc.compat._"):
            assert set(ast.literal_eval(lists[0].value)) <= top, name


def test_a_name_is_the_same_object_in_every_module() -> None:
    """Each HTTP library's module has its own classes."""
    libraries = ("httpx2", "httpx", "requests", "aiohttp")
    shells = {f"{package}.{library}" for package in ("oauth_cc", "oauth_cc.testing") for library in libraries}
    shells.add("oauth_cc.integrations.urllib")
    found: dict[str, object] = {}
    for module in [module for name, module in MODULES.items() if name not in shells and name != "oauth_cc.flows"]:
        for name in module.__all__:
            assert found.setdefault(name, getattr(module, name)) is getattr(module, name), name


def test_the_version_is_that_of_the_installed_package() -> None:
    """It is read on first access."""
    assert oauth_cc.__version__ == importlib.metadata.version("oauth_cc")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("nonsense", "no attribute 'nonsense'$"),
        ("FileStore", "import it from oauth_cc.stores.file$"),
        ("ClientCredentialsAuth", "import it from oauth_cc.httpx2, httpx, requests or aiohttp$"),
        ("BackendApplicationClient", "import it from oauth_cc.compat$"),
        ("TokenSource", "import it from oauth_cc.httpx2, httpx or requests$"),
        ("AsyncTokenSource", "import it from oauth_cc.httpx2, httpx or aiohttp$"),
        ("RedisStore", "import it from oauth_cc.stores.redis$"),
        ("AsyncRedisStore", "import it from oauth_cc.stores.redis$"),
        *[
            (name, "import it from oauth_cc.errors$")
            for name in sorted({*oauth_cc.errors.__all__} - {*oauth_cc.__all__})
        ],
    ],
)
def test_the_error_for_a_name_of_another_module_names_that_module(name: str, advice: str) -> None:
    """The top level does not have the name."""
    with pytest.raises(AttributeError, match=advice):
        getattr(oauth_cc, name)


@pytest.mark.parametrize("kind", public_classes(), ids=lambda kind: kind.__name__)
def test_public_classes_are_documented_and_records_are_frozen(kind: type) -> None:
    """A record is final and slotted, and its annotations are readable at run time."""
    assert kind.__doc__
    if attrs.has(kind) and kind.__module__.startswith("oauth_cc.") and ".testing." not in kind.__module__:
        assert typing.get_type_hints(kind) is not None
        assert [typing.get_type_hints(member) for member in vars(kind).values() if inspect.isfunction(member)]
        assert getattr(kind, "__final__", False)
        assert not hasattr(kind, "__dict__") or not vars(kind).get("__dict__")
        private = [field for field in attrs.fields(kind) if field.name.startswith("_")]
        assert not [field.name for field in private if "Hidden" not in str(field.type)]


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
def test_public_functions_and_methods_are_documented(module: ModuleType) -> None:
    """Methods of private classes are not checked."""
    for name in module.__all__:
        item = getattr(module, name)
        if inspect.isfunction(item):
            assert item.__doc__, name
        if inspect.isclass(item) and item.__module__.startswith("oauth_cc."):
            methods = [member for key, member in vars(item).items() if not key.startswith("_")]
            assert all(member.__doc__ for member in methods if inspect.isfunction(member)), name


@pytest.mark.parametrize("library", ["httpx2", "httpx", "requests", "aiohttp"])
def test_the_documentation_of_an_auth_fits_a_screen(library: str) -> None:
    """The arguments come first. Signatures do not count: Python 3.13 shows an argument a line."""
    auth = MODULES[f"oauth_cc.{library}"].ClientCredentialsAuth
    text = pydoc.plain(pydoc.render_doc(auth))
    assert text.index("Args:") < text.index("with_scope(")
    names = [name for name in dir(auth) if not name.startswith("_") and name not in dir(httpx2.Auth)]
    written = [inspect.getdoc(auth), *[inspect.getdoc(getattr(auth, name)) for name in names]]
    assert all(written)
    assert sum([len((words or "").splitlines()) for words in written]) <= 60


@pytest.mark.parametrize(
    ("library", "name", "most"),
    [
        *[(library, "ClientCredentialsAuth", 121) for library in ("httpx2", "httpx", "requests", "aiohttp")],
        *[(library, "TokenSource", 170) for library in ("httpx2", "httpx", "requests")],
        *[(library, "AsyncTokenSource", 170) for library in ("httpx2", "httpx", "aiohttp")],
    ],
)
def test_help_shows_what_a_user_calls_and_little_of_how_it_is_made(library: str, name: str, most: int) -> None:
    """A signature is one line, with annotations as a reader writes them and without defaults of defaults."""
    text = pydoc.plain(pydoc.render_doc(getattr(MODULES[f"oauth_cc.{library}"], name)))
    assert "inherited from typing.Generic" not in text
    assert "endpoint: 'GivenEndpoint'" in text
    assert "options: 'Options' = Options()" in text
    # Python 3.13 shows an argument a line.
    signatures = 50 if sys.version_info >= (3, 13) else 0
    assert len(text.splitlines()) <= most + signatures
