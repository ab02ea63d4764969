"""
Records of what is observed of a server, and of the findings about it.
"""

from typing import Final, Literal, TypeAlias, final, get_args

import attrs

from oauth_cc.errors import InvalidInput, OAuthError, kind_fault, moment_fault, switch_fault, texts_fault
from oauth_cc.http import HttpResponse
from oauth_cc.metadata import ServerMetadata
from oauth_cc.request import TokenRequest

Topic: TypeAlias = Literal[
    "address",
    "algorithm",
    "audience",
    "basic",
    "certificate",
    "clock",
    "connection",
    "dialect",
    "dpop",
    "endpoint",
    "grant",
    "http",
    "key",
    "lifetime",
    "metadata",
    "method",
    "proxy",
    "quota",
    "redirect",
    "request",
    "resource",
    "response",
    "scope",
    "secret",
    "server",
    "tls",
    "type",
]
"""What a finding is about."""

FailureKind: TypeAlias = Literal[
    "certificate_required",
    "closed",
    "expired",
    "not_tls",
    "not_yet_valid",
    "proxy",
    "refused",
    "self_signed",
    "timeout",
    "tls",
    "unknown_authority",
    "unknown_host",
    "wrong_host",
]
"""Why no response arrived."""

_FAILURES: Final[tuple[FailureKind, ...]] = get_args(FailureKind)

Outage: TypeAlias = Literal["failing", "no_response"]
"""Why a later run may succeed: the server is failing or limits requests, or no response arrived."""


@final
@attrs.frozen
class Failure:
    """
    A connection that failed.

    Args:
        kind: Why.
        detail: The words of the HTTP library, without a secret.

    Raises:
        InvalidInput: An argument is of another type, or *kind* is unknown.
    """

    kind: FailureKind
    detail: str = ""

    def __attrs_post_init__(self) -> None:
        if self.kind not in _FAILURES:
            raise InvalidInput("kind", f"kind must be one of {', '.join(_FAILURES)}")
        if not isinstance(self.detail, str):
            raise kind_fault("detail", self.detail, "a str")


@final
@attrs.frozen
class Alternative:
    """
    Another way to send a request.

    Args:
        topic: What differs.
        request: The request that differs.
    """

    topic: Topic
    request: TokenRequest


@final
@attrs.frozen
class Observed:
    """
    What was observed of a server.

    Args:
        endpoint: The URL of the token endpoint, as it was given or discovered.
        allow_http: Whether plain http to any host was allowed.
        failure: Why no response arrived, or None.
        proxy: The URL of the proxy that was used, without its password, or None.
        metadata: The metadata of the issuer, or the error instead, or None if no issuer was given.
        response: The response of the token endpoint, or None.
        received_at: The time of the response by the clock of this machine, in POSIX seconds.
        worked: The alternative that got a token, or None.
        tried: The alternatives that failed.
        issuer: The issuer that was given, or None.
        ca_file: The path of the PEM file with the only authorities that were trusted, or None.
        proxy_given: Whether *proxy* was given, and is not that of the environment.

    Raises:
        InvalidInput: An argument is of another type.
    """

    endpoint: str | None
    allow_http: bool = False
    failure: Failure | None = None
    proxy: str | None = None
    metadata: ServerMetadata | OAuthError | None = None
    response: HttpResponse | None = None
    received_at: float = 0.0
    worked: Alternative | None = None
    tried: tuple[Alternative, ...] = ()
    issuer: str | None = None
    ca_file: str | None = None
    proxy_given: bool = False

    def __attrs_post_init__(self) -> None:
        fault = (
            switch_fault(allow_http=self.allow_http, proxy_given=self.proxy_given)
            or texts_fault(endpoint=self.endpoint, proxy=self.proxy, issuer=self.issuer, ca_file=self.ca_file)
            or moment_fault("received_at", self.received_at)
            or _parts_fault(self)
        )
        if fault is not None:
            raise fault


def _parts_fault(observed: Observed) -> InvalidInput | None:
    parts: tuple[tuple[str, object, tuple[type[object], ...]], ...] = (
        ("failure", observed.failure, (Failure,)),
        ("metadata", observed.metadata, (ServerMetadata, OAuthError)),
        ("response", observed.response, (HttpResponse,)),
        ("worked", observed.worked, (Alternative,)),
    )
    for name, given, kinds in parts:
        if given is not None and not isinstance(given, kinds):
            return kind_fault(name, given, f"{' or '.join([kind.__name__ for kind in kinds])}, or None")
    tried: object = observed.tried
    if isinstance(tried, tuple) and all([isinstance(each, Alternative) for each in tried]):
        return None
    return InvalidInput("tried", "tried must be a tuple of the alternatives that failed")


@final
@attrs.frozen
class Finding:
    """
    Something that is wrong, and what to do.

    Args:
        topic: The subject of the finding.
        sentence: What is wrong.
        advice: What to do.
        request: The request that follows the advice, or None if the advice needs more than another request.
        endpoint: The token endpoint to use instead, or None.
        outage: Why a later run may succeed, or None if it will fail too.
    """

    topic: Topic
    sentence: str
    advice: str
    request: TokenRequest | None = None
    endpoint: str | None = None
    outage: Outage | None = None


@final
@attrs.frozen
class Diagnosis:
    """
    The result of an examination.

    Args:
        works: What works, one sentence each.
        findings: What does not work, the cause first.
        python: Lines of Python that request a token and follow the advice.
        shell: A command that does the same.
    """

    works: tuple[str, ...]
    findings: tuple[Finding, ...]
    python: str
    shell: str
