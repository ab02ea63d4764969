"""
Secrecy of all records and errors: they show no planted secret, assertion or token.
"""

import json
import logging
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    HttpRequest,
    HttpResponse,
    Placement,
    Scope,
    Secret,
    SigningKey,
    Token,
    authorize,
    errors,
    http_request,
    parse_token_response,
    token_request,
)
from oauth_cc._wire.form import decode
from oauth_cc._wire.json import parse_object
from oauth_cc.authentication import AuthenticationFields
from oauth_cc.challenge import parse_challenges
from oauth_cc.cli.display import curl, http_message
from oauth_cc.dpop import dpop_proof
from oauth_cc.endpoint import Endpoint, check_resource, check_url, origin
from oauth_cc.flows import Failed, Received, Save, Send, exchange
from oauth_cc.flows.renewal import Renewed, terms
from oauth_cc.flows.single_flight import Renew, TokenState, Use
from oauth_cc.http import SHOWN_HEADERS
from tests import strategies
from tests.bound import bound_key
from tests.leaks import shown_by
from tests.world import World

MARK = "M4RKER"
BASIC = "aWQ6TTRSS0VS"  # "id:M4RKER" in base64
ENDPOINT = "https://as.example/token"

CREDENTIALS = ClientCredentials("id", MARK)
POST = ClientCredentials("id", ClientSecretPost(MARK))
TOKEN = Token(Secret(MARK), "Bearer", 0.0, extra={"id_token": MARK, MARK: 1})
PLACED = [
    attrs.evolve(TOKEN, placement=placement)
    for placement in (
        Placement("X-Shopify-Access-Token", None),
        Placement("Authorization", "OAuth"),
        Placement("Authorization", None),
        Placement("WM_SEC.ACCESS_TOKEN", "Token"),
    )
]
BOUND = attrs.evolve(TOKEN, token_type="DPoP")
PROOF = f"{MARK}.{MARK}.{MARK}"
KEY = attrs.evolve(bound_key("ours"), signer=partial(lambda private, _: bytes(64), MARK))
RESPONSE = HttpResponse(200, {"Set-Cookie": MARK, "X-Token": MARK}, MARK.encode())


def records() -> Iterator[object]:
    """Return a record of every kind, with a marker in every place that may contain a secret."""
    request = (
        token_request(CREDENTIALS)
        .with_parameter("api_key", MARK)
        .with_parameter("assertion", Secret(MARK))
        .with_header("X-Api-Key", MARK)
        .with_body(f"password={MARK}")
    )
    yield Secret(MARK)
    yield ClientSecretBasic(MARK)
    yield ClientSecretPost(MARK)
    yield CREDENTIALS
    yield POST
    yield CREDENTIALS.authentication
    yield AuthenticationFields(headers=(("X", Secret(MARK)),), parameters=(("a", Secret(MARK)),))
    yield request
    for credentials in (CREDENTIALS, POST):
        composed = http_request(attrs.evolve(request, credentials=credentials), ENDPOINT)
        yield composed
        yield Send(composed)
    yield HttpRequest("GET", f"https://api.example/?access_token={MARK}", {"Cookie": MARK, "X-Api-Key": MARK})
    yield RESPONSE
    yield Received(RESPONSE, 0.0)
    yield TOKEN
    yield terms(request, ENDPOINT)
    yield TokenState(TOKEN, rejected=(TOKEN,))
    yield Use(TOKEN)
    yield Renew(TOKEN)
    yield Renewed(TOKEN, 0.5)
    yield Save("key", TOKEN)
    yield authorize(HttpRequest("GET", "https://api.example/"), TOKEN)
    yield BOUND
    yield authorize(HttpRequest("GET", "https://api.example/"), BOUND, proof=PROOF)
    yield http_request(request.with_dpop(KEY), ENDPOINT, proof=PROOF)
    for placed in PLACED:
        yield placed
        yield authorize(HttpRequest("GET", "https://api.example/"), placed)


@pytest.mark.parametrize("record", list(records()), ids=lambda record: type(record).__name__)
class TestRecords:
    """The output of a record."""

    def test_text_of_a_record_shows_no_secret(self, record: object, caplog: pytest.LogCaptureFixture) -> None:
        """Neither does a log line with the record as an argument."""
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("oauth_cc").debug("%s %r", record, record)
        shown = f"{record}{record!r}{record!s}{record!a}{[record]}{(record, {'a': record})}{caplog.text}"
        if not isinstance(record, HIDING):
            shown += str([getattr(record, field.name) for field in getattr(record, "__attrs_attrs__", ())])
        assert MARK not in shown
        assert BASIC not in shown

    def test_record_refuses_pickle_and_json(self, record: object) -> None:
        """With every protocol."""
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(record, protocol)
        with pytest.raises(TypeError):
            json.dumps(record)

    def test_record_is_frozen(self, record: Any) -> None:
        """No field can be assigned or deleted."""
        names = [field.name for field in attrs.fields(type(record))] if attrs.has(type(record)) else ["_value"]
        for name in names:
            with pytest.raises(AttributeError):
                setattr(record, name, "x")
            with pytest.raises(AttributeError):
                delattr(record, name)


# Their fields can be read by name, as they contain what is sent or received.
HIDING = (HttpRequest, HttpResponse, Send, Received, Token)


@pytest.mark.parametrize("token", PLACED, ids=lambda token: repr(token.placement))
def test_the_command_line_shows_no_placed_token(token: Token) -> None:
    """It shows the name of the header, in a message and in a curl command."""
    call = authorize(HttpRequest("GET", "https://api.example/"), token)
    for shown in (http_message(call), curl(call)):
        assert f"{token.placement.header}: " in shown
        assert MARK not in shown


@pytest.mark.parametrize("header", sorted(SHOWN_HEADERS))
def test_a_header_whose_value_is_shown_cannot_carry_a_token(header: str) -> None:
    """The case of its name does not matter."""
    for name in (header, header.title()):
        with pytest.raises(errors.InvalidInput, match="header must not be"):
            Placement(name, None)


def test_a_key_and_an_unsigned_proof_show_neither_signer_nor_content() -> None:
    """The signer may hold the private key, and the proof is complete with one signature."""
    unsigned = dpop_proof(KEY, "GET", f"https://api.example/{MARK}", now=0.0, unique_id=MARK, access_token=MARK)
    payload = unsigned.signing_input.decode().partition(".")[2]
    for shown in (f"{KEY}{KEY!r}", f"{unsigned}{unsigned!r}", f"{unsigned.signed(bytes(64))!r}"):
        assert MARK not in shown
        assert payload not in shown


def test_challenge_shows_registered_words_only() -> None:
    """An API may echo the token."""
    line = f'{MARK} {MARK}, Bearer realm="{MARK}", error="{MARK}", {MARK}="{MARK}", {MARK.lower()} x="{BASIC}"'
    challenges = parse_challenges([line])
    assert challenges
    shown = f"{challenges}{challenges!r}".lower()
    assert MARK.lower() not in shown
    assert BASIC.lower() not in shown


BAD: list[Callable[[], object]] = [
    lambda: Secret(MARK.encode()),  # type: ignore[arg-type]  # wrong on purpose, as all that follow
    lambda: ClientSecretBasic(f"{MARK}\n"),
    lambda: ClientSecretBasic(Secret(f"{MARK}\0")),
    lambda: ClientSecretPost(f"{MARK}\n"),
    lambda: ClientSecretPost([MARK]),  # type: ignore[arg-type]
    lambda: ClientCredentials("id", f"{MARK}\n"),
    lambda: ClientCredentials("id", MARK.encode()),  # type: ignore[arg-type]
    lambda: ClientCredentials("id", [MARK]),  # type: ignore[arg-type]
    lambda: ClientCredentials("", MARK),
    lambda: ClientCredentials(f"{MARK}\n", MARK),
    lambda: ClientSecretBasic(MARK, encode=False).authenticate("a:b"),
    lambda: token_request(CREDENTIALS).with_parameter("client_secret", MARK),
    lambda: token_request(CREDENTIALS).with_parameter("client_assertion", MARK),
    lambda: token_request(CREDENTIALS).with_parameter("a b", MARK),
    lambda: token_request(CREDENTIALS).with_parameter("a", f"{MARK}\ud800"),
    lambda: token_request(CREDENTIALS).with_parameter("a", MARK.encode()),  # type: ignore[arg-type]
    lambda: token_request(CREDENTIALS).with_parameter("a", MARK).with_parameter("a", MARK),
    lambda: token_request(CREDENTIALS).with_parameters({"client_secret": MARK}),
    lambda: token_request(CREDENTIALS).with_parameters([("a", MARK), ("a", MARK)]),
    lambda: token_request(CREDENTIALS).with_parameters({"a": MARK.encode()}),  # type: ignore[arg-type]
    lambda: token_request(CREDENTIALS).with_header("X", f"{MARK}\r\n"),
    lambda: token_request(CREDENTIALS).with_header("X", Secret(f"{MARK}é")),
    lambda: token_request(CREDENTIALS).with_header("Authorization", MARK),
    lambda: token_request(CREDENTIALS).with_header("X", MARK.encode()),  # type: ignore[arg-type]
    lambda: token_request(CREDENTIALS).with_header("A B", Secret(MARK)),
    lambda: token_request(CREDENTIALS).with_body(f"client_secret={MARK}"),
    lambda: token_request(CREDENTIALS).with_body(f"a={MARK}&a={MARK}"),
    lambda: token_request(CREDENTIALS).with_body(f"a={MARK}%zz"),
    lambda: token_request(CREDENTIALS).with_body(f"a={MARK}%ff"),
    lambda: token_request(CREDENTIALS).with_body(MARK.encode()),  # type: ignore[arg-type]
    lambda: http_request(token_request(POST), "http://as.example/token"),
    lambda: http_request(token_request(POST), f"https://user:{MARK}@as.example/token"),
    lambda: http_request(token_request(POST), f"https://as.example/token?client_secret={MARK}"),
    lambda: Endpoint(f"https://as.example/token#{MARK}"),
    lambda: check_url(f"https://user:{MARK}@as.example/"),
    lambda: origin(f"https://{MARK}@as.example/"),
    lambda: check_resource(f"https://as.example/#{MARK}"),
    lambda: HttpRequest("GET", ENDPOINT, {"Authorization": f"Bearer {MARK}\r\n"}),
    lambda: HttpRequest("GET", ENDPOINT, [("A B", MARK)]),
    lambda: HttpRequest("GET", ENDPOINT, body=MARK),  # type: ignore[arg-type]
    lambda: HttpRequest("GET", ENDPOINT, {"Cookie": MARK}).with_header("Authorization", f"{MARK}\n"),
    lambda: HttpResponse("200", {"Set-Cookie": MARK}, MARK.encode()),  # type: ignore[arg-type]
    lambda: HttpResponse(200, {}, MARK),  # type: ignore[arg-type]
    lambda: authorize(HttpRequest("GET", f"http://api.example/?token={MARK}"), TOKEN),
    lambda: authorize(HttpRequest("GET", ENDPOINT), attrs.evolve(TOKEN, token_type="DPoP")),
    lambda: authorize(HttpRequest("GET", f"http://api.example/?token={MARK}"), PLACED[0]),
    lambda: Token(Secret(MARK), "DPoP", 0.0, placement=PLACED[0].placement),
    lambda: Token.from_json(MARK),
    lambda: Token.from_json(f'{{"access_token": "{MARK}"}}'),
    lambda: Token(Secret(f"{MARK}\n"), "Bearer", 0.0),
    lambda: AuthenticationFields((("Authorization", Secret(MARK)),), (("client_secret", Secret(MARK)),)),
    lambda: AuthenticationFields((("X", Secret(f"{MARK}\n")),)),
    lambda: token_request(CREDENTIALS).with_dpop(MARK),  # type: ignore[arg-type]
    lambda: SigningKey("ES256", lambda _: bytes(64), "a", public_jwk={"kty": "EC", "d": MARK}),
    lambda: SigningKey("ES256", lambda _: bytes(64), "a", public_jwk=MARK),
    lambda: dpop_proof(KEY, "GET", f"https://user:{MARK}@api.example/", now=0.0, unique_id="a", access_token=MARK),
    lambda: dpop_proof(KEY, "GET", ENDPOINT, now=0.0, unique_id="a", access_token=f"{MARK} "),
    lambda: dpop_proof(KEY, "G T", ENDPOINT, now=0.0, unique_id="a", access_token=Secret(MARK)),
    lambda: dpop_proof(MARK, "GET", ENDPOINT, now=0.0, unique_id="a"),  # type: ignore[arg-type]
    lambda: authorize(HttpRequest("GET", ENDPOINT), BOUND, proof=f"{MARK} "),
    lambda: authorize(HttpRequest("GET", ENDPOINT), TOKEN, proof=PROOF),
    lambda: authorize(HttpRequest("GET", f"http://api.example/?token={MARK}"), BOUND, proof=PROOF),
    lambda: http_request(token_request(POST).with_dpop(KEY), ENDPOINT, proof=MARK),
    lambda: http_request(token_request(POST), ENDPOINT, proof=PROOF),
    lambda: http_request(token_request(POST).with_dpop(KEY), ENDPOINT, assertion=MARK, proof=PROOF),
]


@pytest.mark.parametrize("attempt", BAD, ids=range(len(BAD)))
def test_invalid_input_error_shows_no_secret(attempt: Callable[[], object]) -> None:
    """The local variables of every frame of the library are searched too."""
    with pytest.raises(errors.OAuthError) as caught:
        attempt()
    shown = shown_by(caught.value)
    # A rejected client_id is not quoted either, as users paste secrets into the wrong setting.
    assert MARK not in shown
    assert BASIC not in shown


ANSWERS = [
    HttpResponse(status, {"X": MARK, "Location": MARK}, body.encode())
    for status in (200, 302, 400, 401, 500)
    for body in (
        MARK,
        f'{{"access_token": "{MARK}"}}',
        f'{{"access_token": "{MARK}", "token_type": "mac"}}',
        f'{{"access_token": "{MARK}", "token_type": "{MARK}"}}',
        f'{{"access_token": "{MARK} ", "token_type": "Bearer"}}',
        f'{{"access_token": "{MARK}", "token_type": "Bearer", "expires_in": "{MARK}"}}',
        f'{{"access_token": "{MARK}", "token_type": "Bearer", "scope": "{MARK}\\n"}}',
        f'{{"access_token": "{MARK}", "token_type": "Bearer", "{MARK}": "{MARK}"}}',
        f'{{"access_token": "{MARK}", "access_token": "{MARK}"}}',
        f'{{"access_token": "{MARK}", "token_type": "Bearer"',
        f'{{"error": "{MARK}"}}',
        f'{{"error": ["{MARK}"]}}',
        f'{{"error": "x", "error_description": "{MARK} {BASIC}", "error_uri": "https://{MARK}/"}}',
        f'{{"error": "x", "error_description": "Basic {BASIC}", "access_token": "{MARK}"}}',
        f'{{"error": null, "access_token": "{MARK}\\n", "token_type": "Bearer"}}',
        f'{{"message": "{MARK} {BASIC}", "access_token": "{MARK}"}}',
        f'{{"errors": [{{"message": "{MARK} Basic {BASIC}"}}], "{MARK}": 1}}',
        f'{{"error": {{"message": "{MARK}\\u0000{BASIC}"}}}}',
        f"the secret {MARK} of Basic {BASIC}\x00 is wrong",
    )
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
@pytest.mark.parametrize("credentials", [CREDENTIALS, POST], ids=["basic", "post"])
def test_response_shows_no_secret(answer: HttpResponse, credentials: ClientCredentials) -> None:
    """It shows neither its token nor the secret that the server echoes."""
    request = token_request(credentials, Scope.of("a"))
    attempts: list[Callable[[], object]] = [
        lambda: parse_token_response(answer, request, received_at=0.0),
        lambda: World([answer]).run(exchange(request, ENDPOINT)),
    ]
    for attempt in attempts:
        try:
            shown = repr(attempt())
        except errors.OAuthError as error:
            shown = shown_by(error)
        assert MARK not in shown
        # The Basic header is redacted if it was sent.
        assert BASIC not in shown or credentials is POST


def test_network_failure_shows_no_secret() -> None:
    """The request is in no frame of the library."""
    with pytest.raises(OSError, match="gone") as caught:
        World([Failed(OSError("gone"), retryable=True)]).run(exchange(token_request(POST), ENDPOINT))
    assert MARK not in shown_by(caught.value)


@given(strategies.texts(), strategies.texts(), st.sampled_from([ClientSecretBasic, ClientSecretPost]))
def test_request_hides_a_secret_inside_any_text(
    before: str, after: str, way: type[ClientSecretBasic] | type[ClientSecretPost]
) -> None:
    """Any text may surround the marker."""
    request = token_request(ClientCredentials("id", way(f"{before}{MARK}{after}")))
    assert MARK not in f"{request}{http_request(request, ENDPOINT)}"


def test_readers_return_faults_as_values() -> None:
    """They raise no error whose frames contain the token."""
    assert isinstance(parse_object(f'{{"access_token": "{MARK}",}}'), str)
    assert isinstance(decode(f"a={MARK}%"), str)
