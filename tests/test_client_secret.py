"""
A client secret that is read from a file or by a function for each token request.
"""

import functools
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    Secret,
    SecretFile,
    SigningKey,
    compose_body,
    errors,
    http_request,
    token_request,
)
from oauth_cc.authentication import ClientAuthentication, GivenSecret, KeySource, SecretSource
from oauth_cc.authentication.client_secret import MAX_SECRET, secret_in_file
from oauth_cc.authentication.credentials import by_name, has_name, sources_of
from oauth_cc.flows.renewal import terms
from tests.leaks import shown_by

FILE = SecretFile("/run/secret")
ISSUER = "https://as.example"
ENDPOINT = "https://as.example/token"
LONG = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"


def vault() -> str:
    """Return a secret."""
    return LONG


def key(source: KeySource | None = None) -> SigningKey:
    """Return a key, perhaps one that is read again."""
    return SigningKey("ES256", lambda _: bytes(64), "key-1", source=source)


class TestSources:
    """The records."""

    @pytest.mark.parametrize("given_", ["", b"f", 5, None, Path, "-----BEGIN KEY-----M4RKER", "eyJM4RKER", "a\n"])
    def test_a_secret_file_is_a_path(self, given_: Any) -> None:
        """The error does not quote it, as it may be the content."""
        with pytest.raises(errors.InvalidInput, match="file must be the path of a file") as caught:
            SecretFile(given_)
        assert "M4RKER" not in shown_by(caught.value)
        assert SecretFile(Path("a") / "b") == SecretFile("a/b")

    @pytest.mark.parametrize("read", ["M4RKER", None, 5])
    def test_a_source_reads_by_a_function(self, read: Any) -> None:
        """The error does not quote it, as it may be the secret."""
        with pytest.raises(errors.InvalidInput, match="must be a function that returns the secret, not") as caught:
            SecretSource(read)
        assert "M4RKER" not in shown_by(caught.value)

    @pytest.mark.parametrize("name", ["", "a\n", 5])
    def test_the_name_of_a_source_is_text(self, name: Any) -> None:
        """Its name stands for it in the cache key."""
        with pytest.raises(errors.InvalidInput, match="name of text without line breaks"):
            SecretSource(vault, name=name)

    def test_the_repr_of_a_source_shows_its_name_alone(self) -> None:
        """A bound argument may be a secret."""
        assert "M4RKER" not in repr(ClientCredentials("id", functools.partial(str, "M4RKER")))
        assert repr(SecretSource(vault, name="vault:a")) == "SecretSource(name='vault:a')"

    def test_a_function_is_a_source_without_a_name(self) -> None:
        """It is one wherever a secret is accepted."""
        source = SecretSource(vault)
        assert ClientCredentials("id", vault) == ClientCredentials("id", ClientSecretBasic(source))
        assert ClientSecretPost(vault).secret == ClientSecretJwt(vault, ISSUER).secret == source

    def test_a_source_is_accepted_wherever_a_secret_is(self) -> None:
        """It is kept as it is."""
        for source in (FILE, SecretSource(vault, name="vault:a")):
            methods = ClientSecretBasic(source), ClientSecretPost(source), ClientSecretJwt(source, ISSUER)
            assert [method.secret for method in methods] == [source] * 3
            assert ClientCredentials("id", source).authentication == methods[0]

    @pytest.mark.parametrize("given_", [5, None, b"s3cret", str, object()])
    def test_anything_else_is_not_a_secret(self, given_: Any) -> None:
        """A class is not a function."""
        for method in (ClientSecretBasic, ClientSecretPost, lambda secret: ClientSecretJwt(secret, ISSUER)):
            with pytest.raises(errors.InvalidInput, match="client_secret must be a str or Secret, not"):
                method(given_)

    def test_an_algorithm_is_checked_before_the_secret_is_read(self) -> None:
        """The error says so at once."""
        algorithm: Any = "RS256"
        with pytest.raises(errors.InvalidInput, match="must be one of HS256, HS384, HS512"):
            ClientSecretJwt(FILE, ISSUER, algorithm=algorithm)


class TestContent:
    """The content of a file."""

    @pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
    @given(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(
            lambda text: "\ufeff" not in text and text == text.strip("\r\n")
        )
    )
    def test_a_byte_order_mark_and_line_ends_are_not_part_of_the_secret(
        self, mark: str, ending: str, secret: str
    ) -> None:
        """Everything else is, spaces included."""
        assert secret_in_file(FILE, f"{mark}{secret}{ending}".encode()) == Secret(secret)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "must contain one line with the secret"),
            (b"\n", "must contain one line with the secret"),
            (b"M4RKER\nM4RKER\n", "must contain one line with the secret"),
            (b"M4RKER\0", "must contain one line with the secret"),
            (b"M" * (MAX_SECRET + 1), "must contain one line with the secret"),
            ("M4RKER".encode("utf-16"), "is not UTF-8; save it as UTF-8 text"),
            (b"M4RKER\xff", "is not UTF-8; save it as UTF-8 text"),
        ],
    )
    def test_other_content_is_an_error_that_names_the_file(self, content: bytes, reason: str) -> None:
        """It does not quote the content."""
        error = secret_in_file(FILE, content)
        assert isinstance(error, errors.InvalidInput)
        assert f"client_secret file /run/secret {reason}" in str(error)
        assert "M4RKER" not in shown_by(error)


ROTATING = [
    ClientCredentials("id", FILE),
    ClientCredentials("id", ClientSecretPost(vault)),
    ClientCredentials("id", ClientSecretJwt(SecretSource(vault, name="vault"), ISSUER, algorithm="HS512")),
    ClientCredentials("id", PrivateKeyJwt(key(KeySource("client.pem", key)), ISSUER)),
]
STAYING = [
    ClientCredentials("id"),
    ClientCredentials("id", LONG),
    ClientCredentials("id", NoAuthentication()),
    ClientCredentials("id", ClientAssertion(AssertionFile("/run/token"))),
    ClientCredentials("id", PrivateKeyJwt(key(), ISSUER)),
]


class TestCredentials:
    """Credentials whose secret or key is read for each token request."""

    def test_the_source_of_credentials_is_that_of_their_method(self) -> None:
        """Nothing is read for other methods."""
        named = [FILE, SecretSource(vault), SecretSource(vault, name="vault"), KeySource("client.pem", key)]
        assert [sources_of(credentials) for credentials in ROTATING] == [(each,) for each in named]
        assert [sources_of(credentials) for credentials in STAYING] == [()] * 5

    def test_a_builder_replaces_the_secret_alone(self) -> None:
        """The method keeps its other arguments."""
        replaced = ClientCredentials("id", ClientSecretBasic(FILE, encode=False)).with_secret("n3w")
        assert replaced == ClientCredentials("id", ClientSecretBasic("n3w", encode=False))
        method = ClientSecretJwt(FILE, ISSUER, algorithm="HS256", audience="a", typ=None, lifetime=9)
        replaced = ClientCredentials("id", method).with_secret(Secret(LONG))
        assert replaced.authentication == attrs.evolve(method, secret=LONG)
        replaced = ClientCredentials("id", ClientSecretPost("old")).with_secret("n3w")
        assert replaced == ClientCredentials("id", ClientSecretPost("n3w"))

    @pytest.mark.parametrize("secret", ["M4RKER\n", 5])
    def test_a_builder_rejects_what_is_not_a_secret(self, secret: Any) -> None:
        """The error does not quote it."""
        with pytest.raises(errors.InvalidInput, match="client_secret must") as caught:
            ClientCredentials("id", FILE).with_secret(secret)
        assert "M4RKER" not in shown_by(caught.value)

    def test_a_builder_replaces_the_key_alone(self) -> None:
        """The method keeps its other arguments."""
        other = SigningKey("ES384", lambda _: bytes(96), "key-2")
        method = PrivateKeyJwt(key(), ISSUER, audience="a", typ=None, lifetime=9)
        replaced = ClientCredentials("id", method).with_key(other)
        assert replaced.authentication == PrivateKeyJwt(other, ISSUER, audience="a", typ=None, lifetime=9)

    def test_a_method_without_a_secret_or_a_key_has_nothing_to_replace(self) -> None:
        """The error names what to pass."""
        with pytest.raises(errors.InvalidInput, match="has no client secret; pass the secret to ClientCredentials"):
            ClientCredentials("id", NoAuthentication()).with_secret("s3cret")
        with pytest.raises(errors.InvalidInput, match="has no private key; pass PrivateKeyJwt to ClientCredentials"):
            ClientCredentials("id", "s3cret").with_key(key())

    def test_a_name_stands_for_what_is_read(self) -> None:
        """It is the same before and after a rotation, and another for every other name."""
        for credentials in ROTATING:
            assert by_name(credentials) == by_name(credentials) != credentials
        assert [by_name(credentials) is credentials for credentials in STAYING] == [True] * 5
        files, named = map(SecretFile, "ab"), [SecretSource(vault, name=name) for name in "ab"]
        sources: list[GivenSecret] = [*files, *named, vault]
        assert len({by_name(ClientCredentials("id", source)) for source in sources}) == 5

    def test_only_a_function_has_no_name_in_other_processes(self) -> None:
        """Its tokens are kept in memory."""
        assert [has_name(credentials) for credentials in ROTATING] == [True, False, True, True]
        assert all(has_name(credentials) for credentials in STAYING)
        assert [terms(credentials, ENDPOINT).shared for credentials in ROTATING] == [True, False, True, True]

    def test_a_request_cannot_be_composed_before_the_secret_is_read(self) -> None:
        """The error says how to compose it."""
        methods: list[ClientAuthentication] = [
            ClientSecretBasic(FILE),
            ClientSecretPost(FILE),
            ClientSecretJwt(FILE, ISSUER),
        ]
        for method in methods:
            with pytest.raises(errors.InvalidInput, match=r"compose the request of credentials\.with_secret"):
                http_request(ClientCredentials("id", method), ENDPOINT)
        composed = compose_body(ClientCredentials("id", ClientSecretPost(FILE)).with_secret("n3w"))
        assert composed.endswith("client_secret=n3w")

    def test_a_source_checks_the_rest_of_the_request_at_once(self) -> None:
        """It need not read the secret for that."""
        request = token_request(ClientCredentials("i:d", ClientSecretBasic(FILE, encode=False)))
        with pytest.raises(errors.InvalidInput, match="does not support a client_id with ':'"):
            terms(request, ENDPOINT)

    def test_the_source_of_a_key_is_a_record(self) -> None:
        """The error says so."""
        source: Any = "client.pem"
        with pytest.raises(errors.InvalidKey, match="source must be a KeySource"):
            key(source)
        assert key(KeySource("client.pem", key)) == key()
