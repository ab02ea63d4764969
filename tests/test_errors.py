"""
The errors: one tree, values all through, and the table of the registered codes.
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
    """Gives *root* and every class of the tree below it."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from below(child)


CLASSES = list(below(OAuthError))
SOURCES = (errors.RenewalTimedOut, errors.SourceClosed, errors.StoreUnavailable)
every_class = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


def arguments(kind: type[OAuthError], word: str, number: int) -> tuple[object, ...]:
    """Gives a full set of arguments for *kind*, made from *word* and *number*."""
    if issubclass(kind, InvalidInput):
        return (word, f"holds {word}")
    if issubclass(kind, TokenRequestRefused):
        return (word, f"no {word}", "https://as.example/why", number, True, 7.0)
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
    """Gives an error of *kind* with every argument given."""
    return kind(*arguments(kind, word, number))


anything = st.builds(build, st.sampled_from(CLASSES), st.sampled_from(["scope", "é", ""]), st.sampled_from([0, 400]))


class TestTheTree:
    def test_every_class_is_public(self) -> None:
        """The classes of the tree are exactly the classes that the module lists."""
        assert sorted(errors.__all__) == sorted(["RegisteredCode", *[kind.__name__ for kind in CLASSES]])
        assert len(CLASSES) == 13

    @every_class
    def test_every_class_is_drawn(self, kind: type[OAuthError]) -> None:
        """The picture in the module's docstring shows each class."""
        drawn = (errors.__doc__ or "").partition("Errors are values")[0]
        assert kind.__name__ in drawn

    @every_class
    def test_each_fault_has_one_side(self, kind: type[OAuthError]) -> None:
        """Each class below the root is the caller's, the server's, a wrong answer's or a source's fault, and no two."""
        branches = (InvalidInput, TokenRequestRefused, InvalidResponse, *SOURCES)
        sides = [side for side in branches if issubclass(kind, side)]
        assert (0 if kind is OAuthError else 1) == len(sides)

    @every_class
    def test_only_the_callers_faults_are_value_errors(self, kind: type[OAuthError]) -> None:
        """A program that catches ValueError catches what it gave wrongly, and no answer of a server."""
        assert issubclass(kind, InvalidInput) == issubclass(kind, ValueError)

    @every_class
    def test_each_class_says_what_it_means(self, kind: type[OAuthError]) -> None:
        """Each class has a docstring of its own."""
        assert (kind.__doc__ or "").strip()
        assert "__doc__" in vars(kind)


class TestErrorsAreValues:
    @every_class
    def test_equal_by_content(self, kind: type[OAuthError]) -> None:
        """Two errors with the same content are equal and hash alike."""
        assert build(kind) == build(kind)
        assert hash(build(kind)) == hash(build(kind))

    # SourceClosed has no content.
    @pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not errors.SourceClosed])
    def test_unequal_by_content(self, kind: type[OAuthError]) -> None:
        """Errors with different content are unequal."""
        assert build(kind, "scope", 400) != build(kind, "resource", 401)

    @every_class
    def test_unequal_across_classes(self, kind: type[OAuthError]) -> None:
        """An error equals none of another class, its base and its subclasses included, whatever it holds."""
        given_arguments = arguments(kind, "scope", 400)
        peers = [peer for peer in CLASSES if peer is not kind and given_arguments == arguments(peer, "scope", 400)]
        assert [] == [peer for peer in peers if build(peer) == build(kind)]
        assert len(peers) + 1 == len({build(peer) for peer in [*peers, kind]})

    @every_class
    def test_unequal_to_anything_else(self, kind: type[OAuthError]) -> None:
        """An error equals neither its text, its arguments nor a built-in error of the same content."""
        error = build(kind)
        strangers: list[object] = [str(error), error.args, Exception(*error.args), ValueError(*error.args), None]
        assert error not in strangers

    @every_class
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickled(self, kind: type[OAuthError], protocol: int) -> None:
        """An error comes back from pickle with its class, its content and its attributes, as workers' pools need it."""
        error = build(kind)
        back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301
        assert error == back
        assert (vars(error), str(error)) == (vars(back), str(back))

    @every_class
    def test_copied(self, kind: type[OAuthError]) -> None:
        """A copy, shallow or deep, equals its error and keeps every attribute."""
        error = build(kind)
        assert [error, error] == [copy.copy(error), copy.deepcopy(error)]
        assert [vars(error)] * 2 == [vars(copy.copy(error)), vars(copy.deepcopy(error))]

    @given(anything, anything)
    def test_equality_is_of_class_and_content(self, left: OAuthError, right: OAuthError) -> None:
        """Two errors are equal exactly if class and content are, whichever is asked, and then hash alike."""
        same = (type(left), left.args) == (type(right), right.args)
        assert (same, same) == (left == right, right == left)
        assert not same or hash(left) == hash(right)


class TestWhatAnErrorHolds:
    @pytest.mark.parametrize("kind", list(below(InvalidInput)), ids=lambda kind: kind.__name__)
    def test_a_callers_fault(self, kind: type[InvalidInput]) -> None:
        """An error of the caller names the parameter and the reason, and its text is made of these alone."""
        error = kind("scope", "is empty")
        assert ("scope", "is empty") == (error.parameter, error.reason)
        assert "scope: is empty" == str(error)

    @pytest.mark.parametrize("kind", list(below(TokenRequestRefused)), ids=lambda kind: kind.__name__)
    def test_a_refusal(self, kind: type[TokenRequestRefused]) -> None:
        """A refusal carries the server's words and what follows from them."""
        error = kind("slow_down", "later", "https://as.example/why", 503, True, 7.0)
        assert ("slow_down", "later", "https://as.example/why") == (error.error, error.description, error.uri)
        assert (503, True, 7.0) == (error.status, error.retryable, error.retry_after)

    def test_a_bare_refusal(self) -> None:
        """A refusal of which only the code is known is final and has status 400 (RFC 6749 section 5.2)."""
        error = TokenRequestRefused("invalid_scope")
        assert (None, None, 400, False, None) == error.args[1:]
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
    def test_the_text_of_a_refusal(self, expected: str, description: str | None, uri: str | None) -> None:
        """The text of a refusal holds the code and the status, then what the server explained, if it did."""
        refusal = TokenRequestRefused("x", description, uri)
        assert f"the server refused the token request: {expected}" == str(refusal)

    @pytest.mark.parametrize("kind", list(below(InvalidResponse)), ids=lambda kind: kind.__name__)
    def test_a_wrong_answer(self, kind: type[InvalidResponse]) -> None:
        """A wrong answer carries status and reason, and its text is made of these alone."""
        error = build(kind, "word", 502)
        assert isinstance(error, InvalidResponse)
        assert (502, "holds word") == (error.status, error.reason)
        assert "HTTP 502: holds word" == str(error)

    def test_a_wrong_answer_that_may_pass(self) -> None:
        """A wrong answer is final, unless whoever read it says that it may pass."""
        final, passing = InvalidResponse(502, "is empty"), InvalidResponse(502, "is empty", None, True, 7.0)
        assert (False, None) == (final.retryable, final.retry_after)
        assert (True, 7.0) == (passing.retryable, passing.retry_after)

    def test_a_member(self) -> None:
        """An illegal member is named, and asking again would not mend it."""
        error = errors.InvalidResponse(200, "is no text", "access_token")
        assert ("access_token", False, None) == (error.member, error.retryable, error.retry_after)

    @pytest.mark.parametrize("kind", [errors.UnsupportedTokenType, errors.TokenTypeDowngrade])
    def test_a_token_type(self, kind: type[errors.UnsupportedTokenType]) -> None:
        """A token type that was not asked for is named, and asking again would not mend it."""
        error = kind(200, "was not asked for", "mac")
        assert ("mac", False, None) == (error.token_type, error.retryable, error.retry_after)

    def test_a_wait_that_was_too_long(self) -> None:
        """Whoever waited too long is told how long, and may catch it as any other timeout."""
        error = errors.RenewalTimedOut(2.5)
        assert 2.5 == error.seconds
        assert isinstance(error, TimeoutError)
        assert "no token within 2.5 seconds: the token request under way has not ended; try again later" == str(error)

    def test_a_source_that_is_closed(self) -> None:
        """A closed source is a fault of the program, which its text tells how to mend."""
        assert isinstance(errors.SourceClosed(), RuntimeError)
        assert "this source of tokens is closed: make a new one, or close it later" == str(errors.SourceClosed())

    @given(st.text())
    def test_a_store_that_is_away(self, reason: str) -> None:
        """A store says in its own words why it is away."""
        error = errors.StoreUnavailable(reason)
        assert (reason, reason) == (error.reason, str(error))

    @given(st.text(), st.text())
    @example("", "")
    @example("{}", "%s")
    def test_any_words(self, parameter: str, reason: str) -> None:
        """An error's text is exactly its words, whatever they hold."""
        assert str(InvalidInput(parameter, reason)) in (reason, f"{parameter}: {reason}")


class TestTheCodes:
    @pytest.mark.parametrize("code", typing.get_args(errors.RegisteredCode))
    def test_a_registered_code_can_be_compared(self, code: errors.RegisteredCode) -> None:
        """It is the server's word, with a type that refuses typos."""
        assert TokenRequestRefused(code).code == TokenRequestRefused(code).error == code

    @pytest.mark.parametrize("word", [None, "", "slow_down", "INVALID_CLIENT", "invalid_client "])
    def test_any_other_word_has_no_code(self, word: str | None) -> None:
        """The word itself is there as it was sent."""
        refusal = TokenRequestRefused(word)
        assert (refusal.code, refusal.error) == (None, word)

    def test_a_refusal_without_an_error_says_what_to_look_at(self) -> None:
        """A proxy's page, or a wrong URL's."""
        refusal = TokenRequestRefused(None, status=404)
        assert "HTTP 404" in str(refusal)
        assert "check the endpoint, and any proxy before it" in str(refusal)

    def test_the_codes_of_the_rfcs_are_all_here(self) -> None:
        """RFC 6749 section 5.2, RFC 8707, RFC 9396, RFC 9449, and two that the authorization endpoint has."""
        codes = set(typing.get_args(errors.RegisteredCode))
        assert len(codes) == 12
        assert codes > {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope"}
