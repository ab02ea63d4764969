"""
The public surface: what is listed is there, once, documented, final.
"""

import importlib
import inspect
import typing
from types import ModuleType

import attrs
import pytest

import oauth_cc
import oauth_cc.stores
from tests.layers import PURE

NAMES = [name.removesuffix(".py").replace("/", ".") for name in PURE if not name.endswith("__init__.py")]
MODULES = [importlib.import_module(f"oauth_cc.{name}") for name in NAMES]


def public_classes() -> list[type]:
    """Gives every class that a core module lists."""
    found = [getattr(module, name) for module in MODULES for name in module.__all__]
    return [item for item in found if isinstance(item, type)]


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_all(module: ModuleType) -> None:
    """A module lists its public names in order, and each of them is there."""
    names = module.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)
    own = {
        name
        for name, item in vars(module).items()
        if not name.startswith("_") and getattr(item, "__module__", None) == module.__name__
    }
    assert own - {"T", "A", "V"} <= set(names)


def test_no_name_twice() -> None:
    """No name is public in two modules."""
    listed = [name for module in MODULES for name in module.__all__]
    assert sorted(listed) == sorted(set(listed))


def test_top_level() -> None:
    """The everyday names are at the top, and each is what its module lists."""
    listed = {name: getattr(module, name) for module in (*MODULES, oauth_cc.stores) for name in module.__all__}
    assert oauth_cc.__all__ == sorted(oauth_cc.__all__, key=lambda name: (not name[0].isupper(), name))
    for name in oauth_cc.__all__:
        assert getattr(oauth_cc, name) is listed[name]


def test_version() -> None:
    """The version is that of the installed package, read when asked for."""
    assert oauth_cc.__version__ == importlib.metadata.version("oauth_cc")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(oauth_cc, "non" + "sense")


@pytest.mark.parametrize("kind", public_classes(), ids=lambda kind: kind.__name__)
def test_classes(kind: type) -> None:
    """A class is documented; a record is final, frozen, slotted, and its annotations can be read at run time."""
    assert kind.__doc__
    assert typing.get_type_hints(kind) is not None
    if attrs.has(kind):
        assert getattr(kind, "__final__", False)
        assert not hasattr(kind, "__dict__") or not vars(kind).get("__dict__")
        assert not [field.name for field in attrs.fields(kind) if field.name.startswith("_")]


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_docstrings(module: ModuleType) -> None:
    """Every public function and method says what it gives."""
    assert module.__doc__
    for name in module.__all__:
        item = getattr(module, name)
        if inspect.isfunction(item):
            assert item.__doc__, name
        if inspect.isclass(item):
            methods = [member for key, member in vars(item).items() if not key.startswith("_")]
            assert all(member.__doc__ for member in methods if inspect.isfunction(member)), name
