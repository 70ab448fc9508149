"""nbval as the chapters' tests call it, tried on a notebook with planted differences."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tools.course import HERE, Course, read_notebook
from tools.freeze import freeze
from tools.notebooks import make_notebooks

pytestmark = pytest.mark.slow

CELL = "```{{code-cell}} ipython3\n---\ntags: [{tag}]\n---\n{code}\n```\n"
SETTLE = """\
from utils import claims
from utils.stats import check, median_above

claims.settle("planted-formula", check(True, "3 of 3 agree in 0.12 s"))
claims.settle(
    "planted-claim",
    {
        "firm": median_above(range(1, 17), 0, "gain"),
        "close": median_above([-1, -1, -1, *range(1, 14)], 0, "gain"),
    },
)
claims.table("planted")"""
CLAIMS = """\
question: Does nbval hold a notebook to what it should?

claims:
- id: planted-claim
  kind: claim
  says: It does.
  places: ["A:1"]
  expect: holds
  why: It should.
  settle_by: experiment
  plan: Try.
  run: unit-checks
  settings: [firm, close]
- id: planted-formula
  kind: definition
  says: One is one.
  places: ["A:1"]
  expect: holds
  why: It should.
  settle_by: check
  plan: Try.
  run: unit-checks
"""
NOISY = 'import sys\n\nprint("settled")\nprint("a warning", file=sys.stderr)'
ADDRESS = 'print("<object at", hex(id(object())), ">")'
PATHS = "import inspect\n\nprint(inspect.currentframe().f_code.co_filename)"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chapter with one cell for each thing that may or may not differ, executed."""
    root = tmp_path_factory.mktemp("course")
    for name in ("utils", "tools", "tests/nbval"):
        shutil.copytree(HERE.root / name, root / name, ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copytree(HERE.root / "sources", root / "sources", ignore=shutil.ignore_patterns("*.md"))
    for name in ("references.bib", "requirements.txt", "conftest.py"):
        shutil.copy(HERE.root / name, root)
    codes = [SETTLE, NOISY, ADDRESS, PATHS, "print(2)"]
    checked = [CELL.format(tag="nbval-check-output", code=code) for code in codes]
    source = "\n".join(["# Planted\n", CELL.format(tag="setup", code=""), *checked])
    course = Course(root)
    course.source("planted").parent.mkdir()
    course.source("planted").write_text(source)
    course.source("planted").with_name("claims.yml").write_text(CLAIMS)
    assert freeze(course, "planted", date(2026, 1, 1)) == []
    assert make_notebooks(course) == 0
    return course.chapter("planted")


def outcomes(notebook: Path, changes: dict[str, str]) -> list[str]:
    """What nbval says of each cell after the stored text was changed."""
    text = stored = notebook.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    notebook.write_text(text)
    root = notebook.parent.parent
    done = subprocess.run(
        [sys.executable, str(root / "tests/nbval/run.py"), str(notebook)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    notebook.write_text(stored)
    return re.findall(r"::Cell \d+ (PASSED|FAILED)", done.stdout)


def test_what_differs_from_run_to_run_is_not_compared(notebook: Path) -> None:
    found = outcomes(notebook, {"3 of 3 agree in 0.12 s": "2 of 3 agree in 9 s"})
    assert found == ["PASSED"] * 6


def test_a_close_call_that_was_open_passes_whatever_its_word_and_numbers(notebook: Path) -> None:
    changes = {
        "planted-claim: holds": "planted-claim: holds here",
        "close: yes, close call | gain: median": "close: open | gain: below",
    }
    assert outcomes(notebook, changes) == ["PASSED"] * 6


@pytest.mark.parametrize(
    "changes",
    [
        {"planted-formula: checked": "planted-formula: misprint", "check: yes": "check: no"},
        {"planted-claim: holds": "planted-claim: holds here", "firm: yes": "firm: open"},
    ],
)
def test_a_contradicted_verdict_is_a_failure(notebook: Path, changes: dict[str, str]) -> None:
    assert outcomes(notebook, changes) == ["PASSED", "FAILED", *["PASSED"] * 4]


def test_a_changed_result_is_a_failure(notebook: Path) -> None:
    found = outcomes(notebook, {json.dumps("2\n"): json.dumps("3\n")})
    assert found == ["PASSED"] * 5 + ["FAILED"]


def test_what_is_executed_again_for_the_book_names_no_earlier_book(notebook: Path) -> None:
    before = read_notebook(notebook).cells[2].outputs
    assert make_notebooks(Course(notebook.parent.parent), everything=True) == 0
    assert read_notebook(notebook).cells[2].outputs == before
    assert before[0].data["text/plain"].startswith("planted-formula: checked")
    assert "the book:" not in notebook.read_text()
