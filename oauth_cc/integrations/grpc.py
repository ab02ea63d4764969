"""
Tokens for calls of gRPC.
"""

from functools import partial
from typing import final

try:
    import grpc
except ImportError as _error:
    raise ImportError("oauth_cc.integrations.grpc needs grpcio; install oauth_cc[grpc]") from _error

from oauth_cc._io.base_source import check_bearer_source
from oauth_cc._io.source import TokenSource
from oauth_cc.stores._threads import start
from oauth_cc.token import Token, authorization

__all__ = ["call_credentials"]


def __dir__() -> list[str]:
    return __all__


def call_credentials(source: TokenSource) -> grpc.CallCredentials:
    """
    Return call credentials that add a valid token to each call, for ``grpc.composite_channel_credentials``.

    They never block the threads of gRPC. While there is no token, each call waits for it on a thread of its own. Within
    ``source.keep_fresh()`` there is always a token. If no token can be obtained, the call fails with ``UNAVAILABLE``
    and the error of the source.

    Args:
        source: The source of the tokens. It stays open as long as the channel.

    Raises:
        InvalidInput: *source* has another type, or its tokens are bound to a key (DPoP).
    """
    check_bearer_source(source, TokenSource)
    return grpc.metadata_call_credentials(_Plugin(source), name="oauth_cc")


@final
class _Plugin(grpc.AuthMetadataPlugin):
    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def __call__(self, _context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        token = self._source.peek()
        if token is not None:
            _answer(token, callback)
        elif not start("token of a gRPC call", partial(self._obtain, callback)):
            self._obtain(callback)

    def _obtain(self, callback: grpc.AuthMetadataPluginCallback) -> None:
        try:
            token = self._source.token()
        except Exception as error:  # of this library, of the HTTP library, or of the store
            callback((), error)
        else:
            _answer(token, callback)


def _answer(token: Token, callback: grpc.AuthMetadataPluginCallback) -> None:
    try:
        metadata = ((token.placement.header.lower(), authorization(token).reveal()),)
    except Exception as error:  # a DPoP token
        callback((), error)
    else:
        callback(metadata, None)
