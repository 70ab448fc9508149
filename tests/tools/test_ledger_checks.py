"""A course in order passes (test_check.py); here, one thing at a time is out of order."""

import re
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest

from tools.course import Course
from tools.freeze import freeze
from tools.ledger_checks import folders, ledger, plans
from utils import claims


def write(course: Course, name: str, text: str) -> None:
    path = course.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def remove(course: Course, name: str) -> None:
    (course.root / name).unlink()


def change(course: Course, name: str, old: str, new: str) -> None:
    text = (course.root / name).read_text()
    assert old in text
    write(course, name, text.replace(old, new))


@pytest.mark.parametrize(
    ("disturb", "said"),
    [
        (
            lambda c: write(c, "sources/tiny/notes.txt", ""),
            r"sources/tiny/notes\.txt is not a file of a chapter: expected chapter\.md, ",
        ),
        (
            lambda c: write(c, "sources/fluids/notes.txt", ""),
            r"sources/fluids/notes\.txt is not a file of a chapter",
        ),
        (
            lambda c: remove(c, "sources/tiny/claims.yml"),
            r"sources/tiny/ has a chapter\.md and no claims\.yml",
        ),
        (
            lambda c: remove(c, "sources/tiny/plants.yml"),
            r"sources/tiny/ has a chapter\.md and no plants\.yml",
        ),
        (
            lambda c: write(c, "sources/fluids/plants.yml", "{}"),
            r"sources/fluids/plants\.yml belongs to a chapter, but there is no .*/chapter\.md",
        ),
        (
            lambda c: write(c, "sources/solids/chapter.md", "# Solids"),
            r"sources/solids/ has a chapter\.md and no claims\.yml\n"
            r"sources/solids/ has a chapter\.md and no plants\.yml",
        ),
        (
            lambda c: write(c, "sources/solids/plans.lock", "{}"),
            r"sources/solids/ has no claims\.yml",
        ),
        (
            lambda c: write(c, "sources/solids/claims.yml", "question: Why?\nclaims: []\n"),
            r"sources/solids/ has no chapter\.md: write it, or list solids under course_to_come.*\n"
            r"sources/solids/claims\.yml: `title` is missing",
        ),
        (
            lambda c: change(c, "sources/tiny/claims.yml", "question", "title: Tiny\nquestion"),
            r"sources/tiny/claims\.yml: take out `title`",
        ),
        (
            lambda c: change(c, "_config.yml", "[fluids]", "[fluids, tiny]"),
            r"_config\.yml: tiny is written: take it out of course_to_come",
        ),
        (
            lambda c: change(c, "_config.yml", "[fluids]", "[fluids, gases]"),
            r"_config\.yml: gases is to come, but there is no sources/gases/claims\.yml",
        ),
        (
            lambda c: change(c, "_toc.yml", "chapters/tiny", "chapters/fluids"),
            r"_toc\.yml lists chapters/fluids, but there is no sources/fluids/chapter\.md",
        ),
    ],
)
def test_what_a_folder_lacks_or_has_too_much_is_named(
    course: Course, disturb: Callable[[Course], None], said: str
) -> None:
    disturb(course)
    assert re.fullmatch(rf"{said}.*", "\n".join(folders(course)))


@pytest.mark.parametrize(
    "name",
    [
        "plans.lock",
        "plants.lock",
        "lab.js",
        "studies.py",
        "assignment.md",
        ".hidden",
        "__pycache__",
    ],
)
def test_what_a_chapter_may_have_is_no_problem(course: Course, name: str) -> None:
    write(course, f"sources/tiny/{name}", "")
    assert folders(course) == []


def test_the_plans_of_a_chapter_to_come_may_be_frozen(course: Course) -> None:
    freeze(course, "fluids", date(2026, 1, 2))
    assert folders(course) == plans(course) == []


def move_claim(course: Course) -> None:
    """Make the claim on fluids one of the tiny chapter."""
    change(course, "sources/fluids/claims.yml", "title: Fluids\n", "")
    (course.root / "sources/fluids/claims.yml").replace(course.root / "sources/tiny/claims.yml")


@pytest.fixture
def settled_in_tiny(course: Course, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a claim that the stored notebook of the tiny chapter has settled."""
    write(course, "chapters/tiny.ipynb", "{}")
    stored = [SimpleNamespace(id="water-is-wet")]
    monkeypatch.setattr(claims, "verdicts", lambda path: stored)
    return "water-is-wet"


def test_a_claim_is_settled_in_the_chapter_whose_folder_it_belongs_to(
    course: Course, settled_in_tiny: str
) -> None:
    assert ledger(course) == [
        f"{settled_in_tiny} is settled in tiny, but stands in sources/fluids/claims.yml: settle it "
        "there, or move it to sources/tiny/claims.yml"
    ]
    move_claim(course)
    assert ledger(course) == []


def test_a_verdict_on_an_unknown_claim_is_named(course: Course, settled_in_tiny: str) -> None:
    write(course, "sources/fluids/claims.yml", "question: What is wet?\nclaims: []\n")
    assert ledger(course) == [f"{settled_in_tiny} is settled in tiny, but in no claims.yml"]


def test_a_claim_is_settled_after_its_plan_was_frozen(course: Course, settled_in_tiny: str) -> None:
    move_claim(course)
    assert plans(course) == [
        f"tiny: settled before the plan was frozen: {settled_in_tiny}: make freeze CH=tiny"
    ]
    freeze(course, "tiny", date(2026, 1, 2))
    assert plans(course) == []


def test_a_frozen_plan_that_changed_or_went_is_named_in_every_chapter(course: Course) -> None:
    freeze(course, "fluids", date(2026, 1, 2))
    change(course, "sources/fluids/claims.yml", "plan: Read.", "plan: Guess.")
    (problem,) = plans(course)
    assert problem.startswith("`plan` of water-is-wet changed silently since 2026-01-02")
    write(course, "sources/fluids/claims.yml", "question: What is wet?\nclaims: []\n")
    (problem,) = plans(course)
    assert problem.startswith("water-is-wet is frozen in sources/fluids/plans.lock and no longer")


def test_a_notebook_that_nobody_can_read_hides_neither_the_others_nor_a_changed_plan(
    course: Course,
) -> None:
    freeze(course, "fluids", date(2026, 1, 2))
    change(course, "sources/fluids/claims.yml", "plan: Read.", "plan: Guess.")
    for slug in ("fluids", "tiny"):
        write(course, f"sources/{slug}/chapter.md", "# Text")
        write(course, f"chapters/{slug}.ipynb", "<<<<<<< ours")
    assert [problem.split(":")[0] for problem in ledger(course)] == [
        "chapters/fluids.ipynb cannot be read",
        "chapters/tiny.ipynb cannot be read",
    ]
    (problem,) = plans(course)
    assert problem.startswith("`plan` of water-is-wet changed silently")


def test_a_lock_that_nobody_can_read_is_named(course: Course) -> None:
    write(course, "sources/fluids/plans.lock", "<<<<<<< ours")
    (problem,) = plans(course)
    assert problem.startswith("sources/fluids/plans.lock is not what `make freeze` writes")
