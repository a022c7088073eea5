"""What a stranger meets first: the README's picture, the citation, and the forms for issues."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOORS = sorted((ROOT / "notebooks" / "docs").glob("for_*.md"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = {"markdown", "textarea", "input", "dropdown", "checkboxes"}  # what GitHub's forms know


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_picture_moves_once_and_not_for_long():
    """Longer, or for ever, and a reader must be able to stop it (WCAG 2.2.2)."""
    path = ROOT / re.search(r"^!\[[^\]]+\]\((.+?)\)", README, re.M)[1]
    assert path.stat().st_size < 500_000
    with Image.open(path) as picture:
        durations = []
        for n in range(picture.n_frames):
            picture.seek(n)
            durations.append(picture.info["duration"])
        assert picture.n_frames > 8 and sum(durations) < 5000
        assert "loop" not in picture.info


def test_the_question_comes_before_any_answer():
    """What d90 of MNIST is stands in no sentence above the table of notebooks."""
    assert not re.search(
        r"\b(?:750|72\d|few hundred)\b", README[: README.index("## The notebooks")]
    )


@pytest.mark.parametrize("page", DOORS, ids=lambda page: page.stem)
def test_a_door_is_short_and_opens(page):
    text = page.read_text(encoding="utf-8")
    assert len(text.split()) < 350
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert len(links) > 3
    assert not [link for link in links if not (page.parent / link).is_file()]


def test_there_is_a_door_for_each():
    assert [page.stem for page in DOORS] == ["for_researchers", "for_students", "for_teachers"]


def test_the_citation_is_of_this_version_and_names_nobody_who_is_not_in_the_license():
    cited = load(ROOT / "CITATION.cff")
    assert cited["cff-version"] == "1.2.0" and cited["message"]
    assert cited["version"] == PROJECT["version"] and cited["license"] == PROJECT["license"]
    assert cited["title"].startswith(re.match("# (.+)", README)[1])
    (author,) = cited["authors"]
    assert author["name"] in (ROOT / "LICENSE").read_text(encoding="utf-8")
    papers = [reference["url"] for reference in cited["references"]]
    assert papers == re.findall(r"\((https://arxiv\.org/abs/[\d.]+)\)", README)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_shows(path):
    form = load(path)
    assert form["name"] and form["description"] and form["labels"]
    items = form["body"]
    assert {item["type"] for item in items} <= ASKED
    ids = [item["id"] for item in items if item["type"] != "markdown"]
    assert len(set(ids)) == len(ids) >= 4
    for item in items:
        attributes = item["attributes"]
        if item["type"] == "markdown":
            assert attributes["value"]
        else:
            assert re.fullmatch(r"[A-Za-z0-9_-]+", item["id"]) and attributes["label"]
        if item["type"] == "dropdown":
            assert len(set(attributes["options"])) == len(attributes["options"]) > 1
    required = [item for item in items if item.get("validations", {}).get("required")]
    assert 2 <= len(required) < len(ids)  # a form that asks for everything is not filled in


def test_there_is_a_form_for_each_and_pages_name_them_rightly():
    names = {path.stem: load(path)["name"] for path in FORMS}
    assert set(names) == {"d90", "fault", "taught"}
    texts = {page.stem: page.read_text(encoding="utf-8") for page in DOORS}
    assert f"*{names['taught']}*" in texts["for_teachers"]
    assert f"*{names['d90']}*" in texts["for_researchers"]


def test_the_form_on_teaching_lists_the_guides_plans():
    guide = (ROOT / "notebooks" / "instructor_guide.md").read_text(encoding="utf-8")
    plans = re.findall(r"^## Plan \d: (.+)", guide, re.M)
    (asked,) = [item for item in load(FORMS[-1])["body"] if item["type"] == "dropdown"]
    options = [option.lower() for option in asked["attributes"]["options"]]
    assert [plan.lower() for plan in plans] == options[:-1]
