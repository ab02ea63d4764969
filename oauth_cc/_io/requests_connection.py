"""
The sessions that this library makes on requests. Each attempt has a new connection, which another thread can end.
"""

import ssl
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias, final

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from oauth_cc._io.connection import Connection

_Certificate: TypeAlias = str | tuple[str, str] | None


def own_session(url: str, connection: Connection) -> requests.Session:
    """
    Return a session for one request, with the proxies and authorities that requests takes from the environment.

    Args:
        url: The URL of the request.
        connection: It takes the connection that the session makes.

    Raises:
        OSError: The environment names authorities that cannot be read.
    """
    session = requests.Session()
    context = None
    if url.startswith("https:"):
        verify = session.merge_environment_settings(url, {}, True, None, None)["verify"]
        bundle = Path(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
        context = _tls(bundle, bundle.stat().st_mtime_ns)
    adapter = _OwnAdapter(connection, context)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@lru_cache(maxsize=4)
def _tls(bundle: Path, _changed: int) -> ssl.SSLContext:
    # One for the process, because reading the authorities takes longer than a token request. requests reads them for
    # each connection, so a changed file is read anew.
    context = create_urllib3_context()
    if bundle.is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context


@final
class _OwnAdapter(HTTPAdapter):
    def __init__(self, connection: Connection, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self._connection = connection
        self._context = context

    def cert_verify(self, conn: object, url: str, verify: bool | str, cert: _Certificate) -> None:
        # The context has the authorities. urllib3 would read them again for each connection.
        pass

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: _Certificate = None
    ) -> tuple[dict[str, object], dict[str, object]]:
        host, pool = super().build_connection_pool_key_attributes(request, bool(verify), cert)
        return host, pool if self._context is None else {**pool, "ssl_context": self._context}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: object) -> object:
        if self._context is not None and not proxy.lower().startswith("socks"):
            proxy_kwargs["proxy_ssl_context"] = self._context
        manager: object = super().proxy_manager_for(proxy, **proxy_kwargs)
        return manager

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,
        proxies: dict[str, str] | None = None,
        cert: _Certificate = None,
    ) -> HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        kind = pool.ConnectionCls
        # A stand-in of a test tool, such as vcrpy's, stays as it is.
        if issubclass(kind, HTTPConnection) and kind.__module__.startswith("urllib3."):
            watched = type(kind.__name__, (_WatchedConnection, kind), {"watcher": self._connection})
            vars(pool)["ConnectionCls"] = watched
        return pool


class _WatchedConnection(HTTPConnection):
    """The first base of a connection class, which gives its connection to *watcher*."""

    watcher: Connection

    def connect(self) -> None:
        self.watcher.watch(self)
        super().connect()
        self.watcher.connected()
