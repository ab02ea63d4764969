"""
One call of an API with a token: what is done about the answer (RFC 6750 section 3.1).

A flow of its own small steps, for the shells of HTTP libraries: whoever drives it sends the call and gets the tokens.
"""

from collections.abc import Generator
from typing import Final, TypeAlias, final

import attrs

from oauth_cc.challenge import insufficient_scope, token_rejected
from oauth_cc.http import HttpResponse
from oauth_cc.scope import Scope
from oauth_cc.token import Token


@final
@attrs.frozen
class Obtain:
    """Asks for a token: the answer is the `Token`."""


@final
@attrs.frozen
class Call:
    """Asks for the call to be made with *token*: the answer is its `HttpResponse`, whose body may be left out."""

    token: Token


@final
@attrs.frozen
class Forget:
    """Asks for *token*, which the API did not accept, to be discarded: the answer is None."""

    token: Token


@final
@attrs.frozen
class TellScope:
    """Asks for it to be made known that the API wants more *scope*: the answer is None."""

    scope: Scope


CallStep: TypeAlias = Obtain | Call | Forget | TellScope
CallFlow: TypeAlias = Generator[CallStep, Token | HttpResponse | None, None]


NOTABLE: Final = frozenset({401, 403})
"""The statuses of an answer that may say something about the token; after any other, a call is done."""


def call(*, repeatable: bool) -> CallFlow:
    """
    Gives the flow of one call: a token, the call, and once more with a new token if the API did not accept the first.

    *repeatable*: whether the body of the call can be sent again. The last answer stands, whatever it is.
    """
    token = yield from _obtain()
    response = yield from _call(token)
    yield from answered(token, response, repeatable=repeatable)


def answered(token: Token, response: HttpResponse, *, repeatable: bool) -> CallFlow:
    """
    Gives the flow of what is left to do once a call with *token* was answered with *response*: nothing, unless its
    status is in `NOTABLE`; *repeatable* as for `call`.
    """
    if token_rejected(response):
        yield Forget(token)
        if repeatable:
            response = yield from _call((yield from _obtain()))
    scope = insufficient_scope(response)
    if scope is not None:
        yield TellScope(scope)


def advance_call(flow: CallFlow, answer: Token | HttpResponse | None) -> CallStep | None:
    """Sends *answer*, that of the last step (None to begin with), into *flow*: gives its next step, None at its end."""
    try:
        return flow.send(answer)
    except StopIteration:
        return None


def _obtain() -> Generator[CallStep, Token | HttpResponse | None, Token]:
    token = yield Obtain()
    if isinstance(token, Token):
        return token
    raise TypeError(f"Obtain was answered with {type(token).__name__}")


def _call(token: Token) -> Generator[CallStep, Token | HttpResponse | None, HttpResponse]:
    response = yield Call(token)
    if isinstance(response, HttpResponse):
        return response
    raise TypeError(f"Call was answered with {type(response).__name__}")
