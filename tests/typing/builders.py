"""
Builders in a chain: each returns a record of the same type.
"""

from typing import assert_type

from oauth_cc import ClientCredentials, ClientSecretPost, Scope, Secret, TokenRequest, compose_body, token_request

request = (
    token_request(ClientCredentials("your_id", ClientSecretPost("s3cret")))
    .with_scope(Scope.of("read") | Scope.parse("write"))
    .with_resource("https://api.example/")
    .with_authorization_details({"type": "payment", "actions": ["read"]}, {"type": "account"})
    .with_parameter("audience", "https://api.example/")
    .with_parameter("api_key", Secret("k3y"))
    .with_client_id_in_body()
)
assert_type(request, TokenRequest)
assert_type(request.scope - Scope.of("write"), Scope)
assert_type("read" in request.scope, bool)
assert_type(list(request.scope), list[str])
assert_type(compose_body(request), str)
