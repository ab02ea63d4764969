from pathlib import Path

from oauth_cc import TlsClientAuth

TlsClientAuth(Path("svid.pem"))  # refused
