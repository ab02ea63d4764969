"""
A real authorization server in the process, for tests (extra ``testing``).

Authlib makes its decisions, not this library, so that each checks the other.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from oauth_cc.testing._clients import AuthenticationMethod, FederatedIdentity, RegisteredClient
    from oauth_cc.testing._clock import TokenClock
    from oauth_cc.testing._faults import Fault, Quota
    from oauth_cc.testing._issuer import AssertionIssuer
    from oauth_cc.testing._messages import TokenRequestSeen
    from oauth_cc.testing._private_authority import PrivateAuthority
    from oauth_cc.testing._protected import ProtectedResource, ResourceCall
    from oauth_cc.testing._server import AuthorizationServer

__all__ = [
    "AssertionIssuer",
    "AuthenticationMethod",
    "AuthorizationServer",
    "Fault",
    "FederatedIdentity",
    "PrivateAuthority",
    "ProtectedResource",
    "Quota",
    "RegisteredClient",
    "ResourceCall",
    "TokenClock",
    "TokenRequestSeen",
]

# Pytest imports this package with the plugin in every run, and few runs need a server.
_LOADED_WHEN_USED: Final = {
    "AssertionIssuer": "_issuer",
    "AuthenticationMethod": "_clients",
    "AuthorizationServer": "_server",
    "Fault": "_faults",
    "FederatedIdentity": "_clients",
    "PrivateAuthority": "_private_authority",
    "ProtectedResource": "_protected",
    "Quota": "_faults",
    "RegisteredClient": "_clients",
    "ResourceCall": "_protected",
    "TokenClock": "_clock",
    "TokenRequestSeen": "_messages",
}

if not TYPE_CHECKING:
    # Hidden from type checkers, to which a module with __getattr__ seems to have every name.

    def __getattr__(name: str) -> object:
        if name not in _LOADED_WHEN_USED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        try:
            found = getattr(import_module(f"{__name__}.{_LOADED_WHEN_USED[name]}"), name)
        except ImportError as error:
            raise ImportError("oauth_cc.testing needs Authlib; run pip install 'oauth_cc[testing]'") from error
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return __all__
