"""Things in space, seen from a direction, drawn in a flat picture: here, and by space.js anew
while a reader drags.

A thing is its look, the name of one of `LOOKS`, its points (n, 3), and for a label its words.
"""

import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .plots import COLORS

__all__ = ["LOOKS", "axes_of_space", "draw", "javascript"]

Thing = tuple[str, Any] | tuple[str, Any, str]

LINE = {"fill": "none", "stroke-width": 1.6}
LOOKS = {  # how each is drawn in SVG: its mark, from the middle, and its attributes
    "axis": {"fill": "none", "stroke": COLORS["grey"], "stroke-width": 1},
    "label": {"fill": "currentColor", "font-size": 10, "text-anchor": "middle"},
    "subspace": {
        "fill": COLORS["orange"], "fill-opacity": 0.3, "stroke": COLORS["orange"],
        "stroke-width": 2,
    },
    "solutions": {
        "fill": COLORS["green"], "fill-opacity": 0.3, "stroke": COLORS["green"],
        "stroke-width": 2,
    },
    "path": {**LINE, "stroke": COLORS["blue"], "stroke-dasharray": "2 2"},
    "way": {**LINE, "stroke": "currentColor", "stroke-dasharray": "2 3"},
    "gap": {**LINE, "stroke": COLORS["red"]},
    "step": {"mark": "m-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0", "fill": COLORS["blue"]},
    "start": {"mark": "m-4 -4h8v8h-8z", "fill": "currentColor"},
    "now": {"mark": "m-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0", "fill": COLORS["blue"]},
    "held": {
        "mark": "m-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0", "fill": COLORS["orange"],
        "stroke": "currentColor", "stroke-width": 1.5,
    },
    "target": {
        "mark": "m0 -8l2.4 5 5.4 .6-4 3.8 1 5.4-4.8-2.7-4.8 2.7 1-5.4-4-3.8 5.4-.6z",
        "fill": COLORS["red"],
    },
    "met": {
        "mark": "m0 -8l2.4 5 5.4 .6-4 3.8 1 5.4-4.8-2.7-4.8 2.7 1-5.4-4-3.8 5.4-.6z",
        "fill": COLORS["blue"],
    },
    "missed": {"mark": "m-5 -5l10 10m0 -10l-10 10", "stroke": COLORS["red"], "stroke-width": 3},
}  # fmt: skip
MARKERS = {"step": (".", 4), "start": ("s", 8), "now": ("o", 12), "held": ("o", 14)}
MARKERS |= {"target": ("*", 13), "met": ("*", 13), "missed": ("x", 10)}


def axes_of_space(corner: Sequence[float], length: float) -> list[Thing]:
    """Three axes from a corner, named as the parameters."""
    found: list[Thing] = []
    for k in range(3):
        end = np.array(corner, float)
        end[k] += length
        found.append(("axis", [list(corner), end.tolist()]))
        end[k] += 0.14 * length
        found.append(("label", end.tolist(), "θ" + "₁₂₃"[k]))
    return found


def draw(ax: Axes, turn: tuple[float, float], things: Sequence[Thing]) -> None:
    """Draws things as space.js does.

    Args:
        ax: with equal units in both directions.
        turn: azimuth and elevation of whoever looks, in degrees.
        things: those that come later hide the others.
    """
    a, e = map(math.radians, turn)
    right = [-math.sin(a), math.cos(a), 0]
    up = [-math.cos(a) * math.sin(e), -math.sin(a) * math.sin(e), math.cos(e)]
    seen = np.array([right, up]).T
    for k, (name, points, *text) in enumerate(things):
        look, flat = LOOKS[name], np.atleast_2d(np.asarray(points, float)) @ seen  # (n, 2)
        color = look.get("fill") if look.get("fill", "none") != "none" else look.get("stroke")
        color = "black" if color == "currentColor" else color
        if text:
            ax.text(*flat[0], text[0], ha="center", zorder=5 + k)
        elif name in MARKERS:
            marker, size = MARKERS[name]
            ax.plot(*flat.T, marker, color=color, markersize=size, zorder=5 + k)
        elif len(flat) > 2 and "fill-opacity" in look:
            ax.fill(*flat.T, color=color, alpha=0.3, zorder=5 + k)
        else:
            dash = ":" if "stroke-dasharray" in look else "-"
            ax.plot(*flat.T, color=color, linestyle=dash, linewidth=1.6, zorder=5 + k)


def javascript(package: str, name: str, data: dict) -> str:
    """The formula of an explorer that draws in space: a script of a lesson, with its data."""
    own = (files(package) / name).read_text(encoding="utf-8").strip()
    space = (files(__package__) / "space.js").read_text(encoding="utf-8").strip()
    looks = {
        name: {
            "mark": look.get("mark"),
            "style": " ".join(f'{k}="{v}"' for k, v in look.items() if k != "mark"),
        }
        for name, look in LOOKS.items()
    }
    return f"({own})({space}, {json.dumps({**data, 'looks': looks})})"
