"""The rule of conftest.py that nothing is skipped in CI, tried on tests of our own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("ci", "closing"),
    [
        ("true", "1 passed, 1 skipped, 1 xfailed, 2 errors"),
        ("", "1 passed, 3 skipped, 1 xfailed"),
    ],
)
def test_in_ci_only_a_missing_gpu_excuses_a_skip(tmp_path: Path, ci: str, closing: str) -> None:
    assert closing_line(tmp_path, ci) == closing
