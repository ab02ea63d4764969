"""
A runner of requests-oauthlib's test files with the session of this package in place: ``python swapped_session.py
FILE...``.

The files import the session from `requests_oauthlib`. Their tests loop over the clients of all grants; here the client
of this grant stands for each of them.
"""

import os
import sys
import time
from typing import Final

import oauthlib.oauth2
import pytest
import requests_oauthlib

from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat.requests_oauthlib import OAuth2Session, TokenUpdated

OTHER_GRANTS: Final = {
    "test_authorization_url": "this grant has no authorization endpoint",
    "test_pkce_authorization_url": "as test_authorization_url",
    "test_pkce_web_app_fetch_token": "PKCE protects an authorization code",
    "test_web_app_fetch_token": "the state protects an authorization response",
    "test_token_from_fragment": "the implicit grant returns a token in a fragment",
}
"""The tests that are left out, and why."""


class WithCode(BackendApplicationClient):
    """A client whose requests have a code, as the tests expect it of the client of the authorization code grant."""

    def __init__(self, client_id: str, code: str | None = None, **keywords: object) -> None:
        super().__init__(client_id, **keywords)  # type: ignore[arg-type]  # what the tests pass
        self.code = code

    def prepare_request_body(self, **keywords: object) -> str:  # type: ignore[override]  # as the session calls it
        """Return the body of a token request with a code."""
        return super().prepare_request_body(**keywords | {"code": self.code})  # type: ignore[arg-type]  # as above


class OfThisGrant:
    """A class whose constructor returns a client of this grant, which the tests do not take for one of another."""

    def __new__(cls, client_id: str) -> BackendApplicationClient:  # type: ignore[misc]  # on purpose
        """Return the client."""
        return BackendApplicationClient(client_id)


class Session(OAuth2Session):
    """The session, for tests that pass the response of an authorization endpoint as well."""

    def fetch_token(self, token_url: str, **keywords: object) -> object:  # type: ignore[override]  # as the tests call it
        """Fetch a token without the response of an authorization endpoint."""
        keywords.pop("authorization_response", None)
        return super().fetch_token(token_url, **keywords)  # type: ignore[arg-type]  # as above


class LeavingOut:
    """A plugin of pytest that leaves the tests of other grants out."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remove the tests."""
        items[:] = [item for item in items if item.name not in OTHER_GRANTS]


def main(*files: str) -> int:
    """Replace the classes and run pytest on *files*."""
    # Two tests compare the expiry with the clock to a hundredth of a second, but oauthlib rounds it.
    clock = time.time
    time.time = lambda: float(int(clock()))
    oauthlib.oauth2.WebApplicationClient = WithCode  # type: ignore[attr-defined]  # in its place
    for name in ("LegacyApplicationClient", "MobileApplicationClient"):
        setattr(oauthlib.oauth2, name, OfThisGrant)
    oauthlib.oauth2.BackendApplicationClient = BackendApplicationClient  # type: ignore[assignment, misc]  # in its place
    requests_oauthlib.OAuth2Session = Session  # type: ignore[assignment, misc]  # as above
    requests_oauthlib.TokenUpdated = TokenUpdated  # type: ignore[assignment, misc]  # as above
    command = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "-rs", *files]
    return int(pytest.main(command, plugins=[LeavingOut()]))


if __name__ == "__main__":
    # Import from the other project's folder, the working directory, and not from the folder of this file.
    sys.path[0] = "."
    sys.exit(main(*sys.argv[1:]))
