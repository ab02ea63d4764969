"""
A client and its server from environment variables, for the command line.
"""

import argparse
from typing import Final

from oauth_cc import Endpoint
from oauth_cc.errors import InvalidInput
from oauth_cc.settings import from_environment

_DESCRIBED: Final = (
    "client_id",
    "token_url",
    "issuer",
    "auth",
    "secret_env",
    "secret_file",
    "secret_stdin",
    "key",
    "key_id",
    "key_certificate",
    "algorithm",
    "audience",
    "typ",
    "lifetime",
    "claims",
    "assertion_file",
    "assertion_type",
)
"""The options that variables replace."""


def described(arguments: argparse.Namespace) -> argparse.Namespace:
    """
    Return *arguments* with the client and the server of the variables that ``--environment`` names.

    Raises:
        InvalidInput: An option describes the client too, the variables have a fault, or nothing names the client.
    """
    prefix: str | None = getattr(arguments, "environment", None)
    if prefix is None:
        if getattr(arguments, "client_id", "") is None:
            reason = "--client-id is required; pass it, or pass --environment PREFIX to read it from a variable"
            raise InvalidInput("--client-id", reason)
        return argparse.Namespace(**{**vars(arguments), "auth": getattr(arguments, "auth", None) or "basic"})
    given = [name for name in _DESCRIBED if getattr(arguments, name, None) not in (None, False)]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        reason = f"{option} must not be combined with --environment, whose variables describe the client; leave one out"
        raise InvalidInput(option, reason)
    request, target = from_environment(prefix, allow_http=arguments.allow_http)
    url, is_endpoint = target.url, isinstance(target, Endpoint)
    found = {
        "client_id": request.credentials.client_id,
        "token_url": url if is_endpoint else None,
        "issuer": None if is_endpoint else url,
        "described": request,
    }
    return argparse.Namespace(**{**vars(arguments), **found})
