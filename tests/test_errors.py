"""
The exceptions: their tree, their values and their texts.
"""

import copy
import pickle
import typing
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import errors
from oauth_cc.errors import InvalidInput, InvalidResponse, OAuthError, TokenRequestRefused


def below(root: type[OAuthError]) -> Iterator[type[OAuthError]]:
    """Yield *root* and every class below it."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from below(child)


CLASSES = list(below(OAuthError))
SOURCES = (errors.RenewalTimedOut, errors.SourceClosed, errors.StoreUnavailable)
every_class = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


def arguments(kind: type[OAuthError], word: str, number: int) -> tuple[object, ...]:
    """Return a full set of arguments for *kind*, made from *word* and *number*."""
    if issubclass(kind, InvalidInput):
        return (word, f"holds {word}")
    if issubclass(kind, TokenRequestRefused):
        return (word, f"no {word}", "https://as.example/why", number, True, 7.0, f"no {word}!", f"check {word}")
    if issubclass(kind, errors.UnexpectedRedirect | errors.UnsupportedTokenType):
        return (number, f"holds {word}", word)
    if issubclass(kind, InvalidResponse):
        return (number, f"holds {word}", word, True, 7.0)
    if kind is errors.RenewalTimedOut:
        return (number + 0.5,)
    if kind is errors.SourceClosed:
        return ()
    return (word,)


def build(kind: type[OAuthError], word: str = "scope", number: int = 400) -> OAuthError:
    """Return an error of *kind* with every argument set."""
    return kind(*arguments(kind, word, number))


anything = st.builds(build, st.sampled_from(CLASSES), st.sampled_from(["scope", "é", ""]), st.sampled_from([0, 400]))


class TestTheTree:
    def test_every_class_is_public(self) -> None:
        """The module lists exactly the classes of the tree."""
        assert sorted(errors.__all__) == sorted(["RegisteredCode", *[kind.__name__ for kind in CLASSES]])
        assert len(CLASSES) == 14

    @every_class
    def test_the_module_docstring_shows_every_class(self, kind: type[OAuthError]) -> None:
        """A reader sees the whole tree."""
        drawn = (errors.__doc__ or "").partition("Errors are values")[0]
        assert kind.__name__ in drawn

    @every_class
    def test_every_class_belongs_to_one_branch(self, kind: type[OAuthError]) -> None:
        """The branches are the caller, the server, the response and the source."""
        branches = (InvalidInput, TokenRequestRefused, InvalidResponse, *SOURCES)
        sides = [side for side in branches if issubclass(kind, side)]
        assert (0 if kind is OAuthError else 1) == len(sides)

    @every_class
    def test_only_invalid_input_is_a_value_error(self, kind: type[OAuthError]) -> None:
        """A program that catches ValueError catches invalid arguments, but no response of a server."""
        assert issubclass(kind, InvalidInput) == issubclass(kind, ValueError)

    @every_class
    def test_every_class_has_its_own_docstring(self, kind: type[OAuthError]) -> None:
        """None is inherited."""
        assert (kind.__doc__ or "").strip()
        assert "__doc__" in vars(kind)


class TestErrorsAreValues:
    @every_class
    def test_errors_with_the_same_content_are_equal(self, kind: type[OAuthError]) -> None:
        """Their hashes are equal, too."""
        assert build(kind) == build(kind)
        assert hash(build(kind)) == hash(build(kind))

    # SourceClosed has no content.
    @pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not errors.SourceClosed])
    def test_errors_with_different_content_are_unequal(self, kind: type[OAuthError]) -> None:
        """One different argument is enough."""
        assert build(kind, "scope", 400) != build(kind, "resource", 401)

    @every_class
    def test_errors_of_different_classes_are_unequal(self, kind: type[OAuthError]) -> None:
        """This includes base classes and subclasses."""
        given_arguments = arguments(kind, "scope", 400)
        peers = [peer for peer in CLASSES if peer is not kind and given_arguments == arguments(peer, "scope", 400)]
        assert [] == [peer for peer in peers if build(peer) == build(kind)]
        assert len(peers) + 1 == len({build(peer) for peer in [*peers, kind]})

    @every_class
    def test_an_error_is_not_equal_to_any_other_object(self, kind: type[OAuthError]) -> None:
        """It is not equal to its text, its arguments or a built-in error with the same content."""
        error = build(kind)
        strangers: list[object] = [str(error), error.args, Exception(*error.args), ValueError(*error.args), None]
        assert error not in strangers

    @every_class
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_an_error_survives_pickle(self, kind: type[OAuthError], protocol: int) -> None:
        """It keeps its class, content and attributes, as process pools require."""
        error = build(kind)
        back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301
        assert error == back
        assert (vars(error), str(error)) == (vars(back), str(back))

    @every_class
    def test_a_copy_equals_its_error(self, kind: type[OAuthError]) -> None:
        """Every attribute is kept."""
        error = build(kind)
        assert [error, error] == [copy.copy(error), copy.deepcopy(error)]
        assert [vars(error)] * 2 == [vars(copy.copy(error)), vars(copy.deepcopy(error))]

    @given(anything, anything)
    def test_errors_are_equal_exactly_if_class_and_content_are(self, left: OAuthError, right: OAuthError) -> None:
        """Equality is symmetric, and equal errors have equal hashes."""
        same = (type(left), left.args) == (type(right), right.args)
        assert (same, same) == (left == right, right == left)
        assert not same or hash(left) == hash(right)


class TestWhatAnErrorHolds:
    @pytest.mark.parametrize("kind", list(below(InvalidInput)), ids=lambda kind: kind.__name__)
    def test_invalid_input_has_a_parameter_and_its_text_is_the_reason(self, kind: type[InvalidInput]) -> None:
        """The text contains nothing else."""
        error = kind("scope", "scope must not be empty")
        assert ("scope", "scope must not be empty") == (error.parameter, error.reason)
        assert "scope must not be empty" == str(error)

    @pytest.mark.parametrize("kind", list(below(TokenRequestRefused)), ids=lambda kind: kind.__name__)
    def test_a_refusal_has_the_servers_words_and_its_status(self, kind: type[TokenRequestRefused]) -> None:
        """It also says whether and when to retry."""
        error = kind("slow_down", "later", "https://as.example/why", 503, True, 7.0)
        assert ("slow_down", "later", "https://as.example/why") == (error.error, error.description, error.uri)
        assert (503, True, 7.0) == (error.status, error.retryable, error.retry_after)

    def test_a_refusal_is_final_with_status_400_by_default(self) -> None:
        """This is the status of RFC 6749 section 5.2."""
        error = TokenRequestRefused("invalid_scope")
        assert (None, None, 400, False, None, None, None) == error.args[1:]
        assert (400, False, None) == (error.status, error.retryable, error.retry_after)

    @pytest.mark.parametrize(
        ("expected", "description", "uri"),
        [
            ("x (HTTP 400)", None, None),
            ("x (HTTP 400)", "", ""),
            ("x (HTTP 400): why", "why", None),
            ("x (HTTP 400) [https://as.example/]", None, "https://as.example/"),
            ("x (HTTP 400): why [https://as.example/]", "why", "https://as.example/"),
        ],
    )
    def test_the_text_of_a_refusal_has_code_status_description_and_uri(
        self, expected: str, description: str | None, uri: str | None
    ) -> None:
        """Missing parts are left out."""
        refusal = TokenRequestRefused("x", description, uri)
        assert f"the server rejected the request: {expected}" == str(refusal)

    @pytest.mark.parametrize(
        ("expected", "refusal"),
        [
            (" (HTTP 404)", TokenRequestRefused(None, status=404)),
            (" (HTTP 404); check it", TokenRequestRefused(None, status=404, advice="check it")),
            (" (HTTP 401): Unknown", TokenRequestRefused(None, status=401, server_message="Unknown")),
            (": x (HTTP 400): Why; check it", TokenRequestRefused("x", server_message="Why", advice="check it")),
            (": x (HTTP 400): why; check it", TokenRequestRefused("x", "why", advice="check it")),
        ],
    )
    def test_the_text_of_a_refusal_has_the_servers_message_and_the_advice(
        self, expected: str, refusal: TokenRequestRefused
    ) -> None:
        """A status without a code is named by itself."""
        assert f"the server rejected the request{expected}" == str(refusal)

    @pytest.mark.parametrize(
        ("expected", "description", "message"),
        [(None, None, None), ("a", "a", None), ("b", None, "b"), ("b", "a", "b")],
    )
    def test_the_server_message_of_a_refusal_defaults_to_its_description(
        self, expected: str | None, description: str | None, message: str | None
    ) -> None:
        """One attribute has the server's words in any form."""
        refusal = TokenRequestRefused("x", description, server_message=message)
        assert (expected, description) == (refusal.server_message, refusal.description)

    @pytest.mark.parametrize("kind", list(below(InvalidResponse)), ids=lambda kind: kind.__name__)
    def test_the_text_of_an_invalid_response_has_status_and_reason(self, kind: type[InvalidResponse]) -> None:
        """The text contains nothing else."""
        error = build(kind, "word", 502)
        assert isinstance(error, InvalidResponse)
        assert (502, "holds word") == (error.status, error.reason)
        assert "HTTP 502: holds word" == str(error)

    def test_an_invalid_response_is_not_retryable_by_default(self) -> None:
        """The code that raises it may decide otherwise."""
        final, passing = InvalidResponse(502, "is empty"), InvalidResponse(502, "is empty", None, True, 7.0)
        assert (False, None) == (final.retryable, final.retry_after)
        assert (True, 7.0) == (passing.retryable, passing.retry_after)

    def test_an_invalid_member_is_named_and_not_retryable(self) -> None:
        """A retry would not change it."""
        error = errors.InvalidResponse(200, "access_token is not a string", "access_token")
        assert ("access_token", False, None) == (error.member, error.retryable, error.retry_after)

    @pytest.mark.parametrize("kind", [errors.UnsupportedTokenType, errors.TokenTypeDowngrade])
    def test_an_unsupported_token_type_is_named_and_not_retryable(
        self, kind: type[errors.UnsupportedTokenType]
    ) -> None:
        """A retry would not change it."""
        error = kind(200, "mac was not requested", "mac")
        assert ("mac", False, None) == (error.token_type, error.retryable, error.retry_after)

    def test_a_renewal_timeout_is_a_timeout_error_with_its_seconds(self) -> None:
        """The text names the seconds."""
        error = errors.RenewalTimedOut(2.5)
        assert 2.5 == error.seconds
        assert isinstance(error, TimeoutError)
        assert "no token within 2.5 seconds, as another caller's request is still running; try again later" == str(
            error
        )

    def test_a_closed_source_is_a_runtime_error_that_says_what_to_do(self) -> None:
        """It is a mistake of the program."""
        assert isinstance(errors.SourceClosed(), RuntimeError)
        assert "this token source is closed; create a new one, or close this one after its last use" == str(
            errors.SourceClosed()
        )

    @given(st.text())
    def test_the_text_of_store_unavailable_is_the_reason_of_the_store(self, reason: str) -> None:
        """Every store has its own reasons."""
        error = errors.StoreUnavailable(reason)
        assert (reason, reason) == (error.reason, str(error))

    @given(st.text(), st.text())
    @example("", "")
    @example("{}", "%s")
    def test_the_text_of_invalid_input_consists_of_its_arguments(self, parameter: str, reason: str) -> None:
        """No text is interpreted as a format."""
        assert str(InvalidInput(parameter, reason)) in (reason, f"{parameter}: {reason}")


class TestTheCodes:
    @pytest.mark.parametrize("code", typing.get_args(errors.RegisteredCode))
    def test_a_registered_error_code_is_the_code(self, code: errors.RegisteredCode) -> None:
        """Its type lets checkers catch typos."""
        assert TokenRequestRefused(code).code == TokenRequestRefused(code).error == code

    @pytest.mark.parametrize("word", [None, "", "slow_down", "INVALID_CLIENT", "invalid_client "])
    def test_any_other_error_word_has_no_code(self, word: str | None) -> None:
        """The word is kept as received."""
        refusal = TokenRequestRefused(word)
        assert (refusal.code, refusal.error) == (None, word)

    def test_every_code_of_the_rfcs_is_registered(self) -> None:
        """
        They are in RFC 6749 section 5.2, RFC 8707, RFC 9396 and RFC 9449, and two are of the authorization
        endpoint.
        """
        codes = set(typing.get_args(errors.RegisteredCode))
        assert len(codes) == 12
        assert codes > {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope"}
