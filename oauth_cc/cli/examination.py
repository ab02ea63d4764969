"""
The observation of a server for ``oauth-cc doctor``, and the page that it prints.
"""

import argparse
import ssl
import time
from collections.abc import Iterator
from socket import gaierror
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from oauth_cc import HttpRequest, HttpResponse, TokenRequest
from oauth_cc._io.driver import drive
from oauth_cc._io.tracebacks import chain
from oauth_cc._io.user_agent import with_user_agent
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.cli.display import printable
from oauth_cc.cli.network import online
from oauth_cc.cli.output import DONE, NO_ANSWER, REFUSED, TRY_LATER, Output
from oauth_cc.cli.request import hidden_values
from oauth_cc.doctor import (
    Alternative,
    Diagnosis,
    Failure,
    FailureKind,
    Observed,
    alternatives,
    examine,
    needs_alternatives,
)
from oauth_cc.endpoint import Endpoint, url_fault
from oauth_cc.errors import InvalidResponse, IssuerMismatch, OAuthError, TokenRequestRefused
from oauth_cc.flows import Failed, Received, discover, exchange
from oauth_cc.flows.exchange import Retries
from oauth_cc.metadata import ServerMetadata

if TYPE_CHECKING:
    import httpx2

_ONCE: Final = Retries(attempts=1)
_VERIFICATION: Final[dict[int, FailureKind]] = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    62: "wrong_host",
    64: "wrong_host",
}
"""Codes of OpenSSL (X509_V_ERR). Any other means an authority that is not trusted."""

_MAX_DETAIL: Final = 200
_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE")


def announcement(request: TokenRequest, arguments: argparse.Namespace) -> str:
    """
    Return how many requests are sent at most, and where the secret goes.

    Args:
        request: The token request.
        arguments: The parsed command line.
    """
    others = len(alternatives(request, arguments.token_url or arguments.issuer)) if arguments.tries else 0
    # A server may require a nonce in the proof, which takes a second request.
    sends = 1 if request.dpop_key is None else 2
    # Each of three URLs may redirect once.
    lookups = 6 if arguments.issuer else 0
    counts = {"for the metadata": lookups, "to the token endpoint": sends * (1 + others)}
    parts = ", ".join([f"{count} {where}" for where, count in counts.items() if count])
    total = sum(counts.values())
    return f"doctor sends at most {total} {'request' if total == 1 else 'requests'}: {parts}"


def examined(request: TokenRequest, arguments: argparse.Namespace) -> Output:
    """
    Observe the server of *arguments*, and return the page about *request* with its exit code.

    Args:
        request: The token request.
        arguments: The parsed command line.
    """
    secrets = hidden_values(request)
    observed = online(lambda client: _observe(request, arguments, client), arguments, secrets)
    given = attrs.evolve(
        observed,
        issuer=arguments.issuer,
        ca_file=None if arguments.ca_file is None else f"{arguments.ca_file}",
        proxy=observed.proxy if arguments.proxy is None else f"{arguments.proxy}",
        proxy_given=arguments.proxy is not None,
    )
    diagnosis = examine(request, given)
    return Output(page(diagnosis), _code(diagnosis))


def page(diagnosis: Diagnosis) -> str:
    """Return *diagnosis* as text."""
    return "\n".join([*_page(diagnosis)])


def _code(diagnosis: Diagnosis) -> int:
    # The codes of the command token.
    if not diagnosis.findings:
        return DONE
    match diagnosis.findings[0].outage:
        case "no_response":
            return NO_ANSWER
        case "failing":
            return TRY_LATER
        case None:
            return REFUSED


def _page(diagnosis: Diagnosis) -> Iterator[str]:
    for sentence in diagnosis.works:
        yield f"ok     {sentence}"
    for finding in diagnosis.findings:
        yield f"WRONG  {finding.topic}: {finding.sentence}"
        yield f"       {finding.advice}"
    yield from ("", "in Python:", "", *[f"    {line}".rstrip() for line in diagnosis.python.splitlines()])
    yield from ("", "in a shell:", "", f"    {diagnosis.shell}")


class _NoAnswer(Exception):
    # The failure of the probe says why.
    pass


class _Probe:
    # Sends requests, and keeps the last response, or why none arrived.

    def __init__(self, client: "httpx2.Client", timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self.received: Received | None = None
        self.failure: Failure | None = None

    def send(self, request: HttpRequest) -> Received | Failed:
        import httpx2

        self.received, self.failure = None, None
        asked = with_user_agent(request)
        headers = {**dict(asked.headers), "Accept-Encoding": "identity"}
        try:
            with self._client.stream(
                asked.method,
                asked.url,
                headers=headers,
                content=asked.body,
                auth=None,
                follow_redirects=False,
                timeout=self._timeout,
            ) as response:
                self.received = Received(_bounded(response, time.monotonic() + self._timeout), time.time())
        except httpx2.TransportError as error:
            self.failure = failure_of(error)
            return Failed(_NoAnswer(), retryable=False)
        return self.received


def _bounded(response: "httpx2.Response", ends_at: float) -> HttpResponse:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        # A server can send a byte at a time.
        if len(content) > MAX_SIZE or time.monotonic() > ends_at:
            break
    decoded = decode_content(bytes(content), response.headers.get_list("Content-Encoding"), max_size=MAX_SIZE)
    body = decoded if isinstance(decoded, bytes) else b""
    return HttpResponse(response.status_code, response.headers.multi_items(), body)


def failure_of(error: Exception) -> Failure:
    """Return why no response arrived, from an *error* of the HTTP library."""
    import httpx2

    for link in chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return Failure(_VERIFICATION.get(link.verify_code, "unknown_authority"), link.verify_message.rstrip("."))
        if isinstance(link, ssl.SSLError):
            return _handshake(f"{link.reason}")
        kinds: dict[type[BaseException] | tuple[type[BaseException], ...], FailureKind] = {
            gaierror: "unknown_host",
            ConnectionRefusedError: "refused",
            httpx2.ProxyError: "proxy",
            (TimeoutError, httpx2.TimeoutException): "timeout",
        }
        for kind, name in kinds.items():
            if isinstance(link, kind):
                return Failure(name, printable(f"{error}")[:_MAX_DETAIL] if name == "proxy" else "")
    return Failure("refused" if isinstance(error, httpx2.ConnectError) else "closed")


def _handshake(reason: str) -> Failure:
    if "CERTIFICATE_REQUIRED" in reason:
        return Failure("certificate_required")
    return Failure("not_tls" if reason in _NOT_TLS else "tls", reason)


def _observe(request: TokenRequest, arguments: argparse.Namespace, client: "httpx2.Client") -> Observed:
    endpoint: str | None = arguments.token_url
    allow_http: bool = arguments.allow_http
    if endpoint is not None and url_fault("token endpoint", endpoint, allow_http=allow_http) is not None:
        return Observed(endpoint, allow_http)
    probe = _Probe(client, arguments.timeout)
    metadata = None if arguments.issuer is None else _metadata(probe, arguments)
    if isinstance(metadata, ServerMetadata) and endpoint is None:
        alias = None if request.client_certificate is None else metadata.mtls_token_endpoint
        # `ServerMetadata` has checked whether its issuer may name this URL.
        endpoint, allow_http = alias or metadata.token_endpoint, True
    if endpoint is None:
        return Observed(None, allow_http, probe.failure, _proxy_of(f"{arguments.issuer}", arguments), metadata)
    where = Endpoint(endpoint, allow_http=allow_http)
    _request(probe, request, where)
    received, failure = probe.received, probe.failure
    response = None if received is None else received.response
    received_at = 0.0 if received is None else received.received_at
    found = Observed(endpoint, allow_http, failure, _proxy_of(endpoint, arguments), metadata, response, received_at)
    if arguments.tries and needs_alternatives(request, found):
        return _with_alternative(probe, found, request, where)
    return found


def _metadata(probe: _Probe, arguments: argparse.Namespace) -> ServerMetadata | OAuthError | None:
    issuer = Endpoint(arguments.issuer, allow_http=True) if arguments.allow_http else arguments.issuer
    try:
        return drive(discover(issuer, retries=_ONCE), probe.send)
    except OAuthError as error:
        # A server without metadata is not wrong if the endpoint is given.
        return error if arguments.token_url is None or isinstance(error, IssuerMismatch) else None
    except _NoAnswer:
        return None


def _request(probe: _Probe, request: TokenRequest, endpoint: Endpoint) -> bool:
    try:
        drive(exchange(request, endpoint, retries=_ONCE), probe.send)
    except (TokenRequestRefused, InvalidResponse, _NoAnswer):
        return False
    return True


def _with_alternative(probe: _Probe, observed: Observed, request: TokenRequest, endpoint: Endpoint) -> Observed:
    tried: list[Alternative] = []
    for each in alternatives(request, endpoint.url):
        if _request(probe, each.request, endpoint):
            return attrs.evolve(observed, worked=each, tried=tuple(tried))
        tried.append(each)
    return attrs.evolve(observed, tried=tuple(tried))


def _proxy_of(url: str, arguments: argparse.Namespace) -> str | None:
    if arguments.proxy is not None:
        return f"{arguments.proxy}"
    parts = urlsplit(url)
    found = getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return None
    # Without user and password.
    scheme, _, rest = proxy.rpartition("://")
    return f"{scheme or 'http'}://{rest.rpartition('@')[2]}"
