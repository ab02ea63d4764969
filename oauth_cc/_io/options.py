"""
The options of token sources, auths and `fetch_token`.
"""

from typing import Final, final

import attrs

from oauth_cc._wire.typing import is_coroutine_function
from oauth_cc.errors import InvalidInput, switch_fault
from oauth_cc.events import EventHook
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, check_retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.scope import NO_SCOPE, Scope

DEFAULT_TIMEOUT: Final = 10.0
_LONGEST_TIMEOUT: Final = 86400


@final
@attrs.frozen
class Options:
    """
    The settings of token requests, renewal and events.

    Args:
        timeout: Seconds that one attempt of a token request may take, above 0.
        retries: How often and after which pauses a failed attempt is repeated.
        renewal_window: When a token is renewed, as shares of its lifetime.
        wait_timeout: Seconds that a call waits for a token, retries and locks included, above 0.
        background_renewal: Whether a token that can still be used is renewed in the background, on a daemon thread or
            in a task. Pass False where there are no threads: the caller then performs the renewal itself.
        on_event: A plain function, called with each event of `oauth_cc.events`.
        scopes_allowed: The scope-tokens that an auth may add when an API requires them. If an API rejects a call for
            lack of scope (403), and *scopes_allowed* has all that it requires, the call is repeated once with a new
            token (RFC 6750 section 3.1). The auth keeps the wider scope. Empty to report `ScopeInsufficient` only.

    Raises:
        InvalidInput: A value has the wrong type or is outside its range.

    Example:
        >>> Options(timeout=5.0).retries.attempts
        3
        >>> Options(timeout=5.0)
        Options(timeout=5.0)
    """

    timeout: float = DEFAULT_TIMEOUT
    retries: Retries = DEFAULT_RETRIES
    renewal_window: RenewalWindow = DEFAULT_WINDOW
    wait_timeout: float = DEFAULT_WAIT_TIMEOUT
    background_renewal: bool = True
    on_event: EventHook | None = None
    scopes_allowed: Scope = NO_SCOPE

    def __attrs_post_init__(self) -> None:
        check_timeout(self.timeout)
        check_timeout(self.wait_timeout, "wait_timeout")
        check_retries(self.retries)
        if not isinstance(self.renewal_window, RenewalWindow):
            kind = type(self.renewal_window).__name__
            reason = f"renewal_window must be a RenewalWindow, not {kind}; use RenewalWindow(opens=..., closes=...)"
            raise InvalidInput("renewal_window", reason)
        fault = switch_fault(background_renewal=self.background_renewal)
        if fault is not None:
            raise fault
        check_hook(self.on_event)
        if not isinstance(self.scopes_allowed, Scope):
            kind = type(self.scopes_allowed).__name__
            reason = f"scopes_allowed must be a Scope, not {kind}; use Scope.of(...)"
            raise InvalidInput("scopes_allowed", reason)

    def __repr__(self) -> str:
        # The defaults are left out, because `help` shows them with each signature.
        pairs = [(field.name, getattr(self, field.name), field.default) for field in attrs.fields(Options)]
        return f"Options({', '.join([f'{name}={value!r}' for name, value, default in pairs if value != default])})"


def check_options(options: object) -> None:
    """Raise `InvalidInput` unless *options* is an `Options`."""
    if not isinstance(options, Options):
        raise InvalidInput(
            "options", f"options must be an Options, not {type(options).__name__}; use Options(timeout=...)"
        )


def check_timeout(seconds: float, parameter: str = "timeout") -> None:
    """
    Check the user's timeout.

    Args:
        seconds: The timeout in seconds.
        parameter: The name of the argument, for the error.

    Raises:
        InvalidInput: *seconds* is not a number above 0 and at most a day.
    """
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_TIMEOUT:
        found = seconds if isinstance(seconds, int | float) else type(seconds).__name__
        reason = f"{parameter} must be a number of seconds above 0 and at most {_LONGEST_TIMEOUT}, not {found}"
        raise InvalidInput(parameter, reason)


def check_hook(hook: EventHook | None) -> None:
    """Raise `InvalidInput` unless *hook* is None or a function that is not async."""
    if hook is not None and not callable(hook):
        reason = f"on_event must be a plain function of one event, not {type(hook).__name__}"
        raise InvalidInput("on_event", reason)
    if hook is not None and is_coroutine_function(hook):
        raise InvalidInput("on_event", "on_event must be a plain function of one event, as nothing awaits an async one")


DEFAULTS: Final = Options()
"""The default options."""
