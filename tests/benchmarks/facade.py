"""
The facade compared with oauthlib's own client, by the same calls.
"""

import json
from collections.abc import Callable

from oauthlib.oauth2 import BackendApplicationClient as Original

from oauth_cc.compat import BackendApplicationClient
from tests.benchmarks.measure import Row, microseconds

PLAIN = "prepare_request_body"
SCOPE = ["hello", "world"]
ANSWER = json.dumps(
    {"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_in": 3600, "scope": "hello world"}
)
TOKEN = {"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_at": 9e9}


def rows() -> list[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Return name, our call and oauthlib's call of each operation."""
    ours, theirs = calls(BackendApplicationClient), calls(Original)
    return [(name, ours[name], theirs[name]) for name in ours]


def calls(kind: type[BackendApplicationClient] | type[Original]) -> dict[str, Callable[[], object]]:
    """Return the operations of a client of *kind*."""
    client = kind("your_id")
    holder = kind("your_id", token=TOKEN)
    return {
        "construct": lambda: kind("your_id"),
        PLAIN: lambda: client.prepare_request_body(),
        "prepare_request_body, scope": lambda: client.prepare_request_body(scope=SCOPE),
        "prepare_request_body, body": lambda: client.prepare_request_body(body="x=1", scope=SCOPE),
        "prepare_request_body, secret": lambda: client.prepare_request_body(
            scope=SCOPE, include_client_id=True, client_secret="s3cret"
        ),
        "parse_request_body_response": lambda: client.parse_request_body_response(ANSWER, scope=SCOPE),
        "add_token": lambda: holder.add_token("https://api.example/things"),
    }


def table() -> list[Row]:
    """Measure each operation with both clients in the same run."""
    return [_row(name, ours, theirs, 4 if name == PLAIN else 2) for name, ours, theirs in rows()]


def _row(name: str, ours: Callable[[], object], theirs: Callable[[], object], aim: int) -> Row:
    figures = microseconds({"oauth_cc": ours, "oauthlib": theirs})
    return Row(name, figures, f"{aim}x oauthlib", figures["oauthlib"] >= aim * figures["oauth_cc"])
