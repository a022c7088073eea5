"""Notebooks as pages without a kernel: what makes no sense there is left out, what is long is
folded, pictures stay legible, and each page leads to its source and to where it can be run."""

import html
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import quote

from nbformat import NotebookNode

from ..errors import IdlibError
from ..lessons.base.questions import question

__all__ = ["LEGIBLE", "for_the_web", "repository_of", "ways", "without_kernel"]

LONG = 15  # lines of printed output, above which it is folded
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
PROMPTS = {  # of what is folded
    "hide-input": ("Show code", "Hide code"),
    "hide-output": ("Show what it prints", "Hide what it prints"),
}
LEGIBLE = 8.5  # pixels of letters, below which a picture is scrolled rather than shrunk
PICTURE = re.compile(r'<img [^>]*width="(\d+)" data-letters="([\d.]+)"[^>]*>')
ASKED = re.compile(r"Prediction\('(.+)'\)")
LIVE = (
    '<p>This trains where the notebook is run. Here trains the <a href="../index.html#playground">'
    "playground</a>: a small network, on real digits, in the page itself.</p>"
)


def without_kernel(page: str) -> str:
    """The HTML of an output without what is meant for whoever can run the cell."""
    page = re.sub(r"<p><i>(?:Static picture:|Run this cell).*?</i></p>", "", page)
    asleep = re.fullmatch(r'<div class="idlib-asleep">(.*)</div>\s*<style>.*</style>', page, re.S)
    return asleep[1].strip() if asleep else page


def _legible(page: str) -> str:
    """The HTML of an output, each of its pictures in a box that scrolls sideways where the screen
    is so narrow that letters would be too small."""

    def box(picture: re.Match) -> str:
        narrowest = round(int(picture[1]) * LEGIBLE / float(picture[2]))
        return f'<span class="idlib-picture" style="--narrowest:{narrowest}px">{picture[0]}</span>'

    return PICTURE.sub(box, page)


def _with_form(page: str, name: str) -> str:
    """The HTML of a question, with what the page needs to know to ask it (`guesses.js`)."""
    asked = question(name)
    fields = {"options": asked.options, "between": asked.between}
    fields["curve"] = asked.curve and vars(asked.curve)
    kind = next(kind for kind, field in fields.items() if field)
    known = json.dumps({"name": name, "kind": kind, kind: fields[kind]})
    return f'<div data-asked="{html.escape(known)}">\n{page}\n</div>'


def for_the_web(notebook: NotebookNode) -> NotebookNode:
    """Folds, in place, the code of pictures and explorers, and long prints; drops hints on
    exercises that nobody has tried, and live training; keeps pictures legible on a phone; has
    predictions and quizzes asked by the page; returns the notebook."""
    for cell in (c for c in notebook.cells if c.cell_type == "code"):
        cell.outputs = [o for o in cell.outputs if not o.get("text", "").startswith("Not yet")]
        pages = [o.data for o in cell.outputs if "text/html" in o.get("data", {})]
        for data in pages:
            name, page = data.get("text/plain", ""), data["text/html"]
            if 'class="idlib-explorer"' not in page:
                page = LIVE if name.startswith("Live") else _legible(without_kernel(page))
            if asked := ASKED.fullmatch(name):
                page = _with_form(page, asked[1])
            if name.startswith("Quiz"):
                page = page.replace("<ol>", '<ol class="idlib-quiz">', 1)
            data["text/html"] = page
        printed = sum(o.get("text", "").count("\n") for o in cell.outputs)
        folds = {"hide-input": bool(pages), "hide-output": printed > LONG}
        tags = [*cell.metadata.get("tags", []), *(tag for tag, fold in folds.items() if fold)]
        cell.metadata["tags"] = tags
        if tags and tags[-1] in PROMPTS:
            show, hide = PROMPTS[tags[-1]]
            cell.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide}
    return notebook


def repository_of(root: Path, given: str | None = None) -> str:
    """Owner and name of the repository on GitHub; empty where none is known.

    Args:
        root: a clone, whose pyproject.toml may name its address.
        given: the address, if it is known otherwise.

    Raises:
        IdlibError: if the address that is given is no repository's.
    """
    if given:
        if not (match := GITHUB.match(given)):
            raise IdlibError(
                f"The repository {given!r} was given, expected https://github.com/OWNER/NAME."
            )
        return match[1]
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError):
        return ""
    found = map(GITHUB.match, project.get("urls", {}).values())
    return next((match[1] for match in found if match), "")


def ways(source: str, copy: str, repository: str) -> str:
    """Links below the title of a page: to download or run it, if it is a notebook, and to its
    source.

    Args:
        source: its path in the repository.
        copy: the address of a copy that lies beside the page.
        repository: its owner and name on GitHub; empty where they aren't known.
    """
    path, links = quote(source), []
    if source.endswith(".ipynb"):
        links.append(f'<a download href="{copy}">Download the notebook</a>')
    elif not repository:
        links.append(f'<a href="{copy}">Source</a>')
    if repository:
        links.append(f'<a href="https://github.com/{repository}/blob/main/{path}">Source</a>')
    if repository and source.endswith(".ipynb"):
        binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{path}"
        colab = f"https://colab.research.google.com/github/{repository}/blob/main/{path}"
        install = f"%pip install 'idlib[course,language] @ git+https://github.com/{repository}'"
        links += [
            f'<a href="{binder}">Open in Binder</a>',
            f'<a href="{colab}">Open in Colab</a> (there first run '
            f"<code>{html.escape(install, quote=False)}</code>)",
        ]
    items = "".join(f"<li>{link}</li>" for link in links)
    return f'<nav class="ways" aria-label="Of this page"><ul>{items}</ul></nav>'
