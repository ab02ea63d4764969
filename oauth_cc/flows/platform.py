"""
Flows that request an assertion about this program from the platform that runs it.

    audience ─ github_assertion ─▶ Send … Sleep … Send ─▶ Secret
"""

from collections.abc import Callable
from typing import Final

from oauth_cc._wire.form import percent_encode
from oauth_cc._wire.json import parse_object
from oauth_cc.authentication.federated import checked_assertion
from oauth_cc.endpoint import check_url
from oauth_cc.errors import InvalidInput, InvalidResponse, kind_fault
from oauth_cc.flows.asking import ask
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.http import RETRYABLE, HttpRequest, HttpResponse
from oauth_cc.secret import Secret

_OK: Final = 200
_GITHUB: Final = "check that the job has the permission id-token: write"
_GOOGLE: Final = "check that this machine has a service account"
_IDENTITY: Final = "/computeMetadata/v1/instance/service-accounts/default/identity"


def github_assertion(audience: str, url: str, token: Secret, *, retries: Retries = DEFAULT_RETRIES) -> Flow[Secret]:
    """
    Return the flow that requests an assertion about a job of GitHub Actions.

    Args:
        audience: The server that the assertion is for.
        url: The value of ``ACTIONS_ID_TOKEN_REQUEST_URL``.
        token: The value of ``ACTIONS_ID_TOKEN_REQUEST_TOKEN``.
        retries: How often and after which pauses a failed attempt is repeated.

    Raises:
        InvalidInput: *url* is not an https URL, or *audience* is not a str.
        InvalidResponse: GitHub did not issue an assertion.
    """
    separator = "&" if "?" in check_url(url) else "?"
    request = HttpRequest("GET", f"{url}{separator}audience={_encoded(audience)}", {"Accept": "application/json"})
    # No local variable holds the text of the token.
    request = request.with_header("Authorization", f"Bearer {token.reveal()}")
    return _assertion(request, "GitHub", _member_value, _GITHUB, retries)


def google_assertion(audience: str, host: str, *, retries: Retries = DEFAULT_RETRIES) -> Flow[Secret]:
    """
    Return the flow that requests an assertion about this machine or container from Google's metadata server.

    Args:
        audience: The server that the assertion is for.
        host: The host of the metadata server, and its port unless it is 80.
        retries: How often and after which pauses a failed attempt is repeated.

    Raises:
        InvalidInput: *host* is not a host, or *audience* is not a str.
        InvalidResponse: The metadata server did not issue an assertion.
    """
    url = f"http://{host}{_IDENTITY}?audience={_encoded(audience)}&format=full"
    request = HttpRequest("GET", url, {"Metadata-Flavor": "Google"})
    return _assertion(request, "Google's metadata server", _text, _GOOGLE, retries)


def _encoded(audience: str) -> str:
    if not isinstance(audience, str):
        raise kind_fault("audience", audience, "a str", "pass audience= to ClientAssertion")
    return percent_encode(audience)


def _assertion(
    request: HttpRequest, server: str, read: Callable[[HttpResponse], object], advice: str, retries: Retries
) -> Flow[Secret]:
    answer = yield from ask(request, retries, f"The request asked {server} for an assertion; {advice}.")
    response = answer.response
    if response.status != _OK:
        reason = f"{server} issued no assertion (HTTP {response.status}); {advice}"
        raise InvalidResponse(response.status, reason, None, response.status in RETRYABLE)
    found = checked_assertion(read(response))
    if isinstance(found, InvalidInput):
        raise InvalidResponse(response.status, f"{server} issued no assertion that can be sent; {advice}")
    return found


def _member_value(response: HttpResponse) -> object:
    members = parse_object(response.content)
    return None if isinstance(members, str) else members.get("value")


def _text(response: HttpResponse) -> str:
    return response.content.decode("ascii", "replace")
