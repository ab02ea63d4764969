"""
Mistakes that no checker reports: a Secret formatted into text yields its redaction. They fail when the text is used.
"""

from typing import assert_type

from oauth_cc import ClientCredentials, HttpRequest, Token


def fields(token: Token) -> list[str]:
    """Return five headers, each of them "Bearer Secret('***')"."""
    return [
        f"Bearer {token.access_token}",
        "Bearer " + str(token.access_token),
        "Bearer " + repr(token.access_token),
        "Bearer %s" % token.access_token,  # noqa: UP031  # as others write it
        "Bearer {}".format(token.access_token),  # noqa: UP032  # as others write it
    ]


def calls(token: Token) -> list[HttpRequest]:
    """Raise InvalidInput: a header contains the redaction."""
    return [HttpRequest("GET", "https://api.example/", {"Authorization": field}) for field in fields(token)]


def credentials(token: Token) -> ClientCredentials:
    """Raise InvalidInput: the secret is the redaction."""
    made = ClientCredentials("your_id", str(token.access_token))
    assert_type(made, ClientCredentials)
    return made
