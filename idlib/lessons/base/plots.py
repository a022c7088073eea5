"""Figures: one look for all, with alternative text, drawn without pyplot.

A drawing function takes numbers and returns a `matplotlib.figure.Figure`; `picture` turns it
into HTML that keeps its alternative text in JupyterLab and on the web.
"""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from IPython.display import HTML
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

__all__ = [
    "COLORS",
    "SHADES",
    "figure",
    "layer_label",
    "mark_guess",
    "panels",
    "picture",
    "pixels",
    "strip",
    "to_html",
    "training_curve",
]

# Okabe and Ito's palette, told apart by colour-blind readers as well.
COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
    "grey": "#8A8A8A",
}
SHADES = np.linspace(255, 0, 16).round().astype(np.uint8)[:, None].repeat(3, 1)  # white to black
SIGNS = (colormaps["RdBu"](np.linspace(0, 1, 15))[:, :3] * 255).round().astype(np.uint8)
SIDE = 56  # pixels of the page, of a small picture
Points = Sequence[tuple[float, float]]
GUESS = "#8E3B6B"  # the palette's purple, darker, to stand out from the data


def figure(
    width: float = 7.0, height: float = 3.6, layout: str | None = "constrained", **grid
) -> tuple[Figure, Axes]:
    """A figure of that many inches, and its axes (an array of them for ``ncols`` or ``nrows``).

    Slides show it with letters of 18 pixels: it is at most 9.2 inches wide and 4 high, and its
    letters, ten points unless they are told otherwise, are no smaller. A slider draws faster with
    ``layout=None`` and margins given by ``fig.subplots_adjust``.
    """
    fig = Figure(figsize=(width, height), dpi=100, layout=layout)
    axes = fig.subplots(**grid)
    for ax in np.atleast_1d(axes).flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25, linewidth=0.6)
    return fig, axes


def panels(widths: Sequence[float], height: float = 3.6, **grid) -> tuple[Figure, list[Axes]]:
    """A figure of panels side by side, each a figure of its own where it becomes SVG, so that they
    stack on a phone; their axes.

    Args:
        widths: inches of each panel, at most 4.5 to be legible on a phone.
        height: inches.
        grid: how to lay out each panel, as `subplots_adjust` takes it.
    """
    fig = Figure(figsize=(sum(widths), height), dpi=100)
    parts = fig.subfigures(ncols=len(widths), width_ratios=widths, wspace=0, squeeze=False)
    axes = []
    for part in parts.flat:
        ax = part.subplots()
        part.subplots_adjust(**{"left": 0.15, "right": 0.97, "bottom": 0.15, "top": 0.9, **grid})
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25, linewidth=0.6)
        axes.append(ax)
    return fig, axes


def mark_guess(ax: Axes, guess: float | str | Points, axis: str) -> str:
    """A dotted line at the reader's guess, in place of one that is there; at the edge where it
    lies beyond the axis. A curve is drawn as it is.

    Args:
        ax: the plot; its limits stay.
        guess: a number, the label of a tick, or the points of a curve.
        axis: "x" or "y"; a curve needs none.

    Returns:
        What to say of the line in a caption; nothing if the guess has no place on that axis.
    """
    gid = "guess" if isinstance(guess, float | int | str) else "guessed curve"
    for line in [line for line in ax.lines if line.get_gid() == gid]:
        line.remove()
    style: dict = {"linestyle": (0, (1, 1)), "linewidth": 3, "zorder": 4, "color": GUESS}
    if not isinstance(guess, float | int | str):
        limits = {"xlim": ax.get_xlim(), "ylim": ax.get_ylim()}
        ax.plot(*zip(*guess, strict=True), gid=gid, **style)
        ax.set(**limits)
        return "the dotted curve"
    x = axis == "x"
    low, high = sorted(ax.get_xlim() if x else ax.get_ylim())
    ticks = ax.get_xticklabels() if x else ax.get_yticklabels()
    places = {tick.get_text(): tick.get_position()[0 if x else 1] for tick in ticks}
    try:
        at = places[guess] if guess in places else float(guess)
    except ValueError:
        return ""
    draw, inside = ax.axvline if x else ax.axhline, min(max(at, low), high)
    draw(inside, gid=gid, clip_on=False, **style)
    return (
        "the dotted line" if at == inside else "beyond the axis, hence the dotted line at its end"
    )


def to_html(fig: Figure, alt: str, caption: str = "") -> str:
    """The figure as an HTML image with alternative text, and below it the caption and the figure's
    label: where recorded results come from. Each of `panels` is an image of its own.

    The size of the smallest letters, in pixels of the page, is kept with the images: slides show
    them so large that these can be read.
    """
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    whole = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    images, letters = [], _letters(fig)
    for k, part in enumerate(fig.subfigs or [fig], 1):
        box = (round(part.bbox.x0), 0, round(part.bbox.x1), whole.height)
        said = f"Panel {k} of it." if k > 1 else alt
        images.append(_image(whole.crop(box), said, letters))
    source = f"<small>{fig.get_label()}.</small>" if fig.get_label() else ""
    below = "<br>".join(filter(None, (caption, source)))
    if below:
        below = f'<figcaption style="max-width:{whole.width}px">{below}</figcaption>'
    return f'<figure style="margin:0">{"".join(images)}{below}</figure>'


def _image(picture: Image.Image, alt: str, letters: float) -> str:
    buffer = io.BytesIO()
    # 128 colours are enough for a drawing, and make its file a third as large
    picture.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img alt="{html.escape(alt, quote=True)}" width="{picture.width}" '
        f'data-letters="{letters:.1f}" style="max-width:100%" src="data:image/png;base64,{data}">'
    )


def _letters(fig: Figure) -> float:
    """Pixels of the page, of the smallest text in a figure; indices are smaller, as in formulas."""
    texts = [t for t in fig.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return min(t.get_fontsize() for t in texts) * fig.dpi / 72


def picture(fig: Figure, alt: str, caption: str) -> HTML:
    """What a notebook cell returns to show a figure.

    Args:
        fig: the figure.
        alt: what the picture shows, in words, for those who can't see it.
        caption: what to look at; may hold HTML.
    """
    return HTML(to_html(fig, alt, caption))


def strip(arrays: Sequence[np.ndarray], alt: str) -> str:
    """Matrices side by side in one small picture, as HTML: zero is white, the signs red and blue.

    Args:
        arrays: all of one shape (height, width), each on a scale of its own.
        alt: what the picture shows, in words.
    """
    scaled = [0.5 + a / (2 * max(float(np.abs(a).max()), 1e-9)) for a in arrays]
    height, width = arrays[0].shape
    gaps = ((0, 0), (1, 1)) if width > 10 else ((0, 0), (0, 1))
    row = np.concatenate([np.pad(a, gaps, constant_values=0.5) for a in scaled], axis=1)
    return (
        f'<img alt="{html.escape(alt, quote=True)}" width="{round(SIDE * row.shape[1] / height)}" '
        f'style="image-rendering:pixelated;max-width:100%;height:auto" src="{pixels(row, SIGNS)}">'
    )


def pixels(values: np.ndarray, colors: np.ndarray) -> str:
    """Values from 0 to 1 as the source of an image of few colours, which is small.

    Args:
        values: (height, width); those outside are taken to the nearer end.
        colors: (at most 16, 3), from that of 0 to that of 1, such as `SHADES`.
    """
    places = np.rint(np.clip(values, 0, 1) * (len(colors) - 1)).astype(np.uint8)
    picture, buffer = Image.frombytes("P", places.shape[::-1], places.tobytes()), io.BytesIO()
    picture.putpalette(colors.tobytes())
    picture.save(buffer, "PNG", bits=4)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def layer_label(layer: str) -> str:
    """The end of a layer's name, for an axis.

    >>> layer_label("network.roberta.encoder.layer.3"), layer_label("network.classifier")
    ('block 3', 'classifier')
    """
    last = layer.split(".")[-1]
    return f"block {last}" if last.isdigit() else last


def training_curve(
    steps: Sequence[int], scores: Sequence[float], total: int, threshold: float = 0.9
) -> Figure:
    """Test accuracy while training goes on, and a dashed line at the threshold."""
    fig, ax = figure(6.0, 2.6, layout=None)
    fig.subplots_adjust(left=0.1, right=0.96, bottom=0.2, top=0.95)
    ax.plot(steps, scores, color=COLORS["blue"], marker="o", markersize=3)
    ax.axhline(threshold, color=COLORS["black"], linestyle="--", linewidth=1)
    ax.annotate(f"{threshold:.2f}", (0, threshold), xytext=(2, 3), textcoords="offset points")
    ax.set(xlim=(0, total), ylim=(0, 1.02), xlabel="training step", ylabel="test accuracy")
    return fig
