"""
The token requests that a session composes, before they are sent.
"""

import copy
from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

import attrs
import requests

from oauth_cc._io.deadline import Deadline
from oauth_cc._io.options import DEFAULT_TIMEOUT, DEFAULTS
from oauth_cc.compat.requests_oauthlib._types import CallAuth, RequestHook, Timeout
from oauth_cc.errors import InvalidInput

Form: TypeAlias = dict[str, str | list[str]]

FORM_HEADERS: Final[Mapping[str, str]] = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
}
LONGEST: Final = 86400.0
"""Seconds that a token request may take at most."""

_SECRETS: Final = frozenset({"client_secret", "client_assertion", "password", "refresh_token"})
_ONCE: Final = frozenset({"grant_type", "client_id", "scope", "code", "redirect_uri", "username", "state"}) | _SECRETS


def _deadline_of(asked: "Asked") -> Deadline[requests.Response | Exception]:
    given = asked.timeout if isinstance(asked.timeout, tuple) else (asked.timeout,)
    seconds = [DEFAULT_TIMEOUT if one is None else one for one in given]
    # requests itself raises the error for anything but a positive number.
    is_usable = all([isinstance(one, int | float) and one > 0 for one in seconds])
    return Deadline(min(sum(seconds), LONGEST) if is_usable else LONGEST, DEFAULTS.wait_timeout, "requests")


@attrs.frozen(eq=False, repr=False)
class Asked:
    """
    A token request. Its repr shows nothing, as it holds a secret.

    Args:
        url: The token endpoint.
        headers: The headers.
        content: The form under ``data`` or ``params``, as requests takes it, and what a hook added.
        method: The HTTP method.
        auth: What authenticates the client, in the form that requests takes.
        timeout: Seconds, or a pair of seconds to connect and to read. None for the default.
        verify: As in requests; None for the session's.
        proxies: As in requests; None for the session's.
        cert: As in requests; None for the session's.
        deadline: The deadline of each attempt. Renewals share it, so that a server that hangs holds one thread.
    """

    url: str
    headers: Mapping[str, str]
    content: Mapping[str, object]
    method: str = "POST"
    auth: CallAuth | None = None
    timeout: Timeout | None = None
    verify: bool | str | None = None
    proxies: Mapping[str, str] | None = None
    cert: str | tuple[str, str] | None = None
    deadline: Deadline[requests.Response | Exception] = attrs.Factory(_deadline_of, takes_self=True)

    @property
    def timeouts(self) -> tuple[float, float]:
        """The seconds to connect, and to read."""
        connecting, reading = self.timeout if isinstance(self.timeout, tuple) else (self.timeout, self.timeout)
        return DEFAULT_TIMEOUT if connecting is None else connecting, DEFAULT_TIMEOUT if reading is None else reading

    def changed_by(self, hook: RequestHook) -> "Asked":
        """Return the request as *hook* changes it. The hook gets copies, as each renewal starts from this request."""
        url, headers, content = hook(self.url, dict(self.headers), copy.deepcopy(dict(self.content)))
        return attrs.evolve(self, url=url, headers=headers, content=content)


def form_of(body: str) -> Form:
    """
    Return the parameters of a form *body*. A parameter that is repeated has a list.

    Servers reject a repeated parameter of RFC 6749 (section 3.2), so that its last value counts, as in the original.

        >>> form_of("grant_type=client_credentials&scope=a+b&resource=x&resource=y&scope=c")
        {'grant_type': 'client_credentials', 'scope': 'c', 'resource': ['x', 'y']}
    """
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {name: found[-1] if len(found) == 1 or name in _ONCE else found for name, found in values.items()}


def asked_for(
    text: str | Exception, asked: Asked, auth: CallAuth | InvalidInput | None, *, in_query: bool = False
) -> Asked | Exception:
    """
    Return *asked* with a form and what authenticates the client, or the error to raise.

    Args:
        text: The form text, or its error.
        asked: The rest of the request.
        auth: What authenticates the client, or its error.
        in_query: Whether the form goes into the query of the URL.
    """
    if isinstance(text, Exception):
        return text
    if isinstance(auth, Exception):
        return auth
    form, method = form_of(text), asked.method.upper()
    if method not in {"POST", "GET"}:
        return ValueError("The method kwarg must be POST or GET.")
    is_shown = in_query or method == "GET"
    if is_shown and (secret := min(_SECRETS.intersection(form), default=None)):
        reason = f"{secret} must not be in a URL, which servers log; pass auth=(client_id, client_secret)"
        return InvalidInput(secret, f"{reason}, or leave out method and force_querystring")
    return attrs.evolve(asked, content={"params" if is_shown else "data": form}, auth=auth)
