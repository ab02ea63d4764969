"""
The commands of the command line and their options.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from oauth_cc import __version__
from oauth_cc._io.options import check_timeout
from oauth_cc.cli.parsing import Parser, unrecognized
from oauth_cc.errors import InvalidInput
from oauth_cc.variables import dialect_names

SECRET_VARIABLE: Final = "OAUTH_CLIENT_SECRET"

_EXAMPLES: Final = """\
examples:
  oauth-cc body --client-id your_id --scope "hello world"
  oauth-cc request --client-id your_id --token-url https://as.example/token --curl
  OAUTH_CLIENT_SECRET=... oauth-cc token --client-id your_id --token-url https://as.example/token
  oauth-cc token --client-id your_id --secret-file secret.txt --token-url https://as.example/token --format header
  oauth-cc token --client-id your_id --auth private-key-jwt --key key.pem --issuer https://as.example
  oauth-cc token --client-id your_id --auth tls --certificate client.pem --issuer https://as.example
  oauth-cc doctor --client-id your_id --token-url https://as.example/token
  oauth-cc token --client-id your_id --resource-url https://api.example/mcp --issuer https://as.example
  oauth-cc metadata https://as.example
  oauth-cc revoke --client-id your_id --issuer https://as.example --token-file token.txt
  oauth-cc store list
  oauth-cc demo

exit codes: 0 done, 1 rejected by the server, 2 invalid input, 3 no response, 4 server failing or limiting requests,
  5 output not written, 130 interrupted, 141 output closed
"""
_HTTP_HELP: Final = "allow plain http to any host; to this machine (loopback) it is always allowed"
_METHODS: Final = {
    "basic": "the secret by HTTP Basic (default)",
    "basic-raw": "the secret by HTTP Basic, not percent-encoded",
    "post": "the secret in the body",
    "secret-jwt": "a JWT authenticated by the secret (HMAC)",
    "private-key-jwt": "a JWT signed by --key",
    "assertion": "the assertion in --assertion-file",
    "tls": "--certificate, registered by its subject",
    "self-signed-tls": "--certificate, self-signed and registered",
    "none": "no authentication",
}


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line *argv*, by default the process's. Exit with code 2 if it is invalid."""
    made = _parser()
    arguments, unknown = made.parse_known_args(argv)
    if unknown:
        made.error(unrecognized(unknown))
    return arguments


def _parser() -> Parser:
    made = Parser(
        prog="oauth-cc",
        description="OAuth 2.0 client credentials: compose, show and send token requests.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"oauth-cc {__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, *parents: Parser) -> Parser:
        return commands.add_parser(
            name,
            help=text,
            epilog=_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=list(parents),
            allow_abbrev=False,
        )

    content, target, authentication, network = _content(), _target(), _authentication(), _network()
    add("body", "print the form body", content)
    request = add("request", "print the whole request, secrets redacted", content, target, authentication, network)
    request.add_argument("--curl", action="store_true", help="print the request as a curl command")
    request.add_argument("--profile", choices=["fapi2"], help="print which requirements of the profile are met")
    token = add("token", "get a token", content, target, authentication, network)
    token.add_argument(
        "--format",
        choices=["json", "token", "header", "curl"],
        default="json",
        help="what to print (default: json); curl calls --api-url, with a proof for a bound token",
    )
    token.add_argument("--api-url", metavar="URL", help="the API call that --format curl prints, a GET")
    token.add_argument(
        "--resource-url",
        metavar="URL",
        help="the API; its metadata names the scope and must name --issuer (RFC 9728)",
    )
    token.add_argument("--no-store", action="store_true", help="neither use a stored token nor store the new one")
    doctor = add("doctor", "find out why a server rejects a request", content, target, authentication, network)
    doctor.add_argument(
        "--try",
        dest="tries",
        action="store_true",
        help="also try other ways to send the same secret to the token endpoint, until one gets a token",
    )
    for name, endpoint, text in (
        ("revoke", "revocation", "revoke a token (RFC 7009)"),
        ("introspect", "introspection", "print what the server says about a token (RFC 7662)"),
    ):
        command = add(name, text, _client(endpoint), authentication, network)
        command.set_defaults(endpoint=endpoint)
    metadata = add("metadata", "print what a server or an API supports", network)
    metadata.add_argument("url", metavar="URL", help="an issuer identifier (RFC 8414), or the URL of an API (RFC 9728)")
    metadata.add_argument("--allow-http", action="store_true", help=_HTTP_HELP)
    store = add("store", "list or clear the stored tokens of this user")
    store.add_argument("action", choices=["list", "clear"], help="list never prints a token")
    add("demo", "run a local server and print every step")
    return made


def _content() -> Parser:
    options = Parser(add_help=False)
    options.add_argument("--client-id", metavar="ID")
    options.add_argument("--scope", action="append", default=[], metavar="TEXT", help="scope-tokens; may repeat")
    options.add_argument("--resource", action="append", default=[], metavar="URI", help="RFC 8707; may repeat")
    options.add_argument(
        "--resource-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a resource that is not a URI, for servers that expect a GUID or a name; may repeat",
    )
    options.add_argument("--authorization-details", metavar="JSON", help="an array of objects (RFC 9396)")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="such as audience=...")
    options.add_argument("--include-client-id", action="store_true", help="send client_id in the body too")
    options.add_argument(
        "--header", action="append", default=[], metavar="NAME=VALUE", help="a header of the token request; may repeat"
    )
    options.add_argument(
        "--header-env",
        action="append",
        default=[],
        metavar="NAME=VARIABLE",
        help="a header whose value is in this environment variable; may repeat",
    )
    names = dialect_names()
    options.add_argument(
        "--dialect", choices=names, metavar="NAME", help=f"the server's departures: {', '.join(names)}"
    )
    options.add_argument("--body", metavar="FORM", help="an existing form body to begin with")
    return options


def _client(endpoint: str) -> Parser:
    options = Parser(add_help=False)
    options.add_argument("--client-id", metavar="ID")
    options.add_argument(f"--{endpoint}-url", dest="endpoint_url", metavar="URL", help=f"the {endpoint} endpoint")
    options.add_argument("--issuer", metavar="URL", help="the issuer: its metadata names the endpoint; JWTs are for it")
    options.add_argument("--allow-http", action="store_true", help=_HTTP_HELP)
    token = options.add_mutually_exclusive_group()
    token.add_argument("--token-env", metavar="NAME", help="read the token from this environment variable")
    token.add_argument("--token-file", type=Path, metavar="FILE", help="read the token from this file")
    token.add_argument("--token-stdin", action="store_true", help="read the token from standard input (default)")
    return options


def _target() -> Parser:
    options = Parser(add_help=False)
    options.add_argument("--token-url", metavar="URL", help="the token endpoint")
    options.add_argument(
        "--issuer", metavar="URL", help="the issuer: its metadata names the token endpoint; JWTs are for it"
    )
    options.add_argument("--allow-http", action="store_true", help=_HTTP_HELP)
    options.add_argument(
        "--dpop-key", type=Path, metavar="FILE", help="bind the token to this private key, PEM or JWK (RFC 9449)"
    )
    return options


def _network() -> Parser:
    options = Parser(add_help=False)
    options.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="for each HTTP request (default: 10)"
    )
    options.add_argument("--ca-file", type=Path, metavar="FILE", help="PEM file with the only authorities to trust")
    options.add_argument("--proxy", metavar="URL", help="the proxy to use (default: HTTPS_PROXY and the like)")
    options.add_argument("--verbose", action="store_true", help="print each request and response to stderr, redacted")
    return options


def _seconds(text: str) -> float:
    try:
        check_timeout(float(text))
    except (ValueError, InvalidInput):
        raise argparse.ArgumentTypeError("SECONDS must be a number above 0 and at most 86400 (a day)") from None
    return float(text)


def _whole_seconds(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError("SECONDS must be a whole number") from None


def _authentication() -> Parser:
    options = Parser(add_help=False)
    methods = "; ".join([f"{name}: {text}" for name, text in _METHODS.items()])
    options.add_argument(
        "--environment",
        metavar="PREFIX",
        help="take client, server and scope from variables such as PREFIXCLIENT_ID, PREFIXCLIENT_SECRET_FILE, "
        "PREFIXTOKEN_URL and PREFIXSCOPE",
    )
    options.add_argument("--auth", choices=list(_METHODS), metavar="METHOD", help=methods)
    source = options.add_mutually_exclusive_group()
    source.add_argument(
        "--secret-env",
        metavar="NAME",
        help=f"read the client secret from this environment variable (default: {SECRET_VARIABLE})",
    )
    source.add_argument("--secret-file", type=Path, metavar="FILE", help="read the client secret from this file")
    source.add_argument("--secret-stdin", action="store_true", help="read the client secret from standard input")
    options.add_argument("--key", type=Path, metavar="FILE", help="the private key that signs JWTs, PEM or JWK")
    options.add_argument("--key-id", metavar="ID", help="the kid of the key")
    options.add_argument("--key-certificate", type=Path, metavar="FILE", help="the key's certificate, for x5t#S256")
    options.add_argument("--key-password-env", metavar="NAME", help="the environment variable with the key's password")
    options.add_argument("--algorithm", metavar="ALG", help="RS256 (default) to PS512 for RSA; HS256 to HS512 for HMAC")
    options.add_argument("--audience", metavar="URL", help="the audience of JWTs (default: the issuer)")
    options.add_argument(
        "--typ",
        metavar="TYPE",
        help="the typ of JWTs, such as JWT, or none to omit it (default: client-authentication+jwt)",
    )
    options.add_argument(
        "--lifetime", type=_whole_seconds, metavar="SECONDS", help="the lifetime of JWTs (default: 60)"
    )
    options.add_argument("--claims", metavar="JSON", help="further claims of JWTs, an object")
    options.add_argument("--assertion-file", type=Path, metavar="FILE", help="an assertion issued by another server")
    options.add_argument("--assertion-type", metavar="URI", help="the type of the assertion (default: JWT)")
    options.add_argument("--certificate", type=Path, metavar="FILE", help="the client certificate for TLS, PEM")
    options.add_argument("--certificate-key", type=Path, metavar="FILE", help="its private key, if in another file")
    return options
