"""
One call of an API: what is done about its answer.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import HttpResponse, Scope, Secret, Token
from oauth_cc.challenge import insufficient_scope, token_rejected
from oauth_cc.flows.call import Call, CallStep, Forget, Obtain, TellScope, call

FIRST, SECOND = (Token(Secret(f"tok-{number}"), "Bearer", 1700000000.0) for number in (1, 2))
OK = HttpResponse(200)
REJECTED = HttpResponse(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
SILENT = HttpResponse(401)
NONCE = HttpResponse(401, {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'})
SCOPE = HttpResponse(403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="a b"'})
FORBIDDEN = HttpResponse(403)
ANSWERS = [OK, REJECTED, SILENT, NONCE, SCOPE, FORBIDDEN, HttpResponse(500), HttpResponse(400)]


def steps(*answers: HttpResponse, repeatable: bool = True) -> list[CallStep]:
    """Gives the steps of a call that is answered with *answers* in turn, and with tokens as it asks for them."""
    tokens, responses = iter([FIRST, SECOND]), iter(answers)
    taken: list[CallStep] = []
    flow = call(repeatable=repeatable)
    result: Token | HttpResponse | None = None
    while True:
        try:
            step = flow.send(result)
        except StopIteration:
            return taken
        taken.append(step)
        match step:
            case Obtain():
                result = next(tokens)
            case Call():
                result = next(responses)
            case Forget() | TellScope():
                result = None


@pytest.mark.parametrize("answer", [OK, NONCE, FORBIDDEN, HttpResponse(500)], ids=str)
def test_an_answer_that_another_token_would_not_change_stands(answer: HttpResponse) -> None:
    """One token, one call."""
    assert steps(answer) == [Obtain(), Call(FIRST)]


@pytest.mark.parametrize("rejected", [REJECTED, SILENT], ids=["with a reason", "without"])
@pytest.mark.parametrize("second", [OK, REJECTED, SILENT, FORBIDDEN], ids=str)
def test_a_rejected_token_is_forgotten_and_the_call_made_once_more(
    rejected: HttpResponse, second: HttpResponse
) -> None:
    """Whatever the second answer is, it stands."""
    assert steps(rejected, second) == [Obtain(), Call(FIRST), Forget(FIRST), Obtain(), Call(SECOND)]


def test_what_cannot_be_repeated_is_not_but_the_token_is_forgotten() -> None:
    """The next call is better off."""
    assert steps(REJECTED, repeatable=False) == [Obtain(), Call(FIRST), Forget(FIRST)]


def test_a_scope_that_is_missing_is_told_of() -> None:
    """To call again would be of no use (RFC 6750 section 3.1), so the token stays."""
    assert steps(SCOPE) == [Obtain(), Call(FIRST), TellScope(Scope.of("a", "b"))]
    assert steps(SILENT, SCOPE)[-2:] == [Call(SECOND), TellScope(Scope.of("a", "b"))]


@given(st.lists(st.sampled_from(ANSWERS), min_size=2, max_size=2), st.booleans())
def test_whatever_the_answers(answers: list[HttpResponse], repeatable: bool) -> None:
    """At most one more call, only after a 401, never with the token that was forgotten."""
    taken = steps(*answers, repeatable=repeatable)
    calls = [step.token for step in taken if isinstance(step, Call)]
    rejected = token_rejected(answers[0])
    assert calls == [FIRST, SECOND][: 2 if rejected and repeatable else 1]
    assert [step for step in taken if isinstance(step, Forget)] == ([Forget(FIRST)] if rejected else [])
    last = answers[len(calls) - 1]
    scope = insufficient_scope(last)
    assert [step.scope for step in taken if isinstance(step, TellScope)] == ([] if scope is None else [scope])
    assert taken[0] == Obtain()


@pytest.mark.parametrize("wrong", [None, OK, "tok-1"], ids=str)
def test_whoever_gives_no_token_is_told_so(wrong: Any) -> None:
    """A driver that errs is told at once, in its own words."""
    flow = call(repeatable=True)
    next(flow)
    with pytest.raises(TypeError, match=f"Obtain was answered with {type(wrong).__name__}"):
        flow.send(wrong)


@pytest.mark.parametrize("wrong", [None, FIRST, 200], ids=str)
def test_whoever_gives_no_response_is_told_so(wrong: Any) -> None:
    """As above, for the call itself."""
    flow = call(repeatable=True)
    next(flow)
    flow.send(FIRST)
    with pytest.raises(TypeError, match=f"Call was answered with {type(wrong).__name__}"):
        flow.send(wrong)
