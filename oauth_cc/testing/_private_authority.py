"""
A private certificate authority, for a test server with https.
"""

import ssl
from pathlib import Path
from typing import final


@final
class PrivateAuthority:
    """
    A new certificate authority, for tests alone. It needs trustme.

    Raises:
        ImportError: trustme is not installed.

    Example:
        >>> PrivateAuthority().server_side().verify_mode.name
        'CERT_NONE'
    """

    def __init__(self) -> None:
        try:
            import trustme
        except ImportError as error:
            raise ImportError("https in tests needs trustme; run pip install trustme") from error
        self._authority = trustme.CA()

    def server_side(self) -> ssl.SSLContext:
        """Return the server's side of TLS, with a certificate for ``localhost``: ``AuthorizationServer(tls=...)``."""
        side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with self._authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.tempfile() as file:
            side.load_cert_chain(file)
        return side

    def client_side(self) -> ssl.SSLContext:
        """Return a client's side of TLS that trusts this authority alone: ``httpx2.Client(verify=...)``."""
        side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        side.load_verify_locations(cadata=self._authority.cert_pem.bytes().decode("ascii"))
        return side

    def write(self, file: Path) -> Path:
        """
        Write the authority's certificate to *file*, in PEM, and return the file.

        ``SSL_CERT_FILE`` and ``REQUESTS_CA_BUNDLE`` name it for programs that read the environment.
        """
        self._authority.cert_pem.write_to_path(str(file))
        return file
