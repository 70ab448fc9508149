"""A course of one tiny chapter that settles claims by runs of a second each."""

import shutil
from datetime import date
from pathlib import Path

from tools.course import HERE, Course
from tools.freeze import freeze

OPENING = "```{code-cell} ipython3\n---\ntags: [setup]\n---\n```\n"
CELLS = (
    """\
from pathlib import Path

import numpy as np

from utils import claims, stats
from utils.drawing import draws


def noted(name, value):
    with Path("ran.txt").open("a") as file:
        file.write(name + "\\n")
    return value


rising = noted("rising", np.arange(16) + 1.0)
falling = noted("falling", -np.arange(16) - 1.0)""",
    """\
shown = noted("a figure", rising.sum())
print(shown)""",
    """\
claims.settle("it-rises", {"up": stats.median_above(rising, 0.5)})""",
    """\
claims.settle("it-falls", {"down": stats.median_below(falling, -0.5)})
claims.settle("it-counts", stats.check(len(falling) == 16, "16 of 16"))""",
    """\
drawn = draws(range(16), 0.2)
claims.settle("it-is-positive", {"drawn": stats.median_above(drawn, 0.0)})""",
)
DRAWING = """\
import numpy as np


def draws(seeds=16, above=0.0):
    each = range(seeds) if isinstance(seeds, int) else seeds
    return np.array([np.random.default_rng(seed).normal(above) for seed in each])
"""
PLANTS = """\
it-rises:
  find: "np.arange(16) + 1.0"
  plant: "np.arange(16) - 99.0"
it-falls:
  find: "stats.median_below(falling, -0.5)"
  plant: "stats.median_below(-falling, -0.5)"
it-counts:
  find: "len(falling) == 16"
  plant: "len(falling) == 17"
it-is-positive:
  find: "draws(range(16), 0.2)"
  plant: "draws(range(16), -9)"
"""
SETTINGS = {"it-rises": ["up"], "it-falls": ["down"], "it-counts": [], "it-is-positive": ["drawn"]}


def claim(name: str) -> str:
    by = (
        f"settle_by: experiment\n  settings: {SETTINGS[name]}"
        if SETTINGS[name]
        else "settle_by: check"
    )
    kind = "claim" if SETTINGS[name] else "definition"
    return (
        f"- id: {name}\n  kind: {kind}\n  says: So it does.\n  places: ['A:1']\n  expect: holds\n"
        f"  why: It must.\n  {by}\n  plan: Look.\n  run: bath\n"
    )


def course_of_trials(root: Path) -> Course:
    """A course whose chapter `trial` is written and frozen, and not yet executed."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("utils", "tools"):
        shutil.copytree(HERE.root / name, root / name, ignore=ignore)
    cells = [f"```{{code-cell}} ipython3\n{code}\n```\n" for code in CELLS]
    files = {
        "sources/trial/chapter.md": "\n".join(["# A trial\n", OPENING, *cells]),
        "sources/trial/plants.yml": PLANTS,
        "sources/trial/claims.yml": "question: Does it?\nclaims:\n\n"
        + "\n".join(map(claim, SETTINGS)),
        "sources/ledger.yml": "notes: {A: {title: Notes, lines: 9}}\nruns: {bath: one bath}\n",
        "utils/drawing.py": DRAWING,
        "requirements.txt": "numpy==2.0\n",
        "references.bib": "",
        "README.md": "",
        "_config.yml": "title: A course\n",
        "_toc.yml": "format: jb-book\nroot: index\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    course = Course(root)
    assert freeze(course, "trial", date(2026, 1, 1)) == []
    return course


def ran(course: Course) -> list[str]:
    """What was noted since the last time that anyone asked."""
    path = course.root / "chapters" / "ran.txt"
    noted = path.read_text().split("\n")[:-1] if path.exists() else []
    path.unlink(missing_ok=True)
    return noted
