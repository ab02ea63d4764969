"""
Commands that contact a server, and the store of their tokens.
"""

import argparse
import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from oauth_cc import ClientCredentials, Secret, Token, TokenRequest, token_request
from oauth_cc._io.options import Options
from oauth_cc._wire.url import split_origin
from oauth_cc.cli.authentication import password_of
from oauth_cc.cli.output import note, say
from oauth_cc.cli.request import hidden_values
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidInput
from oauth_cc.events import Event, StoreFailed
from oauth_cc.flows.effects import Flow
from oauth_cc.metadata import ServerMetadata, endpoint_for

if TYPE_CHECKING:
    import httpx2

    from oauth_cc.revocation import Introspection
    from oauth_cc.stores.file import FileStore

T = TypeVar("T")


class NetworkError(Exception):
    """No response arrived. The text says why and what to check."""


def endpoint_of(request: TokenRequest, arguments: argparse.Namespace) -> tuple[Endpoint, ServerMetadata | None]:
    """
    Return the token endpoint of *arguments* and, if it was discovered, the metadata of the issuer.

    Args:
        request: The token request; its authentication may need the issuer's mTLS endpoint.
        arguments: The parsed command line.

    Raises:
        InvalidInput: If *arguments* name neither an endpoint nor an issuer.
    """
    if arguments.token_url is not None:
        return Endpoint(arguments.token_url, allow_http=arguments.allow_http), None
    if arguments.issuer is None:
        raise InvalidInput(
            "--token-url", "--token-url or --issuer is required; the issuer's metadata names the endpoint"
        )
    metadata = _metadata(arguments, request)
    return endpoint_for(metadata, request), metadata


def token_for(request: TokenRequest, arguments: argparse.Namespace) -> Token:
    """
    Return a stored token or a new one.

    Args:
        request: The token request.
        arguments: The parsed options. They name the token endpoint, or an issuer and the API, and say what is stored.

    Raises:
        InvalidInput: The options contradict each other, or the request cannot be sent.
    """
    resource: str | None = arguments.resource_url
    if resource is not None and (arguments.issuer is None or arguments.token_url is not None):
        reason = "--resource-url requires --issuer, the server that issued the credentials, and excludes --token-url"
        raise InvalidInput("--resource-url", reason)
    endpoint = None if resource is not None else endpoint_of(request, arguments)[0]

    def fetch(client: "httpx2.Client") -> Token:
        from oauth_cc.httpx2 import TokenSource

        store = None if arguments.no_store else _store()
        # The process ends with this token, and with it a thread in the background.
        options = Options(timeout=arguments.timeout, on_event=_warn, background_renewal=False)
        if endpoint is not None:
            return TokenSource(request, endpoint, client=client, store=store, options=options).token()
        issuer, url = with_transport(arguments.issuer, arguments), f"{resource}"
        return TokenSource.from_resource(
            url, request, issuer=issuer, client=client, store=store, options=options
        ).token()

    return online(fetch, arguments, hidden_values(request))


def revoked(token: Secret, client: ClientCredentials, arguments: argparse.Namespace) -> None:
    """
    Revoke *token* (RFC 7009).

    Args:
        token: The token.
        client: The credentials that authenticate the request.
        arguments: The parsed options, which name the endpoint.
    """
    from oauth_cc.flows import revoke

    secrets = _secrets(token, client)
    _perform(revoke(token, client, _named_endpoint(client, arguments, secrets)), arguments, secrets)


def introspection_of(token: Secret, client: ClientCredentials, arguments: argparse.Namespace) -> "Introspection":
    """
    Return what the server says about *token* (RFC 7662).

    Args:
        token: The token.
        client: The credentials that authenticate the request.
        arguments: The parsed options, which name the endpoint.
    """
    from oauth_cc.flows import introspect

    secrets = _secrets(token, client)
    return _perform(introspect(token, client, _named_endpoint(client, arguments, secrets)), arguments, secrets)


def _secrets(token: Secret, client: ClientCredentials) -> tuple[Secret, ...]:
    return (*hidden_values(token_request(client)), token)


def _perform(flow: Flow[T], arguments: argparse.Namespace, secrets: tuple[Secret, ...]) -> T:
    def run(client: "httpx2.Client") -> T:
        from oauth_cc.httpx2 import perform

        return perform(flow, client=client, options=Options(timeout=arguments.timeout))

    return online(run, arguments, secrets)


def _named_endpoint(client: ClientCredentials, arguments: argparse.Namespace, secrets: tuple[Secret, ...]) -> Endpoint:
    name: str = arguments.endpoint
    if arguments.endpoint_url is not None:
        return Endpoint(arguments.endpoint_url, allow_http=arguments.allow_http)
    if arguments.issuer is None:
        reason = f"--{name}-url or --issuer is required; the issuer's metadata names the endpoint"
        raise InvalidInput(f"--{name}-url", reason)
    found: str | None = getattr(_metadata(arguments, token_request(client), secrets), f"{name}_endpoint")
    if found is None:
        reason = f"the issuer's metadata has no {name}_endpoint; pass --{name}-url"
        raise InvalidInput(f"--{name}-url", reason)
    # `ServerMetadata` has checked whether its issuer may name this URL.
    return Endpoint(found, allow_http=True)


def anonymous(
    fetch: "Callable[[httpx2.Client], T]", arguments: argparse.Namespace, secrets: tuple[Secret, ...] = ()
) -> T:
    """
    Return the result of *fetch* with a client that has no certificate, as `online` does.

    Args:
        fetch: Sends requests without credentials.
        arguments: The parsed command line.
        secrets: What ``--verbose`` must not show.
    """
    return _online(fetch, arguments, _tls(arguments.ca_file), secrets)


def with_transport(issuer: str, arguments: argparse.Namespace) -> str | Endpoint:
    """
    Return *issuer* as an `Endpoint` if plain http is allowed, else as it is.

    Args:
        issuer: The issuer identifier, a URL.
        arguments: The parsed options, of which ``--allow-http`` allows plain http.
    """
    return Endpoint(issuer, allow_http=True) if arguments.allow_http else issuer


def stored(action: str) -> str:
    """List the stored tokens without their secrets or, if *action* is ``clear``, delete them. Return the output."""
    store = _store()
    if action == "clear":
        return f"files removed: {store.clear()}"
    lines = [f"{entry.key:<11}{_utc(entry.ends_at)}  {entry.scope}".rstrip() for entry in store.entries()]
    return "\n".join(["cache key  expires at (UTC)     scope", *sorted(lines)])


def _metadata(arguments: argparse.Namespace, request: TokenRequest, secrets: tuple[Secret, ...] = ()) -> ServerMetadata:
    def fetch(client: "httpx2.Client") -> ServerMetadata:
        from oauth_cc.flows import discover
        from oauth_cc.flows.redaction import redacting
        from oauth_cc.httpx2 import perform

        flow = redacting(discover(with_transport(arguments.issuer, arguments)), request, secrets)
        return perform(flow, client=client, options=Options(timeout=arguments.timeout))

    return anonymous(fetch, arguments, secrets or hidden_values(request))


def online(fetch: "Callable[[httpx2.Client], T]", arguments: argparse.Namespace, secrets: tuple[Secret, ...] = ()) -> T:
    """
    Return the result of *fetch* with the client that *arguments* describe.

    Args:
        fetch: Sends requests.
        arguments: The parsed command line.
        secrets: What ``--verbose`` must not show, although a server repeats it.

    Raises:
        NetworkError: No response arrived.
        InvalidInput: An option of the network is invalid.
    """
    return _online(fetch, arguments, _tls(arguments.ca_file, _client_certificate(arguments)), secrets)


def _online(
    fetch: "Callable[[httpx2.Client], T]",
    arguments: argparse.Namespace,
    tls: ssl.SSLContext,
    secrets: tuple[Secret, ...],
) -> T:
    import httpx2

    # Silence the log: exit codes and sentences on stderr report the same.
    logging.getLogger("oauth_cc").addHandler(logging.NullHandler())
    try:
        with _client(arguments, tls) as client:
            if arguments.verbose:
                from oauth_cc.cli.trace import trace

                trace(client, note, secrets)
            return fetch(client)
    except httpx2.TransportError as error:
        kind = type(error).__name__
        sentence = f"no response from the server ({kind}: {error}); check the URL, the network and any proxy"
    raise NetworkError(sentence)


def _client(arguments: argparse.Namespace, tls: ssl.SSLContext) -> "httpx2.Client":
    import httpx2

    if arguments.proxy is not None:
        return httpx2.Client(proxy=_proxy(arguments.proxy), trust_env=False, verify=tls)
    with suppress(ValueError, httpx2.InvalidURL):
        return httpx2.Client(verify=tls)
    reason = "the proxy of the environment is not a URL; correct HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
    raise InvalidInput("--proxy", reason)


def _proxy(url: str) -> str:
    found = split_origin(url)
    if not isinstance(found, str):
        return url
    advice = "pass a proxy's password in HTTPS_PROXY, as other users can read arguments"
    raise InvalidInput("--proxy", f"--proxy must be the http or https URL of a proxy, without userinfo; {advice}")


@attrs.frozen
class _ClientCertificate:
    # The files of a client certificate, of its key if that is separate, and the password of the key.
    certificate: Path
    key: Path | None
    password: Secret | None


def _client_certificate(arguments: argparse.Namespace) -> _ClientCertificate | None:
    if arguments.certificate is None:
        return None
    return _ClientCertificate(arguments.certificate, arguments.certificate_key, password_of(arguments))


def _tls(ca_file: Path | None, client: _ClientCertificate | None = None) -> ssl.SSLContext:
    try:
        import httpx2
    except ImportError as error:
        raise ImportError("this command needs an HTTP library; run pip install 'oauth_cc[cli]'") from error
    try:
        context = httpx2.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        reason = f"--ca-file {ca_file} cannot be read as PEM certificates: {error.strerror or error}"
        raise InvalidInput("--ca-file", reason) from None
    if client is not None:
        _load(context, client)
    return context


def _load(context: ssl.SSLContext, client: _ClientCertificate) -> None:
    password = "" if client.password is None else client.password.reveal()
    try:
        # Without a callback, OpenSSL would prompt for the password of an encrypted key.
        context.load_cert_chain(client.certificate, client.key, password=lambda: password)
    except ssl.SSLError:
        reason = (
            "--certificate must be a PEM certificate, with its private key in the same file or in --certificate-key;"
            " check that they belong together, and name the password of an encrypted key by --key-password-env"
        )
    except OSError as error:
        files = " or ".join([str(path) for path in (client.certificate, client.key) if path is not None])
        reason = f"--certificate cannot be read: {error.strerror}; check {files}"
    else:
        return
    raise InvalidInput("--certificate", reason)


def _store() -> "FileStore":
    try:
        from oauth_cc.stores.file import FileStore
    except ImportError as error:
        reason = "storing tokens needs more packages; run pip install 'oauth_cc[cli]', or pass --no-store"
        raise ImportError(reason) from error
    return FileStore()


def _warn(event: Event) -> None:
    if isinstance(event, StoreFailed):
        say(f"the token was not stored: {event.error}")


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
