"""
The signal that a server granted another scope: oauthlib's own if oauthlib is installed, else one without listeners.
"""

from typing import TYPE_CHECKING, NoReturn, TypeVar

R = TypeVar("R")


class ScopeChanged:
    """
    A substitute for oauthlib's signal: sending does nothing, and connecting raises, as in oauthlib without blinker.
    """

    name: str = "scope-changed"

    def send(self, *sender: object, message: str, old: list[str], new: list[str]) -> object:
        """Do nothing for any arguments: there are no listeners."""
        del sender, message, old, new
        return None

    def connect(self, receiver: R, sender: object = None, weak: bool = True) -> R:
        """Raise RuntimeError for any arguments, like every method of oauthlib's signal without blinker."""
        _refuse(receiver, sender, weak)

    def disconnect(self, receiver: object, sender: object = None) -> None:
        """Raise RuntimeError for any arguments."""
        _refuse(receiver, sender)

    def connected_to(self, *arguments: object, **keywords: object) -> NoReturn:
        """Raise RuntimeError for any arguments."""
        _refuse(arguments, keywords)

    def temporarily_connected_to(self, *arguments: object, **keywords: object) -> NoReturn:
        """Raise RuntimeError for any arguments."""
        _refuse(arguments, keywords)

    def has_receivers_for(self, *arguments: object, **keywords: object) -> NoReturn:
        """Raise RuntimeError for any arguments."""
        _refuse(arguments, keywords)

    def receivers_for(self, *arguments: object, **keywords: object) -> NoReturn:
        """Raise RuntimeError for any arguments."""
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
