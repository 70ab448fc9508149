"""The chapter that CONTRIBUTING.md shows, put together as it says."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from tools.chapter_checks import CHECKS
from tools.check import ruff
from tools.course import HERE, Course, read_source
from tools.form_checks import visible_code
from tools.freeze import freeze
from tools.ledger_checks import folders, ledger, plans
from tools.notebooks import make_notebooks
from tools.predictions import Stored, predictions, wrong
from tools.solutions import exercises
from tools.sources import check_source, code_cells
from utils import claims

TEXT = (HERE.root / "CONTRIBUTING.md").read_text(encoding="utf-8")
SLUG, CLAIM = "my-chapter", "no-hidden-layer-no-moons"


def block(after: str) -> str:
    """The first fenced block after a phrase."""
    found = re.search(r"^(`{3,})\w+\n(.*?)^\1$", TEXT[TEXT.index(after) :], re.M | re.S)
    assert found
    return found[2]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    folder = tmp_path / "sources" / SLUG
    folder.mkdir(parents=True)
    shutil.copy(HERE.root / "sources/ledger.yml", folder.parent)
    for name in ("claims.yml", "chapter.md", "plants.yml"):
        (folder / name).write_text(block(f"`sources/{SLUG}/{name}`"), encoding="utf-8")
    return Course(tmp_path)


def test_its_folder_is_complete_and_its_plan_can_be_frozen(course: Course) -> None:
    assert freeze(course, SLUG, date(2026, 1, 2)) == []
    assert folders(course) == plans(course) == []


def test_its_claim_is_one_of_its_own(course: Course) -> None:
    assert list(claims.load(course.root / "sources").claims) == [CLAIM]
    assert CLAIM not in claims.ledger()


def test_its_source_is_sound_and_its_exercise_has_a_solution(course: Course) -> None:
    source = read_source(course.source(SLUG))
    check_source(source, "chapter.md")
    assert [exercise.solved for exercise in exercises(source)] == [True]


@pytest.mark.slow
def test_it_runs_and_then_lacks_four_predictions_and_nothing_else(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = claims.load(course.root / "sources")
    monkeypatch.setattr("utils.claims.stored.load", lambda: own)
    shutil.copytree(
        HERE.root / "utils", course.root / "utils", ignore=shutil.ignore_patterns("__pycache__")
    )
    (course.root / "chapters").mkdir()
    for name in ("pyproject.toml", "chapters/ruff.toml"):
        shutil.copy(HERE.root / name, course.root / name)
    for name in ("README.md", "references.bib"):
        (course.root / name).touch()
    freeze(course, SLUG, date(2026, 1, 2))
    assert make_notebooks(course, SLUG) == 0
    (settled,) = claims.verdicts(course.chapter(SLUG))
    assert (settled.id, settled.verdict) == (CLAIM, "holds here")
    found = [problem for check in CHECKS.values() for problem in check(course, SLUG)]
    assert found == [f"sources/{SLUG}/chapter.md: 1 predictions, expected 5 or more"]
    assert ledger(course) == visible_code(course, SLUG) == []
    assert ruff(course) == []


def test_what_it_plants_fits_one_place_of_its_code(course: Course) -> None:
    code = "\n".join(cell.source for cell in code_cells(read_source(course.source(SLUG))))
    plants = yaml.safe_load((course.root / "sources" / SLUG / "plants.yml").read_text())
    assert {claim: code.count(plant["find"]) for claim, plant in plants.items()} == {CLAIM: 1}


def test_the_change_that_it_shows_is_one(course: Course) -> None:
    path = course.root / "sources" / SLUG / "claims.yml"
    path.write_text(path.read_text() + block("### Change a plan"))
    (change,) = claims.load(course.root / "sources").claims[CLAIM].changes
    assert change.reason == "Eight seeds decided nothing."


def test_its_commands_are_targets_of_make() -> None:
    targets = re.findall(r"^([a-z]+):", (HERE.root / "Makefile").read_text(), re.M)
    assert set(re.findall(r"\bmake ([a-z]+)\b", TEXT)) <= set(targets)


def test_the_prediction_that_it_shows_is_wrong_only_in_that_nothing_is_stored() -> None:
    (shown,) = predictions(block("A *Predict* asks before it shows"))
    (problem,) = wrong(shown, Stored({}, {}))
    assert problem == "the chapter settles no claim five-layers-fail"
