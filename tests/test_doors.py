"""
Arguments of the wrong type at every public function and class.
"""

import asyncio
import contextlib
import importlib
import inspect
import re
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, NoneType
from typing import Any, Final

import attrs
import pytest
import redis
import redis.asyncio
import trustme

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import (
    AuthenticationFields,
    Certificate,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    Dialect,
    Endpoint,
    HttpRequest,
    HttpResponse,
    InvalidInput,
    JwtBearerGrant,
    MetadataCache,
    NoAuthentication,
    Options,
    PrivateKeyJwt,
    Retries,
    Scope,
    Secret,
    SigningKey,
    Token,
    TokenRequest,
    compose_body,
    doctor,
    fapi,
    flows,
    http_request,
    is_expired,
    metadata,
    parse_token_response,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import AssertionDraft, KeySource
from oauth_cc.flows import Load, Observe
from oauth_cc.flows.hints import Hints
from oauth_cc.stores.file import FileStore
from oauth_cc.workload import GitHubActions, GoogleMetadata
from tests.keys import CURVES, jwk, pem, public_jwk
from tests.leaks import shown_by
from tests.test_exports import PUBLIC

CREDENTIALS = ClientCredentials("your_id", "s3cret")
KEY = SigningKey(
    "ES256", lambda _: bytes(64), "k", public_jwk={"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
)
SIGNED = ClientCredentials("id", PrivateKeyJwt(SigningKey("ES256", lambda _: bytes(64), "k"), "https://as.example"))
ENDPOINT = "https://as.example/token"
METADATA = metadata.ServerMetadata("https://as.example", ENDPOINT)
TOKEN = Token(Secret("tok-1"), "Bearer", 1.7e9)
RESPONSE = HttpResponse(200, (), b'{"access_token": "tok-1", "token_type": "Bearer"}')
DRAFT = AssertionDraft(KEY, "your_id", "https://as.example", "JWT", 60)
ISSUED = trustme.CA().issue_cert("client.example")
DER = ssl.PEM_cert_to_DER_cert(ISSUED.cert_chain_pems[0].bytes().decode())
SOURCE = oauth_cc.requests.TokenSource(CREDENTIALS, ENDPOINT)


def flow() -> Generator[Observe, object, None]:
    """Return a flow that has not started."""
    yield Observe()


def advanced(flow: flows.Flow[Any]) -> Any:
    """Return the first effect of *flow*."""
    return flows.advance(flow, None)


class Configuration:
    """A stand-in for the ``Configuration`` of a generated client."""

    access_token = None


RIGHT: Mapping[str, Callable[[], object]] = {
    "access_token": lambda: Secret("tok-1"),
    "active": lambda: True,
    "algorithm": lambda: "ES256",
    "api": lambda: "https://api.example",
    "assertion": lambda: "e30.e30.c2ln",
    "assertion_type": lambda: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "audience": lambda: "https://as.example",
    "authentication": lambda: "s3cret",
    "authorities": lambda: "client.pem",
    "ca_file": lambda: "ca.pem",
    "cache": MetadataCache,
    "certificate": lambda: Certificate("A" * 43),
    "claims": dict[str, str],
    "client": lambda: CREDENTIALS,
    "client_authentication": NoAuthentication,
    "client_id": lambda: "your_id",
    "configuration": Configuration,
    "content": lambda: b"",
    "credentials": lambda: CREDENTIALS,
    "default_lifetime": lambda: 60.0,
    "der": lambda: DER,
    "details": lambda: {"type": "payment"},
    "dialect": Dialect,
    "directory": lambda: "tokens",
    "dpop_jkt": lambda: "A" * 43,
    "dpop_key": lambda: KEY,
    "draft": lambda: DRAFT,
    "effect": lambda: Load("0" * 64),
    "endpoint": lambda: ENDPOINT,
    "error": lambda: ValueError("text"),
    "expires_at": lambda: 1.7e9,
    "extra": dict[str, str],
    "failure": lambda: doctor.Failure("closed"),
    "fields": AuthenticationFields,
    "file": lambda: "client.pem",
    "flow": flow,
    "hints": Hints,
    "introspection_endpoint": lambda: "https://as.example/introspect",
    "issuer": lambda: "https://as.example",
    "jitter": lambda: 0.5,
    "jwk": lambda: jwk(CURVES["ES256"]),
    "key": lambda: KEY,
    "key_id": lambda: "k",
    "keys": list[str],
    "kind": lambda: "closed",
    "lifetime": lambda: 60,
    "max_tokens": lambda: 5,
    "members": dict[str, str],
    "metadata": lambda: METADATA,
    "method": lambda: "GET",
    "mtls_token_endpoint": lambda: "https://mtls.as.example/token",
    "name": lambda: "TOKEN",
    "nonce": lambda: "n-1",
    "now": lambda: 1.7e9,
    "observed": lambda: doctor.Observed(ENDPOINT),
    "on_event": lambda: lambda _: None,
    "options": lambda: Options(retries=Retries(attempts=1)),
    "origins": list[str],
    "parameters": lambda: (),
    "password": lambda: "s3cret",
    "path": lambda: "secret.txt",
    "pem": lambda: pem(CURVES["ES256"]),
    "perform": lambda: oauth_cc.requests.perform,
    "prefix": lambda: "TEST_DOORS_",
    "proof": lambda: "e30.e30.c2ln",
    "proxy": lambda: "http://proxy.example",
    "public_jwk": lambda: public_jwk(CURVES["ES256"]),
    "read": lambda: lambda: "s3cret",
    "received_at": lambda: 1.7e9,
    "remark": lambda: "words",
    "request": lambda: token_request(CREDENTIALS),
    "resource": lambda: "https://api.example",
    "response": lambda: RESPONSE,
    "result": lambda: None,
    "retryable": lambda: True,
    "revocation_endpoint": lambda: "https://as.example/revoke",
    "scheme": lambda: "bearer",
    "scope": Scope,
    "secret": lambda: "s3cret" * 8,
    "sent": lambda: "n-1",
    "signature": lambda: bytes(64),
    "signer": lambda: lambda _: b"",
    "signing_input": lambda: b"e30.e30",
    "source": lambda: SOURCE,
    "status": lambda: 200,
    "store": lambda: FileStore("tokens"),
    "subject": lambda: "robot",
    "text": lambda: "a b",
    "thumbprint": lambda: "A" * 43,
    "token": lambda: TOKEN,
    "token68": lambda: "abc",
    "token_endpoint": lambda: ENDPOINT,
    "token_type": lambda: "Bearer",
    "tokens": lambda: "hello",
    "tried": lambda: (),
    "typ": lambda: "JWT",
    "type": lambda: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "unique_id": lambda: "u",
    "uri": lambda: "https://api.example",
    "url": lambda: ENDPOINT,
    "user": lambda: "me@example.com",
    "value": lambda: "s3cret",
    "values": list[str],
    "wait": lambda: 1.0,
    "worked": lambda: doctor.Alternative("basic", token_request(CREDENTIALS)),
    "authorization_details_types_supported": lambda: (),
    "bearer_methods_supported": lambda: (),
    "dpop_signing_alg_values_supported": lambda: (),
    "grant_types_supported": lambda: (),
    "scopes_supported": lambda: (),
    "token_endpoint_auth_methods_supported": lambda: (),
    "token_endpoint_auth_signing_alg_values_supported": lambda: (),
    "AssertionDraft.claims": lambda: "{}",
    "AssertionSource.source": lambda: lambda: "assertion",
    "AsyncRedisStore.client": lambda: redis.asyncio.Redis(port=9, socket_timeout=0.1),
    "ClientAssertion.source": lambda: lambda: "assertion",
    "ClientSecretJwt.algorithm": lambda: "HS256",
    "FileStore.load.key": lambda: "0" * 64,
    "FileStore.save.key": lambda: "0" * 64,
    "FileStore.discard.key": lambda: "0" * 64,
    "FileStore.lock.key": lambda: "0" * 64,
    "RedisStore.load.key": lambda: "0" * 64,
    "RedisStore.save.key": lambda: "0" * 64,
    "RedisStore.discard.key": lambda: "0" * 64,
    "RedisStore.lock.key": lambda: "0" * 64,
    "AsyncRedisStore.load.key": lambda: "0" * 64,
    "AsyncRedisStore.save.key": lambda: "0" * 64,
    "AsyncRedisStore.discard.key": lambda: "0" * 64,
    "AsyncRedisStore.lock.key": lambda: "0" * 64,
    "GrantDraft.with_scope.scope": lambda: "a b",
    "KeySource.read": lambda: lambda: KEY,
    "MacKey.algorithm": lambda: "HS256",
    "MetadataCache.put.expires_at": lambda: 1.7e9,
    "RedisStore.client": lambda: redis.Redis(port=9, socket_timeout=0.1),
    "ServerMetadata.token_endpoint": lambda: ENDPOINT,
    "SigningKey.source": lambda: KeySource("key.pem", lambda: KEY),
    "ServerMetadata.put.metadata": lambda: METADATA,
    "Certificate.from_pem.pem": lambda: ISSUED.cert_chain_pems[0].bytes(),
    "Token.from_json.text": TOKEN.to_json,
    "TokenProvider.source": lambda: oauth_cc.aiohttp.AsyncTokenSource(CREDENTIALS, ENDPOINT),
    "TokenRequest.with_body.body": lambda: "x=1",
    "authorize.request": lambda: HttpRequest("GET", ENDPOINT),
    "client_context.certificate": lambda: "client.pem",
    "client_context.key": lambda: "client.pem",
    "fetch_metadata.issuer": lambda: "http://127.0.0.1:9",
    "fetch_metadata_async.issuer": lambda: "http://127.0.0.1:9",
    "fetch_token.endpoint": lambda: "http://127.0.0.1:9/token",
    "fetch_token_async.endpoint": lambda: "http://127.0.0.1:9/token",
    "parse_introspection_response.response": lambda: HttpResponse(200, (), b'{"active": true}'),
    "parse_metadata.response": lambda: HttpResponse(
        200, (), b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
    ),
    "parse_resource_metadata.response": lambda: HttpResponse(200, (), b'{"resource": "https://api.example"}'),
    "request_for_resource.metadata": lambda: metadata.ResourceMetadata("https://api.example", ("https://as.example",)),
    "unsigned_assertion.request": lambda: token_request(SIGNED),
}
"""A value of the right kind for each parameter of this name."""
INSTANCES: Mapping[str, Callable[[], object]] = {
    "ClientCredentials.with_key": lambda: SIGNED,
    "ClientCredentials.with_secret": lambda: CREDENTIALS,
    "GitHubActions.__call__": lambda: GitHubActions(advanced),
    "GoogleMetadata.__call__": lambda: GoogleMetadata(advanced),
    "JwtBearerGrant.with_secret": lambda: JwtBearerGrant(
        KEY, audience="https://as.example", client_authentication=ClientSecretPost("s3cret")
    ),
}
"""Instances for the methods that not every instance of a class supports."""
NOT_OURS = ("oauth_cc.compat", "oauth_cc.testing")
"""Modules with other rules: compat raises what oauthlib raises, and testing raises ValueError in tests."""
RESULTS = frozenset(
    """
    Alternative Diagnosis Entry FetchAssertion Finding Introspection Load Lock Observe ReadKey ReadSecret Report
    Requirement Returned Save Send Sign Sleep UnsignedJwt""".split()
)
"""Records that the library makes: effects and results. Besides them, events. They check nothing."""
INTERNAL: Final = frozenset(
    """
    TokenCache.abandon TokenCache.ask TokenCache.complete TokenCache.discard TokenCache.fresh
    TokenCache.note_store TokenCache.offer TokenCache.peek TokenCache.revoke TokenCache.state
    MetadataCache.forget_resource MetadataCache.get_resource MetadataCache.put_resource RenewalWindow.share
    Retries.pause ClientCredentialsAuth.__call__ Xoauth2.__call__ adopt of_context widened
    async_auth_flow auth_flow sync_auth_flow""".split()
)
"""Methods that sources, flows and HTTP libraries call, not programs. Those of `TokenCache` are a part of every call."""
ANYTHING: Final = frozenset({"advance.result"})
"""Parameters that are checked elsewhere: the flow checks the result of its effect."""
WRONG: tuple[object, ...] = (
    None,
    5,
    1.5,
    True,
    b"bytes",
    "text",
    ("a", "b"),
    ["a"],
    {},
    object(),
    Secret("M4RKER"),
    lambda: None,
    TOKEN,
)
WRONG_CONTENT: tuple[object, ...] = ((object(),), {5: object()})
"""Collections whose elements are wrong, for parameters that accept a tuple or a mapping, too."""
FITS: Mapping[str, tuple[type, ...]] = {
    "AssertionDraft.at.now": (float, int),
    "AssertionDraft.claims": (str,),
    "AssertionDraft.subject": (str, NoneType),
    "AssertionDraft.typ": (str, NoneType),
    "AsyncRedisStore.lock.wait": (float, int),
    "AsyncRedisStore.lock_lifetime": (float, int),
    "Challenge.token68": (str, NoneType),
    "ClientCredentials.authentication": (str, Secret, FunctionType, NoneType),
    "ClientCredentials.with_secret.secret": (str, Secret),
    "ClientSecretBasic.secret": (str, Secret, FunctionType),
    "ClientSecretBasic.with_secret.secret": (str, Secret, FunctionType),
    "ClientSecretJwt.secret": (str, Secret, FunctionType),
    "ClientSecretJwt.typ": (str, NoneType),
    "ClientSecretJwt.with_secret.secret": (str, Secret, FunctionType),
    "ClientSecretPost.secret": (str, Secret, FunctionType),
    "ClientSecretPost.with_secret.secret": (str, Secret, FunctionType),
    "Dialect.default_lifetime": (float, int),
    "Dialect.members": (dict, tuple),
    "FileStore.lock.wait": (float, int),
    "HttpRequest.headers": (dict, tuple),
    "HttpResponse.headers": (dict, tuple),
    "JwtBearerGrant.issuer": (str,),
    "JwtBearerGrant.typ": (str, NoneType),
    "JwtBearerGrant.with_secret.secret": (str, Secret, FunctionType),
    "MetadataCache.get.now": (float, int),
    "MetadataCache.put.expires_at": (float, int),
    "Moment.jitter": (float, int),
    "Moment.now": (float, int),
    "Observed.endpoint": (str, NoneType),
    "Observed.issuer": (str,),
    "Observed.received_at": (float, int),
    "Options.timeout": (float, int),
    "Options.wait_timeout": (float, int),
    "Placement.scheme": (str, NoneType),
    "PrivateKeyJwt.typ": (str, NoneType),
    "Received.received_at": (float, int),
    "RedisStore.lock.wait": (float, int),
    "RedisStore.lock_lifetime": (float, int),
    "Retries.base": (float, int),
    "Retries.ceiling": (float, int),
    "Token.expires_at": (float, int),
    "Token.extra": (dict,),
    "Token.received_at": (float, int),
    "TokenRequest.with_header.value": (str, Secret),
    "TokenRequest.with_parameter.value": (str, Secret),
    "TokenRequest.with_parameters.parameters": (dict, tuple),
    "certificate_from_file.password": (str, bytes, Secret),
    "check_revocation_response.assertion": (str, Secret),
    "check_revocation_response.received_at": (float, int),
    "client_context.password": (str, Secret),
    "dpop_proof.access_token": (str, Secret),
    "dpop_proof.now": (float, int),
    "introspect.token": (str, Secret, Token),
    "introspection_request.token": (str, Secret, Token),
    "is_expired.now": (float, int, bool),
    "key_from_file.password": (str, bytes, Secret),
    "key_from_pem.password": (str, bytes, Secret),
    "parse_challenges.values": (str, tuple, dict, list),
    "parse_introspection_response.assertion": (str, Secret),
    "parse_introspection_response.received_at": (float, int),
    "parse_token_response.assertion": (str, Secret),
    "parse_token_response.received_at": (float, int),
    "retry_nonce.sent": (str, NoneType),
    "revocation_request.token": (str, Secret, Token),
    "revoke.token": (str, Secret, Token),
    "unsigned_assertion.now": (float, int),
}
"""Further types of WRONG that a parameter accepts."""
URLS = frozenset({"endpoint", "issuer", "token_endpoint", "url"})
"""Parameters that reject text that is not a URL."""
ANY_TEXT = frozenset({"HttpRequest", "JwtBearerGrant", "Observed", "alternatives"})
"""They take any text: a request may be relative, a diagnosis is about what a user typed, and an ``iss`` is a name."""


@attrs.frozen
class Door:
    """
    A public function, constructor or method that a program calls with values of its own.

    Args:
        name: Its full name, without that of the package.
        key: The function, or the class and the method.
        signature: Its parameters, without self.
        call: The function, or one that calls the method of a new instance.
    """

    name: str
    key: str
    signature: Mapping[str, inspect.Parameter]
    call: Callable[..., object]

    def parameters(self) -> list[str]:
        """Return the names of all parameters but those of ANYTHING."""
        return [name for name in self.signature if f"{self.key}.{name}" not in ANYTHING]

    def right(self, parameter: str) -> object:
        """Return a valid value of *parameter*."""
        return RIGHT[f"{self.key}.{parameter}" if f"{self.key}.{parameter}" in RIGHT else parameter]()

    def required(self) -> dict[str, object]:
        """Return a valid value for each parameter without a default, and options, which forbid retries."""
        needed = [each.name for each in self.signature.values() if each.default is each.empty or each.name == "options"]
        return {name: self.right(name) for name in needed}

    def fitting(self, parameter: str) -> set[type]:
        """Return the types of the valid values of *parameter*."""
        default = self.signature[parameter].default
        types: set[type] = set(FITS.get(f"{self.key}.{parameter}", ()))
        if default not in (inspect.Parameter.empty, attrs.NOTHING):
            types.add(type(default))
        return types if types - {NoneType} else {*types, type(self.right(parameter))}

    def wrong(self, parameter: str) -> list[object]:
        """Return the values of WRONG that *parameter* must reject."""
        fitting = self.fitting(parameter)
        found = [value for value in WRONG if type(value) not in fitting]
        if str in fitting and parameter in URLS and self.key not in ANY_TEXT:
            found.append("text")
        return [*found, *WRONG_CONTENT]

    def __call__(self, arguments: Mapping[str, object]) -> object:
        """Call the door with *arguments*. A flow is advanced by one step, and a context is entered."""
        several = [name for name, each in self.signature.items() if each.kind is each.VAR_POSITIONAL]
        plain = {name: value for name, value in arguments.items() if name not in several}
        result: Any = self.call(*[arguments[name] for name in several if name in arguments], **plain)
        if isinstance(result, Generator):
            return flows.advance(result, None)
        if isinstance(result, contextlib.AbstractContextManager):
            return enter(result)
        if isinstance(result, contextlib.AbstractAsyncContextManager):
            result = result.__aenter__()
        return asyncio.run(result) if inspect.iscoroutine(result) else result


def enter(context: contextlib.AbstractContextManager[object]) -> object:
    """Enter and leave *context*."""
    with context as entered:
        return entered


def doors() -> list[Door]:
    """Return every public function, constructor and method."""
    found: dict[object, str] = {}
    for module in PUBLIC:
        if module.startswith((*NOT_OURS, "oauth_cc.events")):
            continue
        for name in PUBLIC[module].split():
            item: object = getattr(importlib.import_module(module), name)
            if inspect.isfunction(item) or (inspect.isclass(item) and not is_protocol_or_error(item)):
                found.setdefault(item, f"{item.__module__}.{name}".removeprefix("oauth_cc."))
    return [door for item, name in found.items() for door in doors_of(item, name)]


def doors_of(item: Any, name: str) -> Iterator[Door]:
    """Return *item*, a function or a class, and its methods as doors."""
    key = item.__name__
    if inspect.isfunction(item) or key not in RESULTS:
        yield Door(name, key, inspect.signature(item).parameters, item)
    if inspect.isfunction(item):
        return
    # Mutation testing adds methods whose names are not ASCII.
    for method in filter(str.isascii, dir(item)):
        each = inspect.getattr_static(item, method)
        if (method.startswith("_") and method != "__call__") or f"{key}.{method}" in INTERNAL or method in INTERNAL:
            continue
        if isinstance(each, classmethod):
            bound = getattr(item, method)
            yield Door(f"{name}.{method}", f"{key}.{method}", inspect.signature(bound).parameters, bound)
        elif inspect.isfunction(each):
            parameters = dict(list(inspect.signature(each).parameters.items())[1:])
            yield Door(f"{name}.{method}", f"{key}.{method}", parameters, partial(call_method, item, method))


def call_method(kind: Any, method: str, *several: object, **arguments: object) -> object:
    """Return what *method* of a new instance of *kind* returns."""
    made = INSTANCES.get(f"{kind.__name__}.{method}", INSTANCES.get(kind.__name__))
    one = Door("", kind.__name__, inspect.signature(kind).parameters, kind)
    instance = one(one.required()) if made is None else made()
    return getattr(instance, method)(*several, **arguments)


def is_protocol_or_error(kind: type) -> bool:
    """Return whether *kind* is an error or a protocol."""
    return issubclass(kind, Exception) or bool(getattr(kind, "_is_protocol", False))


DOORS: Final = doors()
SENDS: Final = re.compile(r"fetch_|RedisStore\.")
"""Doors that send something. Nothing listens at the addresses of RIGHT."""


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Work in a directory with the files that RIGHT names, and with the variables of its prefix."""
    made = tmp_path_factory.mktemp("doors")
    ISSUED.private_key_and_cert_chain_pem.write_to_path(str(made / "client.pem"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        patch.setenv("TEST_DOORS_CLIENT_ID", "your_id")
        patch.setenv("TEST_DOORS_CLIENT_SECRET", "s3cret")
        patch.setenv("TEST_DOORS_TOKEN_URL", ENDPOINT)
        patch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.example")
        patch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t0ken")
        yield made


@pytest.mark.parametrize(
    ("door", "parameter"),
    [pytest.param(door, parameter, id=f"{door.name}-{parameter}") for door in DOORS for parameter in door.parameters()],
)
def test_an_argument_of_the_wrong_type_is_invalid_input(door: Door, parameter: str) -> None:
    """No error shows a value that may be a secret."""
    outcomes = {repr(wrong): outcome(door, {**door.required(), parameter: wrong}) for wrong in door.wrong(parameter)}
    assert {wrong: shown for wrong, shown in outcomes.items() if shown != "InvalidInput"} == {}


def outcome(door: Door, arguments: Mapping[str, object]) -> str:
    """Return "InvalidInput" if *door* rejects *arguments* so, or what happens instead."""
    try:
        door(arguments)
    except InvalidInput as fault:
        return "it shows a secret" if "M4RKER" in f"{fault}{fault!r}" else "InvalidInput"
    except Exception as error:  # of any other kind
        return repr(error)
    return "it is accepted"


@pytest.mark.parametrize("door", [pytest.param(door, id=door.name) for door in DOORS if door.signature])
def test_arguments_of_the_right_type_are_valid_input(door: Door) -> None:
    """So each error of the test above is about the wrong argument, and comes before anything is sent."""
    expected = "no connection|did not respond" if SENDS.search(door.name) else "it is accepted"
    assert re.search(expected, outcome(door, door.required()))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda wrong: TokenRequest(wrong), "credentials must be ClientCredentials('id', secret), not dict"),
        (
            lambda wrong: TokenRequest(CREDENTIALS, resources=wrong),
            "resources must be a tuple of str, not dict; use with_resource()",
        ),
        (
            lambda wrong: TokenRequest(CREDENTIALS, headers=wrong),
            "headers must be a tuple of (name, Secret) pairs; use with_header()",
        ),
        (lambda wrong: ClientSecretBasic("s3cret", encode=wrong), "encode must be True or False, not dict"),
        (
            lambda wrong: AuthenticationFields(headers=wrong),
            "client authentication must have tuples of (name, Secret) pairs, and a tuple of Secret as secrets",
        ),
        (
            lambda wrong: Certificate("A" * 43, chain=wrong),
            "certificate chain must be a tuple of bytes in DER; use Certificate.from_pem() to read it",
        ),
        (
            lambda wrong: flows.advance(flows.exchange(CREDENTIALS, ENDPOINT, retries=wrong), None),
            "retries must be a Retries, not dict; use Retries(attempts=...)",
        ),
        (
            lambda wrong: fapi.fapi2(CREDENTIALS, ENDPOINT, wrong),
            "metadata must be ServerMetadata or None, not dict; fetch_metadata() returns them",
        ),
        (
            lambda wrong: SOURCE.discard(wrong),
            "token must be a Token, not dict; pass what source.token() or parse_token_response() returned",
        ),
        (lambda wrong: SOURCE.discard(TOKEN, api=wrong), "api must be a str or None, not dict"),
    ],
)
def test_the_error_says_what_the_argument_must_be(call: Callable[[Any], object], sentence: str) -> None:
    """And what to use, where that is not plain."""
    with pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$"):
        call({})


def test_no_traceback_shows_a_plain_secret_among_the_fields_of_an_authentication_method() -> None:
    """The user's own method may forget the Secret."""
    fields: Any = AuthenticationFields
    pairs = (("Authorization", "Basic M4RKER"),)
    for wrong in ({"headers": pairs}, {"headers": dict(pairs)}, {"parameters": pairs}, {"secrets": ("M4RKER",)}):
        with pytest.raises(InvalidInput) as caught:
            fields(**wrong)
        assert "M4RKER" not in shown_by(caught.value)


@pytest.mark.parametrize("function", [compose_body, lambda request: http_request(request, ENDPOINT)])
def test_credentials_compose_as_a_request_without_scope(function: Callable[[object], object]) -> None:
    """They are accepted in place of a request."""
    assert function(CREDENTIALS) == function(token_request(CREDENTIALS))


def test_credentials_are_accepted_wherever_a_request_is() -> None:
    """This includes reading, metadata, the FAPI checklist and assertions."""
    asked = token_request(CREDENTIALS)
    assert parse_token_response(RESPONSE, CREDENTIALS, received_at=1.7e9) == parse_token_response(
        RESPONSE, asked, received_at=1.7e9
    )
    assert metadata.endpoint_for(METADATA, CREDENTIALS) == metadata.endpoint_for(METADATA, asked)
    assert fapi.fapi2(CREDENTIALS, ENDPOINT) == fapi.fapi2(asked, ENDPOINT)
    one = unsigned_assertion(SIGNED, now=1.7e9, unique_id="u")
    assert one == unsigned_assertion(token_request(SIGNED), now=1.7e9, unique_id="u")
    assert isinstance(flows.advance(flows.exchange(CREDENTIALS, ENDPOINT), None), flows.Observe)


SOURCES: tuple[Callable[..., object], ...] = (
    *(oauth_cc.httpx2.TokenSource, oauth_cc.httpx2.AsyncTokenSource, oauth_cc.httpx2.ClientCredentialsAuth),
    *(oauth_cc.httpx.TokenSource, oauth_cc.httpx.AsyncTokenSource, oauth_cc.httpx.ClientCredentialsAuth),
    *(oauth_cc.requests.TokenSource, oauth_cc.requests.ClientCredentialsAuth),
    *(oauth_cc.aiohttp.AsyncTokenSource, oauth_cc.aiohttp.ClientCredentialsAuth),
)


@pytest.mark.parametrize("door", SOURCES, ids=lambda source: f"{source.__module__}.{source.__qualname__}")
def test_sources_and_auths_of_every_library_accept_credentials(door: Any) -> None:
    """The result is the same as for a request."""
    if inspect.isclass(door):
        make: Callable[..., object] = door
        assert repr(make(CREDENTIALS, ENDPOINT)) == repr(make(token_request(CREDENTIALS), ENDPOINT))


@pytest.mark.parametrize("url", ["https://as.example/token\n", " https://as.example/token", '"https://as.example"'])
def test_the_error_for_white_space_around_a_url_says_to_remove_it(url: str) -> None:
    """Quotes around it count, too."""
    with pytest.raises(InvalidInput, match="white space or a quote; remove it"):
        Endpoint(url)


def test_common_mistakes_from_other_libraries_get_advice() -> None:
    """They are `expires_in` and a Secret in an f-string."""
    token: Any = TOKEN
    with pytest.raises(AttributeError, match=r"no attribute 'expires_in'; use token\.expires_at - time\.time\(\)"):
        token.expires_in  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        token.nonsense  # noqa: B018
    with pytest.raises(InvalidInput, match=r"\.reveal\(\)"):
        HttpRequest("GET", ENDPOINT, {"Authorization": f"Bearer {TOKEN.access_token}"})
    assert not Secret("")
    assert is_expired(TOKEN, 1.7e9 + 300)
