"""A course of one tiny chapter in a temporary folder, with the real tools' expectations met."""

import shutil
from pathlib import Path

import pytest

from tools.course import HERE, Course
from tools.notebooks import make_notebooks

SOURCE = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Tiny

A sentence.

```{code-cell} ipython3
---
tags: [setup]
---
```

Another, with [a link](../pages/setup.md#install-it).

```{code-cell} ipython3
import sys

from utils.middle import answer

print("loading", end="\\r")
print(f"the answer is {answer()}")
print("noise", file=sys.stderr)
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: "A red square on white."
---
from IPython.display import SVG, display

display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>"))
```

```{code-cell} ipython3
---
tags: [nbval-check-output]
---
import time

print(time.time_ns())
```
"""

CONFIG = """\
title: Tiny course
repository:
  url: https://github.com/-unset-/training-neural-networks # no one can register it
  branch: main
sphinx:
  config:
    course_to_come: [{part: Later, chapters: [fluids]}]
"""

TOC = """\
format: jb-book
root: index
parts:
  - chapters:
      - file: pages/setup
      - file: chapters/tiny
"""

SHARED = """\
notes: {A: {title: Notes on water, lines: 9}}
runs: {bath: one bath}
"""

CLAIMS = """\
question: What is wet?
title: Fluids
claims:
  - id: water-is-wet
    kind: claim
    says: Water is wet.
    places: [A:1]
    expect: holds
    why: Everybody says so.
    settle_by: reading
    plan: Read.
    run: bath
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The course before `make notebooks`."""
    files = {
        "sources/tiny/chapter.md": SOURCE,
        "sources/tiny/claims.yml": "question: How small?\nclaims: []\n",
        "sources/tiny/plants.yml": "{}\n",
        "_config.yml": CONFIG,
        "_toc.yml": TOC,
        "sources/ledger.yml": SHARED,
        "sources/fluids/claims.yml": CLAIMS,
        "references.bib": "@article{a2000,\n  doi = {10.1000/XYZ},\n}\n",
        "index.md": "# Home\n",
        "pages/setup.md": "# Setup\n\n## Install it\n",
        "requirements.txt": "numpy==2.0\ntensorflow==2.21.0\nkeras==3.15\nmnist1d==0.0.2\n",
        "requirements-book.txt": "# none\n",
        "utils/__init__.py": "",
        "utils/middle.py": "from .deep import six\n\n\ndef answer():\n    return 7 * six()\n",
        "utils/deep.py": "def six():\n    return 6\n",
        "utils/unused.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("colab", "labs", "palette", "samples", "strip", "studies", "typeset"):
        shutil.copy(HERE.root / "utils" / f"{name}.py", tmp_path / "utils")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE.root / "utils" / "claims", tmp_path / "utils" / "claims", ignore=ignore)
    return Course(tmp_path)


@pytest.fixture(scope="session")
def executed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs an executed course leaves it for the others."""
    return tmp_path_factory.mktemp("executed") / "course"


@pytest.fixture
def executed(course: Course, executed_once: Path) -> Course:
    """The course after `make notebooks`, a fresh copy for each test."""
    if not executed_once.exists():
        assert make_notebooks(course) == 0
        shutil.copytree(course.root, executed_once)
    shutil.copytree(executed_once, course.root, dirs_exist_ok=True)
    return course
