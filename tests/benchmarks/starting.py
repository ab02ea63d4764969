"""
Making an auth, and a cold start: the CPU time from a bare interpreter to the first response of an API.

Each client runs in a process of its own, against a server on loopback. The time of one call of the bare HTTP library in
such a process is subtracted.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials
from tests.benchmarks.measure import Row, microseconds

ROUNDS: Final = 9
_ANSWER: Final = json.dumps({"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}).encode()
_OURS: Final = """
import {library}
from oauth_cc import ClientCredentials
from oauth_cc.{library} import ClientCredentialsAuth

auth = ClientCredentialsAuth(ClientCredentials("your_id", "s3cret"), URL + "/token")
"""
PROGRAMS: Final[Mapping[str, tuple[str, str]]] = {
    "oauth_cc, httpx2": ("httpx2", f"{_OURS.format(library='httpx2')}httpx2.get(URL, auth=auth)"),
    "oauth_cc, httpx": ("httpx", f"{_OURS.format(library='httpx')}httpx.get(URL, auth=auth)"),
    "oauth_cc, requests": ("requests", f"{_OURS.format(library='requests')}requests.get(URL, auth=auth)"),
    "requests-oauthlib": (
        "requests",
        """
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

session = OAuth2Session(client=BackendApplicationClient("your_id"))
session.fetch_token(URL + "/token", client_secret="s3cret")
session.get(URL)
""",
    ),
    "Authlib, requests": (
        "requests",
        """
from authlib.integrations.requests_client import OAuth2Session

session = OAuth2Session("your_id", "s3cret", token_endpoint=URL + "/token")
session.fetch_token(grant_type="client_credentials")
session.get(URL)
""",
    ),
    "httpx-auth, httpx": (
        "httpx",
        """
import httpx
from httpx_auth import OAuth2ClientCredentials

httpx.get(URL, auth=OAuth2ClientCredentials(URL + "/token", "your_id", "s3cret"))
""",
    ),
    "requests_oauth2client": (
        "requests",
        """
import requests
from requests_oauth2client import OAuth2Client, OAuth2ClientCredentialsAuth

client = OAuth2Client(URL + "/token", client_id="your_id", client_secret="s3cret", testing=True)
requests.get(URL, auth=OAuth2ClientCredentialsAuth(client))
""",
    ),
}
"""By client: its HTTP library, and a program that makes one call with a token."""
# With trio installed, as for our tests, httpx2 and httpx load trio and with it attrs. The figure of oauth_cc would lack
# the time to load attrs.
_WITHOUT_TRIO: Final = "import sys\nsys.modules['trio'] = None\n"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(_ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
        """Log nothing."""

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def _server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _milliseconds(program: str, url: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, "-c", f"URL = {url!r}\n{_WITHOUT_TRIO}{program}"],
        env={**environment, "OAUTHLIB_INSECURE_TRANSPORT": "1", "AUTHLIB_INSECURE_TRANSPORT": "1"},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"this program failed:\n{program}")
    return (used.ru_utime + used.ru_stime) * 1e3


def cold() -> Row:
    """Measure CPU milliseconds to the first response of an API, over one call of the bare library."""
    bare = {library: f"import {library}\n{library}.get(URL)" for library in ("httpx2", "httpx", "requests")}
    programs = {
        **{f"bare {name}": text for name, text in bare.items()},
        **{n: text for n, (_, text) in PROGRAMS.items()},
    }
    found: dict[str, list[float]] = {name: [] for name in programs}
    with _server() as url:
        for turn in range(ROUNDS + 1):
            for name, program in programs.items():
                used = _milliseconds(program, url)
                if turn:  # the first one compiles
                    found[name].append(used)
    # The minimum, because other work on the machine only adds time.
    least = {name: min(times) for name, times in found.items()}
    figures = {name: least[name] - least[f"bare {library}"] for name, (library, _) in PROGRAMS.items()}
    ours = [figure for name, figure in figures.items() if name.startswith("oauth_cc")]
    below_authlib = figures["oauth_cc, requests"] <= figures["Authlib, requests"]
    below = below_authlib and figures["oauth_cc, httpx"] <= figures["httpx-auth, httpx"]
    return Row(
        "first answer", figures, "<= 50 ms; below Authlib and httpx-auth on the same library", max(ours) <= 50 and below
    )


def making() -> Row:
    """Measure the microseconds to make an auth."""
    credentials = ClientCredentials("your_id", "s3cret")
    figures = microseconds(
        {
            "oauth_cc, httpx2": lambda: oauth_cc.httpx2.ClientCredentialsAuth(credentials, "https://as.example/token"),
            "oauth_cc, requests": lambda: oauth_cc.requests.ClientCredentialsAuth(
                credentials, "https://as.example/token"
            ),
        }
    )
    return Row("make an auth", figures, "<= 60 µs", max(figures.values()) <= 60)
