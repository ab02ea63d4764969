"""
The examples and parameters of oauthlib's documentation.
"""

import inspect

import pytest
from oauthlib.oauth2 import BackendApplicationClient as Original

from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat._body import Body
from oauth_cc.compat._scopes import Scopes

METHODS = (
    "add_token create_code_challenge create_code_verifier parse_request_body_response parse_request_uri_response "
    "populate_code_attributes populate_token_attributes prepare_authorization_request prepare_refresh_body "
    "prepare_refresh_token_request prepare_request_body prepare_request_uri prepare_token_request "
    "prepare_token_revocation_request _add_bearer_token _add_mac_token _populate_attributes".split()
)


def signature(function: object) -> list[tuple[str, str, object]]:
    """Return name, kind and default of each parameter."""
    assert callable(function)
    parameters = inspect.signature(function).parameters.values()
    defaults = [getattr(parameter.default, "__name__", parameter.default) for parameter in parameters]
    return [(item.name, item.kind.name, default) for item, default in zip(parameters, defaults, strict=True)]


def test_the_documented_example_prints_the_documented_text() -> None:
    """The documented example prints the documented text."""
    client = BackendApplicationClient("your_id")
    assert "grant_type=client_credentials&scope=hello+world" == client.prepare_request_body(scope=["hello", "world"])


def test_the_constructor_has_the_documented_parameters() -> None:
    """
    The constructor has the fifteen documented parameters, in order and with their defaults, and accepts any other.
    """
    assert signature(Original.__init__) == signature(BackendApplicationClient.__init__)
    assert len(signature(BackendApplicationClient)) == 16


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_the_parameters_of_the_original(name: str) -> None:
    """
    Every method has the parameters of the original, in order and with their defaults.

    Keyword-only parameters, which give the original's keywords a type, are ignored.
    """
    ours = [item for item in signature(getattr(BackendApplicationClient, name)) if item[1] != "KEYWORD_ONLY"]
    assert signature(getattr(Original, name)) == ours


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({}, "grant_type=client_credentials"),
        ({"body": "extra=1"}, "extra=1&grant_type=client_credentials"),
        ({"scope": "a b"}, "grant_type=client_credentials&scope=a+b"),
        ({"include_client_id": True}, "grant_type=client_credentials&client_id=your_id"),
        ({"include_client_id": False}, "grant_type=client_credentials"),
        ({"client_secret": "s3cret"}, "grant_type=client_credentials&client_secret=s3cret"),
        ({"client_secret": ""}, "grant_type=client_credentials&client_secret="),
        ({"client_secret": None}, "grant_type=client_credentials"),
    ],
)
def test_each_documented_parameter_of_the_body_is_honoured(arguments: dict[str, object], body: str) -> None:
    """Each documented parameter of prepare_request_body has the documented effect."""
    client = BackendApplicationClient("your_id")
    assert body == client.prepare_request_body(**arguments)  # type: ignore[arg-type]  # a table of any arguments
    original = Original("your_id")
    assert body == original.prepare_request_body(**arguments)  # type: ignore[arg-type]


def test_a_subclass_keeps_its_defaults() -> None:
    """An argument omitted from prepare_token_request gets the default of the subclass."""

    class Named(BackendApplicationClient):
        def prepare_request_body(
            self, body: Body = "", scope: Scopes = None, include_client_id: bool = True, **kwargs: object
        ) -> str:
            return super().prepare_request_body(body, scope, include_client_id, **kwargs)

    client, url = Named("your_id"), "https://as.example/token"
    assert client.prepare_token_request(url)[2] == "grant_type=client_credentials&client_id=your_id"
    assert client.prepare_token_request(url, include_client_id=False)[2] == "grant_type=client_credentials"


def test_the_class_has_the_documented_constants() -> None:
    """The class has the documented constants, accepts any attribute, and does not inherit from the original."""
    client = BackendApplicationClient("your_id")
    assert ("client_credentials", "refresh_token") == (client.grant_type, client.refresh_token_key)
    client.anything = 1  # type: ignore[attr-defined]  # requests_oauthlib.OAuth2 sets each member of a token so
    assert 1 == vars(client)["anything"]
    assert not isinstance(client, Original)
