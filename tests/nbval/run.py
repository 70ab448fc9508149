"""Run a notebook's cells again and compare what they print with what is stored.

`run.py NOTEBOOK [KERNEL]`: a test per code cell. A kernel is a name; without one it is this Python.
"""

import os
import sys
from pathlib import Path

import pytest

SANITIZE = Path(__file__).resolve().parent / "sanitize.cfg"
OPTIONS = f"""
    --verbose -W error -p no:cacheprovider -c {os.devnull} --noconftest
    --nbval-lax --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=120
"""


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell nbval that stderr is not stored, so there is nothing to compare it with."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare = (*collector.skip_compare, "stderr")


def main(notebook: str, kernel: str = "") -> int:
    """The exit status of pytest for this notebook."""
    # A verdict that contradicts the stored one is an error there; a close call that moved is none.
    os.environ["COURSE_HOLDS_TO_THE_BOOK"] = "1"
    chosen = f"--nbval-kernel-name={kernel}" if kernel else "--nbval-current-env"
    files = [f"--rootdir={Path(notebook).parent}", f"--nbval-sanitize-with={SANITIZE}"]
    return pytest.main(
        [*OPTIONS.split(), *files, chosen, notebook], plugins=[sys.modules[__name__]]
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
