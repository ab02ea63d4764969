"""
Line charts over time as one small SVG.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

import attrs

WIDTH: Final = 860
HEIGHT: Final = 150
LEFT: Final = 60
RIGHT: Final = 28
TOP: Final = 62
GAP: Final = 44
STEPS: Final = 5
COLOURS: Final = ("a", "b", "c", "d", "e")

# With a background of its own, so that the chart is readable on a page of any colour.
STYLE: Final = """
svg{color-scheme:light dark;font:12px system-ui,sans-serif}
.page{fill:#fff}text{fill:#333}.title{font-size:14px;font-weight:600}.grid{stroke:#ddd}
polyline{fill:none;stroke-width:1.5;stroke-linejoin:round}
.a{stroke:#d1242f}.b{stroke:#bf8700}.c{stroke:#0969da}.d{stroke:#1a7f37}.e{stroke:#8250df}
@media(prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#d0d7de}.grid{stroke:#30363d}
.a{stroke:#ff7b72}.b{stroke:#e3b341}.c{stroke:#58a6ff}.d{stroke:#56d364}.e{stroke:#bc8cff}}
"""


@attrs.frozen
class Panel:
    """The chart of one scenario: a figure for each minute, by the name of its line."""

    title: str
    lines: Mapping[str, Sequence[int]]


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Return an SVG of *panels* below each other, with one logarithmic scale that has a place for 0 below 1."""
    height = TOP + len(panels) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
        _text(LEFT, 22, title, "title"),
        *_legend(list(panels[0].lines)),
        *[part for number, panel in enumerate(panels) for part in _panel(panel, TOP + number * (HEIGHT + GAP))],
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(names: Sequence[str]) -> list[str]:
    parts: list[str] = []
    for number, (name, colour) in enumerate(zip(names, COLOURS, strict=True)):
        x = LEFT + number * 150
        parts += [f'<path class="{colour}" stroke-width="3" d="M{x} 40h22"/>', _text(x + 28, 44, name)]
    return parts


def _panel(panel: Panel, top: float) -> list[str]:
    floor = top + HEIGHT
    parts = [_text(LEFT, top + 8, panel.title, "title")]
    for step, label in enumerate(("0", "1", "10", "100", "1k", "10k")):
        y = floor - step * (HEIGHT - 16) / STEPS
        parts += [
            f'<path class="grid" d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}"/>',
            _text(LEFT - 8, y + 4, label, anchor="end"),
        ]
    minutes = max(len(line) for line in panel.lines.values())
    across = (WIDTH - LEFT - RIGHT) / minutes
    parts += [
        _text(LEFT + minute * across, floor + 16, f"{minute // 60} h {minute % 60:02}", anchor="middle")
        for minute in range(0, minutes + 1, 30)
    ]
    for line, colour in zip(panel.lines.values(), COLOURS, strict=True):
        points = " ".join([f"{LEFT + (i + 0.5) * across:.0f},{floor - _up(n):.0f}" for i, n in enumerate(line)])
        parts.append(f'<polyline class="{colour}" points="{points}"/>')
    return parts


def _up(figure: int) -> float:
    step = 0.0 if figure < 1 else 1 + math.log10(figure)
    return min(step, STEPS) * (HEIGHT - 16) / STEPS


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'
