"""The rules of conftest.py: nothing is skipped in CI, and what runs first, and where."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

import conftest
from tools.course import HERE

TESTS = """\
import pytest

@pytest.mark.skip(reason="no browser")
def test_skipped(): pass

@pytest.mark.gpu
@pytest.mark.skip(reason="no GPU")
def test_gpu(): pass

@pytest.mark.xfail
def test_expected(): assert False

def test_good(): pass
"""
MODULE = 'import pytest\npytest.skip("nothing here", allow_module_level=True)\n'


def closing_line(folder: Path, ci: str) -> str:
    (folder / "test_single.py").write_text(TESTS)
    (folder / "test_module.py").write_text(MODULE)
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-c"]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(HERE.root)}
    done = subprocess.run(
        [*command, os.devnull, "-W", "ignore", "--continue-on-collection-errors", str(folder)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return re.sub(r" in .*|=+ ?", "", done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ci", "closing"),
    [
        ("true", "1 passed, 1 skipped, 1 xfailed, 2 errors"),
        ("", "1 passed, 3 skipped, 1 xfailed"),
    ],
)
def test_in_ci_only_a_missing_gpu_excuses_a_skip(tmp_path: Path, ci: str, closing: str) -> None:
    assert closing_line(tmp_path, ci) == closing


CHAPTERS = [f"tests/chapters/test_run.py::test_it[{slug}]" for slug in ("b", "a")]
HELPERS = ["tests/unit/test_x.py::test_one", "tests/unit/test_x.py::test_two"]
OTHERS = ["tests/book/test_x.py::test_one", "tests/book/test_x.py::test_two[y::z]"]


def test_chapters_come_first_and_the_others_keep_their_order() -> None:
    items: list = [SimpleNamespace(nodeid=nodeid) for nodeid in (*OTHERS, *CHAPTERS, *HELPERS)]
    conftest.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [*CHAPTERS, *OTHERS, *HELPERS]


@pytest.mark.parametrize(("nodeids", "units"), [(CHAPTERS, 2), (HELPERS, 2), (OTHERS, 1)])
def test_chapters_and_helpers_go_one_by_one_and_other_files_as_a_whole(
    nodeids: list[str], units: int
) -> None:
    split = partial(conftest.InOrder._split_scope, None)
    assert len({split(nodeid) for nodeid in nodeids}) == units
