"""
The command line: composes, prints and sends token requests, and prints what servers support.

    argv ─ parse ─▶ arguments ─ run ─▶ exit code: 0 done, 1 rejected by the server, 2 bad input, 3 network
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final, TextIO

from oauth_cc import ClientCredentials, compose_body, http_request
from oauth_cc.authentication.methods import AuthenticationFields
from oauth_cc.cli.authentication import authentication_of
from oauth_cc.cli.display import curl, http_message, metadata_table, requirements_table
from oauth_cc.cli.network import NetworkError, endpoint_of, metadata_of, stored, token_for
from oauth_cc.cli.options import parsed
from oauth_cc.cli.request import request_of
from oauth_cc.compose import proof_of
from oauth_cc.errors import InvalidInput, InvalidResponse, StoreUnavailable, TokenRequestRefused
from oauth_cc.fapi import fapi2
from oauth_cc.token import authorization

DONE: Final = 0
REFUSED: Final = 1
BAD_INPUT: Final = 2
NETWORK: Final = 3

_OPTIONS: Final = {
    "pass Endpoint(url, allow_http=True)": "pass --allow-http",
    "pass password=": "pass --key-password-env",
    "pass key_id=": "pass --key-id",
    "pass algorithm=": "pass --algorithm",
    "pass its content to key_from_pem() or key_from_jwk()": "pass the path of its file to --key, not the content",
    "PrivateKeyJwt": "--auth private-key-jwt",
}
"""The command line's words for arguments that the library's errors name."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv*, by default the process's, and return its exit code."""
    try:
        code = run(parsed(argv), sys.stdout, sys.stderr, sys.stdin)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader closed the pipe. The interpreter flushes stdout at exit, so point it at a file that accepts this.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def run(arguments: argparse.Namespace, stdout: TextIO, stderr: TextIO, stdin: TextIO) -> int:
    """
    Run the command of *arguments* and return its exit code.

    Args:
        arguments: The parsed command line.
        stdout: Receives the output.
        stderr: Receives an error, as one sentence.
        stdin: Provides the secret for ``--secret-stdin``.
    """
    commands = {
        "body": _body,
        "request": _request,
        "token": _token,
        "metadata": _metadata,
        "store": _stored,
        "demo": _demo,
    }
    try:
        print(commands[arguments.command](arguments, stdin), file=stdout)
    except (InvalidInput, ImportError, StoreUnavailable) as error:
        return _fail(stderr, f"{error}", BAD_INPUT)
    except (TokenRequestRefused, InvalidResponse) as error:
        return _fail(stderr, f"{error}", REFUSED)
    except NetworkError as error:
        return _fail(stderr, f"{error}", NETWORK)
    return DONE


def _fail(stderr: TextIO, sentence: str, code: int) -> int:
    for argument, option in _OPTIONS.items():
        sentence = sentence.replace(argument, option)
    print(f"oauth-cc: {sentence}", file=stderr)
    return code


def _body(arguments: argparse.Namespace, _stdin: TextIO) -> str:
    return compose_body(request_of(arguments, ClientCredentials(arguments.client_id)))


def _request(arguments: argparse.Namespace, stdin: TextIO) -> str:
    request = request_of(
        arguments, ClientCredentials(arguments.client_id, authentication_of(arguments, stdin, shown=True))
    )
    endpoint, metadata = endpoint_of(request, arguments)
    # Any text would do: an assertion is redacted.
    assertion = None if isinstance(proof_of(request), AuthenticationFields) else "***"
    composed = http_request(request, endpoint, assertion=assertion)
    files = {"--cert": arguments.certificate, "--key": arguments.certificate_key, "--cacert": arguments.ca_file}
    given = [(option, str(file)) for option, file in files.items() if file is not None]
    shown = curl(composed, given) if arguments.curl else http_message(composed)
    return f"{shown}\n\n{requirements_table(fapi2(request, endpoint, metadata))}" if arguments.profile else shown


def _token(arguments: argparse.Namespace, stdin: TextIO) -> str:
    request = request_of(arguments, ClientCredentials(arguments.client_id, authentication_of(arguments, stdin)))
    token = token_for(request, arguments)
    match arguments.format:
        case "token":
            return token.access_token.reveal()
        case "header":
            return f"{token.placement.header}: {authorization(token).reveal()}"
        case _:
            return token.to_json()


def _metadata(arguments: argparse.Namespace, _stdin: TextIO) -> str:
    return metadata_table(metadata_of(arguments))


def _stored(arguments: argparse.Namespace, _stdin: TextIO) -> str:
    return stored(arguments.action)


def _demo(_arguments: argparse.Namespace, _stdin: TextIO) -> str:
    try:
        from oauth_cc.cli.demo import demo
    except ImportError as error:
        raise ImportError("demo needs more packages; run pip install 'oauth_cc[cli,testing]'") from error
    return demo()
