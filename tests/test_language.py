"""
The check of the language rules: it finds what breaks a rule, and accepts the sentences of CONTRIBUTING.
"""

from pathlib import Path

import pytest

from tests.language import findings


def faults(path: Path, code: str) -> list[str]:
    """Return the faults in a file at *path* that contains *code*."""
    path.write_text(code, "utf-8")
    return [fault for _, fault in findings(path)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("repeat the noun", '"""Those\n    that expired."""'),
        ("name the person or the program", "x = f'whoever waits for {y}'"),
        ("say is not a", "# This is no\n# token."),
        ("say requires", "'''The servers\n    want a proof.'''"),
        ("say requires", "# A cache that remembers\n# the last token."),
        ("say asked", "raise InvalidInput('scope', 'the server was told another scope')"),
        ("say responded", "# The request was answered with a redirect."),
        ("say added", "# The token is put on the call."),
        ("say is not a", "raise InvalidInput('scope', 'scope is no Scope')"),
        ("say client authentication method", "x: int\n'''A way of authentication.'''"),
        ("an imperative", "def f():\n    '''Gives a token.'''"),
        ("f: two or more arguments: add Args", "def f(key, token):\n    '''Save *token* under *key*.'''"),
        ("g: two or more", "class C:\n    '''One.'''\n\n    def g(self, a, b):\n        '''Add.'''"),
        ("add Args", "def _f(key, token):\n    '''\n    Save a token.\n\n    It is kept.\n    '''"),
        ("C: two or more", "@attrs.frozen\nclass C:\n    '''Two.'''\n\n    a: int\n    b: int"),
        ("C: two or more", "class C:\n    '''Two.'''\n\n    def __init__(self, a, b): ..."),
        ("f: two or more", "def f(a, b):\n    '''Add, as `g` does.'''"),
        ("f: two or more", "def f(a, b):\n    '''Add, as `g` does.'''\n\ndef g(a):\n    '''Add.'''"),
        ("no parameter: wait", "def f(key):\n    '''\n    Lock.\n\n    Args:\n        wait: Seconds.\n    '''"),
        ("no parameter: c", "class C:\n    '''\n    Two.\n\n    Args:\n        c: One.\n    '''\n\n    a: int\n"),
        ("Example", "def f():\n    '''\n    Run.\n\n    Raises:\n        E: Often.\n\n        >>> f()\n    '''"),
        ("states the fact", "class TestOne:\n    def test_two(self): ..."),
    ],
)
def test_a_text_that_breaks_a_rule_is_found(fault: str, code: str, tmp_path: Path) -> None:
    """In docstrings, comments and messages, across line breaks too."""
    (found,) = faults(tmp_path / "module.py", code)
    assert fault in found


def test_a_phrase_in_a_guide_is_found(tmp_path: Path) -> None:
    """A guide is Markdown."""
    assert faults(tmp_path / "guide.md", "# Tokens\n\nThose that expire.\n") == ["'Those that': repeat the noun"]


@pytest.mark.parametrize(
    "code",
    [
        "# There is no lock, and a token that is no longer valid.",
        "'''Cache one access token and renew it before it expires. Safe to share between threads.'''",
        "def _f(key, token):\n    '''Save *token* under *key*.'''",
        "def f():\n    '''Return a function.'''\n\n    def g(a, b):\n        '''Add.'''",
        "class C:\n    '''Two names.'''\n\n    a: int\n    b: int",
        "class C:\n    '''Two.\n\n    Attributes:\n        a: One.\n    '''\n\n    def __init__(self, a, b): ...",
        "def f(a, b):\n    '''Add, as `g` does.'''\n\ndef g(a, b):\n    '''Add.\n\n    Args:\n        a: One.'''",
        "def f(a, b):\n    '''Add, as Authlib\n    calls it.'''",
        "def f(*a, **b):\n    '''Raise RuntimeError for any arguments.'''",
        "def f(key, *rest):\n    '''\n    Lock.\n\n    Args:\n        key: One.\n        *rest: More.\n    '''",
        "# Two clients, told apart by the port: programs like these.",
        "def test_basic_auth_is_not_fapi2_compliant(): ...",
        "whatever = those_that = 'whatever'",
    ],
)
def test_a_text_that_follows_the_rules_passes(code: str, tmp_path: Path) -> None:
    """Names in code are not texts."""
    assert faults(tmp_path / "module.py", code) == []
