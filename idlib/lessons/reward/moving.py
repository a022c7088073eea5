"""A cart and its pole as SVG, standing in a row of moments or moving."""

import html
from collections.abc import Sequence

import numpy as np

__all__ = ["cart_svg"]

METRE = 75.0  # units of the picture
WIDTH, HEIGHT, RAIL = 390, 130, 100
POLE = 1.0  # m
TICK = 0.02  # s, of a step
EVERY = 5  # steps between two moments of the animation
HOLD = 10  # moments at the end of it, on which it rests
BLUE, RED = "#0072B2", "#D55E00"  # Okabe and Ito


def cart_svg(states: np.ndarray, moving: bool, alt: str, fell: bool) -> str:
    """An episode as a picture: its first moment and each second after it, paler the older; or an
    animation of all of it, over and over.

    Args:
        states: shape (T, 4), metres and radians in the first and the third column.
        moving: whether it moves.
        alt: what is to be seen, in words.
        fell: whether the episode ended because the pole fell or the cart left.
    """
    color = RED if fell else BLUE
    drawn = _animated(states, color) if moving else _moments(states, color)
    edges = "".join(
        f'<line x1="{_x(e):.0f}" y1="{RAIL - 14}" x2="{_x(e):.0f}" y2="{RAIL + 4}" '
        'stroke="currentColor" stroke-dasharray="3 3"/>'
        for e in (-2.4, 2.4)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" style="max-width:100%;height:auto" fill="currentColor" role="img" '
        f'aria-label="{html.escape(alt, quote=True)}">\n'
        f'<line x1="0" y1="{RAIL}" x2="{WIDTH}" y2="{RAIL}" stroke="currentColor"/>\n{edges}\n'
        f"{drawn}\n</svg>"
    )


def _x(metres: float) -> float:
    return WIDTH / 2 + METRE * metres


def _moments(states: np.ndarray, color: str) -> str:
    """A cart for each second, and for the last step."""
    at = [*range(0, len(states), round(1 / TICK)), len(states) - 1]
    pale = [0.15 + 0.85 * (k + 1) / len(at) for k in range(len(at))]
    return "\n".join(
        f'<g transform="translate({_x(x):.1f} {RAIL})" opacity="{pale[k]:.2f}">{_cart()}'
        f'<g transform="rotate({angle:.1f})">{_pole(color)}</g></g>'
        for k, (x, angle) in enumerate(_places(states, at))
    )


def _animated(states: np.ndarray, color: str) -> str:
    at = [*range(0, len(states), EVERY), *[len(states) - 1] * HOLD]
    places = _places(states, at)
    shifts = ";".join(f"{_x(x):.1f} {RAIL}" for x, _ in places)
    turns = ";".join(f"{angle:.1f}" for _, angle in places)
    seconds = f"{len(at) * EVERY * TICK:.1f}s"
    return (
        f'<g transform="translate({shifts.split(";")[0]})">{_move("translate", shifts, seconds)}'
        f'{_cart()}<g transform="rotate({turns.split(";")[0]})">'
        f"{_move('rotate', turns, seconds)}{_pole(color)}</g></g>"
    )


def _move(kind: str, values: str, seconds: str) -> str:
    return (
        f'<animateTransform attributeName="transform" type="{kind}" values="{values}" '
        f'dur="{seconds}" repeatCount="indefinite"/>'
    )


def _places(states: np.ndarray, at: Sequence[int]) -> list[tuple[float, float]]:
    """Position in metres and angle in degrees, to the right of upright, at some steps."""
    return [(float(states[t, 0]), float(np.degrees(states[t, 2]))) for t in at]


def _cart() -> str:
    return '<rect x="-19" y="-14" width="38" height="14" rx="3"/>'


def _pole(color: str) -> str:
    size = f'y="{-METRE * POLE - 10:.0f}" width="6" height="{METRE * POLE:.0f}"'
    return f'<rect x="-3" {size} rx="3" fill="{color}"/>'
