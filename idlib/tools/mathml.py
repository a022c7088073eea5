"""Formulas as MathML, which browsers draw by themselves: no script, no fonts, no network.

Used for the slides and for the web site. MathML Core is in Chromium since 2023, and in Firefox
and Safari for longer; screen readers read it.
"""

import re

from ..errors import needing

with needing("site", "A formula"):
    from latex2mathml.converter import convert

__all__ = ["FONTS", "to_mathml"]

# Each system has one of these: macOS, Windows, Android, and what TeX or Debian install.
FONTS = (
    'math { font-family: "STIX Two Math", "Cambria Math", "Noto Sans Math", "Latin Modern Math", '
    '"DejaVu Math TeX Gyre", math; }'
)


def to_mathml(latex: str, display: bool = False) -> str:
    r"""A formula as MathML.

    Args:
        latex: the formula, without dollar signs.
        display: on a line of its own.

    >>> to_mathml("d").endswith("<mrow><mi>d</mi></mrow></math>")
    True
    >>> "ℝ" in to_mathml(r"\mathbb R^d") or "&#x0211D;" in to_mathml(r"\mathbb R^d")
    True
    """
    latex = re.sub(r"\\mathbb\s*([A-Z])", r"\\mathbb{\1}", latex)  # else drawn as a plain letter
    latex = re.sub(r"\\(log|ln)(_\d)?\s+(?=[\w\\])", r"\\\1\2\\,", latex)  # else set without a gap
    return convert(latex.strip(), display="block" if display else "inline")
