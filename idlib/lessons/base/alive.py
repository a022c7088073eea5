"""A slider that shows whether widgets work at all."""

from .panels import SliderPanel

__all__ = ["alive"]


def alive() -> SliderPanel:
    """A slider for d, and a line of text that Python writes anew for each value."""
    return SliderPanel(
        "d", range(1, 101), lambda d: f"Python received d = {d}.", value=10, height="30px"
    )
