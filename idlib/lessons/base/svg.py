"""Figures as SVG for web pages: sharp at any size, text as text, in the colours of the page.

What a figure draws in black takes the page's text colour, what it draws in white the page's
background, and fonts are the page's. A `SubFigure` becomes an SVG of its own, so that panels lie
side by side on a desk and below one another on a phone (see `idlib.lessons.base.plots.panels`).
"""

import html
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure, FigureBase

from ...errors import IdlibError

__all__ = ["PAPER", "Stage", "to_svg"]

PAPER = "--idlib-paper: var(--jp-layout-color0, var(--color-background-primary, Canvas))"
"""Style of what holds a figure outside of explorers: white in it is the page's background."""

DPI = 72  # of matplotlib's SVG
PIXELS = 100 / DPI  # of the page, for a unit of SVG: figures are laid out at 100 dpi
LIKE_THE_PAGE = {
    "#000000": "currentColor",
    "#ffffff": "var(--idlib-paper, #fff)",
    "#555555": "currentColor; opacity: 0.75",
    "#8e3b6b": "color-mix(in srgb, #cc79a7 70%, currentColor)",
}
SETTINGS = {
    "svg.fonttype": "none",  # text as text
    "svg.hashsalt": "idlib",  # equal things have equal names, at each run
    "image.composite_image": False,  # pixels as they are
}


class Stage:
    """A figure that is drawn once, and what moves over it, drawn anew for each view.

    Args:
        fig: what stays; its axes keep their limits from now on.
    """

    def __init__(self, fig: Figure):
        self.fig = fig
        for ax in fig.axes:
            ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
        self._stays = _render(fig, [[part] for part in _parts(fig)])
        self._axes = [_axes_of(fig, part) for part in _parts(fig)]

    def to_svg(self, alts: Sequence[str], move: Callable[..., None]) -> str:
        """The figure with what `move` draws over it.

        Args:
            alts: alternative texts, one for each panel.
            move: is called with the figure's axes, and adds to them; what it added is taken away
                afterwards.
        """
        before = {artist for ax in self.fig.axes for artist in ax.get_children()}
        move(*self.fig.axes)
        fresh = [
            [a for ax in part.axes for a in ax.get_children() if a not in before]
            for part in _parts(self.fig)
        ]
        moves = _render(self.fig, fresh)
        for artist in (a for new in fresh for a in new):
            artist.remove()
        drawn = [
            f'{stays}\n<g class="idlib-moves" data-axes="{axes}">\n{moving}\n</g>'
            for stays, axes, moving in zip(self._stays, self._axes, moves, strict=True)
        ]
        return _wrapped(self.fig, drawn, alts)


def to_svg(fig: Figure, alts: Sequence[str]) -> str:
    """The figure as HTML: an SVG for each panel, with its alternative text.

    Args:
        fig: a figure, or one of `idlib.lessons.base.plots.panels`.
        alts: what each panel shows, in words.
    """
    return _wrapped(fig, _render(fig, [[part] for part in _parts(fig)]), alts)


def _parts(fig: Figure) -> list[FigureBase]:
    return list(fig.subfigs) or [fig]


def _axes_of(fig: Figure, part: FigureBase) -> str:
    """Where a point of the panel's axes lies in its SVG, at ``x0 + x * xs``, ``y0 + y * ys`` (of
    the logarithm to base ten, where an axis is logarithmic), and the place of the axes."""
    dpi, fig.dpi = fig.dpi, DPI
    ax, height = part.axes[0], fig.get_figheight() * DPI
    (x0, y0), (x1, y1) = ax.transLimits.inverted().transform([(0, 0), (1, 1)])
    box = ax.get_window_extent().frozen()
    fig.dpi = dpi
    xs, ys = box.width / (x1 - x0), -box.height / (y1 - y0)
    place = (box.x0, height - box.y1, box.width, box.height)
    numbers = (box.x0 - x0 * xs, xs, height - box.y0 - y0 * ys, ys, *place)
    return " ".join(f"{n:.6g}" for n in numbers)


def _render(fig: Figure, groups: Sequence[Sequence[Artist]]) -> list[str]:
    """The SVG elements of each group of artists."""
    dpi, size = fig.dpi, fig.get_size_inches() * DPI
    for image in (image for ax in fig.axes for image in ax.images):
        image.set_interpolation("none")
    found = []
    with rc_context(SETTINGS):
        try:
            fig.dpi = DPI
            for group in groups:
                buffer = io.StringIO()
                renderer = RendererSVG(*size, buffer, image_dpi=DPI)
                for artist in sorted(group, key=lambda a: a.get_zorder()):
                    artist.draw(renderer)
                renderer.finalize()
                found.append(_tidy(buffer.getvalue()))
        finally:
            fig.dpi = dpi
    return found


def _tidy(page: str) -> str:
    """The elements of an SVG file, one a line, as a page likes them."""
    body = page[page.index("</defs>") + len("</defs>") : page.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r"\s*\n\s*(?=[^<\s])", " ", body)  # paths in one line
    body = re.sub(r"<[^>]+>", lambda tag: _tidy_tag(tag[0]), body)
    body = "\n".join(_flat(body.splitlines()))
    used = set(re.findall(r"#([\w-]+)", body))
    return re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", body)


def _flat(lines: Iterable[str]) -> Iterator[str]:
    """The lines without groups that group nothing."""
    kept = []
    for line in (line.strip() for line in lines):
        if line.startswith("<g"):
            kept.append("clip-path" in line or "transform" in line)
        if line and (line[:2] != "<g" or kept[-1]) and (line != "</g>" or kept.pop()):
            yield line


def _tidy_tag(tag: str) -> str:
    tag = re.sub(r"\d+\.\d{3,}", lambda number: f"{round(float(number[0]), 2):g}", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*"', "", tag)
    tag = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", tag)
    tag = re.sub(r"\bfont-family: [^;\"]*;? ?", "", tag)
    for color, like in LIKE_THE_PAGE.items():
        tag = tag.replace(color, like)
    if tag.startswith("<image"):
        tag = re.sub(r"\s+", " ", tag).replace("<image", '<image style="image-rendering:pixelated"')
    return tag.replace("xlink:href", "href").replace(" z\n", "z")


def _wrapped(fig: Figure, drawn: Sequence[str], alts: Sequence[str]) -> str:
    parts = _parts(fig)
    if len(alts) != len(parts):
        raise IdlibError(
            f"{len(alts)} alternative texts were given, expected {len(parts)}, one for each panel."
        )
    height = fig.get_figheight() * DPI
    pages = []
    for part, body, alt in zip(parts, drawn, alts, strict=True):
        dpi, fig.dpi = fig.dpi, DPI
        box = part.bbox.frozen()
        fig.dpi = dpi
        view = f"{box.x0:.5g} {height - box.y1:.5g} {box.width:.5g} {box.height:.5g}"
        pages.append(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" '
            f'width="{box.width * PIXELS:.0f}" height="{box.height * PIXELS:.0f}" '
            f'style="max-width:{box.width * PIXELS:.0f}px" '
            f'fill="currentColor" font-family="sans-serif" stroke-linejoin="round" role="img" '
            f'aria-label="{html.escape(alt, quote=True)}">\n{body}\n</svg>'
        )
    return '<div class="idlib-panels">\n' + "\n".join(pages) + "\n</div>"
