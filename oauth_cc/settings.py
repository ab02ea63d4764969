"""
A client and its server from environment variables.
"""

import os
from pathlib import Path

import attrs

from oauth_cc.authentication.assertions import PrivateKeyJwt
from oauth_cc.authentication.keys import SigningKey
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidInput, InvalidKey
from oauth_cc.issuer import Issuer
from oauth_cc.request import TokenRequest
from oauth_cc.variables import KeyFile, read_variables

__all__ = ["Issuer", "from_environment"]


def __dir__() -> list[str]:
    return __all__


def from_environment(prefix: str, *, allow_http: bool = False) -> tuple[TokenRequest, Endpoint | Issuer]:
    """
    Return the token request that environment variables describe, and its target.

    With the prefix ``MYAPI_`` they are:

    - ``MYAPI_CLIENT_ID``.
    - One of ``MYAPI_CLIENT_SECRET``, ``MYAPI_CLIENT_SECRET_FILE``, ``MYAPI_PRIVATE_KEY_FILE`` and
      ``MYAPI_ASSERTION_FILE``. Files are read again for each token request. That of a secret or a key must exist.
    - ``MYAPI_TOKEN_URL`` or ``MYAPI_ISSUER``, whose metadata names the endpoint. A key needs the issuer in any case.
    - Optional: ``MYAPI_SCOPE`` and ``MYAPI_RESOURCE``, separated by spaces; ``MYAPI_AUDIENCE``, a parameter;
      ``MYAPI_DIALECT``, such as ``ebay``; ``MYAPI_AUTH``, which is ``basic``, ``basic-raw`` or ``post`` for a secret;
      ``MYAPI_PRIVATE_KEY_ID`` and ``MYAPI_PRIVATE_KEY_PASSWORD``; ``MYAPI_DPOP_KEY_FILE`` and
      ``MYAPI_DPOP_KEY_PASSWORD``, the key that the token is bound to.

    Args:
        prefix: The beginning of the names: letters, digits and ``_``.
        allow_http: Allow plain http to a host other than loopback.

    Returns:
        The request, and what every shell takes in the place of the token endpoint.

    Raises:
        InvalidInput: Variables are missing, contradict each other or have a fault. The error names all of them, and no
            value.
        InvalidKey: A file does not contain a private key that can sign.
    """
    found = read_variables(os.environ, prefix, allow_http=allow_http)
    key, dpop_key = _key(found.key_file, prefix), _key(found.dpop_key_file, prefix)
    secret = None if found.secret_path is None else _opening_fault(found.secret_path, f"{prefix}CLIENT_SECRET_FILE")
    variables = [InvalidInput("environment", fault) for fault in found.faults]
    faults = [*variables, *[each for each in (secret, key, dpop_key) if isinstance(each, InvalidInput)]]
    if faults or found.target is None:
        # The path of a file may be a secret in the wrong variable.
        del found
        raise _together(faults)
    request = found.request
    if isinstance(key, SigningKey):
        method = PrivateKeyJwt(key, found.issuer)
        request = attrs.evolve(request, credentials=attrs.evolve(request.credentials, authentication=method))
    return request.with_dpop(dpop_key) if isinstance(dpop_key, SigningKey) else request, found.target


def _key(file: KeyFile | None, prefix: str) -> SigningKey | InvalidInput | None:
    if file is None:
        return None
    variable = f"{prefix}{file.variable}"
    fault = _opening_fault(file.path, variable)
    if fault is not None:
        return fault
    # Loaded only for a key, because it needs joserfc.
    from oauth_cc.jose import key_from_file

    try:
        return key_from_file(file.path, key_id=file.key_id, password=file.password)
    except InvalidKey as error:
        password = variable.removesuffix("FILE") + "PASSWORD"
        fault_of_key = error.reason.removeprefix(f"signing key file {file.path} ").removeprefix("signing key ")
        reason = fault_of_key.replace("pass password=", f"set {password}")
        return InvalidKey("signing key", f"{variable}: signing key {reason}")


def _opening_fault(path: str, variable: str) -> InvalidInput | None:
    try:
        with Path(path).open("rb"):
            return None
    except OSError as error:
        # The path is not shown, as it may be a secret in the wrong variable.
        return InvalidInput("environment", f"{variable} names a file that cannot be read: {error.strerror}")


def _together(faults: list[InvalidInput]) -> InvalidInput:
    if len(faults) == 1:
        return type(faults[0])(faults[0].parameter, f"environment: {faults[0].reason}")
    numbered = [f"({number}) {fault.reason}" for number, fault in enumerate(faults, 1)]
    return InvalidInput("environment", f"environment: {' '.join(numbered)}")
