"""
The signal that a server granted another scope: oauthlib's own where oauthlib is installed, else one that nobody hears.
"""

from typing import TYPE_CHECKING, NoReturn, TypeVar

R = TypeVar("R")


class ScopeChanged:
    """
    Stands in for oauthlib's signal: sending does nothing, listening needs oauthlib and blinker.
    """

    name: str = "scope-changed"

    def send(self, *sender: object, message: str, old: list[str], new: list[str]) -> object:
        """Tells listeners, of whom there are none."""
        del sender, message, old, new
        return None

    def connect(self, receiver: R, sender: object = None, weak: bool = True) -> R:
        """Raises RuntimeError, as oauthlib's signal does without blinker, and as all of these do."""
        _refuse(receiver, sender, weak)

    def disconnect(self, receiver: object, sender: object = None) -> None:
        """As `connect`."""
        _refuse(receiver, sender)

    def connected_to(self, *arguments: object, **keywords: object) -> NoReturn:
        """As `connect`."""
        _refuse(arguments, keywords)

    def temporarily_connected_to(self, *arguments: object, **keywords: object) -> NoReturn:
        """As `connect`."""
        _refuse(arguments, keywords)

    def has_receivers_for(self, *arguments: object, **keywords: object) -> NoReturn:
        """As `connect`."""
        _refuse(arguments, keywords)

    def receivers_for(self, *arguments: object, **keywords: object) -> NoReturn:
        """As `connect`."""
        _refuse(arguments, keywords)


def _refuse(*given: object) -> NoReturn:
    del given
    raise RuntimeError("signalling support is unavailable because the blinker library is not installed.")


if TYPE_CHECKING:
    scope_changed: ScopeChanged = ScopeChanged()
else:
    try:
        from oauthlib.signals import scope_changed
    except ImportError:
        scope_changed = ScopeChanged()
