"""
A client and its server from the environment of the process, against a real server.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from oauth_cc import errors
from oauth_cc.settings import Issuer, from_environment
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.keys import public_jwk
from tests.leaks import shown_by
from tests.shells.asking import WAYS
from tests.shells.calling import CALLS, Call, name

KEY: Final = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server with one client that has a secret, and one that has a key."""
    methods: Any = frozenset({"private_key_jwt"})
    keyed = RegisteredClient("keyed", jwks={"keys": [public_jwk(KEY, kid="k1")]}, authentication_methods=methods)
    with AuthorizationServer(clients=[RegisteredClient("your_id", "s3cret"), keyed]) as running:
        yield running


def export(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    """Set variables."""
    for each, value in values.items():
        monkeypatch.setenv(f"MYAPI_{each}", f"{value}")


def test_every_shell_takes_what_the_environment_describes(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A secret or a key from a file, with the token endpoint or with the issuer that names it."""
    secret, key = tmp_path / "secret", tmp_path / "key.pem"
    secret.write_text("s3cret\n")
    closed = BestAvailableEncryption(b"pass")
    key.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed))
    identities = (
        {"CLIENT_ID": "your_id", "CLIENT_SECRET_FILE": secret},
        {"CLIENT_ID": "keyed", "PRIVATE_KEY_FILE": key, "PRIVATE_KEY_ID": "k1", "PRIVATE_KEY_PASSWORD": "pass"},
    )
    for identity in identities:
        for target in ({"ISSUER": server.issuer}, {"ISSUER": server.issuer, "TOKEN_URL": server.token_endpoint}):
            with monkeypatch.context() as patch:
                export(patch, **identity, **target)
                request, where = from_environment("MYAPI_")
            assert isinstance(where, Issuer) == ("TOKEN_URL" not in target)
            for ask in WAYS:
                ask.token(request, where)
            for call in CALLS:
                assert call.tokens(request, where, 1)
    assert {seen.status for seen in server.token_requests} == {200}


@pytest.mark.parametrize("call", CALLS, ids=name)
def test_an_auth_takes_an_issuer_in_the_place_of_its_endpoint(
    call: Call, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint is discovered once."""
    export(monkeypatch, CLIENT_ID="your_id", CLIENT_SECRET="s3cret", ISSUER=server.issuer)
    request, where = from_environment("MYAPI_")
    auth = call.auth(request, where)
    assert call.get(auth, server.resource_url, server.resource_url) == [200, 200]
    assert len(server.token_requests) == 1


def test_a_key_file_that_cannot_be_used_is_an_error_without_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The value may be a secret in the wrong variable."""
    export(monkeypatch, CLIENT_ID="id", ISSUER="https://as.example", PRIVATE_KEY_FILE="M4RKER")
    with pytest.raises(
        errors.InvalidInput, match="MYAPI_PRIVATE_KEY_FILE names a file that cannot be read: No such"
    ) as caught:
        from_environment("MYAPI_")
    assert "M4RKER" not in shown_by(caught.value)
    (tmp_path / "key.pem").write_text("M4RKER")
    export(monkeypatch, PRIVATE_KEY_FILE=tmp_path / "key.pem")
    with pytest.raises(errors.InvalidKey, match="is not PEM, DER or a JWK") as caught:
        from_environment("MYAPI_")
    assert "M4RKER" not in shown_by(caught.value)


def test_a_token_is_bound_to_the_key_that_a_variable_names(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Beside the identity, on each library. The key lasts, so that a store can keep the token."""
    closed = BestAvailableEncryption(b"pass")
    (tmp_path / "dpop.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed))
    export(monkeypatch, CLIENT_ID="your_id", CLIENT_SECRET="s3cret", TOKEN_URL=server.token_endpoint)
    export(monkeypatch, DPOP_KEY_FILE=tmp_path / "dpop.pem", DPOP_KEY_PASSWORD="pass")
    request, where = from_environment("MYAPI_")
    for call in CALLS:
        assert call.get(call.auth(request, where, store=FileStore(tmp_path / "tokens")), server.resource_url) == [200]
    assert {seen.dpop_jkt for seen in server.token_requests} == {request.dpop_jkt}
    assert len(server.token_requests) == 1


def test_the_faults_of_two_key_files_are_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each with its variable, and without its path."""
    (tmp_path / "M4RKER").write_text("M4RKER")
    export(monkeypatch, CLIENT_ID="id", ISSUER="https://as.example", PRIVATE_KEY_FILE="M4RKER")
    export(monkeypatch, DPOP_KEY_FILE=tmp_path / "M4RKER")
    with pytest.raises(errors.InvalidInput) as caught:
        from_environment("MYAPI_")
    assert str(caught.value).startswith(
        "environment: (1) MYAPI_PRIVATE_KEY_FILE names a file that cannot be read: No such file or directory "
        "(2) MYAPI_DPOP_KEY_FILE: signing key is not PEM, DER or a JWK"
    )
    assert "M4RKER" not in shown_by(caught.value)


def test_the_faults_of_variables_and_of_files_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start of the program shows them all."""
    export(monkeypatch, ISSUER="https://as.example", PRIVATE_KEY_FILE="M4RKER", DPOP_KEY_FILE="M4RKER")
    with pytest.raises(errors.InvalidInput) as caught:
        from_environment("MYAPI_")
    assert str(caught.value) == (
        "environment: (1) MYAPI_CLIENT_ID must be set "
        "(2) MYAPI_PRIVATE_KEY_FILE names a file that cannot be read: No such file or directory "
        "(3) MYAPI_DPOP_KEY_FILE names a file that cannot be read: No such file or directory"
    )
    assert "M4RKER" not in shown_by(caught.value)


@pytest.mark.parametrize("client", [{}, {"CLIENT_ID": "id"}])
def test_a_secret_in_the_place_of_its_file_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, client: dict[str, str]
) -> None:
    """It names no file, which is found when the program starts."""
    export(monkeypatch, **client, TOKEN_URL="https://as.example/token", CLIENT_SECRET_FILE="M4RKER")
    reason = "MYAPI_CLIENT_SECRET_FILE names a file that cannot be read: No such file or directory"
    with pytest.raises(errors.InvalidInput, match=reason) as caught:
        from_environment("MYAPI_")
    assert "M4RKER" not in shown_by(caught.value)


def test_a_locked_key_needs_its_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the variable for it."""
    closed = BestAvailableEncryption(b"pass")
    (tmp_path / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed))
    export(monkeypatch, CLIENT_ID="id", ISSUER="https://as.example", PRIVATE_KEY_FILE=tmp_path / "key.pem")
    with pytest.raises(errors.InvalidKey, match=r"PRIVATE_KEY_FILE: .* is encrypted; set MYAPI_PRIVATE_KEY_PASSWORD"):
        from_environment("MYAPI_")
    export(monkeypatch, PRIVATE_KEY_PASSWORD="M4RKER")
    with pytest.raises(errors.InvalidKey, match="the right password") as caught:
        from_environment("MYAPI_")
    assert "M4RKER" not in shown_by(caught.value)


def test_an_error_shows_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its text nor its traceback does."""
    export(monkeypatch, CLIENT_ID="id", CLIENT_SECRET="M4RKER", PRIVATE_KEY_FILE="key.pem")
    with pytest.raises(errors.InvalidInput, match=r"^environment: \(1\) .* \(2\) ") as caught:
        from_environment("MYAPI_")
    assert "M4RKER" not in shown_by(caught.value)
