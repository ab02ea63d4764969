"""
A server that departs from RFC 6749: its dialect, headers of the token request, and the header of the token.
"""

from typing import assert_type

from oauth_cc import ClientCredentials, Dialect, Placement, Scope, Secret, Token, TokenRequest, dialects, token_request
from oauth_cc.challenge import token_rejected
from oauth_cc.http import HttpResponse

mine = Dialect(
    bearer_names=("BearerToken",),
    default_lifetime=7200,
    lifetime_unit="ms",
    members={"access_token": "data.token", "expires_in": "data.ttl"},
    scope_separator=",",
    body_format="json",
    grant_type="account_credentials",
    placement=Placement("X-Access-Token", scheme=None),
    rejection_words=("expired_token",),
    rejection_statuses=(401, 403),
)
assert_type(mine.default_lifetime, float | None)
assert_type(mine.placement.scheme, str | None)
assert_type(mine.rejection_statuses, tuple[int, ...])

request = (
    token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))
    .with_dialect(mine)
    .with_header("X-Merchant-Id", "4711")
    .with_header("Ocp-Apim-Subscription-Key", Secret("k3y"))
    .with_resource("00000003-0000-0000-c000-000000000000", uri=False)
)
assert_type(request, TokenRequest)
assert_type(request.with_dialect(dialects.EBAY).dialect, Dialect)


def departs(token: Token, response: HttpResponse) -> bool:
    """Return whether the server departs from the RFC."""
    assert_type(token.placement, Placement)
    assert_type(token.lifetime_assumed, bool)
    for oddity in token.oddities:
        if oddity == "token_type_missing":
            return True
    return token_rejected(response, mine)
