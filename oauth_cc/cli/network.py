"""
Commands that ask a server, and what they keep.
"""

import argparse
import logging
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from oauth_cc import Secret, Token, TokenRequest
from oauth_cc._io.options import Options
from oauth_cc.cli.authentication import password_of
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidInput
from oauth_cc.events import Event, StoreFailed
from oauth_cc.metadata import ServerMetadata, endpoint_for

if TYPE_CHECKING:
    import httpx2

    from oauth_cc.stores.file import FileStore

T = TypeVar("T")


class NetworkError(Exception):
    """No answer came; the text says why, and what to look at."""


def endpoint_of(request: TokenRequest, arguments: argparse.Namespace) -> tuple[Endpoint, ServerMetadata | None]:
    """Gives the token endpoint that *arguments* name, or the one that their issuer names for *request*, by metadata."""
    if arguments.token_url is not None:
        return Endpoint(arguments.token_url, allow_http=arguments.allow_http), None
    if arguments.issuer is None:
        raise InvalidInput("--token-url", "give it, or --issuer, whose metadata name it")
    metadata = metadata_of(arguments)
    return endpoint_for(metadata, request), metadata


def token_for(request: TokenRequest, arguments: argparse.Namespace) -> Token:
    """Gives the token for *request*: one that is kept, or a new one from where *arguments* say."""
    endpoint, _ = endpoint_of(request, arguments)

    def fetch(client: "httpx2.Client") -> Token:
        from oauth_cc.httpx2 import TokenSource

        return TokenSource(
            request,
            endpoint,
            client=client,
            store=None if arguments.no_store else _store(),
            options=Options(timeout=arguments.timeout, on_event=_warn),
        ).token()

    return _online(fetch, _trust(arguments.ca_file, _shown(arguments)))


def metadata_of(arguments: argparse.Namespace) -> ServerMetadata:
    """Gives what the issuer of *arguments* says of itself."""
    return _online(lambda client: _metadata(arguments, client), _trust(arguments.ca_file))


def kept(action: str) -> str:
    """Gives what is kept, without the tokens themselves; or, for the *action* ``clear``, forgets it."""
    store = _store()
    if action == "clear":
        return f"files removed: {store.clear()}"
    lines = [f"{entry.key}  {_utc(entry.ends_at)}  {entry.scope}".rstrip() for entry in store.entries()]
    return "\n".join(["key       ends at (UTC)        scope", *sorted(lines)])


def _metadata(arguments: argparse.Namespace, client: "httpx2.Client") -> ServerMetadata:
    from oauth_cc.httpx2 import fetch_metadata

    issuer = Endpoint(arguments.issuer, allow_http=True) if arguments.allow_http else arguments.issuer
    return fetch_metadata(issuer, client=client, options=Options(timeout=arguments.timeout))


def _online(fetch: "Callable[[httpx2.Client], T]", trust: ssl.SSLContext | bool) -> T:
    try:
        import httpx2
    except ImportError as error:
        raise ImportError("this command needs an HTTP library: pip install 'oauth_cc[cli]'") from error
    # What the log would say is said by exit codes and sentences here.
    logging.getLogger("oauth_cc").addHandler(logging.NullHandler())
    try:
        with httpx2.Client(trust_env=False, verify=trust) as client:
            return fetch(client)
    except httpx2.TransportError as error:
        kind = type(error).__name__
        sentence = f"no answer from the server ({kind}: {error}): check the URL, the network and any proxy"
    raise NetworkError(sentence)


@attrs.frozen
class _Shown:
    # What connections show: a certificate, the key of it, if that has a file of its own, and its password.
    certificate: Path
    key: Path | None
    password: Secret | None


def _shown(arguments: argparse.Namespace) -> _Shown | None:
    if arguments.certificate is None:
        return None
    return _Shown(arguments.certificate, arguments.certificate_key, password_of(arguments))


def _trust(ca_file: Path | None, shown: _Shown | None = None) -> ssl.SSLContext | bool:
    if ca_file is None and shown is None:
        return True
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise InvalidInput("--ca-file", f"cannot be read as PEM certificates: {error.strerror or error}") from None
    if shown is not None:
        _show(context, shown)
    return context


def _show(context: ssl.SSLContext, shown: _Shown) -> None:
    password = "" if shown.password is None else shown.password.reveal()
    try:
        # Without a callback, a key that is encrypted would have OpenSSL ask at the terminal.
        context.load_cert_chain(shown.certificate, shown.key, password=lambda: password)
    except ssl.SSLError:
        reason = (
            "is no PEM certificate with its key, there or in --certificate-key: see that they belong together, and that"
            " --key-password-env names the password if the key is encrypted"
        )
    except OSError as error:
        reason = f"or its key cannot be read: {error.strerror}"
    else:
        return
    raise InvalidInput("--certificate", reason)


def _store() -> "FileStore":
    try:
        from oauth_cc.stores.file import FileStore
    except ImportError as error:
        raise ImportError("keeping tokens needs pip install 'oauth_cc[cli]'; or give --no-store") from error
    return FileStore()


def _warn(event: Event) -> None:
    if isinstance(event, StoreFailed):
        print(f"oauth-cc: the token is not kept: {event.error}", file=sys.stderr)


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
