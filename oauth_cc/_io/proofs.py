"""
The DPoP proofs of one API call: a new one for each request that it takes (RFC 9449 section 7).
"""

import time
from typing import Final, final

from oauth_cc._io.clock import moment
from oauth_cc._io.signing import Proven, perform_signing, perform_signing_async
from oauth_cc.authentication.jwt import UnsignedJwt
from oauth_cc.authentication.keys import SigningKey
from oauth_cc.dpop import dpop_nonce, dpop_proof, proof_rejected, retry_nonce
from oauth_cc.endpoint import Origin
from oauth_cc.flows.effects import Failed, Sign
from oauth_cc.flows.hints import Hints, clock_ahead
from oauth_cc.http import HttpResponse
from oauth_cc.token import Token

_FIRST_ERROR: Final = 400


@final
class CallProofs:
    """
    The proofs of one call.

    Args:
        key: The key that the token is bound to.
        token: The token.
        hints: The nonces and clocks that earlier responses named.
    """

    def __init__(self, key: SigningKey, token: Token, hints: Hints) -> None:
        self.token = token
        """The token. A new one takes the place of a rejected one."""
        self._key = key
        self._hints = hints
        # The last nonce that an origin sent to this call. A server may accept each nonce once, so a demanded nonce is
        # not shared with other calls before the retry.
        self._own: dict[Origin, str] = {}
        self._sent: dict[Origin, str | None] = {}
        self._began = 0.0
        self._has_new_nonce = False
        self._has_new_clock = False
        self._is_repeated = False

    def sign(self, method: str, target: str, called: Origin) -> str:
        """
        Return the proof of one request. Raises the error of the key's signer.

        Args:
            method: The HTTP method.
            target: The path of the URL, with or without its query.
            called: The origin of the URL.
        """
        unsigned = self._unsigned(method, target, called)
        return _signed(unsigned, perform_signing(Sign(self._key, unsigned.signing_input)))

    async def sign_async(self, method: str, target: str, called: Origin) -> str:
        """Return the proof of one request, as `sign` does. A plain signer runs in a worker thread."""
        unsigned = self._unsigned(method, target, called)
        return _signed(unsigned, await perform_signing_async(Sign(self._key, unsigned.signing_input)))

    def note(self, response: HttpResponse, called: Origin) -> None:
        """
        Keep the nonce of a response of any status (RFC 9449 section 8.2).

        Args:
            response: The response, with or without a nonce.
            called: The origin that sent it.
        """
        nonce = dpop_nonce(response)
        if nonce is not None:
            self._own[called] = nonce

    def share(self) -> None:
        """Share the nonces of this call with the next calls."""
        for called, nonce in self._own.items():
            self._hints.keep_nonce(called, nonce)

    def restart(self) -> None:
        """Forget what this call has tried, because its request may be sent again with the same proof."""
        self._has_new_nonce = self._has_new_clock = False
        self._is_repeated = True

    def demands_another(self, response: HttpResponse, called: Origin, *, repeatable: bool) -> bool:
        """
        Return whether to send the same request again, with the same token and another proof.

        A call is repeated once for a nonce, and once for the clock. If it is not repeated, its nonces are shared.

        Args:
            response: The response, whose nonce `note` has kept.
            called: The origin that sent it.
            repeatable: Whether the request can be sent again.
        """
        another = repeatable and response.status >= _FIRST_ERROR and self._helps(response, called)
        if not another:
            self.share()
        return another

    def _helps(self, response: HttpResponse, called: Origin) -> bool:
        if not self._has_new_nonce and retry_nonce(response, self._sent.get(called)) is not None:
            self._has_new_nonce = True
            return True
        if not self._has_new_clock and proof_rejected(response):
            self._has_new_clock = True
            if self._is_repeated:
                self._is_repeated = False
                return True
            return self._hints.keep_clock(called, clock_ahead(response, time.time(), self._began))
        return False

    def _unsigned(self, method: str, target: str, called: Origin) -> UnsignedJwt:
        nonce = self._sent[called] = self._own.get(called, self._hints.nonce(called))
        now = moment()
        self._began = now.now
        return dpop_proof(
            self._key,
            method,
            f"{called}{target}",
            now=now.now + self._hints.ahead(called),
            unique_id=now.unique_id,
            nonce=nonce,
            access_token=self.token.access_token,
        )


def _signed(unsigned: UnsignedJwt, signature: Proven) -> str:
    if isinstance(signature, Failed):
        raise signature.error
    if not isinstance(signature, bytes):
        raise TypeError(f"a signature must be bytes, not {type(signature).__name__}")
    return unsigned.signed(signature).reveal()
