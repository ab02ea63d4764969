"""
Clients that authenticate by a key, an assertion of another issuer or a certificate, and a request composed in two pure
steps with the signature between them.
"""

from pathlib import Path
from typing import assert_never, assert_type

from joserfc.jwk import ECKey, KeySet

from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientCredentials,
    ClientSecretJwt,
    HttpRequest,
    PrivateKeyJwt,
    Scope,
    Secret,
    SigningKey,
    TlsClientAuth,
    http_request,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import (
    Algorithm,
    AssertionDraft,
    AssertionSource,
    AuthenticationFields,
    ClientAuthentication,
    ClientSecret,
    GrantDraft,
    MacAlgorithm,
    MacKey,
    Proof,
    Signer,
    Source,
    UnsignedJwt,
)
from oauth_cc.jose import key_from_file, key_from_jwk, key_from_pem, mac, sign
from oauth_cc.testing import RegisteredClient

ISSUER = "https://as.example"


def keys(pem: str, jwk: dict[str, object], file: Path, certificate: Certificate) -> list[SigningKey]:
    """Make keys from PEM, JWK and files."""
    made = [
        key_from_pem(pem, key_id="2026-11"),
        key_from_pem(pem.encode(), algorithm="PS256", certificate=certificate),
        key_from_pem(Secret(pem), password=Secret("passw0rd")),
        key_from_jwk(jwk),
        key_from_jwk({"kty": "OKP", "crv": "Ed25519"}, algorithm="Ed25519"),
        key_from_file(file, password="passw0rd"),
        key_from_file("client.pem", algorithm="RS512"),
    ]
    assert_type(made[0], SigningKey)
    assert_type(made[0].algorithm, Algorithm)
    assert_type(made[0].key_id, str | None)
    assert_type(made[0].signer, Signer)
    return made


def registered(key: ECKey, other: dict[str, list[dict[str, str]]]) -> list[RegisteredClient]:
    """Register public keys at the test server, as joserfc writes them and as a dict."""
    public = KeySet([key]).as_dict(private=False)
    return [RegisteredClient("your_id", jwks=public), RegisteredClient("other_id", jwks=other)]


def in_a_kms(signing_input: bytes) -> bytes:
    """Sign remotely."""
    return signing_input[:64]


async def in_a_kms_by_async_code(signing_input: bytes) -> bytes:
    """Sign remotely in async code."""
    return in_a_kms(signing_input)


signer: Signer = in_a_kms
remote = [
    SigningKey("ES256", in_a_kms, "alias/oauth"),
    SigningKey("ES256", in_a_kms_by_async_code, "alias/oauth", key_id="2026-11"),
    SigningKey("EdDSA", lambda signing_input: bytes(64), "alias/oauth"),
]


def from_a_cluster() -> str:
    """Return an assertion."""
    return "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"


async def from_a_cluster_by_async_code() -> Secret:
    """Return an assertion in async code."""
    return Secret(from_a_cluster())


source: Source = AssertionFile(Path("/var/run/secrets/tokens/oauth"))


def methods(key: SigningKey, certificate: Certificate) -> list[ClientAuthentication]:
    """Return every method without a shared secret in the request."""
    shared = ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", ISSUER, algorithm="HS256", lifetime=30)
    assert_type(shared.secret, ClientSecret)
    assert_type(shared.algorithm, MacAlgorithm)
    assert_type(shared.authenticate("your_id"), AssertionDraft)
    fetched = ClientAssertion(from_a_cluster)
    assert_type(fetched.source, Source)
    assert_type(fetched.authenticate("your_id"), AssertionSource)
    assert_type(TlsClientAuth(certificate).authenticate("your_id"), AuthenticationFields)
    return [
        PrivateKeyJwt(key, ISSUER),
        PrivateKeyJwt(key, ISSUER, audience="https://as.example/token", typ=None, lifetime=10),
        shared,
        fetched,
        ClientAssertion(from_a_cluster_by_async_code),
        ClientAssertion(source, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        TlsClientAuth(certificate, self_signed=True),
    ]


def composed(key: SigningKey, now: float, unique_id: str) -> HttpRequest:
    """Sign between two pure steps."""
    request = token_request(ClientCredentials("your_id", PrivateKeyJwt(key, ISSUER)), Scope.of("read"))
    unsigned = unsigned_assertion(request, now=now, unique_id=unique_id)
    assert_type(unsigned, UnsignedJwt)
    assert_type(unsigned.signing_input, bytes)
    assertion = unsigned.signed(in_a_kms(unsigned.signing_input))
    assert_type(assertion, Secret)
    assert_type(sign(unsigned), Secret)
    return http_request(request, "https://as.example/token", assertion=assertion)


async def signature(unsigned: UnsignedJwt) -> bytes:
    """Match the key: a private key signs, synchronously or not, and a secret keys an HMAC."""
    match unsigned.key:
        case SigningKey(algorithm=algorithm, signer=sign_by):
            assert_type(algorithm, Algorithm)
            made = sign_by(unsigned.signing_input)
            return made if isinstance(made, bytes) else await made
        case MacKey() as key:
            assert_type(key.algorithm, MacAlgorithm)
            return mac(key, unsigned.signing_input)
        case _:
            assert_never(unsigned.key)


def described(proof: Proof) -> str:
    """Match what a client authentication method returns."""
    match proof:
        case AuthenticationFields(headers=headers):
            assert_type(headers, tuple[tuple[str, Secret], ...])
            return "fields"
        case AssertionDraft(key=key, audience=audience):
            assert_type(key, SigningKey | MacKey)
            return audience
        case AssertionSource(type=kind):
            assert_type(kind, str)
            return kind
        case GrantDraft(draft=draft):
            assert_type(draft, AssertionDraft)
            return draft.audience
        case _:
            assert_never(proof)
