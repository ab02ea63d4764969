"""
The flow that makes a DPoP proof (RFC 9449).

    observe ─ dpop_proof ─ Sign ─▶ Secret
"""

from oauth_cc.authentication.jwt import SigningKey
from oauth_cc.dpop import dpop_proof
from oauth_cc.flows.effects import Failed, Flow, observe, sign
from oauth_cc.secret import Secret


def signed_proof(
    key: SigningKey,
    method: str,
    url: str,
    *,
    nonce: str | None,
    ahead: float = 0.0,
    access_token: Secret | None = None,
) -> Flow[Secret | Failed]:
    """
    Return the flow that makes and signs the proof of one request.

    Args:
        key: The key.
        method: The HTTP method.
        url: The URL.
        nonce: The nonce of the server, or None.
        ahead: Seconds by which the server's clock is ahead.
        access_token: The token of an API call. None for a token request.

    Raises:
        InvalidInput: *method* or *url* is outside its grammar.
    """
    moment = yield from observe()
    unsigned = dpop_proof(
        key,
        method,
        url,
        now=moment.now + ahead,
        unique_id=moment.unique_id,
        nonce=nonce,
        access_token=access_token,
    )
    signature = yield from sign(key, unsigned.signing_input)
    return signature if isinstance(signature, Failed) else unsigned.signed(signature)
