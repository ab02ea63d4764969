"""
The search for a metadata document at several URLs.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from oauth_cc.errors import InvalidResponse, IssuerMismatch, UnexpectedRedirect
from oauth_cc.flows.asking import ask
from oauth_cc.flows.effects import Flow, Received
from oauth_cc.flows.exchange import Retries
from oauth_cc.http import HttpRequest, HttpResponse, retry_after
from oauth_cc.metadata import metadata_lifetime

D = TypeVar("D")


def search(
    urls: Sequence[str],
    ask: Callable[[str], Flow[tuple[Received, tuple[str, ...]]]],
    parse: Callable[[HttpResponse], D],
) -> Flow[tuple[D, float]]:
    """
    Return the flow that requests *urls* in turn until a response is a document. It returns the document and its expiry.

    Args:
        urls: The URLs, at least one.
        ask: Returns the flow that requests one of them. It returns the response and all URLs that were requested.
        parse: Reads a response, or raises `InvalidResponse`.

    Raises:
        InvalidResponse: No response is a document. The error is the last one that says more than that, and names the
            URLs that were requested.
    """
    errors: list[tuple[InvalidResponse, Received]] = []
    requested: list[str] = []
    for url in urls:
        answer, asked = yield from ask(url)
        requested += asked
        try:
            found = parse(answer.response)
        except InvalidResponse as error:
            errors.append((error.with_traceback(None), answer))
        else:
            return found, answer.received_at + metadata_lifetime(answer.response)
    telling = [(error, answer) for error, answer in errors if not _is_absence(error)]
    raise _naming(requested, *[*errors, *telling][-1])


def fetch(url: str, retries: Retries, *, shown: str | None = None) -> Flow[Received]:
    """
    Return the flow that requests the metadata at *url*. The response may have any status.

    Args:
        url: The URL.
        retries: How often and after which pauses a failed attempt is repeated.
        shown: What the error of a network that fails shows as the URL. None for *url*.
    """
    request = HttpRequest("GET", url, {"Accept": "application/json"})
    return ask(request, retries, f"The metadata was requested from {url if shown is None else shown}.")


def _is_absence(error: InvalidResponse) -> bool:
    return not error.retryable and error.member is None and type(error) is InvalidResponse


def _naming(urls: Sequence[str], error: InvalidResponse, answer: Received) -> InvalidResponse:
    reason = f"{error.reason}; requested {' and '.join(urls)}"
    match error:
        case IssuerMismatch():
            return IssuerMismatch(error.status, reason)
        case UnexpectedRedirect():
            return UnexpectedRedirect(error.status, reason, error.location)
        case _:
            wait = retry_after(answer.response, answer.received_at) if error.retryable else None
            return InvalidResponse(error.status, reason, error.member, error.retryable, wait)
