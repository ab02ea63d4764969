"""
``python -m tests.language``: a check of the language rules in `.github/CONTRIBUTING.md`, as far as a program can.

It reads the docstrings, comments and messages of `oauth_cc/` and `tests/`, and the guides. Ruff checks the mood of the
first word (D401) and that no parameter is missing under ``Args:`` (D417).

``--figures [ROOT]`` prints counts instead of findings.
"""

import ast
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

ROOT: Final = Path(__file__).parent.parent

PHRASES: Final = {
    r"who(ever|mever)": "name the person or the program",
    r"whatever": "name the thing",
    r"at hand": "say where it is: cached, passed, installed",
    r"held up|holds? up": "say waits or blocks",
    r"let go": "say released or dropped",
    r"(?<!there )(is|are) no(?! (longer|more|less|later|earlier|other))": "say is not a",
    r"those (that|who)": "repeat the noun",
    r"what (came|comes) of": "say result",
    r"ways? of authentication": "say client authentication method",
    r"prove(s|d)? (itself|themselves|yourself|who)": "say authenticate",
    r"patience": "say wait_timeout",
    r"of no use": "say cannot be used, or has no effect",
    r"in vain": "say without success",
    r"told(?! apart)": "say asked, or name the error that says it",
    r"answered": "say responded, returned or sent",
    r"put on": "say added to",
    r"(server|API|endpoint|resource|proxy|library|client|cache|store|source|auth|checker|provider|program)s? "
    r"((that|which) )?(wants?|likes|knows?|tells?|thinks?|believes?|hopes?|remembers?|forgets?|demands?|speaks?)": (
        "say requires, has, says"
    ),
}
"""Phrases that no text holds, as regular expressions, and what to write instead."""

OPENINGS: Final = {"Gives", "Tells", "Whether", "Says", "Makes", "Takes", "Does"}
"""Words that no docstring of a function opens with: ruff does not see nested functions and all verbs."""

OWN: Final = {"language.py", "test_language.py"}
"""Files that quote what is forbidden."""

ELSEWHERE: Final = {
    r"as `(?:\w+\.)?(?P<sibling>\w+)` does": "the sibling, in the same file, explains the same arguments",
    r"as [\w.]+ calls it": "another library calls the method, and its documentation explains the arguments",
    r"for any arguments": "the function does not use its arguments",
    r"\w+` explains (?:its|the) arguments": "a class or method that users see explains them",
}
"""Phrases that stand for ``Args:`` in the docstring of a function of `oauth_cc/`, and the reason."""

SECTION: Final = re.compile(r"^(Args|Raises|Returns|Yields|Example):$", re.MULTILINE)
NAME: Final = re.compile(r"^    \*{0,2}(\w+)(?: \([^)]*\))?:", re.MULTILINE)

Documented: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen
class Text:
    """A docstring, comment or message: where it stands, and what it says."""

    path: Path
    line: int
    text: str


@attrs.frozen
class Function:
    """
    A documented function or class: its arguments without self and cls, and its docstring.

    *is_public* is False below a name with an underscore, *is_called* for a class that is not a record and has no
    constructor: a protocol, a TypedDict, a base.
    """

    path: Path
    line: int
    name: str
    arguments: Sequence[str]
    docstring: str
    is_class: bool
    is_public: bool
    is_called: bool

    @property
    def sections(self) -> Sequence[str]:
        """The names of the sections in the docstring, in their order."""
        return SECTION.findall(self.docstring)

    @property
    def explained(self) -> Sequence[str]:
        """The names under ``Args:``."""
        _, _, rest = self.docstring.partition("\nArgs:\n")
        block = re.split(r"^\S", rest, maxsplit=1, flags=re.MULTILINE)[0]
        return NAME.findall(block)

    @property
    def explains_attributes(self) -> bool:
        """Whether the docstring has a section ``Attributes:``, as an error or an event has, which users do not make."""
        return "\nAttributes:\n" in self.docstring


def files(root: Path) -> list[Path]:
    """Return the Python files under *root* whose language is checked."""
    found = [path for folder in ("oauth_cc", "tests") for path in (root / folder).rglob("*.py")]
    return sorted([path for path in found if path.name not in OWN])


def guides(root: Path) -> list[Path]:
    """Return the guides under *root*, without CONTRIBUTING, which quotes what is forbidden."""
    folders = (root.glob("*.md"), (root / "oauth_cc").rglob("*.md"), (root / "tests").rglob("*.md"))
    return sorted([root / ".github" / "SECURITY.md", *[path for found in folders for path in found]])


def docstrings(path: Path, tree: ast.Module) -> Iterator[Text]:
    """Yield the docstrings in *tree*, which is the code of *path*, and the strings that document an assignment."""
    for node in ast.walk(tree):
        for statement in _statements(node):
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield Text(path, statement.lineno, text)
                case _:
                    pass


def _statements(node: ast.AST) -> Sequence[ast.stmt]:
    return node.body if isinstance(node, Documented) else []


def messages(path: Path, tree: ast.Module) -> Iterator[Text]:
    """Yield the string literals in *tree* that hold words, docstrings aside."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if " " in text.strip() and id(node) not in documentation:
                yield Text(path, node.lineno, text)
            case _:
                pass


def comments(path: Path) -> Iterator[Text]:
    """Yield each comment of *path*; comments on lines that follow each other are one text."""
    last: Text | None = None
    with tokenize.open(path) as file:
        found = [token for token in tokenize.generate_tokens(file.readline) if token.type == tokenize.COMMENT]
    for token in found:
        text, line = token.string.lstrip("# "), token.start[0]
        if last is not None and last.line + last.text.count("\n") + 1 == line:
            last = attrs.evolve(last, text=f"{last.text}\n{text}")
            continue
        if last is not None:
            yield last
        last = Text(path, line, text)
    if last is not None:
        yield last


def functions(path: Path, tree: ast.Module) -> Iterator[Function]:
    """Yield the documented functions and classes of *tree*."""
    yield from _functions(path, tree, is_public=True)


def _functions(path: Path, node: ast.AST, *, is_public: bool) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _functions(path, child, is_public=is_public)
            continue
        docstring = ast.get_docstring(child)
        named = is_public and not child.name.startswith("_")
        is_class = isinstance(child, ast.ClassDef)
        if docstring:
            called = not isinstance(child, ast.ClassDef) or _is_called(child)
            yield Function(path, child.lineno, child.name, _arguments(child), docstring, is_class, named, called)
        yield from _functions(path, child, is_public=named and is_class)


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Sequence[str]:
    if isinstance(node, ast.ClassDef):
        return _fields(node)
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    every += [each for each in (given.vararg, given.kwarg) if each is not None]
    return [each.arg for each in every if each.arg not in {"self", "cls"} and not each.arg.startswith("_")]


def _is_called(node: ast.ClassDef) -> bool:
    own = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
    return "__init__" in own or any(["attrs." in ast.unparse(decorator) for decorator in node.decorator_list])


def _fields(node: ast.ClassDef) -> Sequence[str]:
    """Return the arguments of the class *node*: those of its constructor, or its annotated fields."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return _arguments(statement)
    named = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
    return [target.id.removeprefix("_") for target in named if isinstance(target, ast.Name)]


def test_names(path: Path, tree: ast.Module) -> Iterator[Text]:
    """Yield the names of the test functions in *tree*, without their prefix."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Text(path, node.lineno, node.name.removeprefix("test_"))


def occurrences(text: str, pattern: str) -> int:
    """Return how often *pattern* matches words of *text*, line breaks aside."""
    return len(re.findall(_words(pattern), _on_one_line(text), re.IGNORECASE))


def findings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each text of *path*, a guide or Python, that breaks a rule."""
    if path.suffix == ".md":
        lines = path.read_text("utf-8").splitlines()
        yield from _forbidden([Text(path, number, line) for number, line in enumerate(lines, 1)])
        return
    tree = ast.parse(path.read_text("utf-8"))
    yield from _forbidden([*docstrings(path, tree), *messages(path, tree), *comments(path)])
    every = list(functions(path, tree))
    for function in every:
        yield from [(function.line, f"{function.name}: {fault}") for fault in _faults(function)]
    for function in unexplained(every):
        yield function.line, f"{function.name}: two or more arguments: add Args"
    for name in test_names(path, tree):
        if "_" not in name.text:
            yield name.line, f"test_{name.text}: a test name states the fact that it checks"


def _forbidden(texts: Sequence[Text]) -> Iterator[tuple[int, str]]:
    for text in texts:
        for pattern, advice in PHRASES.items():
            found = re.search(_words(pattern), _on_one_line(text.text), re.IGNORECASE)
            if found:
                yield text.line, f"{found[0]!r}: {advice}"


def _words(pattern: str) -> str:
    return rf"\b(?:{pattern})(?!\w)"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _faults(function: Function) -> Iterator[str]:
    opening = function.docstring.split()[0]
    if opening in OPENINGS and not function.is_class:
        yield f"a docstring opens with an imperative, not {opening!r}"
    explained = set(function.explained)
    if explained - set(function.arguments) and (function.arguments or not function.is_class):
        yield f"Args names no parameter: {', '.join(sorted(explained - set(function.arguments)))}"
    after = SECTION.split(function.docstring)
    if any([">>>" in body for name, body in zip(after[1::2], after[2::2], strict=True) if name != "Example"]):
        yield "a doctest after a section stands under Example"


def unexplained(every: Sequence[Function]) -> Sequence[Function]:
    """
    Return the functions and classes that leave two or more arguments unexplained.

    A private function, and one of the tests, may do so in a docstring of one paragraph.

    *every* has the functions and classes of one file.
    """
    explaining = {function.name for function in every if function.explained}
    lacking = [function for function in every if _lacks_args(function)]
    return [function for function in lacking if not _is_explained_elsewhere(function, explaining)]


def _lacks_args(function: Function) -> bool:
    if function.explained or function.name.startswith("test_") or len(function.arguments) < 2:
        return False
    if function.is_public and not function.path.is_relative_to(ROOT / "tests"):
        return function.is_called and not function.explains_attributes
    return not function.is_class and len(paragraphs(function.docstring)) > 1


def _is_explained_elsewhere(function: Function, explaining: set[str]) -> bool:
    text = _on_one_line(function.docstring)
    found = [match for phrase in ELSEWHERE if (match := re.search(_words(phrase), text))]
    return any([match.groupdict().get("sibling") in {None, *explaining} for match in found])


def paragraphs(docstring: str) -> Sequence[str]:
    """Return the paragraphs of *docstring*, doctests aside."""
    return [text for text in docstring.split("\n\n") if not text.lstrip().startswith(">>>")]


def needs_args(function: Function) -> bool:
    """Return whether *function* has two or more arguments to explain."""
    return not function.is_class and len(function.arguments) >= 2 and not function.name.startswith("test_")


def figures(root: Path) -> Iterator[tuple[str, int]]:
    """Yield the counts of what the rules forbid in the files under *root*, by name."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in files(root)}
    every = [function for path, tree in trees.items() for function in functions(path, tree)]
    own = [function for function in every if (root / "oauth_cc") in function.path.parents]
    texts = [text for path, tree in trees.items() for text in (*docstrings(path, tree), *messages(path, tree))]
    texts += [text for path in trees for text in comments(path)]
    names = [name for path, tree in trees.items() for name in test_names(path, tree)]
    yield "docstrings that open with Gives, in oauth_cc", _opening(own)
    yield "docstrings that open with Gives, in oauth_cc and tests", _opening(every)
    for pattern in ("whoever|whomever", "whatever", "is no", "those that"):
        yield f"occurrences of {pattern!r}", sum([occurrences(text.text, pattern) for text in texts])
    for place, group in (("oauth_cc", own), ("oauth_cc and tests", every)):
        lacking = [function for function in group if needs_args(function) and not function.explained]
        yield f"documented functions with two or more arguments and no Args, in {place}", len(lacking)
    by_file = [[function for function in every if function.path == path] for path in trees]
    faulty = [function for group in by_file for function in unexplained(group)]
    yield "functions and classes with two or more arguments that the rules want explained", len(faulty)
    yield "test names of one word", len([name for name in names if "_" not in name.text])
    yield "tests", len(names)


def _opening(group: Sequence[Function]) -> int:
    return len([function for function in group if function.docstring.split()[0] == "Gives"])


def main(arguments: Sequence[str]) -> int:
    """Print what breaks a rule, or the figures of the tree that *arguments* name; return 1 if a rule is broken."""
    if arguments[:1] == ["--figures"]:
        for name, count in figures(Path(arguments[1]) if arguments[1:] else ROOT):
            print(f"{count:6} {name}")
        return 0
    checked = [*files(ROOT), *guides(ROOT)]
    found = [(path, line, fault) for path in checked for line, fault in findings(path)]
    for path, line, fault in found:
        print(f"{path.relative_to(ROOT)}:{line}: {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
