"""
The JSON vectors of cases/, as plain values.
"""

import base64
import json
from pathlib import Path
from typing import Any

import attrs

from oauth_cc import Dialect, Placement

FOLDER = Path(__file__).parent / "cases"


@attrs.frozen
class Case:
    """A vector: its name, its input and its expected output (plain JSON, hence Any)."""

    name: str
    rule: str
    data: dict[str, Any]

    @property
    def expect(self) -> dict[str, Any]:
        """The expected output."""
        expected: dict[str, Any] = self.data["expect"]
        return expected

    @property
    def kinds(self) -> set[str]:
        """The expected kinds of error."""
        return {self.expect["kind"]} if "kind" in self.expect else set(self.expect.get("kind_any_of", ()))


def load(file: str) -> list[Case]:
    """Return the cases of *file* in their order."""
    document = json.loads((FOLDER / file).read_text("utf-8", "surrogatepass"))
    context = document.get("defaults", {}).get("context", {})
    return [
        Case(case["name"], case.get("rule", ""), {**case, "context": {**context, **case.get("context", {})}})
        for case in document["cases"]
    ]


def dialect(data: dict[str, Any]) -> Dialect:
    """Return the dialect of a response's request."""
    fields: dict[str, Any] = dict(data["dialect"])
    for name, field in fields.items():
        fields[name] = tuple(field) if isinstance(field, list) else field
    if "placement" in fields:
        fields["placement"] = Placement(**fields["placement"])
    return Dialect(**fields)


def value(given: Any) -> Any:
    """Return the Python value that *given* stands for, such as bytes or a tuple, which JSON lacks."""
    if isinstance(given, list):
        return [value(item) for item in given]
    if not isinstance(given, dict):
        return given
    match given:
        case {"$bytes": text}:
            return base64.b64decode(text)
        case {"$tuple": items}:
            return tuple(value(items))
        case {"$set": items}:
            return set(value(items))
        case {"$frozenset": items}:
            return frozenset(value(items))
        case {"$generator": items}:
            return (item for item in value(items))
        case {"$object": members}:
            return value(members)
        case {"$float": text}:
            return float(text)
        case _:
            return {name: value(member) for name, member in given.items()}


def content(data: dict[str, Any]) -> bytes:
    """Return the body of a response."""
    if "body_base64" in data:
        return base64.b64decode(data["body_base64"])
    if "body_build" in data:
        build = data["body_build"]
        text: str = build["prefix"] + build["unit"] * build["times"] + build["suffix"]
        text += build.get("unit2", "") * build.get("times2", 0) + build.get("suffix2", "")
        return text.encode("utf-8", "surrogatepass")
    return str(data.get("body", "")).encode("utf-8", "surrogatepass")
