"""
The options of sources, auths and functions: one record with a default for each.
"""

from typing import Final, final

import attrs

from oauth_cc._wire.typing import is_coroutine_function
from oauth_cc.errors import InvalidInput
from oauth_cc.events import EventHook
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT

DEFAULT_TIMEOUT: Final = 10.0
_LONGEST_TIMEOUT: Final = 86400


@final
@attrs.frozen
class Options:
    """
    How tokens are asked for, kept fresh and reported.

    Args:
        timeout: Seconds that one attempt at a token request may take, above 0.
        retries: How an attempt that failed is made again.
        renewal_window: When a token is renewed, as shares of its lifetime.
        wait_timeout: Seconds that a caller waits for the token request of another, above 0.
        on_event: A plain function that is called with each event of `oauth_cc.events`.

    Raises:
        InvalidInput: A value is of another type or outside its range.

        >>> Options(timeout=5.0).retries.attempts
        3
    """

    timeout: float = DEFAULT_TIMEOUT
    retries: Retries = DEFAULT_RETRIES
    renewal_window: RenewalWindow = DEFAULT_WINDOW
    wait_timeout: float = DEFAULT_WAIT_TIMEOUT
    on_event: EventHook | None = None

    def __attrs_post_init__(self) -> None:
        check_timeout(self.timeout)
        check_timeout(self.wait_timeout, "wait_timeout")
        if not isinstance(self.retries, Retries):
            raise InvalidInput("retries", f"give Retries(attempts=...), not {type(self.retries).__name__}")
        if not isinstance(self.renewal_window, RenewalWindow):
            kind = type(self.renewal_window).__name__
            raise InvalidInput("renewal_window", f"give RenewalWindow(opens=..., closes=...), not {kind}")
        check_hook(self.on_event)


def check_options(options: object) -> None:
    """Raise `InvalidInput` unless *options* is an `Options`."""
    if not isinstance(options, Options):
        raise InvalidInput("options", f"options must be Options(...), not {type(options).__name__}")


def check_timeout(seconds: float, parameter: str = "timeout") -> None:
    """Raise `InvalidInput`, naming *parameter*, unless *seconds* is a number of seconds above 0 and up to a day."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_TIMEOUT:
        raise InvalidInput(parameter, f"give seconds, above 0 and up to {_LONGEST_TIMEOUT}")


def check_hook(hook: EventHook | None) -> None:
    """Raise `InvalidInput` if *hook* is no function, or one that would have to be awaited."""
    if hook is not None and (not callable(hook) or is_coroutine_function(hook)):
        raise InvalidInput("on_event", "give a plain function that takes an event: nothing is awaited")


DEFAULTS: Final = Options()
"""The options where none are given."""
