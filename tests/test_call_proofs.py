"""
The proofs of API calls, without a server: origins that issue nonces as they like (RFC 9449 section 9).
"""

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from oauth_cc import HttpResponse, Secret, SigningKey, Token, errors
from oauth_cc._io.proofs import CallProofs
from oauth_cc.endpoint import Origin, origin
from oauth_cc.flows.hints import Hints
from oauth_cc.jose import new_key
from tests.bound import bound_key

KEY = bound_key("ours")
TOKEN = Token(Secret("tok-1"), "DPoP", 1700000000.0, dpop_jkt=KEY.jkt)
ORIGINS = [origin("https://a.example"), origin("https://b.example")]


def claims(proof: str) -> dict[str, Any]:
    """Return the claims of *proof*."""
    payload = proof.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


class CallMachine(RuleBasedStateMachine):
    """Calls to two origins, each of which answers by a script."""

    def __init__(self) -> None:
        super().__init__()
        self.hints = Hints()
        self.newest: dict[Origin, str | None] = dict.fromkeys(ORIGINS)
        self.count = 0

    @rule(
        called=st.sampled_from(ORIGINS),
        repeatable=st.booleans(),
        script=st.lists(
            st.tuples(
                st.sampled_from(["ok", "demand", "reject", "clock", "error"]),
                st.sampled_from(["new", "none", "bad", "same"]),
            ),
            min_size=1,
            max_size=6,
        ),
    )
    def call(self, called: Origin, repeatable: bool, script: list[tuple[str, str]]) -> None:  # drawn
        """Call *called*, whose answers are those of *script*, the last one repeatedly."""
        proofs = CallProofs(KEY, TOKEN, self.hints)
        expected, sent = self.newest[called], 0
        while True:
            what, naming = script[min(sent, len(script) - 1)]
            made = claims(proofs.sign("GET", "/things?page=2", called))
            sent += 1
            assert made.get("nonce") == expected
            assert made["htu"] == f"https://{called.host}/things"
            self.count += 1
            named = {"new": f"n-{self.count}", "none": None, "bad": "a b", "same": expected}[naming]
            headers = {} if named is None else {"DPoP-Nonce": named}
            words = {"demand": "use_dpop_nonce", "reject": "invalid_token", "clock": "invalid_dpop_proof"}
            if what in words:
                headers["WWW-Authenticate"] = f'DPoP error="{words[what]}"'
            response = HttpResponse({"ok": 200, "error": 503}.get(what, 401), headers)
            proofs.note(response, called)
            if named is not None and naming != "bad":
                expected = named
            if not proofs.demands_another(response, called, repeatable=repeatable):
                break
        assert sent <= 2
        assert sent == 1 or (repeatable and script[0] == ("demand", "new"))
        self.newest[called] = expected

    @invariant()
    def nonces_are_kept_apart(self) -> None:
        """Compare the newest nonce of each origin."""
        assert {each: self.hints.nonce(each) for each in ORIGINS} == self.newest


TestCalls: Callable[[], object] = CallMachine.TestCase


def test_a_demanded_nonce_is_not_shared_before_the_retry() -> None:
    """A server may accept a nonce once, and another call would use it up."""
    hints = Hints()
    first, second = (CallProofs(KEY, TOKEN, hints) for _ in range(2))
    first.sign("GET", "/", ORIGINS[0])
    demand = HttpResponse(401, {"DPoP-Nonce": "n-1", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'})
    first.note(demand, ORIGINS[0])
    assert first.demands_another(demand, ORIGINS[0], repeatable=True)
    assert "nonce" not in claims(second.sign("GET", "/", ORIGINS[0]))
    assert claims(first.sign("GET", "/", ORIGINS[0]))["nonce"] == "n-1"
    done = HttpResponse(200)
    first.note(done, ORIGINS[0])
    assert not first.demands_another(done, ORIGINS[0], repeatable=True)
    assert hints.nonce(ORIGINS[0]) == "n-1"


def test_a_clock_that_differs_is_corrected_once_for_all_calls() -> None:
    """A rejected proof is not repeated if the clocks agree."""
    hints = Hints()
    proofs = CallProofs(KEY, TOKEN, hints)
    proofs.sign("GET", "/", ORIGINS[0])
    shown = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 600))
    rejected = HttpResponse(401, {"Date": shown, "WWW-Authenticate": "DPoP error=invalid_dpop_proof"})
    assert proofs.demands_another(rejected, ORIGINS[0], repeatable=True)
    later = CallProofs(KEY, TOKEN, hints)
    assert claims(later.sign("GET", "/", ORIGINS[0]))["iat"] - time.time() == pytest.approx(600, abs=5)
    assert not later.demands_another(rejected, ORIGINS[0], repeatable=True)
    assert not proofs.demands_another(rejected, ORIGINS[0], repeatable=True)


def test_a_key_in_memory_signs_on_the_event_loop_and_any_other_in_a_thread() -> None:
    """A KMS may block, and a thread takes longer than a signature by ECDSA."""
    threads: list[int] = []

    def sign(signing_input: bytes) -> bytes:
        threads.append(threading.get_ident())
        return bytes(64)

    async def main(*, in_memory: bool) -> None:
        key = SigningKey("ES256", sign, "kms", public_jwk=KEY.public_jwk, in_memory=in_memory)
        await CallProofs(key, TOKEN, Hints()).sign_async("GET", "/", ORIGINS[0])

    for in_memory in (True, False):
        anyio.run(partial(main, in_memory=in_memory))
    assert [each == threading.get_ident() for each in threads] == [True, False]
    assert [new_key(algorithm).in_memory for algorithm in ("ES256", "Ed25519", "PS256")] == [True, True, False]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_signer_is_awaited_in_async_code_alone(backend: str) -> None:
    """On threads its error says what to pass."""

    async def sign(signing_input: bytes) -> bytes:
        await anyio.sleep(0)
        return bytes(64)

    key = SigningKey("ES256", sign, "kms", public_jwk=KEY.public_jwk)
    proofs = CallProofs(key, TOKEN, Hints())

    async def main() -> str:
        return await proofs.sign_async("GET", "/", ORIGINS[0])

    assert claims(anyio.run(main, backend=backend))["htm"] == "GET"
    with pytest.raises(errors.InvalidInput, match="pass a plain function"):
        proofs.sign("GET", "/", ORIGINS[0])
