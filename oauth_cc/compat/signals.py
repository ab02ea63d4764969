"""
The signal that a server granted another scope: oauthlib's own where oauthlib is installed, else one that nobody hears.
"""

from typing import TYPE_CHECKING, NoReturn

__all__ = ["ScopeChanged", "scope_changed"]


class ScopeChanged:
    """
    Stands in for oauthlib's signal: sending does nothing, listening needs oauthlib and blinker.
    """

    name = "scope-changed"

    def send(self, *sender: object, message: str, old: list[str], new: list[str]) -> object:
        """Tells listeners, of whom there are none."""
        del sender, message, old, new
        return None

    def connect(self, *arguments: object, **keywords: object) -> NoReturn:
        """Raises RuntimeError, as oauthlib's signal does without blinker."""
        del arguments, keywords
        raise RuntimeError("signalling support is unavailable because the blinker library is not installed.")

    disconnect = has_receivers_for = receivers_for = temporarily_connected_to = connected_to = connect


if TYPE_CHECKING:
    scope_changed = ScopeChanged()
else:
    try:
        from oauthlib.signals import scope_changed
    except ImportError:
        scope_changed = ScopeChanged()
