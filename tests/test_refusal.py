"""
Refused token requests: the server's own words in an error, cleaned, and the advice beside them.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientAuthentication,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    HttpResponse,
    NoAuthentication,
    PrivateKeyJwt,
    SigningKey,
    TokenRequest,
    errors,
    parse_token_response,
    token_request,
)
from oauth_cc.http import Headers
from oauth_cc.refusal import MAX_DESCRIPTION, MAX_WORDS

NOW = 1700000000.0
SECRET = "s3cr3t/va lue"
REQUEST = token_request(ClientCredentials("id", SECRET))
KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
WORDS = "The client is unknown"


def refused(
    content: object, status: int = 400, request: TokenRequest = REQUEST, headers: Headers = ()
) -> errors.TokenRequestRefused:
    """Return the error for a response with *content*, bytes or JSON, and *headers*."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode("ascii")
    with pytest.raises(errors.TokenRequestRefused) as caught:
        parse_token_response(HttpResponse(status, headers, body), request, received_at=NOW)
    return caught.value


SHAPES: dict[str, Any] = {
    "error_description": {"error_description": WORDS},
    "message": {"message": WORDS, "error": 401},
    "errors[].message": {"errors": [{"code": "1", "message": WORDS}, {"message": "second"}]},
    "errors.message": {"errors": {"message": WORDS}},
    "response.errors[].message": {"response": {"errors": [{"message": WORDS}]}},
    "fault.faultstring": {"fault": {"faultstring": WORDS, "detail": {"errorcode": "x"}}},
    "errorSummary": {"errorCode": "E0000006", "errorSummary": WORDS, "errorCauses": []},
    "error.message": {"error": {"message": WORDS, "type": "OAuthException", "code": 1}},
    "detail": {"type": "about:blank", "title": "Unauthorized", "detail": WORDS},
    "reason": {"reason": WORDS},
    "errmsg": {"errcode": 40013, "errmsg": WORDS},
    "title": {"type": "about:blank", "title": WORDS},
    "error": {"error": f"“{WORDS}”"},
}
"""A response in each shape that servers use."""

IGNORED: dict[str, Any] = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "HTML": b"\n <!DOCTYPE html><h1>Forbidden</h1>",
    "HTML after a byte order mark": b"\xef\xbb\xbf<html>Forbidden",
    "XML": b'<?xml version="1.0"?><Error>Forbidden</Error>',
    "cut JSON": b'{"message": "Forbi',
    "an array": b'["Forbidden"]',
    "an empty object": {},
    "other members": {"status": 403, "code": "FORBIDDEN"},
    "words of another type": {"message": 5, "errors": ["Forbidden"], "detail": ["x"], "fault": "y", "reason": {}},
    "empty words": {"message": "", "detail": " ", "errors": [], "title": "\t"},
    "words of controls": {"message": "\0\x1b\u2028"},
    "too much": b"a" * (1024 * 1024 + 1),
}
"""Responses without usable words."""


class TestWords:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_servers_words_are_found_in_every_common_shape(self, shape: str) -> None:
        """They are in the error and in its text."""
        for status in (400, 401, 403, 404, 500):
            error = refused(SHAPES[shape], status)
            assert (error.server_message or "").strip("“”") == WORDS
            assert (error.error, error.description) == (None, None)
            assert f"(HTTP {status}): {error.server_message}" in str(error)

    @pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"error", "error.message", "error_description"}))
    def test_words_beside_an_error_code_are_found(self, shape: str) -> None:
        """They stand in for a missing description."""
        for description in (None, "", " ", 5):
            error = refused({**SHAPES[shape], "error": "invalid_scope", "error_description": description})
            assert (error.error, error.description, error.server_message) == ("invalid_scope", None, WORDS)
            assert str(error) == f"the server rejected the request: invalid_scope (HTTP 400): {WORDS}"

    def test_the_description_of_the_rfc_comes_first(self) -> None:
        """It is the server message, too."""
        error = refused({"error": "invalid_scope", "error_description": " why ", "message": WORDS})
        assert error.description == error.server_message == "why"

    def test_an_error_code_is_not_repeated_as_words(self) -> None:
        """Some servers return it twice."""
        for members in ({"error": "denied"}, {"error": "denied", "message": "denied"}):
            error = refused(members)
            assert error.server_message is None
            assert str(error) == "the server rejected the request: denied (HTTP 400)"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"Invalid client", "Invalid client"),
            (b"\xef\xbb\xbf Invalid\r\nclient \n", "Invalid  client"),
            (b'"Invalid client"', '"Invalid client"'),
            (b"secret ung\xfcltig", "secret ung\ufffdltig"),
        ],
    )
    def test_plain_text_is_the_servers_words(self, content: bytes, words: str) -> None:
        """It is cleaned."""
        error = refused(content, 401)
        assert (error.error, error.server_message) == (None, words)

    @pytest.mark.parametrize("name", IGNORED)
    @pytest.mark.parametrize("status", [400, 403, 502])
    def test_a_response_without_usable_words_has_none(self, name: str, status: int) -> None:
        """A page of a proxy is not for the reader of a log."""
        error = refused(IGNORED[name], status)
        assert (error.error, error.description, error.server_message) == (None, None, None)
        assert "Forbi" not in str(error)

    @pytest.mark.parametrize("status", [202, 203, 204, 206])
    def test_plain_text_of_a_success_is_not_quoted(self, status: int) -> None:
        """It may be a bare token."""
        error = refused(b"t0k3n", status)
        assert error.server_message is None
        assert "t0k3n" not in repr(error)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_words_are_bounded(self, shape: str) -> None:
        """No server fills a log."""
        content = json.dumps(SHAPES[shape]).replace(WORDS, "a" * 10_000).encode()
        for body in (content, b"a" * 10_000):
            words = refused(body).server_message or ""
            assert words.strip("“") == "a" * (MAX_WORDS - words.count("“")) + "…"

    def test_a_description_is_bounded(self) -> None:
        """RFC 6749 names it, so that it may be longer."""
        error = refused({"error": "x", "error_description": "a" * 10_000})
        assert error.description == "a" * MAX_DESCRIPTION + "…"

    @given(st.text(), st.sampled_from(["message", "detail"]))
    def test_words_are_printable(self, text: str, name: str) -> None:
        """No character of a server moves the cursor of a terminal or ends a line of a log."""
        words = refused({name: text}).server_message
        assert words is None or (words.isprintable() and words == words.strip())
        assert len(words or "") <= MAX_WORDS + 1

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize(
        "echo",
        [SECRET, "s3cr3t%2Fva%20lue", "s3cr3t%2Fva+lue", "aWQ6czNjcjN0JTJGdmElMjBsdWU=", "k3y", "h34der", "b0dy"],
    )
    def test_an_echoed_secret_is_redacted_in_every_shape(self, shape: str, echo: str) -> None:
        """The same holds for plain text."""
        request = REQUEST.with_parameter("key", "k3y").with_header("X-Key", "h34der").with_body("b=b0dy")
        content = json.dumps(SHAPES[shape]).replace(WORDS, f"got {echo} here")
        for body in (content.encode(), f"got {echo} here".encode()):
            error = refused(body, 401, request)
            assert "got *** here" in str(error)
            assert echo not in f"{error}{error!r}{error.args}"

    def test_a_secret_across_the_end_of_shortened_words_is_redacted(self) -> None:
        """The words are redacted before they are shortened."""
        error = refused({"message": "a" * (MAX_WORDS - 5) + SECRET + "b" * 100})
        assert "s3cr" not in str(error)

    def test_a_registered_code_survives_a_short_secret(self) -> None:
        """A header such as Accept-Language may hold a part of it."""
        request = REQUEST.with_header("Accept-Language", "en")
        error = refused({"error": "invalid_client", "error_description": "wrong client"}, 401, request)
        assert (error.code, error.description) == ("invalid_client", "wrong cli***t")
        assert refused({"error": "denied"}, 401, request).error == "d***ied"

    @pytest.mark.parametrize(
        ("encoding", "text"), [("latin-1", "ungültig"), ("cp1252", "ung€ltig"), ("shift_jis", "無効")]
    )
    def test_a_description_in_another_encoding_does_not_cost_the_code(self, encoding: str, text: str) -> None:
        """RFC 8259 section 8.1 requires UTF-8."""
        body = f'{{"error": "invalid_client", "error_description": "{text}"}}'.encode(encoding)
        error = refused(body, 401)
        assert error.code == "invalid_client"
        assert "\ufffd" in (error.description or "")

    def test_a_server_error_with_a_status_of_the_client_is_not_retryable(self) -> None:
        """A server that rejects the client will reject it again."""
        for code in ("server_error", "temporarily_unavailable"):
            retryable = [refused({"error": code}, status).retryable for status in (400, 401, 403, 500)]
            assert retryable == [True, False, False, True]


CLIENT_ADVICE = "check the client_id, the secret or key, the audience of an assertion, and the scope"
ENDPOINT_ADVICE = "check the token endpoint and any proxy in front of it"
ENCODE_ADVICE = "try ClientSecretBasic(secret, encode=False), as the secret has reserved characters"
KEY_ADVICE = "check the audience and the key id of the assertion, the registered key, and the clock of this machine"


class TestAdvice:
    @pytest.mark.parametrize("name", IGNORED)
    def test_a_response_without_words_says_what_to_check(self, name: str) -> None:
        """A 400, 401 or 403 concerns the client, any other status the endpoint."""
        for status, advice in (
            *[(400, CLIENT_ADVICE), (401, CLIENT_ADVICE), (403, CLIENT_ADVICE)],
            *[(404, ENDPOINT_ADVICE), (405, ENDPOINT_ADVICE), (204, ENDPOINT_ADVICE)],
        ):
            error = refused(IGNORED[name], status)
            assert error.advice == advice
            assert str(error) == f"the server rejected the request (HTTP {status}); {advice}"

    @pytest.mark.parametrize("content", [{"message": WORDS}, {"error": "denied"}, {"error": "invalid_scope"}, b"No"])
    def test_the_servers_words_need_no_advice(self, content: object) -> None:
        """Neither does an error code."""
        assert [refused(content, status).advice for status in (400, 401, 403, 404)] == [None] * 4

    @pytest.mark.parametrize(
        ("status", "content", "text"),
        [
            (429, b"", "the server limits requests (HTTP 429)"),
            (503, b"", "the server is failing (HTTP 503)"),
            (503, {"message": "deploying"}, "the server is failing (HTTP 503): deploying"),
            (500, {"error": "server_error"}, "the server is failing: server_error (HTTP 500)"),
            (400, {"error": "server_error"}, "the server rejected the request: server_error (HTTP 400)"),
        ],
    )
    def test_a_request_that_may_succeed_later_is_to_be_tried_again(
        self, status: int, content: object, text: str
    ) -> None:
        """The text says when, if the server does."""
        assert str(refused(content, status)) == f"{text}; try again later"
        assert str(refused(content, status, headers={"Retry-After": "30"})) == f"{text}; try again in 30 seconds"

    @pytest.mark.parametrize(
        ("method", "advice"),
        [
            (ClientSecretBasic("a+b"), ENCODE_ADVICE),
            (ClientSecretBasic("a b"), ENCODE_ADVICE),
            (ClientSecretBasic("é"), ENCODE_ADVICE),
            (ClientSecretBasic("a/b="), ENCODE_ADVICE),
            (ClientSecretBasic("a+b", encode=False), None),
            (ClientSecretBasic("aZ09-._~"), None),
            (ClientSecretPost("a+b"), None),
            (NoAuthentication(), None),
            (ClientAssertion(AssertionFile("/run/token")), None),
            (PrivateKeyJwt(KEY, "https://as.example"), KEY_ADVICE),
            (ClientSecretJwt("s" * 64, "https://as.example"), KEY_ADVICE),
        ],
    )
    def test_the_advice_for_an_invalid_client_concerns_its_authentication_method(
        self, method: ClientAuthentication, advice: str | None
    ) -> None:
        """The server's words stay in front."""
        request = token_request(ClientCredentials("id", method))
        error = refused({"error": "invalid_client", "error_description": "no"}, 401, request)
        assert error.advice == advice
        end = "" if advice is None else f"; {advice}"
        assert str(error) == f"the server rejected the request: invalid_client (HTTP 401): no{end}"
        assert refused({"error": "invalid_scope"}, 400, request).advice is None

    def test_the_advice_shows_no_secret(self) -> None:
        """It concerns the secret itself."""
        error = refused({"error": "invalid_client"}, 401)
        assert error.advice == ENCODE_ADVICE
        assert SECRET not in f"{error}{error!r}"
