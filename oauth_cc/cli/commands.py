"""
The commands of the command line, as functions from arguments to the text that they print.
"""

import argparse
import shlex
import time
from collections.abc import Callable
from typing import Final, TextIO, TypeAlias

import attrs

from oauth_cc import ClientCredentials, HttpRequest, Token, TokenRequest, authorize, compose_body, http_request
from oauth_cc._io.clock import moment
from oauth_cc._wire.json import write
from oauth_cc.authentication.methods import AuthenticationFields
from oauth_cc.cli.authentication import authentication_of, token_of
from oauth_cc.cli.display import curl, http_message, requirements_table
from oauth_cc.cli.environment import described
from oauth_cc.cli.network import endpoint_of, introspection_of, revoked, stored, token_for
from oauth_cc.cli.output import DONE, Output
from oauth_cc.cli.output import write as write_text
from oauth_cc.cli.request import hidden_values, request_of
from oauth_cc.compose import proof_of
from oauth_cc.errors import InvalidInput
from oauth_cc.fapi import fapi2
from oauth_cc.refusal import redact
from oauth_cc.token import authorization

_Command: TypeAlias = Callable[[argparse.Namespace, TextIO | None], str | Output]


def run(arguments: argparse.Namespace, stdin: TextIO | None) -> Output:
    """
    Run the command of *arguments* and return what it prints last, and its exit code.

    Args:
        arguments: The parsed command line.
        stdin: Provides the secret for ``--secret-stdin``. None if it is closed.
    """
    found = _COMMANDS[arguments.command](described(arguments), stdin)
    return Output(found) if isinstance(found, str) else found


def _body(arguments: argparse.Namespace, _stdin: TextIO | None) -> str:
    return compose_body(request_of(arguments, ClientCredentials(arguments.client_id)))


def _request(arguments: argparse.Namespace, stdin: TextIO | None) -> str:
    request = request_of(
        arguments, ClientCredentials(arguments.client_id, authentication_of(arguments, stdin, shown=True))
    )
    endpoint, metadata = endpoint_of(request, arguments)
    # Any text would do: an assertion is redacted.
    assertion = None if isinstance(proof_of(request), AuthenticationFields) else "***"
    # Any proof would do, too.
    proof = None if request.dpop_key is None else "e30.e30.e30"
    composed = http_request(request, endpoint, assertion=assertion, proof=proof)
    files = {"--cert": arguments.certificate, "--key": arguments.certificate_key, "--cacert": arguments.ca_file}
    given = [(option, str(file)) for option, file in files.items() if file is not None]
    shown = curl(composed, given) if arguments.curl else http_message(composed)
    if arguments.profile:
        shown = f"{shown}\n\n{requirements_table(fapi2(request, endpoint, metadata))}"
    # Metadata may repeat a secret in the endpoint.
    return shown if metadata is None else redact(shown, hidden_values(request))


def _token(arguments: argparse.Namespace, stdin: TextIO | None) -> str:
    request = request_of(arguments, ClientCredentials(arguments.client_id, authentication_of(arguments, stdin)))
    if arguments.format == "curl" and arguments.api_url is None:
        raise InvalidInput("--api-url", "--api-url is required by --format curl; pass the URL of the API call")
    if arguments.format == "header" and request.dpop_key is not None:
        reason = "--format header cannot be combined with --dpop-key or DPOP_KEY_FILE, as each call needs a proof"
        raise InvalidInput("--format", f"{reason}; use --format curl")
    token = token_for(request, arguments)
    match arguments.format:
        case "token":
            return token.access_token.reveal()
        case "header":
            return f"{token.placement.header}: {authorization(token).reveal()}"
        case "curl":
            return _call(request, token, arguments.api_url)
        case _:
            return _json(token)


def _call(request: TokenRequest, token: Token, url: str) -> str:
    call = HttpRequest("GET", url)
    if request.dpop_key is None:
        authorized = authorize(call, token)
    else:
        from oauth_cc.dpop import dpop_proof
        from oauth_cc.jose import sign

        now = moment()
        unsigned = dpop_proof(
            request.dpop_key, "GET", url, now=now.now, unique_id=now.unique_id, access_token=token.access_token
        )
        authorized = authorize(call, token, proof=sign(unsigned))
    headers = [word for name, value in authorized.headers for word in ("--header", f"{name}: {value}")]
    return shlex.join(["curl", *headers, url])


def _json(token: Token) -> str:
    # The members of a token response (RFC 6749 section 5.1), and expires_at.
    members = {
        "access_token": token.access_token.reveal(),
        "token_type": token.token_type,
        "expires_in": max(0, int(token.expires_at - time.time())),
        "expires_at": int(token.expires_at),
        "scope": f"{token.scope}",
    }
    extra = {name: value for name, value in token.extra.items() if name not in members}
    return write({**members, **extra}, ascii_only=True)


def _revoke(arguments: argparse.Namespace, stdin: TextIO | None) -> str:
    token = token_of(arguments, stdin)
    revoked(token, ClientCredentials(arguments.client_id, authentication_of(arguments, stdin)), arguments)
    return "revoked"


def _introspect(arguments: argparse.Namespace, stdin: TextIO | None) -> str:
    token = token_of(arguments, stdin)
    client = ClientCredentials(arguments.client_id, authentication_of(arguments, stdin))
    found = introspection_of(token, client, arguments)
    members = {name: value for name, value in attrs.asdict(found, recurse=False).items() if name != "extra"}
    members["scope"] = None if found.scope is None else f"{found.scope}"
    given = {name: value for name, value in members.items() if value not in (None, ())}
    return write({**given, **found.extra}, ascii_only=True)


def _doctor(arguments: argparse.Namespace, stdin: TextIO | None) -> Output:
    request = request_of(arguments, ClientCredentials(arguments.client_id, authentication_of(arguments, stdin)))
    if arguments.token_url is None and arguments.issuer is None:
        raise InvalidInput(
            "--token-url", "--token-url or --issuer is required; the issuer's metadata names the endpoint"
        )
    # The doctor reads the response of any HTTP library, and sends requests by one of them.
    from oauth_cc.cli.examination import announcement, examined

    code = write_text(f"{announcement(request, arguments)}\n")
    return Output(None, code) if code != DONE else examined(request, arguments)


def _metadata(arguments: argparse.Namespace, _stdin: TextIO | None) -> str:
    from oauth_cc.cli.lookup import described

    return described(arguments)


def _stored(arguments: argparse.Namespace, _stdin: TextIO | None) -> str:
    return stored(arguments.action)


def _demo(_arguments: argparse.Namespace, _stdin: TextIO | None) -> str:
    try:
        from oauth_cc.cli.demo import demo
    except ImportError as error:
        raise ImportError("demo needs more packages; run pip install 'oauth_cc[cli,testing]'") from error
    return demo()


_COMMANDS: Final[dict[str, _Command]] = {
    "body": _body,
    "request": _request,
    "token": _token,
    "doctor": _doctor,
    "revoke": _revoke,
    "introspect": _introspect,
    "metadata": _metadata,
    "store": _stored,
    "demo": _demo,
}
