"""The course as a web site, to be read without a kernel: ``python -m idlib site``.

Sphinx makes it, which the slides' reveal.js brings along, with MyST-NB to read notebooks (nothing
is run, their stored outputs are shown: of a widget, its static picture), autodoc to read docstrings
(`idlib.tools.api`) and the theme Furo.
Jupyter Book 1 is these same parts behind one more configuration file, and version 2 needs Node.js.

A page loads nothing from elsewhere: scripts and styles lie beside it, fonts are the system's,
pictures are inside, and formulas are MathML. It can be read from a disk or a stick.
"""

import gc
import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import IdlibError, needing, no_write_to
from . import api, notebooks
from .mathml import FONTS, to_mathml
from .pages import for_the_web, repository_of, ways
from .playground import add_playground, write_playground

with needing("site", "The web site"):
    import nbformat
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

__all__ = ["make_site"]

DOCS = "notebooks/docs/*.md"  # beside the notebooks, so that both are read in one place
DOOR = "/for_"  # in the names of those that say where to begin
PAGES = (
    "notebooks/instructor_guide.md",
    "notebooks/instructor_answers.md",
    "idlib/problems/mnist/README.md",
    "idlib/problems/pretrained/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
LESSON = re.compile(r"^\| \[(.+?)\]\((notebooks/.+?)\.ipynb\)", re.M)  # a row of README's table
SETTINGS = {
    "language": "en",
    "extensions": [
        "myst_nb",
        "sphinx.ext.autodoc",
        "sphinx.ext.napoleon",
        "idlib.tools.website",
    ],
    "default_role": "py:obj",  # `name` in a docstring: a link where there is such a page
    "add_module_names": False,
    "autodoc_inherit_docstrings": False,  # what is said of torch's methods stands in torch's docs
    "autodoc_preserve_defaults": True,
    "python_maximum_signature_line_length": 60,
    "toc_object_entries_show_parents": "hide",
    "nb_execution_mode": "off",
    "nb_render_markdown_format": "gfm",  # tables, as JupyterLab knows them
    "myst_enable_extensions": ["dollarmath"],
    "myst_dmath_allow_labels": False,  # else what follows a formula in parentheses is lost
    "myst_heading_anchors": 3,
    "smartquotes": False,  # as written
    "highlight_language": "none",
    "html_theme": "furo",
    "html_math_renderer": "mathml",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_js_files": ["site.js", ("guesses.js", {"defer": "defer"})],
    "html_favicon": "_static/favicon.svg",
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_use_index": False,
}


def make_site(
    root: str | os.PathLike, folder: str | os.PathLike, repository: str | None = None
) -> Path:
    """Writes the site: README as the front page, its table of notebooks as the navigation.

    Args:
        root: the repository, with README.md and the notebooks, whose outputs are stored.
        folder: where the site goes; made if it is not there, emptied if it holds an older site.
        repository: its address on GitHub, for links to where a notebook can be run; that of
            pyproject.toml, if it names one.

    Returns:
        The front page.

    Raises:
        IdlibError: if a page is missing or holds a broken link, naming them; if the folder holds
            anything but a site.
    """
    root, folder, complaints = Path(root), Path(folder).resolve(), io.StringIO()
    if folder.is_dir() and any(folder.iterdir()) and not (folder / ".buildinfo").is_file():
        raise IdlibError(f"{folder} holds other files than a site: name an empty folder.")
    with TemporaryDirectory() as source, docutils_namespace(), _not_collecting():
        title, sources = _gather(root, Path(source))
        with no_write_to(folder):
            if folder.is_dir():
                shutil.rmtree(folder)
            folder.mkdir(parents=True)
        settings = {
            **SETTINGS, "project": title, "html_title": title, "idlib_sources": sources,
            "idlib_repository": repository_of(root, repository),
        }  # fmt: skip
        site = Sphinx(
            source, None, folder, Path(source, ".doctrees"), "html", settings, None, complaints
        )
        site.build()
    for path in sources.values():  # to be downloaded
        shutil.copy(root / path, folder / path)
    faults = re.sub(r"\x1b\[[\d;]*m", "", complaints.getvalue())  # without colours
    if faults:
        raise IdlibError(f"the site has faults, to be mended in its sources:\n{faults}")
    return folder / "index.html"


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Without the search for cycles of objects, which finds all pages alive, again and again, and
    takes a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def setup(app: Sphinx) -> dict:
    """Makes this module a Sphinx extension, which draws formulas and lists of arguments."""
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
    app.connect("doctree-read", _colons)
    app.add_config_value("idlib_sources", {}, "html")
    app.add_config_value("idlib_repository", "", "html")
    app.connect("html-page-context", _arguments)
    app.connect("html-page-context", _ways)
    app.connect("autodoc-process-signature", api.by_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _gather(root: Path, source: Path) -> tuple[str, dict[str, str]]:
    """Copies the sources, laid out as in the repository, so that links hold; returns the title,
    and the path of each page's source."""
    try:
        readme = (root / "README.md").read_text(encoding="utf-8")
        lessons = LESSON.findall(readme)
        docs = [p.relative_to(root).as_posix() for p in sorted(root.glob(DOCS))]
        for page in [*PAGES, *docs, *(f"{name}.ipynb" for _, name in lessons)]:
            (source / page).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / page, source / page)
    except OSError as error:
        raise IdlibError(
            f"{error.filename} can't be read: run this in a clone of the repository."
        ) from error
    for notebook in (source / f"{name}.ipynb" for _, name in lessons):
        shown = for_the_web(notebooks.read(notebook)[1])
        notebook.write_text(nbformat.writes(shown), encoding="utf-8")
    for page in (source / name for name in (*PAGES, *docs)):
        text = re.sub(r"\(((?:\.\./)+)README\.md", r"(\1index.md", page.read_text(encoding="utf-8"))
        page.write_text(text, encoding="utf-8")
    navigation = [
        _navigation("Notebooks", (f"{label} <{name}>" for label, name in lessons)),
        _navigation("Where to begin", (n.removesuffix(".md") for n in docs if DOOR in n)),
        _navigation("How to", (n.removesuffix(".md") for n in docs if DOOR not in n)),
        _navigation("API", (f"api/{name}" for name in api.write_pages(source / "api"))),
        _navigation("Further pages", (name.removesuffix(".md") for name in PAGES)),
    ]
    front = "\n".join([add_playground(readme), *navigation])
    (source / "index.md").write_text(front, encoding="utf-8")
    static = source / "_static"
    static.mkdir()
    _write_assets(static)
    write_playground(static)
    texts = [*PAGES, *docs, *(f"{name}.ipynb" for _, name in lessons)]
    sources = {text.rpartition(".")[0]: text for text in texts} | {"index": "README.md"}
    return re.match("# (.+)", readme)[1], sources


def _write_assets(static: Path) -> None:
    """Styles and scripts of all pages; curves are drawn by the script that notebooks have."""
    own, base = files("idlib.tools") / "website_assets", files("idlib.lessons.base")
    style, guesses, curve_style, curve = (
        path.read_text(encoding="utf-8")
        for path in (own / "site.css", own / "guesses.js", base / "curve.css", base / "curve.js")
    )
    (static / "site.css").write_text(f"{FONTS}\n{style}\n{curve_style}", encoding="utf-8")
    script = f"(() => {{\n{curve.replace('export default { render };', '')}\n{guesses}\n}})();\n"
    (static / "guesses.js").write_text(script, encoding="utf-8")
    for name in ("site.js", "favicon.svg"):
        (static / name).write_bytes((own / name).read_bytes())


def _navigation(caption: str, entries) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])


def _colons(app: Sphinx, page: nodes.document) -> None:
    """A colon behind the name of an argument, in place of two hyphens."""
    for text in [text for text in page.findall(nodes.Text) if text == " -- "]:
        text.parent.replace(text, nodes.Text(": "))


def _arguments(app: Sphinx, name: str, template: str, context: dict, page) -> None:
    """A signature's lines as blocks: Sphinx writes a list of definitions without any term."""
    blocks = {"<dl>": '<span class="arguments">', "</dl>": "</span>", "<dd>": "<span>"}
    blocks["</dd>"] = "</span>"
    context["body"] = re.sub(
        r'<dt class="sig .*?</dt>',
        lambda signature: re.sub(r"</?d[ld]>", lambda tag: blocks[tag[0]], signature[0]),
        context.get("body", ""),
        flags=re.S,
    )


def _ways(app: Sphinx, name: str, template: str, context: dict, page) -> None:
    """Links below the title: to download or run a page, and to its source."""
    if source := app.config.idlib_sources.get(name):
        links = ways(source, context["pathto"](source, 1), app.config.idlib_repository)
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{links}", 1)


def _inline_math(translator, node) -> None:
    translator.body.append(to_mathml(node.astext()))
    raise nodes.SkipNode


def _block_math(translator, node) -> None:
    translator.body.append(f'<div class="formula">{to_mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode
