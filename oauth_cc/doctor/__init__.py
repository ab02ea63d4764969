"""
The reasons why a server refuses a token request: findings about what was observed, the cause first.

    TokenRequest, Observed ─ examine ─▶ Diagnosis

The functions are pure. ``oauth-cc doctor`` observes a server and prints the diagnosis.
"""

from collections.abc import Iterator
from typing import Final

import attrs

from oauth_cc.doctor._alternatives import alternatives
from oauth_cc.doctor._answer import answer_findings, quota_fields, read
from oauth_cc.doctor._connection import failure_findings, metadata_findings, url_findings
from oauth_cc.doctor._python import python
from oauth_cc.doctor._records import Alternative, Diagnosis, Failure, FailureKind, Finding, Observed, Outage, Topic
from oauth_cc.doctor._shell import shell
from oauth_cc.endpoint import url_fault
from oauth_cc.errors import InvalidInput, TokenRequestRefused
from oauth_cc.http import date
from oauth_cc.metadata import ServerMetadata
from oauth_cc.refusal import known_secrets, redact
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.token import Token

__all__ = [
    "Alternative",
    "Diagnosis",
    "Failure",
    "FailureKind",
    "Finding",
    "Observed",
    "Outage",
    "Topic",
    "alternatives",
    "examine",
    "needs_alternatives",
]


def __dir__() -> list[str]:
    return __all__


# Failures that need a connection.
_AFTER_CONNECTING: Final[frozenset[FailureKind]] = frozenset(
    {
        "certificate_required",
        "closed",
        "expired",
        "not_tls",
        "not_yet_valid",
        "self_signed",
        "tls",
        "unknown_authority",
        "wrong_host",
    }
)
_REFUSALS: Final = frozenset({400, 401, 403, 415, 422})


def examine(request: GivenRequest, observed: Observed) -> Diagnosis:
    """
    Return what works and what does not when *request* is sent.

    Args:
        request: The token request, or credentials for a request without scope.
        observed: What was observed of the server.

    Example:
        >>> from oauth_cc import ClientCredentials, HttpResponse
        >>> response = HttpResponse(404, {"Content-Type": "text/html"}, b"<html>")
        >>> observed = Observed("https://as.example/tokens", response=response, received_at=1700000000.0)
        >>> examine(ClientCredentials("your_id", "s3cret"), observed).findings[0].topic
        'endpoint'
    """
    asked = as_request(request)
    _check_observed(observed)
    secrets = known_secrets(asked)

    def shown(text: str) -> str:
        # Metadata may repeat a secret.
        return redact(text, secrets)

    findings = tuple(
        [
            attrs.evolve(found, sentence=shown(found.sentence), advice=shown(found.advice))
            for found in _findings(asked, observed)
        ]
    )
    changed = next((found.request for found in findings if found.request is not None), asked)
    named = next((found.endpoint for found in findings if found.endpoint is not None), _shown(observed))
    endpoint = shown(named)
    works = tuple([shown(sentence) for sentence in _working(asked, observed)])
    return Diagnosis(works, findings, python(changed, endpoint, observed), shell(changed, endpoint, observed))


def needs_alternatives(request: GivenRequest, observed: Observed) -> bool:
    """
    Return whether another way to send *request* may do better: the server refused it, and is not busy.

    Args:
        request: The token request, or credentials for a request without scope.
        observed: What was observed of the server.
    """
    asked = as_request(request)
    _check_observed(observed)
    if observed.response is None:
        return False
    outcome = read(asked, observed.response, observed.received_at)
    return isinstance(outcome, TokenRequestRefused) and not outcome.retryable and outcome.status in _REFUSALS


def _check_observed(given: object) -> None:
    if not isinstance(given, Observed):
        raise InvalidInput("observed", f"observed must be an Observed, not {type(given).__name__}")


def _shown(observed: Observed) -> str:
    # A query may hold a key, and a URL that is not valid may hold a password.
    if observed.endpoint is None or url_fault("", observed.endpoint, allow_http=True) is not None:
        return "..."
    where, mark, _ = observed.endpoint.partition("?")
    return f"{where}?..." if mark else where


def _findings(request: TokenRequest, observed: Observed) -> Iterator[Finding]:
    # A later fault is a result of an earlier one, except for the metadata.
    wrong = [*url_findings(observed), *failure_findings(observed)]
    if wrong:
        yield wrong[0]
        return
    yield from metadata_findings(request, observed)
    yield from answer_findings(request, observed)


def _working(request: TokenRequest, observed: Observed) -> Iterator[str]:
    if isinstance(observed.metadata, ServerMetadata):
        yield f"the metadata of {observed.metadata.issuer} can be read"
    if observed.failure is not None and observed.failure.kind in _AFTER_CONNECTING:
        yield "the host name has an address, and the port accepts connections"
    response = observed.response
    if response is None:
        return
    through = "" if observed.proxy is None else f" through the proxy {observed.proxy}"
    tls = " over TLS with a trusted certificate" if _shown(observed).startswith("https:") else ""
    yield f"{_shown(observed)} responds{through}{tls} with HTTP {response.status}"
    for name, value in quota_fields(response):
        yield f"the quota is {name}: {value}"
    shown = date(response, observed.received_at)
    if shown is not None:
        yield f"the clocks differ by {abs(shown - observed.received_at):.0f} s"
    token = read(request, response, observed.received_at)
    if isinstance(token, Token):
        scope = f" for the scope {token.scope}" if token.scope else ""
        lifetime = token.expires_at - observed.received_at
        yield f"the response has a {token.token_type} token that is valid for {lifetime:.0f} seconds{scope}"
