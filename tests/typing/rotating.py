"""
Clients whose secret or key is read for each token request.
"""

from pathlib import Path
from typing import assert_type

from oauth_cc import ClientCredentials, ClientSecretBasic, ClientSecretJwt, ClientSecretPost, Secret, SecretFile
from oauth_cc.authentication import ClientSecret, GivenSecret, KeySource, SecretFunction, SecretSource
from oauth_cc.jose import key_from_file


class Vault:
    """The user's own vault."""

    def read(self, name: str = "billing") -> str:
        """Return the secret of this name."""
        return f"s3cret of {name}"

    async def read_async(self) -> Secret:
        """Return the secret."""
        return Secret("s3cret")


vault = Vault()
given: list[GivenSecret] = [
    "s3cret",
    Secret("s3cret"),
    SecretFile("a"),
    SecretFile(Path("a")),
    vault.read_async,
    vault.read,
]
for secret in given:
    ClientCredentials("your_id", secret)
    assert_type(ClientSecretBasic(secret, encode=False).secret, ClientSecret)
    ClientSecretPost(secret)
    ClientSecretJwt(secret, "https://as.example")
source = SecretSource(vault.read, name="vault:billing")
assert_type(source.read, SecretFunction)
assert_type(source.name, str | None)
assert_type(ClientCredentials("your_id", source).with_secret("s3cret"), ClientCredentials)
assert_type(ClientSecretBasic(source).with_secret(Secret("s3cret")), ClientSecretBasic)

key = key_from_file("client.pem")
assert_type(key.source, KeySource | None)
assert_type(ClientCredentials("your_id", "s3cret").with_key(key), ClientCredentials)
