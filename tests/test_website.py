"""The web site: links hold, formulas are drawn, nothing is run, nothing comes from elsewhere."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from idlib import IdlibError
from idlib.tools.website import PAGES, make_site

# MyST-Parser does what the next version of Sphinx calls otherwise
pytestmark = pytest.mark.filterwarnings("ignore:.*myst_parser.*is deprecated")

README = "# The course\n\n| Notebook |\n| --- |\n| [01 One](notebooks/01_one.ipynb) |\n"
LESSON = r"""# One

With $\theta^d$ in it. Next: [the guide](instructor_guide.md).

<details><summary>Solution</summary>

```python
folded = 1
```

</details>"""


@pytest.fixture
def root(tmp_path):
    """A repository with one notebook."""
    root = tmp_path / "repository"
    for page in PAGES:
        (root / page).parent.mkdir(parents=True, exist_ok=True)
        (root / page).write_text("# A page\n\nTo the [front](../README.md).\n", encoding="utf-8")
    (root / "CONTRIBUTING.md").write_text("# Help\n", encoding="utf-8")
    (root / "idlib" / "pretrained" / "README.md").write_text("# Models\n", encoding="utf-8")
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


def test_the_guides_way_to_the_readme_leads_to_the_front_page(root, tmp_path):
    make_site(root, tmp_path / "out")
    page = (tmp_path / "out" / "notebooks" / "instructor_guide.html").read_text(encoding="utf-8")
    assert 'href="../index.html"' in page


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
    names = {path.name for path in (tmp_path / "out" / "notebooks").iterdir()}
    assert names == {"01_two.html", "instructor_guide.html"}


def test_an_older_site_stays_where_there_are_no_sources(root, tmp_path):
    make_site(root, tmp_path / "out")
    with pytest.raises(IdlibError, match=r"README.md can't be read"):
        make_site(tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_folder_with_other_files_is_left_alone(root, tmp_path):
    with pytest.raises(IdlibError, match="other files"):
        make_site(root, root)
    assert (root / "README.md").is_file()
