from pathlib import Path

from oauth_cc import Certificate

Certificate.from_pem(Path("client.pem"))  # refused
