"""
The User-Agent of token and metadata requests, on each library.
"""

import json

import pytest

from oauth_cc import ClientCredentials, __version__, token_request
from tests.shells.asking import WAYS, Ask
from tests.shells.scripted import TOKEN, Answer, ScriptedServer, serve

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))

pytestmark = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library.__name__}-{way.backend}")


def agents(server: ScriptedServer) -> list[str | None]:
    """Return the User-Agent of each request to *server*."""
    return [asked.headers.get("User-Agent") for asked in server.asked]


def test_token_and_metadata_requests_name_this_library(way: Ask) -> None:
    """Some firewalls refuse a request without a User-Agent."""
    with serve(TOKEN) as server:
        metadata = {"issuer": server.url, "token_endpoint": f"{server.url}/token"}
        server.steps[:] = [Answer(chunks=(json.dumps(metadata).encode(),)), TOKEN]
        way.token_from_issuer(server.url, REQUEST)
        assert agents(server) == [f"oauth_cc/{__version__}"] * 2


def test_a_user_agent_of_the_request_replaces_it(way: Ask) -> None:
    """The name is compared without its case."""
    with serve(TOKEN) as server:
        way.token(REQUEST.with_header("user-agent", "shop/1"), f"{server.url}/token")
        (asked,) = server.asked
        found = [value for name, value in asked.headers.items() if name.lower() == "user-agent"]
        assert found == ["shop/1"]
