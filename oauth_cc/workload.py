"""
Assertions that a platform issues about a program: sources for `oauth_cc.ClientAssertion`.

Where a platform writes the assertion to a file, `oauth_cc.AssertionFile` is the source.
"""

import os
from collections.abc import Awaitable, Callable
from typing import TypeAlias, final

import attrs

from oauth_cc.errors import InvalidInput
from oauth_cc.flows.effects import Flow
from oauth_cc.flows.platform import github_assertion, google_assertion
from oauth_cc.secret import Secret

__all__ = ["AssertionVariable", "GitHubActions", "GoogleMetadata", "Perform"]


def __dir__() -> list[str]:
    return __all__


Perform: TypeAlias = Callable[[Flow[Secret]], Secret | Awaitable[Secret]]
"""The ``perform`` or ``perform_async`` of an HTTP library's module."""


@final
@attrs.frozen
class AssertionVariable:
    """
    The environment variable with the assertion of a CI system, such as the ``id_tokens`` of GitLab.

        >>> AssertionVariable("GITLAB_OIDC_TOKEN")
        AssertionVariable(name='GITLAB_OIDC_TOKEN')
    """

    name: str

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str):
            kind = type(self.name).__name__
            raise InvalidInput("name", f"name must be the name of an environment variable, as a str, not {kind}")

    def __call__(self) -> Secret:
        """Return the assertion. Raises `InvalidInput` if the variable is not set."""
        return _variable(self.name, "check that the job requests it, as id_tokens in GitLab")


@final
@attrs.frozen
class GitHubActions:
    """
    The assertion about a job of GitHub Actions, for ``ClientAssertion(GitHubActions(perform), audience=...)``.

    Args:
        perform: The ``perform`` of an HTTP library's module, such as `oauth_cc.httpx2.perform`; in async code
            ``perform_async`` works too.
    """

    perform: Perform = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        _check_perform(self.perform)

    def __call__(self, audience: str) -> Secret | Awaitable[Secret]:
        """
        Return the assertion for *audience*.

        Raises `InvalidInput` outside of a job with the permission ``id-token: write``, `InvalidResponse` if GitHub
        issues none, and the error of the HTTP library if there is no response.
        """
        advice = "check that this is a job of GitHub Actions with the permission id-token: write"
        url = _variable("ACTIONS_ID_TOKEN_REQUEST_URL", advice)
        token = _variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", advice)
        return self.perform(github_assertion(audience, url.reveal(), token))


@final
@attrs.frozen
class GoogleMetadata:
    """
    The assertion about a machine or a container on Google Cloud, for ``ClientAssertion(GoogleMetadata(perform),
    audience=...)``.

    Args:
        perform: The ``perform`` of an HTTP library's module, such as `oauth_cc.httpx2.perform`; in async code
            ``perform_async`` works too.
        host: The host of the metadata server, which only such machines reach.
    """

    perform: Perform = attrs.field(repr=False)
    host: str = "metadata.google.internal"

    def __attrs_post_init__(self) -> None:
        _check_perform(self.perform)
        if not isinstance(self.host, str):
            raise InvalidInput("host", f"host must be a host name as a str, not {type(self.host).__name__}")

    def __call__(self, audience: str) -> Secret | Awaitable[Secret]:
        """
        Return the assertion for *audience*.

        Raises `InvalidResponse` if the metadata server issues none, and the error of the HTTP library if there is no
        response.
        """
        return self.perform(google_assertion(audience, self.host))


def _check_perform(given: object) -> None:
    if not callable(given):
        reason = f"perform must be a function, not {type(given).__name__}; pass the perform of an HTTP library's module"
        raise InvalidInput("perform", f"{reason}, such as oauth_cc.httpx2.perform")


def _variable(name: str, advice: str) -> Secret:
    value = os.environ.get(name)
    if not value:
        raise InvalidInput("client assertion", f"environment variable {name} is unset or empty; {advice}")
    return Secret(value)
