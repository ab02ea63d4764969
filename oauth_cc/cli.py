"""
The command line: composes, shows and sends token requests, and shows servers.

    argv ─ parse ─▶ arguments ─ run ─▶ exit code: 0 done, 1 refused by the server, 2 bad input, 3 network
"""

import argparse
import logging
import os
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

from oauth_cc import (
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    NoAuthentication,
    Scope,
    Token,
    TokenRequest,
    __version__,
    compose_body,
    http_request,
    token_request,
)
from oauth_cc.authentication import ClientAuthentication
from oauth_cc.display import curl, http_message, metadata_table
from oauth_cc.errors import InvalidInput, InvalidResponse, StoreUnavailable, TokenRequestRefused
from oauth_cc.events import Event, StoreFailed
from oauth_cc.jsontext import freeze, is_array, is_object, parse_object
from oauth_cc.metadata import ServerMetadata
from oauth_cc.secret import Secret

if TYPE_CHECKING:
    import httpx2

    from oauth_cc.stores.file import FileStore

__all__ = ["main", "run"]

T = TypeVar("T")

DONE: Final = 0
REFUSED: Final = 1
BAD_INPUT: Final = 2
NETWORK: Final = 3

_SECRET_VARIABLE: Final = "OAUTH_CLIENT_SECRET"
_EXAMPLES: Final = """\
examples:
  oauth-cc body --client-id your_id --scope "hello world"
  oauth-cc request --client-id your_id --token-url https://as.example/token --curl
  OAUTH_CLIENT_SECRET=... oauth-cc token --client-id your_id --token-url https://as.example/token
  oauth-cc token --client-id your_id --secret-file secret.txt --token-url https://as.example/token --format header
  oauth-cc metadata https://as.example
  oauth-cc store list
  oauth-cc demo

exit codes: 0 done, 1 refused by the server, 2 bad input, 3 network
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line *argv* (that of the process by default) and gives its exit code."""
    return run(_parser().parse_args(argv), sys.stdout, sys.stderr, sys.stdin)


def run(arguments: argparse.Namespace, stdout: TextIO, stderr: TextIO, stdin: TextIO) -> int:
    """Does what *arguments* say, with these streams, and gives the exit code; an error is one sentence on *stderr*."""
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
    except InvalidInput as error:
        return _fail(stderr, f"{error}", BAD_INPUT)
    except (TokenRequestRefused, InvalidResponse) as error:
        return _fail(stderr, f"{error}", REFUSED)
    except (ImportError, StoreUnavailable) as error:
        return _fail(stderr, f"{error}", BAD_INPUT)
    except _NetworkError as error:
        return _fail(stderr, f"{error}", NETWORK)
    return DONE


class _NetworkError(Exception):
    pass


def _fail(stderr: TextIO, sentence: str, code: int) -> int:
    print(f"oauth-cc: {sentence}", file=stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="oauth-cc",
        description="OAuth 2.0 client credentials: compose, show and send token requests.",
        epilog=_EXAMPLES,
        formatter_class=raw,
    )
    parser.add_argument("--version", action="version", version=f"oauth-cc {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked, sent, secret, network = _asked_options(), _sent_options(), _secret_options(), _network_options()
    commands.add_parser("body", help="print the form body", epilog=_EXAMPLES, formatter_class=raw, parents=[asked])
    request = commands.add_parser(
        "request",
        help="print the whole request, secrets redacted",
        epilog=_EXAMPLES,
        formatter_class=raw,
        parents=[asked, sent, secret],
    )
    request.add_argument("--curl", action="store_true", help="print it as a curl command")
    token = commands.add_parser(
        "token", help="get a token", epilog=_EXAMPLES, formatter_class=raw, parents=[asked, sent, secret, network]
    )
    token.add_argument("--format", choices=["json", "token", "header"], default="json", help="default: json")
    token.add_argument("--no-store", action="store_true", help="neither use a token that is kept nor keep this one")
    store = commands.add_parser("store", help="show or empty the store of tokens of this user", formatter_class=raw)
    store.add_argument("action", choices=["list", "clear"], help="list never shows a token itself")
    metadata = commands.add_parser(
        "metadata", help="print what a server supports", epilog=_EXAMPLES, formatter_class=raw, parents=[network]
    )
    metadata.add_argument("issuer", metavar="ISSUER", help="the server's issuer identifier (RFC 8414)")
    metadata.add_argument("--allow-http-loopback", action="store_true", help=_LOOPBACK_HELP)
    commands.add_parser("demo", help="run a server on this machine and show every step", formatter_class=raw)
    return parser


def _asked_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--client-id", required=True, metavar="ID")
    options.add_argument("--scope", action="append", default=[], metavar="TEXT", help="scope-tokens; may repeat")
    options.add_argument("--resource", action="append", default=[], metavar="URI", help="RFC 8707; may repeat")
    options.add_argument("--authorization-details", metavar="JSON", help="an array of objects (RFC 9396)")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="such as audience=…")
    options.add_argument("--include-client-id", action="store_true", help="send client_id in the body too")
    options.add_argument("--body", metavar="FORM", help="an existing form body to embed")
    return options


def _sent_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--token-url", required=True, metavar="URL", help="the token endpoint")
    options.add_argument("--auth", choices=["basic", "basic-raw", "post", "none"], default="basic", help=_AUTH_HELP)
    options.add_argument("--allow-http-loopback", action="store_true", help=_LOOPBACK_HELP)
    return options


_LOOPBACK_HELP: Final = "admit http to this machine"
_AUTH_HELP: Final = "how the secret is sent: by Basic (default), by Basic without encoding, in the body, not at all"


def _network_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="default: 10")
    options.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the authorities in this PEM file instead")
    return options


def _secret_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    source = options.add_mutually_exclusive_group()
    source.add_argument(
        "--secret-env",
        metavar="NAME",
        help=f"read the client secret from this environment variable (default: {_SECRET_VARIABLE})",
    )
    source.add_argument("--secret-file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--secret-stdin", action="store_true", help="read it from standard input")
    return options


def _body(arguments: argparse.Namespace, _stdin: TextIO) -> str:
    return compose_body(_asked(arguments, ClientCredentials(arguments.client_id)))


def _request(arguments: argparse.Namespace, stdin: TextIO) -> str:
    # A secret that was not given is shown as one that was: as a redaction.
    secret = _secret(arguments, stdin) or Secret("***")
    request = _asked(arguments, ClientCredentials(arguments.client_id, _way(arguments.auth, secret)))
    composed = http_request(request, arguments.token_url, allow_http_loopback=arguments.allow_http_loopback)
    return curl(composed) if arguments.curl else http_message(composed)


def _token(arguments: argparse.Namespace, stdin: TextIO) -> str:
    secret = _secret(arguments, stdin)
    if secret is None and arguments.auth != "none":
        raise InvalidInput(
            "client_secret", f"set {_SECRET_VARIABLE}, or give --secret-env, --secret-file or --secret-stdin"
        )
    way = _way(arguments.auth, secret or Secret(""))
    token = _fetch(_asked(arguments, ClientCredentials(arguments.client_id, way)), arguments)
    match arguments.format:
        case "token":
            return token.access_token.reveal()
        case "header":
            return f"Authorization: {token.token_type} {token.access_token.reveal()}"
        case _:
            return token.to_json()


def _metadata(arguments: argparse.Namespace, _stdin: TextIO) -> str:
    def fetch(client: "httpx2.Client") -> ServerMetadata:
        from oauth_cc.httpx2 import fetch_metadata

        return fetch_metadata(
            arguments.issuer,
            client=client,
            timeout=arguments.timeout,
            allow_http_loopback=arguments.allow_http_loopback,
        )

    return metadata_table(_online(fetch, arguments.ca_file))


def _fetch(request: TokenRequest, arguments: argparse.Namespace) -> Token:
    def fetch(client: "httpx2.Client") -> Token:
        from oauth_cc.httpx2 import TokenSource

        return TokenSource(
            request,
            arguments.token_url,
            client=client,
            timeout=arguments.timeout,
            store=None if arguments.no_store else _store(),
            on_event=_warn,
            allow_http_loopback=arguments.allow_http_loopback,
        ).token()

    return _online(fetch, arguments.ca_file)


def _online(fetch: "Callable[[httpx2.Client], T]", ca_file: Path | None) -> T:
    try:
        import httpx2
    except ImportError as error:
        raise ImportError("this command needs an HTTP library: pip install 'oauth_cc[cli]'") from error
    # What the log would say is said by exit codes and sentences here.
    logging.getLogger("oauth_cc").addHandler(logging.NullHandler())
    try:
        with httpx2.Client(trust_env=False, verify=_trust(ca_file)) as client:
            return fetch(client)
    except httpx2.TransportError as error:
        kind = type(error).__name__
        sentence = f"no answer from the server ({kind}: {error}): check the URL, the network and any proxy"
    raise _NetworkError(sentence)


def _store() -> "FileStore":
    try:
        from oauth_cc.stores.file import FileStore
    except ImportError as error:
        raise ImportError("keeping tokens needs pip install 'oauth_cc[cli]'; or give --no-store") from error
    return FileStore()


def _warn(event: Event) -> None:
    if isinstance(event, StoreFailed):
        print(f"oauth-cc: the token is not kept: {event.error}", file=sys.stderr)


def _stored(arguments: argparse.Namespace, _stdin: TextIO) -> str:
    store = _store()
    if arguments.action == "clear":
        return f"files removed: {store.clear()}"
    lines = [f"{entry.key}  {_utc(entry.ends_at)}  {entry.scope}".rstrip() for entry in store.entries()]
    return "\n".join(["key       ends at (UTC)        scope", *sorted(lines)])


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        raise InvalidInput("--ca-file", f"cannot be read as PEM certificates: {error.strerror or error}") from None


def _demo(_arguments: argparse.Namespace, _stdin: TextIO) -> str:
    try:
        from oauth_cc.demo import demo
    except ImportError as error:
        raise ImportError("the demo needs a server and a client: pip install 'oauth_cc[cli,testing]'") from error
    return demo()


def _asked(arguments: argparse.Namespace, credentials: ClientCredentials) -> TokenRequest:
    scope = Scope()
    for text in arguments.scope:
        scope |= Scope.parse(text)
    request = token_request(credentials, scope)
    for uri in arguments.resource:
        request = request.with_resource(uri)
    if arguments.authorization_details is not None:
        request = _with_details(request, arguments.authorization_details)
    if arguments.body is not None:
        request = request.with_body(arguments.body)
    if arguments.include_client_id:
        request = request.with_client_id()
    return request.with_parameters([_name_and_value(text) for text in arguments.parameter])


def _with_details(request: TokenRequest, text: str) -> TokenRequest:
    # One member, so that an array is read by the same strict reader as every other JSON text.
    members = parse_object(f'{{"details":{text}}}')
    details = None if isinstance(members, str) else members["details"]
    objects = details if is_array(details) else [details]
    frozen = [{name: freeze(value) for name, value in detail.items()} for detail in objects if is_object(detail)]
    if len(frozen) != len(objects):
        raise InvalidInput("--authorization-details", "give a JSON array of objects, each with a string 'type'")
    return request.with_authorization_details(*frozen)


def _name_and_value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InvalidInput("--parameter", "give NAME=VALUE")
    return name, value


def _way(name: str, secret: Secret) -> ClientAuthentication:
    match name:
        case "post":
            return ClientSecretPost(secret)
        case "none":
            return NoAuthentication()
        case _:
            return ClientSecretBasic(secret, encode=name == "basic")


def _secret(arguments: argparse.Namespace, stdin: TextIO) -> Secret | None:
    if arguments.secret_stdin:
        return _one_line(stdin.read())
    if arguments.secret_file is not None:
        try:
            return _one_line(arguments.secret_file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput("--secret-file", f"cannot be read: {reason}")
    value = os.environ.get(arguments.secret_env or _SECRET_VARIABLE)
    if value is None and arguments.secret_env is not None:
        raise InvalidInput("--secret-env", f"the environment has no variable {arguments.secret_env}")
    return None if value is None else Secret(value)


def _one_line(text: str) -> Secret:
    # A file and a pipe end in a newline that is not part of the secret.
    return Secret(text.removesuffix("\n").removesuffix("\r"))
