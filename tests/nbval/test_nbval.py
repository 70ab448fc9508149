"""nbval as the chapters' tests call it, tried on a notebook with planted differences."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.course import HERE, Course
from tools.notebooks import make_notebooks
from utils import claims

CELL = "```{{code-cell}} ipython3\n---\ntags: [{tag}]\n---\n{code}\n```\n"
SETTLE = """\
from utils import claims
from utils.stats import check

pytestmark = pytest.mark.slow

claims.settle({claim!r}, check(True, "3 of 3 agree in 0.12 s"))"""
NOISY = 'import sys\n\nprint("settled")\nprint("a warning", file=sys.stderr)'
ADDRESS = 'print("<object at", hex(id(object())), ">")'
PATHS = "import inspect\n\nprint(inspect.currentframe().f_code.co_filename)"


def claim_settled_by_check() -> str:
    return next(c.id for c in claims.ledger().values() if c.settle_by == "check")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chapter with one cell for each thing that may or may not differ, executed."""
    root = tmp_path_factory.mktemp("course")
    for name in ("utils", "tools", "tests/nbval"):
        shutil.copytree(HERE.root / name, root / name, ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copytree(HERE.root / "sources", root / "sources", ignore=shutil.ignore_patterns("*.md"))
    for name in ("references.bib", "requirements.txt", "conftest.py"):
        shutil.copy(HERE.root / name, root)
    codes = [SETTLE.format(claim=claim_settled_by_check()), NOISY, ADDRESS, PATHS, "print(2)"]
    checked = [CELL.format(tag="nbval-check-output", code=code) for code in codes]
    source = "\n".join(["# Planted\n", CELL.format(tag="setup", code=""), *checked])
    course = Course(root)
    course.source("planted").parent.mkdir()
    course.source("planted").write_text(source)
    assert make_notebooks(course) == 0
    return course.chapter("planted")


def outcomes(notebook: Path, changes: dict[str, str]) -> list[str]:
    """What nbval says of each cell after the stored text was changed."""
    text = notebook.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    changed = notebook.with_name("changed.ipynb")
    changed.write_text(text)
    root = notebook.parent.parent
    done = subprocess.run(
        [sys.executable, str(root / "tests/nbval/run.py"), str(changed)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    return re.findall(r"::Cell \d+ (PASSED|FAILED)", done.stdout)


def test_what_differs_from_run_to_run_is_not_compared(notebook: Path) -> None:
    found = outcomes(notebook, {"3 of 3 agree in 0.12 s": "2 of 3 agree in 9 s"})
    assert found == ["PASSED"] * 6


def test_a_turned_verdict_and_a_changed_result_are_failures(notebook: Path) -> None:
    claim = claim_settled_by_check()
    turned = {f"{claim}: holds": f"{claim}: does not hold", json.dumps("2\n"): json.dumps("3\n")}
    found = outcomes(notebook, turned)
    assert found == ["PASSED", "FAILED", "PASSED", "PASSED", "PASSED", "FAILED"]
