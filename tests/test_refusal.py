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
    Secret,
    SecretFile,
    SigningKey,
    TokenRequest,
    errors,
    parse_token_response,
    token_request,
)
from oauth_cc.authentication import JwtBearerGrant
from oauth_cc.http import Headers
from oauth_cc.refusal import (
    MAX_DESCRIPTION,
    MAX_WORDS,
    conceal,
    known_secrets,
    redact,
    redacted,
    secrets_of,
    words_in_success,
)

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

    def test_the_advice_for_an_invalid_grant_concerns_the_assertion_that_is_the_grant(self) -> None:
        """Another method sends no grant that could be invalid."""
        grant = JwtBearerGrant(KEY, audience="https://as.example")
        request = token_request(ClientCredentials("robot@example", grant))
        advice = "check the issuer, the subject and the audience of the assertion, the registered key, and the clock"
        for words in ({}, {"error_description": "no"}, {"message": "no"}):
            assert refused({"error": "invalid_grant", **words}, 400, request).advice == advice
            assert refused({"error": "invalid_grant", **words}, 400).advice is None
            assert refused({"error": "invalid_scope", **words}, 400, request).advice is None
        assert refused({"error": "invalid_client"}, 401, request).advice == KEY_ADVICE

    def test_the_advice_shows_no_secret(self) -> None:
        """It concerns the secret itself."""
        error = refused({"error": "invalid_client"}, 401)
        assert error.advice == ENCODE_ADVICE
        assert SECRET not in f"{error}{error!r}"


class TestFields:
    """Each field of the error, and nothing beside it."""

    @pytest.mark.parametrize(
        ("status", "members", "expected"),
        [
            (400, {"error": "invalid_scope"}, ("invalid_scope", None, None, 400, False, None, None, None)),
            (
                503,
                {"error": "x y", "error_description": " why\r\n", "error_uri": "https://as.example/e?a=b#c"},
                ("x y", "why", "https://as.example/e?a=b#c", 503, True, 5.0, None, "try again in 5 seconds"),
            ),
            (401, {"error_description": "why", "error_uri": "x"}, (None, None, None, 401, False, 5.0, "why", None)),
            (
                401,
                {"error": 5, "message": "no", "error_uri": "http://as.example"},
                (None, None, "http://as.example", 401, False, 5.0, "no", None),
            ),
            (
                429,
                {"error": "temporarily_unavailable", "detail": "busy"},
                ("temporarily_unavailable", None, None, 429, True, 5.0, "busy", "try again in 5 seconds"),
            ),
            (403, {}, (None, None, None, 403, False, 5.0, None, CLIENT_ADVICE)),
            (404, {}, (None, None, None, 404, False, 5.0, None, ENDPOINT_ADVICE)),
        ],
    )
    def test_an_error_has_these_fields(self, status: int, members: object, expected: tuple[object, ...]) -> None:
        """They are the arguments of the error, in their order."""
        fields = {} if status == 400 else {"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT"}
        response = HttpResponse(status, fields, json.dumps(members).encode())
        with pytest.raises(errors.TokenRequestRefused) as caught:
            parse_token_response(response, REQUEST, received_at=NOW)
        assert caught.value.args == expected

    def test_a_status_after_which_the_same_request_may_succeed_is_retryable(self) -> None:
        """The others are not, unless the code says so."""
        statuses = [status for status in range(200, 600) if status not in (200, 201) and not 300 <= status < 400]
        assert [each for each in statuses if refused({}, each).retryable] == [429, 500, 502, 503, 504]
        retryable = [each for each in statuses if refused({"error": "server_error"}, each).retryable]
        assert retryable == [each for each in statuses if each not in (401, 403)]

    @pytest.mark.parametrize(
        ("uri", "shown"),
        [
            *[(uri, True) for uri in ("https://as.example/e", "http://h", "https://h/?a#b", f"https://{'a' * 500}")],
            *[(uri, False) for uri in (f"https://{'a' * 501}", "https://", "ftp://h", "HTTPS://h", "/e", "", 5, None)],
            *[(uri, False) for uri in ("https://h/a b", 'https://h/"', "https://h/\\", "https://h/é", "https://h\n")],
            *[
                (uri, False)
                for uri in (f"https://h/{SECRET}", "https://h/s3cr3t%2Fva%20lue", "https://s3cr3t/va%20lue")
            ],
        ],
        ids=str,
    )
    def test_the_page_of_an_error_is_a_web_page_without_a_secret(self, uri: object, shown: bool) -> None:
        """Any other value counts as not given."""
        assert refused({"error": "x", "error_uri": uri}).uri == (uri if shown else None)

    @pytest.mark.parametrize(
        ("location", "shown"),
        [
            ("https://other.example/a?b=c#d", "https://other.example/a"),
            ("https://other.example/a#d?b=c", "https://other.example/a"),
            ("/a", "/a"),
            (f"/{'a' * 499}", f"/{'a' * 499}"),
            (f"/{'a' * 499}?{'b' * 500}", f"/{'a' * 499}"),
            (f"/{'a' * 500}", None),
            ("https://id@other.example/", None),
            ("/a@b", None),
            ("/a b", None),
            ("/é", None),
            ("/a\n", None),
            ("?a", None),
            ("", None),
            (None, None),
            ("https://s3cr3t.example/", "https://s3cr3t.example/"),
            ("https://s3cr3t%2Fva%20lue.example/", "***"),
            ("/s3cr3t%2Fva%20lue/", "/***/"),
        ],
        ids=str,
    )
    def test_the_target_of_a_redirect_is_shown_without_what_may_be_secret(
        self, location: str | None, shown: str | None
    ) -> None:
        """Unless it is a URL, it is not shown at all."""
        fields = () if location is None else [("LOCATION", location), ("Location", "/second")]
        with pytest.raises(errors.UnexpectedRedirect) as caught:
            parse_token_response(HttpResponse(307, fields), REQUEST, received_at=NOW)
        reason = "the token endpoint redirects, and token requests do not follow redirects; correct the endpoint"
        assert caught.value.args == (307, reason, shown)

    @pytest.mark.parametrize("over", [-1, 0, 1])
    def test_words_are_cut_after_their_last_character_that_is_shown(self, over: int) -> None:
        """White space around them does not count."""
        for name, limit, member in (("error_description", 500, "description"), ("message", 300, "server_message")):
            text = "a" * (limit + over)
            shown = getattr(refused({"error": "x", name: f" {text}\n"}), member)
            assert shown == text[:limit] + "…" * (over > 0)

    def test_words_of_a_megabyte_are_not_read(self) -> None:
        """One character less is."""
        for size, words in ((1024 * 1024, "a" * 300 + "…"), (1024 * 1024 + 1, None)):
            assert refused(b"a" * size).server_message == words
            content = b'{"message": "' + b"a" * (size - 15) + b'"}'
            assert (len(content), refused(content).server_message) == (size, words)

    def test_the_first_item_of_an_array_has_the_words(self) -> None:
        """An empty array has none."""
        assert refused({"errors": [{"message": "one"}, {"message": "two"}]}).server_message == "one"
        assert refused({"errors": [[{"message": "one"}]], "title": "two"}).server_message == "two"
        assert refused({"errors": [], "title": "two"}).server_message == "two"
        assert refused([{"message": "one"}]).server_message is None

    def test_words_come_from_the_first_name_that_has_any(self) -> None:
        """The order is that of the RFCs, then that of common practice."""
        order = "error_description message errors response fault errorSummary error detail reason errmsg title".split()
        shapes = {
            "errors": [{"message": "in errors"}],
            "response": {"errors": [{"message": "in response"}]},
            "fault": {"faultstring": "in fault"},
            "error": {"message": "in error"},
        }
        members: dict[str, object] = {name: shapes.get(name, f"in {name}") for name in reversed(order)}
        for name in order:
            assert refused(members).server_message == f"in {name}"
            del members[name]
        assert refused({"error": "“no”", "title": "first"}).server_message == "first"


SECRETS = (Secret("s3cr3t-of-the-client"), Secret("other-s3cr3t"))
CONCEALED = "no response; the details are hidden because they contain a secret"


class TestRedaction:
    """What is redacted, and where."""

    def test_the_secrets_of_a_request_are_those_that_it_sends(self) -> None:
        """The client identifier is not secret."""
        request = token_request(ClientCredentials("id", ClientSecretPost("s3cret")))
        request = request.with_parameter("key", "k3y").with_header("X-Key", "h34der").with_body("b=b0dy")
        sent = {secret.reveal() for secret in known_secrets(request)}
        assert sent == {"b0dy", "k3y", "h34der", "s3cret"}
        basic = {secret.reveal() for secret in known_secrets(token_request(ClientCredentials("id", "s3cret")))}
        assert {"s3cret", "aWQ6czNjcmV0"} <= basic
        assert "id" not in basic
        assert known_secrets(token_request(ClientCredentials("id", ClientSecretPost(SecretFile("/run/x"))))) == ()

    def test_the_parts_of_a_jwt_are_secrets_from_sixteen_characters(self) -> None:
        """Shorter ones may be words."""
        request = token_request(ClientCredentials("id", NoAuthentication()))
        one, other = f"{'a' * 16}.{'b' * 15}.{'c' * 17}", f"{'d' * 16}.e"
        found = [secret.reveal() for secret in secrets_of(request, None, Secret(one), None, Secret(other))]
        assert found == [one, "a" * 16, "c" * 17, other, "d" * 16]

    @pytest.mark.parametrize(
        ("text", "limit", "shown"),
        [
            ("a s3cr3t-of-the-client b", None, "a *** b"),
            ("a s3cr3t-of-the-client b", 30, "a *** b"),
            ("a s3cr3t-of-the-client b", 24, "a *** b"),
            ("a s3cr3t-of-the-client b", 22, "a ***"),
            ("a s3cr3t-of-the-client b", 3, "a ***"),
            ("a s3cr3t-of-the-client b", 2, "a "),
            ("a s3cr3t-of-the-client b", 0, ""),
            ("abc", 2, "ab"),
            ("abc", 3, "abc"),
            ("abc", None, "abc"),
            ("other-s3cr3ts3cr3t-of-the-client", None, "***"),
            ("other-s3cr3t s3cr3t-of-the-client", None, "*** ***"),
            ("x://a, y://s3cr3t-of-the-client/b, z://c", None, "x://a, ***, z://c"),
            ("x://s3cr3t-of-the-client/b,x://other-s3cr3t", None, "***,***"),
            ("x://a other-s3cr3t", None, "x://a ***"),
            ("x://a?other-s3cr3t'", None, "***'"),
            ("(other-s3cr3t)x://a", None, "(***)x://a"),
            ("other-s3cr3tx://a", None, "***"),
        ],
    )
    def test_a_text_is_redacted_up_to_its_limit(self, text: str, limit: int | None, shown: str) -> None:
        """A URL that holds a secret is redacted as a whole, and no other one."""
        assert redact(text, SECRETS, limit) == shown

    def test_an_error_that_shows_no_secret_is_itself(self) -> None:
        """It keeps its traceback and its notes."""
        error = errors.InvalidResponse(200, "no members", "active", True, 5.0)
        assert redacted(error, SECRETS) is error

    def test_every_text_of_an_error_is_redacted(self) -> None:
        """Its class, its status and its other fields stay."""
        error = errors.InvalidResponse(200, "no other-s3cr3t", "s3cr3t-of-the-client", True, 5.0)
        shown = redacted(error, SECRETS)
        assert (type(shown), shown.args) == (errors.InvalidResponse, (200, "no ***", "***", True, 5.0))
        moved = redacted(errors.UnexpectedRedirect(302, "no", "/other-s3cr3t"), SECRETS)
        assert (type(moved), moved.args) == (errors.UnexpectedRedirect, (302, "no", "/***"))

    @pytest.mark.parametrize("place", ["text", "note", "second note"])
    def test_an_error_of_a_library_that_shows_a_secret_is_concealed(self, place: str) -> None:
        """Neither its text, nor its notes, nor the attributes of its class show anything then."""
        for error in (ValueError("text"), OSError(5, "text"), UnicodeDecodeError("ascii", b"", 0, 1, "text")):
            error.add_note("note")
            error.add_note("second note")
            conceal(error, SECRETS)
            assert ("text" in str(error), error.__notes__) == (True, ["note", "second note"])
            conceal(error, (Secret(place),))
            assert (error.args, error.__notes__) == ((CONCEALED,), [])
            assert [getattr(error, name, CONCEALED) for name in ("reason", "strerror")] == [CONCEALED, CONCEALED]
        plain = ValueError("text")
        conceal(plain, (Secret("text"),))
        assert (plain.args, vars(plain)) == ((CONCEALED,), {})

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a" * 15, "a" * 15),
            ("A" * 15 + "!", "***"),
            ("a" * 15 + "A", "***"),
            ("a" * 16, "a" * 16),
            ("tenant-of-the_client.here:now/then.", "tenant-of-the_client.here:now/then."),
            ("tenant-of--the-client", "***"),
            ("tenant-of-the-client?!", "***"),
            ("(tenant-of-the-client", "***"),
            ("code 9f8e7d6c5b4a39281706 given", "code *** given"),
            ("code=9f8e7d6c5b4a39281706", "***"),
            ("s3cr3t-of-the-client", "***"),
            ("other-s3cr3t", "***"),
            (" ", None),
            ("\n", None),
        ],
    )
    def test_what_may_be_a_token_is_redacted_in_a_success(self, text: str, shown: str | None) -> None:
        """A long word is one unless it is lower-case words with punctuation."""
        assert words_in_success({"message": text}, SECRETS) == shown
        assert words_in_success({"other": text}, SECRETS) is None
