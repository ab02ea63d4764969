"""
The environment variables that describe a client and its server.

    mapping ─ read_variables ─▶ Variables, with all faults
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar, final

import attrs

from oauth_cc import dialects
from oauth_cc._wire.grammar import TEXT
from oauth_cc.authentication.assertions import ClientAssertion
from oauth_cc.authentication.client_secret import GivenSecret, SecretFile
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import AssertionFile, checked_path
from oauth_cc.authentication.methods import ClientAuthentication, ClientSecretBasic, ClientSecretPost
from oauth_cc.dialect import BEARER, Dialect
from oauth_cc.endpoint import Endpoint, issuer_fault
from oauth_cc.errors import InsecureEndpoint, InvalidInput
from oauth_cc.issuer import Issuer
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret

T = TypeVar("T")

IDENTITIES: Final = ("CLIENT_SECRET", "CLIENT_SECRET_FILE", "PRIVATE_KEY_FILE", "ASSERTION_FILE")
"""The names of the variables that identify the client, without their prefix. Exactly one of them is set."""

TARGETS: Final = ("TOKEN_URL", "ISSUER")
"""The names of the variables that name the server. At least one of them is set."""

_KEY: Final = ("PRIVATE_KEY_ID", "PRIVATE_KEY_PASSWORD", "DPOP_KEY_FILE", "DPOP_KEY_PASSWORD")
_REST: Final = ("AUTH", *_KEY, "SCOPE", "RESOURCE", "AUDIENCE", "DIALECT")
NAMES: Final = ("CLIENT_ID", *IDENTITIES, *TARGETS, *_REST)
"""The names of all variables."""

_PREFIX: Final = re.compile(r"[A-Za-z_][0-9A-Za-z_]*")
_WAYS: Final[Mapping[str, Callable[[GivenSecret], ClientAuthentication]]] = {
    "basic": ClientSecretBasic,
    "basic-raw": lambda secret: ClientSecretBasic(secret, encode=False),
    "post": ClientSecretPost,
}
"""The ways to send a client secret, by the names that the command line has for them."""

_BELONGS: Final[Mapping[str, tuple[str, ...]]] = {
    "AUTH": ("CLIENT_SECRET", "CLIENT_SECRET_FILE"),
    "PRIVATE_KEY_ID": ("PRIVATE_KEY_FILE",),
    "PRIVATE_KEY_PASSWORD": ("PRIVATE_KEY_FILE",),
    "DPOP_KEY_PASSWORD": ("DPOP_KEY_FILE",),
}
"""The variables that have no meaning without one of other variables."""


@final
@attrs.frozen
class KeyFile:
    """
    The file of a private key that is still to be read.

    Args:
        path: The path of the file.
        variable: The name of the variable that names it, without prefix.
        key_id: The ``kid`` of the key, or None.
        password: The password of an encrypted key, or None.
    """

    # Not shown, because it may be a secret in the wrong variable.
    path: str = attrs.field(repr=False)
    variable: str
    key_id: str | None = None
    password: Secret | None = None


@final
@attrs.frozen
class Variables:
    """
    What environment variables describe.

    Args:
        request: The token request. Its credentials have no authentication yet if there is a key file, and its token is
            not bound yet if there is a file of a DPoP key.
        target: The token endpoint or, without one, the issuer.
        key_file: The private key that authenticates the client, or None.
        issuer: The issuer that the assertions of that key are for.
        dpop_key_file: The private key that the token is bound to, or None.
        secret_path: The file of the client secret, or None.
        faults: What is wrong with the variables, a sentence each. With any, the request is not to be sent. Without,
            there is a target.
    """

    # Not shown, because the path of the secret may be the secret itself.
    request: TokenRequest = attrs.field(repr=False)
    target: Endpoint | Issuer | None
    key_file: KeyFile | None = None
    issuer: str = ""
    dpop_key_file: KeyFile | None = None
    secret_path: str | None = attrs.field(default=None, repr=False)
    faults: tuple[str, ...] = ()


def dialect_names() -> list[str]:
    """
    Return the names of the ready-made dialects, as variables and the command line have them.

        >>> "ebay" in dialect_names()
        True
    """
    return [name.lower().replace("_", "-") for name in dialects.__all__]


def named_dialect(name: str) -> Dialect:
    """
    Return the ready-made dialect of *name*.

    Raises `InvalidInput` if there is none. The error does not quote the name.

        >>> named_dialect("amazon-sp-api") == dialects.AMAZON_SP_API
        True
    """
    if name not in dialect_names():
        raise InvalidInput("dialect", f"must be one of {', '.join(dialect_names())}")
    found: Dialect = getattr(dialects, name.upper().replace("-", "_"))
    return found


def read_variables(given: Mapping[str, str], prefix: str, *, allow_http: bool = False) -> Variables:
    """
    Return what the variables of *given* describe, with every fault, which quotes no value.

    Args:
        given: The environment.
        prefix: The beginning of the variables' names.
        allow_http: Allow plain http to a host other than loopback.

    Example:
        >>> read_variables({"A_CLIENT_ID": "your_id", "A_CLIENT_SECRET": "s3cret"}, "A_").faults
        ('A_TOKEN_URL or A_ISSUER must be set',)

    Raises:
        InvalidInput: *prefix* cannot begin the name of a variable.
    """
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        # Tracebacks show local variables.
        del given
        raise InvalidInput("prefix", "prefix must consist of letters, digits and '_', such as 'MYAPI_'")
    found = _Found({name: given[prefix + name] for name in NAMES if prefix + name in given}, prefix)
    request, target = _request(found), _target(found, allow_http=allow_http)
    key_file, dpop_key_file = _key_file(found, "PRIVATE_KEY"), _key_file(found, "DPOP_KEY")
    issuer = found.read("ISSUER", _secure) if key_file is not None else None
    secret_path = found.read("CLIENT_SECRET_FILE", lambda path: SecretFile(path).path)
    faults = list(dict.fromkeys((*found.faults, *_combinations(found, request))))
    return Variables(request, target, key_file, issuer or "", dpop_key_file, secret_path, tuple(faults))


@attrs.frozen
class _Found:
    # The variables that are set, by their names without prefix, and the faults of the ones that were read.
    values: Mapping[str, str] = attrs.field(repr=False)
    prefix: str
    faults: list[str] = attrs.Factory(list[str])

    def read(self, name: str, parse: Callable[[str], T]) -> T | None:
        # None if the variable is not set, or has a fault.
        value = self.values.get(name)
        if value is None:
            return None
        try:
            if value:
                return parse(value)
            # Most often a variable that a deployment did not fill in.
            fault = "must not be empty; set it to its value, or remove it"
        except InsecureEndpoint:
            fault = "must use https, as anyone on the network can read plain http; allow_http=True allows it"
        except InvalidInput as error:
            fault = f"is not valid: {error.reason}"
        self.faults.append(f"{self.prefix}{name} {fault}")
        return None

    def has(self, *names: str) -> bool:
        return any([name in self.values for name in names])

    def full(self, names: Sequence[str], word: str = "and") -> str:
        full = [self.prefix + name for name in names]
        return f" {word} ".join([", ".join(full[:-1]), full[-1]]) if full[1:] else full[0]


def _request(found: _Found) -> TokenRequest:
    # Another client stands in for a wrong one, so that the faults of the other variables are found too.
    client = found.read("CLIENT_ID", ClientCredentials) or ClientCredentials("client")
    method = _method(found)
    request = TokenRequest(client if method is None else ClientCredentials(client.client_id, method))
    request = found.read("SCOPE", lambda text: request.with_scope(Scope.parse(text))) or request
    request = found.read("RESOURCE", lambda text: _with_resources(request, text)) or request
    request = found.read("AUDIENCE", lambda text: request.with_parameter("audience", text)) or request
    return found.read("DIALECT", lambda name: request.with_dialect(named_dialect(name))) or request


def _with_resources(request: TokenRequest, text: str) -> TokenRequest:
    for uri in text.split():
        request = request.with_resource(uri)
    return request


def _method(found: _Found) -> ClientAuthentication | None:
    way = found.read("AUTH", _way) or ClientSecretBasic
    secret = found.read("CLIENT_SECRET", way)
    file = found.read("CLIENT_SECRET_FILE", lambda path: way(SecretFile(path)))
    return secret or file or found.read("ASSERTION_FILE", lambda path: ClientAssertion(AssertionFile(path)))


def _way(name: str) -> Callable[[GivenSecret], ClientAuthentication]:
    if name not in _WAYS:
        raise InvalidInput("AUTH", f"must be one of {', '.join(_WAYS)}")
    return _WAYS[name]


def _target(found: _Found, *, allow_http: bool) -> Endpoint | Issuer | None:
    issuer = found.read("ISSUER", lambda url: Issuer(url, allow_http=allow_http))
    return found.read("TOKEN_URL", lambda url: Endpoint(url, allow_http=allow_http)) or issuer


def _key_file(found: _Found, name: str) -> KeyFile | None:
    path, password = found.read(f"{name}_FILE", _path), found.read(f"{name}_PASSWORD", Secret)
    key_id = found.read(f"{name}_ID", _key_id)
    return None if path is None else KeyFile(path, f"{name}_FILE", key_id, password)


def _path(text: str) -> str:
    path = checked_path(text)
    if path is None:
        # The text may be the key itself.
        del text
        raise InvalidInput("signing key", "must be the path of a file, not the content of the file")
    return path


def _key_id(text: str) -> str:
    if not TEXT.fullmatch(text):
        raise InvalidInput("key_id", "must be text without line breaks")
    return text


def _secure(issuer: str) -> str:
    # Any other fault is found by `_target`.
    if isinstance(issuer_fault(issuer), InsecureEndpoint):
        raise InvalidInput("issuer", "must use https, as assertions signed with a private key contain it")
    return issuer


def _combinations(found: _Found, request: TokenRequest) -> Iterator[str]:
    if not found.has("CLIENT_ID"):
        yield f"{found.full(['CLIENT_ID'])} must be set"
    identities = [name for name in IDENTITIES if found.has(name)]
    if not identities:
        yield f"{found.full(IDENTITIES, 'or')} must be set"
    if len(identities) > 1:
        yield f"{found.full(identities)} must not be set together, as a client has one identity; remove all but one"
    if not found.has(*TARGETS):
        yield f"{found.full(TARGETS, 'or')} must be set"
    elif found.has("PRIVATE_KEY_FILE") and not found.has("ISSUER"):
        yield f"{found.full(['ISSUER'])} must be set, as the key of {found.full(['PRIVATE_KEY_FILE'])} signs for it"
    if found.has("DPOP_KEY_FILE") and request.dialect.placement != BEARER:
        reason = "as the dialect has no place for a proof; remove one"
        yield f"{found.full(['DPOP_KEY_FILE', 'DIALECT'])} must not be set together, {reason}"
    for name, owners in _BELONGS.items():
        if found.has(name) and not found.has(*owners):
            yield f"{found.full([name])} must not be set without {found.full(owners, 'or')}"
