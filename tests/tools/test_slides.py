"""Slides: one claim or picture each, in steps; no code, no solutions, nothing from the network."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from idlib import IdlibError
from idlib.tools.lecture import Slide, lecture
from idlib.tools.slides import make_slides, render_markdown

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return make_slides(NOTEBOOKS, tmp_path_factory.mktemp("slides"))


def slides(*cells) -> list[Slide]:
    return lecture(new_notebook(cells=list(cells)), render_markdown, "**Say.** For the speaker.")


def seen(slide: Slide) -> str:
    """All that a slide shows, step by step."""
    return " | ".join(block for block, _ in slide.blocks)


def printed(text, source="print()", **metadata):
    output = new_output("stream", name="stdout", text=text)
    return new_code_cell(source, outputs=[output], metadata=metadata)


def shown(page):
    return new_code_cell("x", outputs=[new_output("display_data", {"text/html": page})])


def waits(page):
    """As `idlib.lessons.base.reveals` stores what waits for a guess."""
    folded = f"<details><summary>Show the answer</summary>\n{page}\n</details>\n</div>"
    return shown(f'<div class="idlib-waits a">\n<p hidden>It waits.</p>\n{folded}')


ASKED = shown("<p><b>Predict.</b> Which?</p><ul><li>this</li><li>that</li></ul>")
FIGURE = "<figure><img alt='a' src='data:,'><figcaption>c</figcaption></figure>"


def test_a_title_asks_and_a_heading_claims():
    title, claim = slides(
        new_markdown_cell("# A\n\n**Question.** How many?\n\n**Minutes.** 5"),
        new_markdown_cell("## B\n\nTen. So say Li et al. (2018). Nobody reads this aloud."),
    )
    assert title.kind == "title" and seen(title) == "<p>How many?</p>"
    assert seen(claim) == "<p>Ten. So say Li et al. (2018).</p>"
    assert "Nobody reads" in claim.notes[0] and "Minutes" in title.notes[0]
    assert "For the speaker." in title.notes[-1]


def test_items_come_one_by_one_and_formulas_whole():
    (slide,) = slides(new_markdown_cell("# A\n\nTwo:\n\n1. one. More.\n2. two\n\n$$x. Y$$"))
    steps = [step for _, step in slide.blocks]
    assert steps == [False, True, True, True]
    assert '<ol start="2"><li>two</li></ol>' in seen(slide) and "<math" in seen(slide)
    (slide,) = slides(new_markdown_cell("# A\n\nTwo:\n\n3. three"))
    assert '<ol start="3"><li>three</li></ol>' in seen(slide)


def test_outputs_are_shown_and_code_is_not():
    (slide,) = slides(new_markdown_cell("# A\n\nt"), printed("x < 3", source="hidden = 1"))
    assert "x &lt; 3" in seen(slide) and "hidden" not in slide.to_html()


LONG = "a sentence of more than sixty letters, which is enough of an introduction"


def test_a_formula_comes_with_the_sentence_that_leads_to_it():
    (slide,) = slides(
        new_markdown_cell(f"# A\n\nFirst.\n\nNot this. Then {LONG}\n\n$$a + b,$$\n\nmore.")
    )
    assert f"<p>Then {LONG}</p> | " in seen(slide) and "Not this" not in seen(slide)
    assert slide.blocks[-1][0].count("<mo") == 1, "no comma at its end"


def test_numbers_are_not_printed_where_a_picture_shows_them():
    _, claim = slides(
        new_markdown_cell("# A\n\nt"),
        new_markdown_cell("## B\n\nc"),
        printed("1\n2\n3"),
        shown(FIGURE),
    )
    assert "<pre>" not in seen(claim) and "<figure" in seen(claim)
    assert any("<pre>" in note for note in claim.notes)


def test_numbers_of_which_nothing_is_said_are_for_the_speaker_alone():
    *_, answer = slides(
        new_markdown_cell("# A\n\nt"),
        ASKED,
        printed("1\n2\n3"),
        waits("<p> The answer: <b>3</b>. So.</p>"),
        printed("4\n5\n6"),
    )
    numbers, said = (block.strip() for block, _ in answer.blocks)
    assert numbers == "<pre>1\n2\n3</pre>" and said == "<p>The answer: <b>3</b>. So.</p>"
    assert any("4" in note for note in answer.notes)


def test_a_bar_of_progress_is_not_shown():
    (slide,) = slides(
        new_markdown_cell("# A\n\nt"), printed("runs: 100%|####| 2/2 [00:00<00:00]\n"), printed("1")
    )
    assert seen(slide) == "<p>t</p> | <pre>1</pre>"


def test_the_text_below_a_picture_says_what_it_means_unless_it_leads_on():
    before, after = new_markdown_cell("## B\n\nBefore."), new_markdown_cell("After.")
    _, alone, last = slides(new_markdown_cell("# A\n\nt"), shown(FIGURE), after, before)
    assert seen(alone).endswith("<p>After.</p>") and seen(last) == "<p>Before.</p>"
    _, first, second = slides(
        new_markdown_cell("# A\n\nt"), before, shown(FIGURE), after, shown(FIGURE)
    )
    assert seen(first).startswith("<p>Before.</p>") and "After." not in seen(first)
    assert seen(second).startswith("<p>After.</p> | <figure")


def test_a_curve_is_drawn_on_axes_that_say_nothing():
    asked = new_code_cell("x", outputs=[new_output("display_data", dict(ASKED.outputs[0].data))])
    asked.outputs[0].data["text/plain"] = "Prediction('mnist/curve')"
    _, question = slides(new_markdown_cell("# A\n\nt"), asked)
    assert 'aria-label="Empty axes: test accuracy against d."' in seen(question)


def test_the_text_below_a_print_says_what_it_means():
    cells = [printed("1\n2\n3"), new_markdown_cell("Three numbers. And more of it.")]
    _, _, slide = slides(new_markdown_cell("# A\n\nt"), ASKED, *cells)
    assert [step for _, step in slide.blocks] == [False, True]
    assert "<pre>" in slide.blocks[0][0] and "Three numbers." in slide.blocks[1][0]


def test_what_only_its_reader_does_is_left_out():
    ours = "If a line says `FAIL`, do what its arrow says."
    for told in ("Run the next cell, and drag the slider.", ours, "\n\n**Go on.** Do more.\n"):
        (slide,) = slides(new_markdown_cell(f"# A\n\nt. {told}"))
        assert seen(slide) == "<p>t.</p>"


def test_no_line_ends_within_a_name_or_a_size():
    (slide,) = slides(new_markdown_cell('# A\n\nBERT-base on SST-2 [4 x 128](SST-2 "low-rank").'))
    page = slide.to_html()
    assert '<span class="whole">BERT-base</span> on <span class="whole">SST-2</span>' in page
    assert "4&nbsp;x&nbsp;128" in page and 'href="SST-2"' in page and ">low-rank" not in page


def test_a_long_caption_is_shortened_and_the_speaker_has_all_of_it():
    long = FIGURE.replace(">c<", f">{'a b ' * 60}. Then.<br><small>Recorded.</small><")
    (_, slide) = slides(new_markdown_cell("# A\n\nt"), shown(long))
    assert "Then." not in seen(slide) and "Recorded." in seen(slide)
    assert "Then." in slide.notes[-1]


def test_what_the_last_row_cannot_read_is_for_the_speaker_alone():
    for text in ("line\n" * 13, "x" * 105):
        for cell in (printed(text), waits(f'<pre style="overflow-x:auto">{text}</pre>')):
            (slide,) = slides(new_markdown_cell("# A\n\nt"), cell)
            assert "<pre>" not in seen(slide) and "<pre>" in slide.notes[1]


def test_solutions_exercises_and_tagged_cells_are_left_out():
    solution = "<details><summary>Solution</summary>\n\nsecret\n\n</details>"
    page = "".join(
        slide.to_html()
        for slide in slides(
            new_markdown_cell(f"# A\n\nseen\n\n{solution}"),
            printed("left out", tags=["no-slide"]),
            new_markdown_cell("## Left out too\n\n### Exercise 2", metadata={"tags": ["no-slide"]}),
            printed("Not yet either"),
            new_markdown_cell("### Exercise 1: do it"),
            printed("Not yet"),
            new_markdown_cell("## Summary\n\nso"),
        )
    )
    assert "seen" in page and "so" in page
    for word in ("secret", "left out", "do it", "Not yet"):
        assert word not in page


@pytest.mark.parametrize("answer", [waits, shown], ids=["waits", "shown"])
def test_a_question_shares_no_slide_with_its_answer(answer):
    found = slides(
        new_markdown_cell("# A\n\nt"),
        ASKED,
        answer(FIGURE),
        answer("<p> The answer: <b>this</b>. So.</p>"),
        new_markdown_cell("Because."),
    )
    assert [slide.kind for slide in found] == ["title", "question", "figure", "answer", "text"]
    assert "Which?" in seen(found[1]) and "this</b>" not in seen(found[1])
    assert "<figure" in seen(found[2]) and "<p>The answer: <b>this</b>. So.</p>" in seen(found[3])
    assert found[4].heading == "A" and "<details" not in "".join(map(seen, found))


def test_an_answer_is_a_step_below_its_question():
    asked = new_code_cell('one = widgets.predict("a/one")', outputs=ASKED.outputs)
    answer = waits("<p> The answer: <b>this</b>. So.</p>")
    answer.source = "one.reveal()"
    *_, slide = slides(new_markdown_cell("# A\n\nt"), asked, answer)
    assert slide.kind == "answer" and [step for _, step in slide.blocks] == [False, True]
    assert "Which?" in slide.blocks[0][0] and "this" in slide.blocks[1][0]


def test_a_quiz_keeps_its_answer_for_a_later_step():
    quiz = """<ol><li><p><b>Why?</b></p><ul><li>a</li><li>b</li></ul>
        <details><summary>Answer</summary><p>b. So.</p></details></li></ol>""".replace(
        "\n        ", ""
    )
    page = new_code_cell('widgets.quiz("01")', outputs=shown(quiz).outputs)
    page.metadata["tags"] = ["no-slide"]
    _, slide = slides(new_markdown_cell("# A\n\nt"), page)
    assert slide.kind == "question"
    assert [step for _, step in slide.blocks] == [False, False, True]
    assert "<b>B.</b> b. So." in slide.blocks[2][0] and "b. So." not in "".join(
        b for b, _ in slide.blocks[:2]
    )


def test_an_explorer_has_a_slide_of_its_own_and_a_live_widget_is_for_the_kernel():
    explorer = '<div class="idlib-explorer"><p>x</p></div>'
    live = f"{FIGURE}<p><i>Static picture: run the notebook to use the controls.</i></p>"
    _, moved = slides(new_markdown_cell("# A\n\nt"), shown(explorer), shown(live))
    assert explorer in seen(moved) and "figure" not in seen(moved)
    assert "change to the notebook" in moved.notes[0]


def test_the_speaker_sees_the_guides_page(written):
    for path in written:
        page = path.read_text(encoding="utf-8")
        notes = re.findall(r'<aside class="notes">(.*?)</aside>', page, re.S)
        assert "The idea." in notes[0] and "While it runs." in notes[0]


def test_formulas_become_mathml():
    page = render_markdown(r"Let $\theta^D = P\,\theta^d$." + "\n\n$$\\frac{a}{b}$$")
    assert page.count("<math") == 2 and "$" not in page and "<mfrac>" in page


def test_a_link_to_a_notebook_leads_to_its_slides():
    page = render_markdown("[next](02_next.ipynb), [paper](https://a.org/b.ipynb)")
    assert 'href="02_next.slides.html"' in page and 'href="https://a.org/b.ipynb"' in page


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
