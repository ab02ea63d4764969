"""
How the test server misbehaves, as data.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, Literal, TypeAlias, final

import attrs

from oauth_cc._wire.grammar import ERROR, HEADER_NAME, HEADER_VALUE
from oauth_cc.testing._messages import Reply

EndpointName: TypeAlias = Literal["token", "introspection", "revocation", "metadata", "resource"]
"""An endpoint of the server."""

Headers: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]

# RFC 6749 section 5.2 has 400 for other codes.
_STATUSES: Final = {
    "invalid_client": HTTPStatus.UNAUTHORIZED,
    "server_error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "temporarily_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}


def _pairs(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple(headers.items() if isinstance(headers, Mapping) else headers)


def _check_status(_record: object, _field: object, status: int | None) -> None:
    if status is not None and (type(status) is not int or not 200 <= status <= 599):
        raise ValueError("status must be an int from 200 to 599")


def _check_error(_record: object, _field: object, error: str | None) -> None:
    if error is not None and (not isinstance(error, str) or not ERROR.fullmatch(error)):
        raise ValueError("error must be an error code such as 'invalid_client' (RFC 6749 section 5.2)")


def _check_answer(_record: object, _field: object, answer: Mapping[str, object] | str | bytes | None) -> None:
    if answer is not None and not isinstance(answer, Mapping | str | bytes):
        raise ValueError(f"answer must be a mapping, text or bytes, not {type(answer).__name__}")


def _check_members(_record: object, _field: object, members: Mapping[str, object]) -> None:
    if not isinstance(members, Mapping):
        raise ValueError(f"members must be a mapping, not {type(members).__name__}")


def _check_headers(_record: object, _field: object, headers: tuple[tuple[str, str], ...]) -> None:
    for name, value in headers:
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ValueError("headers must be names and values of header fields, without control characters")


def _check_delay(_record: object, _field: object, delay: float) -> None:
    if type(delay) not in (int, float) or not 0 <= delay < math.inf:
        raise ValueError("delay must be seconds, 0 or more")


def _check_bytes(_record: object, _field: object, drop_after: int | None) -> None:
    if drop_after is not None and (type(drop_after) is not int or drop_after < 0):
        raise ValueError("drop_after must be a number of bytes, 0 or more")


def _check_requests(_record: object, _field: object, requests: int) -> None:
    if type(requests) is not int or requests < 0:
        raise ValueError("requests must be a number of requests, 0 or more")


def _check_seconds(_record: object, _field: object, seconds: float) -> None:
    if type(seconds) not in (int, float) or not 0 < seconds < math.inf:
        raise ValueError("seconds must be more than 0")


@final
@attrs.frozen(kw_only=True)
class Fault:
    """
    A way in which a server misbehaves. The fields combine.

    With *status*, *error* or *answer* the server does not process the request. Otherwise it processes the request as
    always, and the fault changes the response.

    Args:
        status: The status. None stands for 200 with *answer*, and for the status of *error*.
        error: The ``error`` code of the response (RFC 6749 section 5.2).
        answer: The body: members of a JSON object, text, or bytes.
        members: Members of the response's JSON object in place of its own, such as ``{"token_type": "mac"}``.
        headers: Headers of the response in place of its own of that name.
        delay: Seconds before the response.
        drop_after: The bytes of the response, head included, after which the connection is closed. With 0 there is no
            response at all.

    Raises:
        ValueError: A field is out of its range.
    """

    status: int | None = attrs.field(default=None, validator=_check_status)
    error: str | None = attrs.field(default=None, validator=_check_error)
    answer: Mapping[str, object] | str | bytes | None = attrs.field(default=None, repr=False, validator=_check_answer)
    members: Mapping[str, object] = attrs.field(factory=dict[str, object], repr=False, validator=_check_members)
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_pairs, validator=_check_headers)
    delay: float = attrs.field(default=0.0, validator=_check_delay)
    drop_after: int | None = attrs.field(default=None, validator=_check_bytes)

    @property
    def replaces_response(self) -> bool:
        """Return whether the server does not process the request."""
        return self.status is not None or self.error is not None or self.answer is not None


@final
@attrs.frozen
class Quota:
    """
    A limit of token requests. Requests beyond it get 429 with ``Retry-After`` (RFC 6585 section 4).

    Args:
        requests: How many requests are served.
        seconds: In how many seconds.

    Raises:
        ValueError: A field is out of its range.
    """

    requests: int = attrs.field(validator=_check_requests)
    seconds: float = attrs.field(validator=_check_seconds)


def replacement(fault: Fault) -> Reply:
    """Return the response of a server that does not process the request, without the rest of *fault*."""
    body: Mapping[str, object] | bytes = {} if fault.error is None else {"error": fault.error}
    if fault.answer is not None:
        body = fault.answer.encode() if isinstance(fault.answer, str) else fault.answer
    usual = 200 if fault.error is None else _STATUSES.get(fault.error, 400)
    return Reply(int(usual) if fault.status is None else fault.status, body)


def changed(reply: Reply, fault: Fault) -> Reply:
    """
    Return *reply* with the members, headers, delay and drop of *fault*.

    Args:
        reply: The response that the server would send.
        fault: How it misbehaves.
    """
    body = reply.body
    if fault.members and not isinstance(body, bytes):
        body = {**body, **fault.members}
    replaced = {name.lower() for name, _ in fault.headers}
    kept = tuple((name, value) for name, value in reply.headers if name.lower() not in replaced)
    return attrs.evolve(reply, body=body, headers=kept + fault.headers, delay=fault.delay, drop_after=fault.drop_after)


def over_quota(quota: Quota, served: Sequence[float], now: float) -> Reply | None:
    """
    Return the response to a request beyond the quota, or None.

    Args:
        quota: The limit.
        served: When each request was served, in POSIX seconds, in order.
        now: The current time, in POSIX seconds.
    """
    recent = [moment for moment in served if now - moment < quota.seconds]
    if len(recent) < quota.requests:
        return None
    wait = math.ceil(min([*recent, now]) + quota.seconds - now)
    return Reply(429, {"error": "slow_down"}, (("Retry-After", str(wait)),))
