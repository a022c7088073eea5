"""Slides: a heading each, no code, no solutions, nothing from the network."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from idlib import IdlibError
from idlib.tools.slides import deck, make_slides, render_markdown

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return make_slides(NOTEBOOKS, tmp_path_factory.mktemp("slides"))


def slides(*cells) -> str:
    page = deck(new_notebook(cells=list(cells)))
    return page[page.index('<div class="slides">') : page.index("<script>")]


def printed(text, source="print()", **metadata):
    output = new_output("stream", name="stdout", text=text)
    return new_code_cell(source, outputs=[output], metadata=metadata)


def test_every_heading_begins_a_slide():
    page = slides(new_markdown_cell("# A\n\none\n\n## B\n\ntwo"), new_markdown_cell("### C\n\nx"))
    assert re.findall(r"<section><h2>(.)", page) == ["A", "B", "C"]


def test_outputs_are_shown_and_code_is_not():
    page = slides(new_markdown_cell("# A"), printed("x < 3", source="hidden = 1"))
    assert "x &lt; 3" in page and "hidden" not in page


def test_solutions_exercise_outputs_and_tagged_cells_are_left_out():
    solution = "<details><summary>Solution</summary>\n\nsecret\n\n</details>"
    page = slides(
        new_markdown_cell(f"# A\n\nseen\n\n{solution}"),
        printed("left out", tags=["no-slide"]),
        new_markdown_cell("## Exercise 1\n\ndo it"),
        printed("Not yet"),
    )
    assert "seen" in page and "do it" in page
    for word in ("secret", "left out", "Not yet"):
        assert word not in page


def test_formulas_become_mathml():
    page = render_markdown(r"Let $\theta^D = P\,\theta^d$." + "\n\n$$\\frac{a}{b}$$")
    assert page.count("<math") == 2 and "$" not in page and "<mfrac>" in page


def test_a_link_to_a_notebook_leads_to_its_slides():
    page = render_markdown("[next](02_next.ipynb), [paper](https://a.org/b.ipynb)")
    assert 'href="02_next.slides.html"' in page and 'href="https://a.org/b.ipynb"' in page


def test_a_widget_is_cut_between_picture_and_table_and_a_question_is_not():
    def shown(page):
        return new_code_cell("x", outputs=[new_output("execute_result", {"text/html": page})])

    figure = "<figure><img alt='a' src='data:,'><figcaption>c</figcaption></figure>"
    page = slides(
        new_markdown_cell("# A"),
        shown(f"{figure}<table><tr><td>1</td></tr></table>"),
        shown("<p>Which?</p><ul><li>this</li></ul>"),
    )
    assert page.count('<div class="block">') == 3


def test_an_answer_stands_on_the_slide_after_its_question():
    def shown(page):
        return new_code_cell("x", outputs=[new_output("display_data", {"text/html": page})])

    def waits(page):
        summary = "<details><summary>Show the answer</summary>"
        return shown(f'<div class="idlib-waits a"><p hidden>…</p>{summary}{page}</details></div>')

    page = slides(
        new_markdown_cell("# A"),
        shown("<p><b>Predict.</b> Which?</p><ul><li>this</li></ul>"),
        waits("<figure><img alt='a' src='data:,'></figure>"),
        waits("<p>The answer: <b>this</b>.</p>"),
        new_markdown_cell("So."),
    )
    asked, answered = re.findall("<section>(.*?)</section>", page, re.S)
    assert "Which?" in asked and "The answer" not in asked and "<figure" not in asked
    assert "<figure" in answered and "<p>The answer: <b>this</b>.</p>" in answered
    assert "So." in answered and "<details" not in page


def test_every_picture_of_the_notebooks_is_in_the_slides_and_nothing_is_loaded(written):
    for path in written:
        page = path.read_text(encoding="utf-8")
        body = page[page.index('<div class="slides">') : page.rindex("<script>")]
        tags = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)  # no code
        assert not re.findall(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=[\"'](?!data:)", tags)
        style = page[: page.index("</head>")]
        assert "@import" not in style and not re.findall(r"url\((?![\"']?data:)", style)
        assert all(re.search(r"alt=[\"'][^\"']", img) for img in re.findall(r"<img[^>]*>", body))


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "x.ipynb").write_text("no", encoding="utf-8")
    with pytest.raises(IdlibError, match=r"x\.ipynb"):
        make_slides([tmp_path / "x.ipynb"], tmp_path)
