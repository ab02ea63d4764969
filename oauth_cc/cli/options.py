"""
What the command line takes: commands and their options.
"""

import argparse
from pathlib import Path
from typing import Final

from oauth_cc import __version__
from oauth_cc._io.options import check_timeout
from oauth_cc.errors import InvalidInput

SECRET_VARIABLE: Final = "OAUTH_CLIENT_SECRET"

_EXAMPLES: Final = """\
examples:
  oauth-cc body --client-id your_id --scope "hello world"
  oauth-cc request --client-id your_id --token-url https://as.example/token --curl
  OAUTH_CLIENT_SECRET=... oauth-cc token --client-id your_id --token-url https://as.example/token
  oauth-cc token --client-id your_id --secret-file secret.txt --token-url https://as.example/token --format header
  oauth-cc token --client-id your_id --auth private-key-jwt --key key.pem --issuer https://as.example
  oauth-cc token --client-id your_id --auth tls --certificate client.pem --issuer https://as.example
  oauth-cc metadata https://as.example
  oauth-cc store list
  oauth-cc demo

exit codes: 0 done, 1 refused by the server, 2 bad input, 3 network
"""
_HTTP_HELP: Final = "allow plain http to a host other than this machine, which is always allowed"
_WAYS: Final = {
    "basic": "the secret by HTTP Basic (default)",
    "basic-raw": "by Basic without encoding",
    "post": "in the body",
    "secret-jwt": "a JWT keyed by the secret",
    "private-key-jwt": "a JWT signed by --key",
    "assertion": "what --assertion-file holds",
    "tls": "--certificate, whose subject the server knows",
    "self-signed-tls": "--certificate, which the server knows",
    "none": "nothing",
}


def parser() -> argparse.ArgumentParser:
    """Gives the parser of the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(
        prog="oauth-cc",
        description="OAuth 2.0 client credentials: compose, show and send token requests.",
        epilog=_EXAMPLES,
        formatter_class=raw,
    )
    made.add_argument("--version", action="version", version=f"oauth-cc {__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked, sent, proof, network = _asked(), _sent(), _proof(), _network()
    commands.add_parser("body", help="print the form body", epilog=_EXAMPLES, formatter_class=raw, parents=[asked])
    request = commands.add_parser(
        "request",
        help="print the whole request, secrets redacted",
        epilog=_EXAMPLES,
        formatter_class=raw,
        parents=[asked, sent, proof, network],
    )
    request.add_argument("--curl", action="store_true", help="print it as a curl command")
    request.add_argument("--profile", choices=["fapi2"], help="print which duties of the profile it meets")
    token = commands.add_parser(
        "token", help="get a token", epilog=_EXAMPLES, formatter_class=raw, parents=[asked, sent, proof, network]
    )
    token.add_argument("--format", choices=["json", "token", "header"], default="json", help="default: json")
    token.add_argument("--no-store", action="store_true", help="neither use a token that is kept nor keep this one")
    metadata = commands.add_parser(
        "metadata", help="print what a server supports", epilog=_EXAMPLES, formatter_class=raw, parents=[network]
    )
    metadata.add_argument("issuer", metavar="ISSUER", help="the server's issuer identifier (RFC 8414)")
    metadata.add_argument("--allow-http", action="store_true", help=_HTTP_HELP)
    store = commands.add_parser("store", help="show or empty the store of tokens of this user", formatter_class=raw)
    store.add_argument("action", choices=["list", "clear"], help="list never shows a token itself")
    commands.add_parser("demo", help="run a server on this machine and show every step", formatter_class=raw)
    return made


def _asked() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--client-id", required=True, metavar="ID")
    options.add_argument("--scope", action="append", default=[], metavar="TEXT", help="scope-tokens; may repeat")
    options.add_argument("--resource", action="append", default=[], metavar="URI", help="RFC 8707; may repeat")
    options.add_argument("--authorization-details", metavar="JSON", help="an array of objects (RFC 9396)")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="such as audience=...")
    options.add_argument("--include-client-id", action="store_true", help="send client_id in the body too")
    options.add_argument("--body", metavar="FORM", help="an existing form body to embed")
    return options


def _sent() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--token-url", metavar="URL", help="the token endpoint")
    options.add_argument("--issuer", metavar="URL", help="the issuer: names the token endpoint, and whom JWTs are for")
    options.add_argument("--allow-http", action="store_true", help=_HTTP_HELP)
    return options


def _network() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="default: 10")
    options.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the authorities in this PEM file instead")
    return options


def _seconds(text: str) -> float:
    try:
        check_timeout(float(text))
    except (ValueError, InvalidInput):
        raise argparse.ArgumentTypeError(f"{text!r}: give seconds, above 0 and up to a day") from None
    return float(text)


def _proof() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    ways = "; ".join([f"{name}: {text}" for name, text in _WAYS.items()])
    options.add_argument("--auth", choices=list(_WAYS), default="basic", metavar="WAY", help=ways)
    source = options.add_mutually_exclusive_group()
    source.add_argument(
        "--secret-env",
        metavar="NAME",
        help=f"read the client secret from this environment variable (default: {SECRET_VARIABLE})",
    )
    source.add_argument("--secret-file", type=Path, metavar="FILE", help="read it from a file")
    source.add_argument("--secret-stdin", action="store_true", help="read it from standard input")
    options.add_argument("--key", type=Path, metavar="FILE", help="a private key that signs JWTs, PEM or JWK")
    options.add_argument("--key-id", metavar="ID", help="its name in the header (kid)")
    options.add_argument("--key-certificate", type=Path, metavar="FILE", help="its certificate, for x5t#S256")
    options.add_argument("--key-password-env", metavar="NAME", help="the variable that has the password of the key")
    options.add_argument("--algorithm", metavar="ALG", help="of an RSA key: RS256 (default) to PS512; HS256 to HS512")
    options.add_argument("--audience", metavar="URL", help="whom JWTs are for, where it is not the issuer")
    options.add_argument(
        "--typ", metavar="TYPE", help="the typ of JWTs, such as JWT (default: client-authentication+jwt)"
    )
    options.add_argument("--lifetime", type=int, metavar="SECONDS", help="how long a JWT holds (default: 60)")
    options.add_argument("--assertion-file", type=Path, metavar="FILE", help="an assertion that someone else makes")
    options.add_argument("--assertion-type", metavar="URI", help="what that is, where it is no JWT")
    options.add_argument("--certificate", type=Path, metavar="FILE", help="a client certificate to connect with, PEM")
    options.add_argument("--certificate-key", type=Path, metavar="FILE", help="its private key, if not beside it")
    return options
