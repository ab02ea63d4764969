"""
The errors of a flow without the secrets that a server repeats in its metadata.
"""

from typing import TypeVar

from oauth_cc.errors import OAuthError
from oauth_cc.flows.effects import Failed, Flow
from oauth_cc.flows.exchange import read_anew
from oauth_cc.refusal import conceal, known_secrets, redacted
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

T = TypeVar("T")


def redacting(flow: Flow[T], request: TokenRequest, secrets: tuple[Secret, ...] = ()) -> Flow[T]:
    """
    Return *flow*, whose errors show neither a secret of *request* nor one of *secrets*.

    A server that has received a secret may repeat it in metadata. If the flow fails, a secret from a file or a function
    is read once more.

    Args:
        flow: The flow, which sends no secret itself.
        request: The token request.
        secrets: Further secrets that servers have received: access tokens.
    """
    try:
        return (yield from flow)
    except Exception as error:  # an error of the HTTP library may be of any class
        hidden = (*(yield from _secrets(request)), *secrets)
        if not isinstance(error, OAuthError):
            conceal(error, hidden)
            raise
        fault = redacted(error, hidden)
        if fault is error:
            raise
    raise fault


def _secrets(request: TokenRequest) -> Flow[tuple[Secret, ...]]:
    found = yield from read_anew(request)
    return known_secrets(request if isinstance(found, Failed) else found)
