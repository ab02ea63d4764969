"""
Challenges: the grammar of RFC 9110 section 11.6.1, and their meaning in RFC 6750 section 3.1.
"""

import copy
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import Dialect, HttpResponse, Scope
from oauth_cc.challenge import (
    MAX_CHALLENGE_TEXT,
    MAX_CHALLENGES,
    Challenge,
    insufficient_scope,
    parse_challenges,
    token_rejected,
)
from oauth_cc.errors import InvalidInput
from oauth_cc.http import Headers

TCHAR = "!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ"
MARK = "M4RKER"

tokens = st.text(TCHAR, min_size=1, max_size=8)
words = tokens.map(str.lower)
# The characters of a quoted-string: tab, visible ASCII, and bytes beyond ASCII as an HTTP library decodes them.
values = st.text(
    st.one_of(st.sampled_from('\t ",=\\aé\x80\ud800'), st.characters(exclude_categories=["Cc", "Cs"])), max_size=12
)
token68s = st.builds(
    str.__add__, st.text("-._~+/0189azAZ", min_size=1, max_size=8), st.sampled_from(["", "", "=", "=="])
)
challenges = st.one_of(
    st.builds(Challenge, words),
    st.builds(Challenge, words, st.just(()), token68s),
    st.builds(
        Challenge,
        words,
        st.lists(st.tuples(words, values), max_size=4, unique_by=lambda pair: pair[0]).map(tuple),
    ),
)
blanks = st.text(" \t", max_size=2)
commas = st.builds("{},{}".format, blanks, st.text(" \t,", max_size=4))
booleans = st.booleans()
starts, gaps = st.sampled_from(["", " ", ", ,", "\t"]), st.sampled_from([" ", "  ", " , "])
cases: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.upper, str.title])
# Pieces of the grammar, combined as no server should.
hostile_texts = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["Bearer", "DPoP", " ", "\t", ",", "=", '"', "\\", "a", "/", "==", 'a="b"', "error", "é", "\n"]
        ),
        max_size=30,
    ).map("".join),
)


def untyped(value: object) -> Any:
    """Return *value* with the type that an unchecked program sees."""
    return value


def any_case(draw: st.DrawFn, text: str) -> str:
    """Draw *text* in some case."""
    return draw(cases)(text)


def written_value(draw: st.DrawFn, value: str) -> str:
    """Draw *value* as a token where possible, or in quotes with some quoted-pairs."""
    if value and set(value) <= set(TCHAR) and draw(booleans):
        return value
    return '"' + "".join([f"\\{c}" if c in '"\\' or draw(booleans) else c for c in value]) + '"'


@st.composite
def lines_of(draw: st.DrawFn, written: list[Challenge]) -> str:
    """Draw a line with the challenges *written*, with some spacing and quoting."""
    parts: list[str] = []
    for challenge in written:
        scheme = any_case(draw, challenge.scheme)
        pairs = [
            f"{any_case(draw, name)}{draw(blanks)}={draw(blanks)}{written_value(draw, value)}"
            for name, value in challenge.parameters
        ]
        if challenge.token68 is not None:
            pairs.append(challenge.token68)
        first = f"{scheme}{draw(gaps)}" if challenge.parameters else f"{scheme} "
        parts.append((first + draw(commas).join(pairs)) if pairs else scheme)
    text = "".join([f"{part}{draw(commas)}" for part in parts])
    end = draw(booleans)
    return draw(starts) + (text if end else text.rstrip(", \t"))


def answer(status: int, *lines: str) -> HttpResponse:
    """Return a response with these WWW-Authenticate *lines*."""
    return HttpResponse(status, [("WWW-Authenticate", line) for line in lines])


class TestReads:
    def test_the_example_of_rfc_9110_has_two_challenges(self) -> None:
        """Section 11.6.1 has a comma and quotes inside a value."""
        line = 'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'
        assert parse_challenges([line]) == (
            Challenge("basic", (("realm", "simple"),)),
            Challenge("newauth", (("realm", "apps"), ("type", "1"), ("title", 'Login to "apps"'))),
        )

    @pytest.mark.parametrize(
        ("line", "parameters"),
        [
            ('Bearer realm="example"', {"realm": "example"}),
            (
                'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
                {"realm": "example", "error": "invalid_token", "error_description": "The access token expired"},
            ),
        ],
    )
    def test_the_examples_of_rfc_6750_are_parsed(self, line: str, parameters: dict[str, str]) -> None:
        """They are the challenges of section 3."""
        assert parse_challenges([line]) == (Challenge("bearer", tuple(parameters.items())),)

    def test_the_example_of_rfc_9449_has_two_challenges(self) -> None:
        """An API that accepts both kinds of token says so in one line (section 7.2)."""
        line = 'Bearer, DPoP algs="ES256 PS256"'
        assert parse_challenges([line]) == (Challenge("bearer"), Challenge("dpop", (("algs", "ES256 PS256"),)))

    @given(st.lists(st.lists(challenges, max_size=4), max_size=3), st.data())
    def test_challenges_are_parsed_in_any_spacing_quoting_and_distribution(
        self, written: list[list[Challenge]], data: st.DataObject
    ) -> None:
        """A server may write them in many ways."""
        lines = [data.draw(lines_of(line)) for line in written]
        expected = tuple([challenge for line in written for challenge in line])
        assert expected == parse_challenges(lines)
        # A gateway may join the lines (RFC 9110 section 5.3).
        assert expected == parse_challenges([", ".join(lines)])

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("Negotiate", Challenge("negotiate")),
            ("Negotiate ", Challenge("negotiate")),
            ("Negotiate a87421000492aa874209af8bc028==", Challenge("negotiate", (), "a87421000492aa874209af8bc028==")),
            ("Negotiate -._~+/aZ9=", Challenge("negotiate", (), "-._~+/aZ9=")),
            ("Bearer a=b", Challenge("bearer", (("a", "b"),))),
            ("Bearer a =\tb", Challenge("bearer", (("a", "b"),))),
            ("Bearer\ta=b", Challenge("bearer", (("a", "b"),))),
            ('bEARER A="B"', Challenge("bearer", (("a", "B"),))),
            ('Bearer a=""', Challenge("bearer", (("a", ""),))),
            ('Bearer a="\\\\\\""', Challenge("bearer", (("a", '\\"'),))),
            (", ,Bearer ,, a=b , , c=d,", Challenge("bearer", (("a", "b"), ("c", "d")))),
            ('Bearer, a="b"', Challenge("bearer", (("a", "b"),))),
            ('Bearer a="\t é\x80ÿ\ud800日"', Challenge("bearer", (("a", "\t é\x80ÿ\ud800日"),))),
        ],
        ids=ascii,
    )
    def test_every_form_of_a_challenge_is_parsed(self, line: str, expected: Challenge) -> None:
        """A parameter after a stray comma is, too."""
        assert parse_challenges([line]) == (expected,)

    def test_a_str_is_one_line(self) -> None:
        """It is not split into characters."""
        assert parse_challenges("Bearer a=b") == parse_challenges(["Bearer a=b"])

    @pytest.mark.parametrize("lines", [[], [""], [" \t"], [",, ,"], ["", ""]], ids=ascii)
    def test_empty_lines_have_no_challenge(self, lines: list[str]) -> None:
        """Neither has a response without lines."""
        assert () == parse_challenges(lines)


class TestMalformed:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            # The value is incomplete, so it is dropped.
            ('Bearer a="b', [Challenge("bearer")]),
            ('Bearer a="b\\"', [Challenge("bearer")]),
            ("Bearer a=b c", [Challenge("bearer")]),
            ("Bearer scope=read write, error=x", [Challenge("bearer")]),
            ("Bearer a=https://b/", [Challenge("bearer")]),
            ("Bearer a= , b=c", [Challenge("bearer", (), "a=")]),
            ('Bearer a="b\nc"', [Challenge("bearer")]),
            ('Bearer a="b\\\x00"', [Challenge("bearer")]),
            ('Bearer a="\x7f"', [Challenge("bearer")]),
            # The value is complete, but a syntax error follows.
            ('Bearer a="b" c="d"', [Challenge("bearer", (("a", "b"),))]),
            ('Bearer a="b"c, d=e, DPoP', [Challenge("bearer", (("a", "b"),))]),
            ('Bearer a="b"\n, c=d', [Challenge("bearer", (("a", "b"),))]),
            ('Bearer a="b", @, c=d', [Challenge("bearer", (("a", "b"),))]),
            ("Bearer a=b, DPoP @, Basic", [Challenge("bearer", (("a", "b"),))]),
            ("Negotiate abc=, a=b, DPoP", [Challenge("negotiate", (), "abc=")]),
            # Not a challenge.
            ('a="b", Bearer', []),
            ("=b", []),
            ('"Bearer"', []),
            ("Bearer@", []),
            ("Bearer\n", []),
            ("Forbidden because of you", []),
            ("Bearer DPoP a=b", []),
            ("Bärer", []),
        ],
        ids=ascii,
    )
    def test_a_syntax_error_ends_the_parsing_of_its_line(self, line: str, expected: list[Challenge]) -> None:
        """The challenges before it and other lines count."""
        assert tuple(expected) == parse_challenges([line])
        assert (*expected, Challenge("dpop")) == parse_challenges([line, "DPoP"])

    @pytest.mark.parametrize("repeated", ['a=b, A="b"', "a=b, c=d, a=e"])
    def test_a_challenge_that_repeats_a_parameter_is_dropped(self, repeated: str) -> None:
        """The challenges around it stay."""
        assert parse_challenges([f"Basic, Bearer {repeated}, DPoP a=b"]) == (
            Challenge("basic"),
            Challenge("dpop", (("a", "b"),)),
        )

    @given(st.lists(hostile_texts, max_size=4))
    @example(['Bearer a="\\'])
    def test_any_text_is_parsed_into_valid_challenges(self, lines: list[str]) -> None:
        """Nothing is raised, and the limits hold."""
        read = parse_challenges(lines)
        assert len(read) <= MAX_CHALLENGES
        assert all([attrs.evolve(challenge) == challenge for challenge in read])
        assert all([len(repr(challenge)) < 200 and repr(challenge).isascii() for challenge in read])
        assert token_rejected(answer(401, *lines)) in {True, False}
        assert insufficient_scope(answer(403, *lines)) in {None, Scope()}

    @given(st.binary())
    def test_any_bytes_are_parsed(self, line: bytes) -> None:
        """HTTP libraries decode them in different ways."""
        for text in (line.decode("latin-1"), line.decode("utf-8", "surrogateescape"), line.decode("ascii", "replace")):
            assert len(parse_challenges([text])) <= MAX_CHALLENGES


class TestBounds:
    def test_lines_beyond_16_kibibytes_are_dropped(self) -> None:
        """The limit holds for all lines together."""
        fits = "Bearer".ljust(MAX_CHALLENGE_TEXT - 1)
        assert (Challenge("bearer"),) == parse_challenges([fits])
        assert () == parse_challenges([f"{fits} "])
        assert (Challenge("bearer"),) == parse_challenges([fits, "", "DPoP"])
        assert (Challenge("dpop"),) == parse_challenges(["DPoP", fits, "Basic"])

    def test_endless_lines_are_cut_off(self) -> None:
        """Empty lines count, too."""
        assert () == parse_challenges(repeat(""))
        assert (Challenge("a"),) * MAX_CHALLENGES == parse_challenges(repeat("a"))

    @pytest.mark.parametrize("joiner", [",", "\n"], ids=ascii)
    def test_challenges_beyond_32_are_dropped(self, joiner: str) -> None:
        """Invalid ones count, too."""
        names = [f"s{index}" for index in range(MAX_CHALLENGES + 1)]
        read = parse_challenges(joiner.join(names).split("\n"))
        assert names[:-1] == [challenge.scheme for challenge in read]
        spoilt = joiner.join(["s a=b, a=b", *names]).split("\n")
        assert names[:-2] == [challenge.scheme for challenge in parse_challenges(spoilt)]

    @pytest.mark.parametrize(
        "text",
        [
            "{0}", "Bearer {0}", "Bearer a={0}", 'Bearer a="{0}', 'Bearer a="{0}"x', "Bearer a=b,{0}", "{0}=", "a {0}@",
            "a b{0}=", 'a b{0}="', "a b={0}c",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "piece", ["a", " ", ",", "=", "\\", '"', "a ", "a,", "a=", "a=b,", "\\\\", '\\"', "==", "a b "]
    )
    def test_parsing_takes_linear_time(self, text: str, piece: str) -> None:
        """A line of the worst kind that is eight times as long takes about eight times as long."""
        line = text.format(piece * MAX_CHALLENGE_TEXT)[: MAX_CHALLENGE_TEXT - 1]
        assert work(line) < 24 * max(work(line[: len(line) // 8]), 1e-4)


def work(line: str) -> float:
    """Return the least CPU seconds of this thread for parsing *line*."""
    found: list[float] = []
    for _ in range(3):
        start = time.thread_time()
        parse_challenges([line])
        found.append(time.thread_time() - start)
    return min(found)


class TestRecord:
    @pytest.mark.parametrize("name", ["error", "ERROR", "Error"])
    def test_get_finds_a_parameter_in_any_case(self, name: str) -> None:
        """An empty value is not None."""
        assert "x" == Challenge("bearer", (("a", ""), ("error", "x"))).get(name)
        assert "" == Challenge("bearer", (("error", ""),)).get(name)
        assert Challenge("bearer").get(name) is None

    @pytest.mark.parametrize("scheme", ["", "Bearer", "a b", "é", "a\n", None, b"bearer"], ids=ascii)
    def test_a_scheme_outside_the_grammar_is_rejected(self, scheme: object) -> None:
        """It must be a token in lower case."""
        with pytest.raises(InvalidInput, match=r"^scheme must be an authentication scheme"):
            Challenge(untyped(scheme))

    @pytest.mark.parametrize(
        "parameters",
        [
            None,
            {"a": "b"},
            [("a", "b")],
            (("a",),),
            (["a", "b"],),
            ("ab",),
            (("A", "b"),),
            (("", "b"),),
            (("a b", "b"),),
            ((1, "b"),),
            (("a", None),),
            (("a", b"b"),),
            (("a", "\n"),),
            (("a", "b\x00"),),
            (("a", "\x7f"),),
            (("a", "b"), ("a", "b")),
        ],
        ids=ascii,
    )
    def test_parameters_outside_the_grammar_are_rejected(self, parameters: object) -> None:
        """They must be a tuple of pairs of str with unique names in lower case."""
        with pytest.raises(InvalidInput, match=r"^parameters must be a tuple"):
            Challenge("bearer", untyped(parameters))

    @pytest.mark.parametrize("token68", ["", "a b", "=", "a=b", "a\n", "é", b"a"], ids=ascii)
    def test_a_token68_outside_the_grammar_is_rejected(self, token68: object) -> None:
        """RFC 9110 section 11.2 lists its characters."""
        with pytest.raises(InvalidInput, match=r"^token68 must match RFC 9110"):
            Challenge("negotiate", (), untyped(token68))

    def test_a_token68_cannot_be_combined_with_parameters(self) -> None:
        """A challenge has one or the other."""
        with pytest.raises(InvalidInput, match=r"must not be combined with parameters$"):
            Challenge("negotiate", (("a", "b"),), "abc")

    def test_a_challenge_is_a_frozen_value(self) -> None:
        """It is compared, hashed and copied by its content."""
        challenge = Challenge("bearer", (("a", "b"),))
        same = Challenge("bearer", (("a", "b"),))
        assert {challenge} == {same, copy.deepcopy(same)}
        assert 4 == len({challenge, Challenge("bearer"), Challenge("dpop"), Challenge("bearer", (), "b")})
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            challenge.scheme = "b"  # type: ignore[misc]  # what the test proves


class TestNothingIsShown:
    @pytest.mark.parametrize(
        ("challenge", "shown"),
        [
            (Challenge("bearer"), "Challenge(bearer)"),
            (Challenge("negotiate", (), MARK), "Challenge(negotiate, ***)"),
            (Challenge(MARK.lower()), "Challenge(***)"),
            (Challenge("dpop", (("error", "use_dpop_nonce"),)), "Challenge(dpop, error=use_dpop_nonce)"),
            (Challenge("bearer", (("error", MARK),)), "Challenge(bearer, error=***)"),
            (Challenge("bearer", (("realm", "invalid_token"),)), "Challenge(bearer, realm=***)"),
            (Challenge("bearer", (("m4rker", "a"), ("scope", MARK))), "Challenge(bearer, scope=***, 1 more)"),
        ],
    )
    def test_the_repr_of_a_challenge_shows_registered_words_only(self, challenge: Challenge, shown: str) -> None:
        """A server may echo a token anywhere else."""
        assert shown == repr(challenge) == f"{challenge}"

    def test_the_repr_of_a_long_challenge_is_short(self) -> None:
        """It counts the parameters that are not shown."""
        line = "Bearer " + ", ".join([f"a{index}=b" for index in range(1000)])
        (challenge,) = parse_challenges([line])
        assert "Challenge(bearer, 1000 more)" == repr(challenge)


def rejections() -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Yield WWW-Authenticate lines of a 401, and whether a new token may help."""
    for scheme in ("Bearer", "DPoP", "bearer", "DPOP"):
        yield True, (f'{scheme} realm="x, y", error="invalid_token"',)
        yield True, (f"{scheme} error=invalid_token, scope=a",)
        yield True, (f"Basic realm=x, {scheme} error=invalid_token",)
        yield True, ("Basic realm=x", f"{scheme} error=invalid_token")
        # No reason.
        yield True, (scheme,)
        yield True, (f'{scheme} realm="x"',)
        yield True, (f'{scheme} error=""',)
        yield True, (f"{scheme} abc=",)
        yield True, (f"Basic realm=x, {scheme}",)
        # A reason that no RFC registers.
        yield True, (f"{scheme} error=expired_token",)
        yield True, (f'{scheme} error="token_expired", error_description="x"',)
        yield True, (f"{scheme} error=Invalid_Token",)
        # Another registered reason, for which a new token does not help.
        yield False, (f"{scheme} error=invalid_request",)
        yield False, (f"{scheme} error=insufficient_scope, scope=a",)
        yield False, (f"{scheme} error=invalid_dpop_proof",)
        yield False, (f"Basic realm=x, {scheme} error=invalid_request",)
        yield False, (f"{scheme} error=expired_token, DPoP error=use_dpop_nonce",)
    yield True, ()
    yield True, ("",)
    yield True, ("@",)
    yield True, ("Bearer error=invalid_request, error=invalid_token",)
    yield True, ("Bearer error=invalid_request, DPoP error=invalid_token",)
    yield True, ('Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256"',)
    yield False, ('Bearer, DPoP error="use_dpop_nonce"',)
    # Another scheme, whose parameters do not count.
    yield True, ("Basic realm=x",)
    yield True, ("Negotiate", "NTLM")
    yield True, ("Token",)
    yield True, ('OAuth realm="x", error="invalid_request"',)
    yield True, ("Basic error=insufficient_scope",)
    yield True, ("Basic realm=x, Bearer error=invalid_request, error=invalid_token",)


class TestTokenRejected:
    @pytest.mark.parametrize(("expected", "lines"), list(rejections()), ids=ascii)
    def test_a_401_rejects_the_token_unless_it_has_another_registered_reason(
        self, expected: bool, lines: tuple[str, ...]
    ) -> None:
        """Neither another scheme nor an unregistered word is such a reason."""
        assert expected is token_rejected(answer(401, *lines))

    @pytest.mark.parametrize(
        ("expected", "lines"),
        [
            (True, ["Bearer error=invalid_token"]),
            (True, ["DPoP error=invalid_token"]),
            (True, ["Bearer error=insufficient_scope, DPoP error=invalid_token"]),
            (False, []),
            (False, ["Bearer"]),
            (False, ["Basic error=invalid_token"]),
            (False, ["Bearer error=expired_token"]),
            (False, ["Bearer error=insufficient_scope"]),
        ],
    )
    def test_a_403_rejects_the_token_only_with_invalid_token(self, expected: bool, lines: list[str]) -> None:
        """Most of them mean that the client has no access."""
        assert expected is token_rejected(answer(403, *lines))

    @pytest.mark.parametrize("status", [200, 302, 400, 407, 500])
    def test_no_other_status_rejects_the_token(self, status: int) -> None:
        """The challenge does not matter."""
        assert not token_rejected(answer(status, "Bearer error=invalid_token"))
        assert not token_rejected(answer(status))

    @pytest.mark.parametrize("name", ["www-authenticate", "WWW-AUTHENTICATE"])
    def test_only_www_authenticate_in_any_case_is_read(self, name: str) -> None:
        """No other field counts."""
        fields: Headers = {name: "Bearer error=invalid_request", "Proxy-Authenticate": "Bearer error=invalid_token"}
        assert not token_rejected(HttpResponse(401, fields))

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_word_of_the_dialect_rejects_the_token(self, status: int) -> None:
        """It is compared exactly, and may be a registered word."""
        dialect = Dialect(rejection_words=("expired_token", "insufficient_scope"))
        for word in dialect.rejection_words:
            assert token_rejected(answer(status, f"Bearer error={word}"), dialect)
        assert not token_rejected(answer(403, "Bearer error=Expired_Token"), dialect)

    def test_a_status_of_the_dialect_rejects_the_token(self) -> None:
        """Another registered reason still means otherwise."""
        dialect = Dialect(rejection_statuses=(401, 403, 419))
        for status in dialect.rejection_statuses:
            assert token_rejected(answer(status), dialect)
            assert not token_rejected(answer(status, "Bearer error=insufficient_scope"), dialect)
        assert not token_rejected(answer(418), dialect)

    def test_without_a_status_in_the_dialect_only_a_word_rejects_the_token(self) -> None:
        """A 401 without invalid_token is final."""
        dialect = Dialect(rejection_statuses=())
        assert not token_rejected(answer(401), dialect)
        assert not token_rejected(answer(401, "Bearer error=expired_token"), dialect)
        assert token_rejected(answer(401, "Bearer error=invalid_token"), dialect)


class TestInsufficientScope:
    @pytest.mark.parametrize(
        ("expected", "lines"),
        [
            (Scope.of("a", "b"), ['Bearer realm="x, y", error="insufficient_scope", scope="a b"']),
            (Scope.of("a"), ["DPoP error=insufficient_scope, scope=a"]),
            (Scope.of("a"), ["Basic", "bearer ERROR=insufficient_scope, SCOPE=a"]),
            (Scope(), ["Bearer error=insufficient_scope"]),
            (Scope(), ['Bearer error=insufficient_scope, scope=""']),
            (Scope(), ['Bearer error=insufficient_scope, scope="a  b"']),
            (Scope(), ['Bearer error=insufficient_scope, scope="a \\"b"']),
            (Scope(), ['Bearer error=insufficient_scope, scope="é"']),
            (Scope.of("a"), ["Bearer error=insufficient_scope, DPoP error=insufficient_scope, scope=a"]),
            (Scope.of("a"), ["Bearer error=insufficient_scope, scope=a, DPoP error=insufficient_scope, scope=b"]),
            (Scope.of("b"), ["Bearer error=invalid_token, scope=a, DPoP error=insufficient_scope, scope=b"]),
            (None, []),
            (None, ["Bearer"]),
            (None, ["Bearer scope=a"]),
            (None, ["Bearer error=invalid_token, scope=a"]),
            (None, ["Basic error=insufficient_scope, scope=a"]),
            (None, ["Bearer error=insufficient_scope, scope=a, scope=b"]),
        ],
        ids=ascii,
    )
    def test_a_403_with_insufficient_scope_names_the_required_scope(
        self, expected: Scope | None, lines: list[str]
    ) -> None:
        """The scope is empty if the challenge has none in its grammar."""
        found = insufficient_scope(answer(403, *lines))
        assert (expected, type(expected)) == (found, type(found))

    @pytest.mark.parametrize("status", [200, 400, 401, 404])
    def test_no_other_status_names_a_required_scope(self, status: int) -> None:
        """The challenge does not matter."""
        assert insufficient_scope(answer(status, "Bearer error=insufficient_scope, scope=a")) is None


def test_a_dialect_must_be_a_dialect() -> None:
    """Its name is refused."""
    dialect: Any = "EBAY"
    with pytest.raises(InvalidInput, match="dialect must be a Dialect, not str"):
        token_rejected(HttpResponse(401), dialect)
