"""The web site: links hold, formulas are drawn, nothing is run, nothing comes from elsewhere."""

import html
import importlib
import json
import pkgutil
import re
import shutil
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import idlib
from idlib import IdlibError
from idlib.lessons.base.plots import figure, picture
from idlib.lessons.base.predictions import predict
from idlib.lessons.base.questions import question
from idlib.tools import api
from idlib.tools.pages import LEGIBLE, for_the_web
from idlib.tools.website import PAGES, _write_assets, make_site

SMALL = {"few": ("Few", "The `names` here.", ("idlib.errors", "idlib.engine.runs"))}

# MyST-Parser, and Sphinx's own napoleon, do what the next version of Sphinx calls otherwise
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*myst_parser.*is deprecated"),
    pytest.mark.filterwarnings("ignore:.*autodoc options objects is deprecated"),
]

README = "# The course\n\n| Notebook |\n| --- |\n| [01 One](notebooks/01_one.ipynb) |\n"
LESSON = r"""# One

With $\theta^d$ in it. Next: [the guide](instructor_guide.md).

<details><summary>Solution</summary>

```python
folded = 1
```

</details>"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with one notebook, and a page on two modules."""
    monkeypatch.setattr(api, "PAGES", SMALL)
    root = tmp_path / "repository"
    for page in (*PAGES, "notebooks/docs/how.md"):
        up = "../" * page.count("/")
        (root / page).parent.mkdir(parents=True, exist_ok=True)
        text = f"# A page\n\nTo the [front]({up}README.md).\n" if up else "# Help\n"
        (root / page).write_text(text, encoding="utf-8")
    (root / "README.md").write_text(README, encoding="utf-8")
    shown = new_output("execute_result", {"text/html": '<img alt="a curve" src="data:,">'})
    cells = [new_markdown_cell(LESSON), new_code_cell("1 / 0", outputs=[shown], execution_count=1)]
    python = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), root / "notebooks" / "01_one.ipynb")
    return root


def test_a_notebook_becomes_a_page_as_it_is_stored(root, tmp_path):
    front = make_site(root, tmp_path / "out")
    assert front == tmp_path / "out" / "index.html"
    page = (tmp_path / "out" / "notebooks" / "01_one.html").read_text(encoding="utf-8")
    assert "<math" in page and "$" not in page[page.index("<article") : page.index("</article")]
    assert 'alt="a curve"' in page and "ZeroDivisionError" not in page
    assert re.search(r"<details>.*folded.*</details>", page, re.S)
    assert 'href="instructor_guide.html"' in page
    for text in (page, front.read_text(encoding="utf-8")):
        assert not re.findall(
            r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"(?:https?:)?//", text
        )
        assert "01 One" in text


ADDRESS = "https://github.com/anna/course"


def links_of(page) -> dict[str, str]:
    """What the links below a page's title say and where they lead."""
    nav = re.search(r'<nav class="ways".*?</nav>', page.read_text(encoding="utf-8"), re.S)[0]
    found = re.findall(r'<a (?:download )?href="([^"]+)">(.*?)</a>', nav)
    return {text: address for address, text in found}


def test_without_an_address_a_page_leads_to_copies_that_lie_beside_it(root, tmp_path):
    out = make_site(root, tmp_path / "out").parent
    for page, text, source in (
        ("notebooks/01_one", "Download the notebook", "notebooks/01_one.ipynb"),
        ("notebooks/docs/how", "Source", "notebooks/docs/how.md"),
        ("index", "Source", "README.md"),
    ):
        ((said, address),) = links_of(out / f"{page}.html").items()
        copy = (out / f"{page}.html").parent / address
        assert said == text and copy.read_bytes() == (root / source).read_bytes()


@pytest.mark.parametrize("named", ["option", "pyproject"])
def test_with_an_address_a_notebook_can_be_run_elsewhere(root, tmp_path, named):
    if named == "pyproject":
        project = f'[project]\n[project.urls]\nHome = "https://a.org"\nCode = "{ADDRESS}.git"\n'
        (root / "pyproject.toml").write_text(project, encoding="utf-8")
    out = make_site(root, tmp_path / "out", ADDRESS if named == "option" else None).parent
    links = links_of(out / "notebooks" / "01_one.html")
    path = "notebooks/01_one.ipynb"
    assert links.pop("Download the notebook") == "01_one.ipynb"
    assert links == {
        "Open in Binder": f"https://mybinder.org/v2/gh/anna/course/HEAD?urlpath=lab/tree/{path}",
        "Open in Colab": f"https://colab.research.google.com/github/anna/course/blob/main/{path}",
        "Source": f"{ADDRESS}/blob/main/{path}",
    }
    assert links_of(out / "index.html") == {"Source": f"{ADDRESS}/blob/main/README.md"}


def test_an_address_that_is_no_repository_is_named(root, tmp_path):
    with pytest.raises(IdlibError, match=r"'https://github.com/anna' was given, expected"):
        make_site(root, tmp_path / "out", "https://github.com/anna")


def test_on_a_page_code_of_pictures_and_long_prints_are_folded_and_hints_left_out():
    def cell(source, **output):
        return new_code_cell(source, outputs=[new_output(**output)])

    shows = {"output_type": "execute_result"}
    hint = "<p><i>Static picture: run the notebook to use the controls.</i></p>"
    cells = [
        cell("print(1)", output_type="stream", text="1\n"),
        cell("print(2)", output_type="stream", text="2\n" * 30),
        cell("plots.a()", data={"text/html": "<img>"}, **shows),
        cell("widgets.A()", data={"text/html": f"<p>seen</p>{hint}"}, **shows),
        cell("widgets.L()", data={"text/html": hint, "text/plain": "LiveTraining(...)"}, **shows),
        cell("checks.a()", output_type="stream", text="Not yet: it is 1\nHint: 2\n"),
    ]
    shown = for_the_web(new_notebook(cells=cells)).cells
    assert [c.metadata.tags for c in shown] == [
        [], ["hide-output"], ["hide-input"], ["hide-input"], ["hide-input"], [],
    ]  # fmt: skip
    assert shown[3].outputs[0].data["text/html"] == "<p>seen</p>"
    assert "playground" in shown[4].outputs[0].data["text/html"]
    assert shown[5].outputs == []


def test_pictures_have_a_least_width_at_which_their_letters_are_legible():
    fig, _ = figure(9.2, 2)
    page = picture(fig, "Many > few.", "A caption.").data
    outputs = [new_output("execute_result", {"text/html": page})]
    cell = for_the_web(new_notebook(cells=[new_code_cell("", outputs=outputs)])).cells[0]
    box = r'<span class="idlib-picture" style="--narrowest:(\d+)px">(<img [^>]+>)</span>'
    narrowest, image = re.search(box, cell.outputs[0].data["text/html"]).groups()
    assert image in page
    assert int(narrowest) / 920 * 10 / 72 * 100 == pytest.approx(LEGIBLE, abs=0.05)  # ten points


def test_a_page_asks_predictions_and_quizzes_and_is_told_no_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("IDLIB_GUESSES", str(tmp_path))  # nobody has guessed yet

    def cell(plain, page):
        data = {"text/plain": plain, "text/html": page}
        return new_code_cell("", outputs=[new_output("display_data", data)])

    asked, _ = predict("mnist/lenet").form.outputs()
    cells = [
        cell(asked["text/plain"], asked["text/html"]),
        cell("Quiz of notebook 03", "<ol></ol>"),
    ]
    asks, quiz = (
        c.outputs[0].data["text/html"] for c in for_the_web(new_notebook(cells=cells)).cells
    )
    known, page = re.fullmatch(r'<div data-asked="(.*)">\n(.*)\n</div>', asks, re.S).groups()
    options = list(question("mnist/lenet").options)
    assert json.loads(html.unescape(known)) == {
        "name": "mnist/lenet", "kind": "options", "options": options,
    }  # fmt: skip
    assert page.startswith("<p><b>Predict.</b>") and page.endswith("</ul>")
    assert quiz == '<ol class="idlib-quiz"></ol>'


def test_the_script_that_asks_is_short_and_draws_curves_as_notebooks_do(tmp_path):
    _write_assets(tmp_path)
    script = (tmp_path / "guesses.js").read_text(encoding="utf-8")
    base, own = files("idlib.lessons.base"), files("idlib.tools") / "website_assets"
    curve, asks = ((f / n).read_text("utf-8") for f, n in ((base, "curve.js"), (own, "guesses.js")))
    assert curve.partition("export")[0] in script and asks in script and "export" not in script
    lines = asks.splitlines()
    assert len(lines) < 120 and max(map(len, lines)) <= 140
    assert ".idlib-curve" in (tmp_path / "site.css").read_text(encoding="utf-8")


def test_a_pages_way_to_the_readme_leads_to_the_front_page(root, tmp_path):
    front = make_site(root, tmp_path / "out")
    for name, way in {
        "notebooks/instructor_guide": "../index.html",
        "notebooks/docs/how": "../../index.html",
        "idlib/problems/pretrained/README": "../../../index.html",
    }.items():
        page = (tmp_path / "out" / f"{name}.html").read_text(encoding="utf-8")
        assert f'<a class="reference internal" href="{way}">' in page
        assert f'href="{name}.html"' in front.read_text(encoding="utf-8")


class TestAPI:
    @pytest.fixture
    def page(self, root, tmp_path):
        make_site(root, tmp_path / "out")
        text = (tmp_path / "out" / "api" / "few.html").read_text(encoding="utf-8")
        return text[text.index("<article") : text.index("</article")]

    def test_docstrings_become_a_page(self, page):
        words = " ".join(re.sub(r"<[^>]+>|¶", "", page).split())
        assert "exception IdlibError Bases: ValueError Bad input: the message says" in words
        assert "config: its names of task and model are not looked at." in words  # Args
        assert "loss_fn: Callable[[Tensor, Tensor], Tensor] = cross_entropy," in words
        assert "IMAGES With images. In 51 runs" in words  # a constant's comment
        assert 'href="#idlib.engine.runs.Problem"' in page  # from the type of an argument
        assert 'href="#idlib.engine.runs.patience_with"' in page  # from a docstring
        assert "predicted unnormalized logits" not in words.lower()  # torch's own docstring

    def test_signatures_are_no_lists_without_terms(self, page):
        signatures = re.findall(r'<dt class="sig .*?</dt>', page, re.S)
        assert len(signatures) > 10
        assert not [s for s in signatures if re.search(r"<d[ld]>", s)]
        assert sum('<span class="arguments">' in s for s in signatures) > 5

    def test_a_docstring_that_cannot_be_read_is_named(self, root, tmp_path, monkeypatch):
        monkeypatch.setattr(idlib.errors.IdlibError, "__doc__", "Of *this.")
        with pytest.raises(IdlibError, match=r"IdlibError.*emphasis"):
            make_site(root, tmp_path / "out")


def test_every_public_name_has_a_place_on_the_pages(tmp_path):
    api.write_pages(tmp_path)
    text = "\n".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    listed = [module for _, _, modules in api.PAGES.values() for module in modules]
    for package in ("idlib.engine", "idlib.problems"):
        folder = importlib.import_module(package).__path__
        names = {f"{package}.{m.name}" for m in pkgutil.iter_modules(folder) if not m.ispkg}
        assert names <= set(listed)
    places = re.findall(r"^\.\. auto(?:class|exception|function):: (.+)", text, re.M)
    things = []
    for place in places:
        module, _, name = place.rpartition(".")
        things.append(getattr(importlib.import_module(module), name))
    assert len(set(map(id, things))) == len(things) > 100  # each once
    constants = set(re.findall(r"^\.\. py:data:: (\w+)\n   :module: (.+)", text, re.M))
    for module in listed:
        for name in importlib.import_module(module).__all__:
            thing = getattr(importlib.import_module(module), name)
            assert thing in things if callable(thing) else (name, module) in constants


def test_a_broken_link_is_named(root, tmp_path):
    readme = root / "README.md"
    readme.write_text(f"{README}\n[gone](notebooks/99_gone.ipynb)\n", encoding="utf-8")
    with pytest.raises(IdlibError, match="99_gone"):
        make_site(root, tmp_path / "out")


@pytest.mark.parametrize("page", ["README.md", "notebooks/01_one.ipynb"])
def test_a_missing_page_is_named(root, tmp_path, page):
    (root / page).unlink()
    with pytest.raises(IdlibError, match=Path(page).name):
        make_site(root, tmp_path / "out")


def test_a_page_that_is_gone_from_the_sources_is_not_left(root, tmp_path):
    make_site(root, tmp_path / "out")
    shutil.move(root / "notebooks" / "01_one.ipynb", root / "notebooks" / "01_two.ipynb")
    (root / "README.md").write_text(README.replace("01_one", "01_two"), encoding="utf-8")
    make_site(root, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out" / "notebooks").glob("*.html")}
    assert names == {"01_two.html", "instructor_answers.html", "instructor_guide.html"}


def test_an_older_site_stays_where_there_are_no_sources(root, tmp_path):
    make_site(root, tmp_path / "out")
    with pytest.raises(IdlibError, match=r"README.md can't be read"):
        make_site(tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_folder_with_other_files_is_left_alone(root, tmp_path):
    with pytest.raises(IdlibError, match="other files"):
        make_site(root, root)
    assert (root / "README.md").is_file()
