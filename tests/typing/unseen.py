"""
Mistakes that no checker sees: a Secret made text, which is its redaction. They fail where the text is given.
"""

from typing import assert_type

from oauth_cc import ClientCredentials, HttpRequest, Token


def fields(token: Token) -> list[str]:
    """Each of them is "Bearer Secret('***')"."""
    return [
        f"Bearer {token.access_token}",
        "Bearer " + str(token.access_token),
        "Bearer " + repr(token.access_token),
        "Bearer %s" % token.access_token,  # noqa: UP031  # as others write it
        "Bearer {}".format(token.access_token),  # noqa: UP032  # as others write it
    ]


def calls(token: Token) -> list[HttpRequest]:
    """InvalidInput: a field holds what a Secret shows."""
    return [HttpRequest("GET", "https://api.example/", {"Authorization": field}) for field in fields(token)]


def credentials(token: Token) -> ClientCredentials:
    """InvalidInput: it is what a Secret shows."""
    made = ClientCredentials("your_id", str(token.access_token))
    assert_type(made, ClientCredentials)
    return made
