import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.course import HERE, read_source
from tools.reach import reached

TINY = {
    "__init__.py": "",
    "plots/__init__.py": "from utils.plots.bands import band\nfrom .maps import heat as warm\n",
    "plots/bands.py": """
from utils import numbers
from utils.plots.palette import INK

def band(x):
    return helper(x), INK

def helper(x):
    return numbers.half(x)

def unused(x):
    return x
""",
    "plots/maps.py": "LEVELS = 3\n\ndef heat():\n    return LEVELS\n\ndef cold():\n    return 4\n",
    "plots/palette.py": "INK = 'black'\nPAPER = 'white'\n",
    "numbers.py": """
import math as m
import functools

def logged(function):
    return function

def half(x):
    return m.floor(x) / 2

@logged
def third(x):
    return x / 3

class Base:
    def size(self):
        return self.length() + 1

class Pair(Base):
    def length(self):
        return 2

def late():
    from utils.later import value as found
    return found
""",
    "later.py": "value = 5\nother = 6\n",
    "loud.py": """
TABLE = {}

def enter(name):
    TABLE[name] = sound

def sound():
    return 'x'

def silence():
    return ''

enter('bell')
""",
    "same/__init__.py": "from utils.same.same import same\nfrom utils.same import inner\n",
    "same/same.py": "def same():\n    return 1\n\ndef other():\n    return 2\n",
    "same/inner.py": "def deep():\n    return 3\n\ndef flat():\n    return 4\n",
    "stars.py": "from utils.later import *\n\ndef one():\n    return 1\n",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    for name, text in TINY.items():
        path = root / "utils" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def after(root: Path, name: str, old: str, new: str, code: str) -> bool:
    """Whether what the code reaches is another after this edit."""
    path = root / "utils" / name
    text = path.read_text()
    assert old in text
    before = reached(root, [code])
    path.write_text(text.replace(old, new, 1))
    try:
        return reached(root, [code]) != before
    finally:
        path.write_text(text)


BAND = "from utils import plots\nplots.band(1)"


@pytest.mark.parametrize(
    ("code", "name", "old", "new", "stale"),
    [
        # directly, through a package, another definition, another module, a constant, an alias
        (BAND, "plots/bands.py", "return helper(x), INK", "return helper(x)", True),
        (BAND, "plots/bands.py", "return numbers.half(x)", "return x", True),
        (BAND, "plots/palette.py", "black", "blue", True),
        (BAND, "numbers.py", "floor(x) / 2", "floor(x) / 4", True),
        (BAND, "numbers.py", "import math as m", "import cmath as m", True),
        (BAND, "plots/__init__.py", "bands import band", "maps import heat as band", True),
        ("from utils.plots import warm as w\nw()", "plots/maps.py", "LEVELS = 3", "LEVELS = 4",
         True),
        ("import utils.plots.maps\nutils.plots.maps.cold()", "plots/maps.py", "4", "5", True),
        ("import utils.numbers as n\nn.half(1)", "numbers.py", "/ 2", "/ 4", True),
        ("from utils.numbers import half as h\nh(1)", "numbers.py", "/ 2", "/ 4", True),
        ("def f():\n    from utils.numbers import half\n    half(1)", "numbers.py", "/ 2", "/ 4",
         True),
        ("from utils.numbers import late\nlate()", "later.py", "value = 5", "value = 6", True),
        ("from utils.same import same\nsame()", "same/same.py", "return 1", "return 5", True),
        ("from utils import same\nsame.inner.deep()", "same/inner.py", "3", "5", True),
        # decorators, base classes, methods
        ("from utils.numbers import third\nthird(1)", "numbers.py", "return function",
         "return print", True),
        ("from utils.numbers import Pair\nPair()", "numbers.py", "() + 1", "() + 2", True),
        ("from utils.numbers import Pair\nPair()", "numbers.py", "return 2", "return 3", True),
        # what runs as a module is imported, and what it uses
        ("from utils.loud import silence\nsilence()", "loud.py", "'bell'", "'horn'", True),
        ("from utils.loud import silence\nsilence()", "loud.py", "= sound", "= silence", True),
        ("from utils.loud import silence\nsilence()", "loud.py", "return 'x'", "return 'y'", True),
        ("import utils.loud", "loud.py", "return 'x'", "return 'y'", True),
        (BAND, "plots/maps.py", "LEVELS = 3", "LEVELS = 3\nprint(LEVELS)", True),
        (BAND, "__init__.py", "", "print('hello')\n", True),
        (BAND, "numbers.py", "x / 3", "x / 9", True),  # logged may call it at once
        (BAND, "numbers.py", "return 2", "return 3", True),  # Base may keep a list of its children
        # in doubt, everything
        ("from utils import plots\ngetattr(plots, 'band')", "plots/maps.py", "3", "4", True),
        ("from utils import plots\nplots.nowhere", "plots/palette.py", "black", "blue", True),
        ("from utils.stars import one\none()", "later.py", "other = 6", "other = 7", True),
        ("from utils.stars import *\none()", "stars.py", "return 1", "return 2", True),
        ("import importlib\nimportlib.import_module(name)", "later.py", "6", "7", True),
        ("import sys\nsys.modules['utils.later']", "later.py", "6", "7", True),
        # what cannot be reached
        (BAND, "plots/bands.py", "unused(x):\n    return x", "unused(x):\n    return 2", False),
        (BAND, "plots/bands.py", "def band", "def new():\n    return 1\n\n\ndef band", False),
        (BAND, "plots/palette.py", "white", "ivory", False),
        (BAND, "plots/maps.py", "LEVELS = 3", "LEVELS = 4", False),
        (BAND, "plots/maps.py", "LEVELS = 3", "import re\nLEVELS = 3", False),
        (BAND, "numbers.py", "return found", "return 3", False),
        (BAND, "later.py", "5", "6", False),
        ("import numpy", "__init__.py", "", "print('hello')\n", False),
        ("from utils import plots", "plots/bands.py", "helper(x), INK", "0", False),
        ("from utils.same import same\nsame()", "same/same.py", "return 2", "return 5", False),
        ("from utils import same\nsame.inner.deep()", "same/inner.py", "4", "5", False),
        (f"{BAND}\ndef f(plots): return plots", "plots/maps.py", "LEVELS = 3", "LEVELS = 4", False),
        (f"{BAND}\ndef f(x=plots): return x", "plots/maps.py", "LEVELS = 3", "LEVELS = 4", True),
    ],
)  # fmt: skip
def test_what_the_code_can_reach_counts_and_nothing_else(
    checkout: Path, code: str, name: str, old: str, new: str, stale: bool
) -> None:
    assert after(checkout, name, old, new, code) is stale


def test_what_is_reached_does_not_depend_on_the_seed_of_hashes(checkout: Path) -> None:
    code = (
        "from pathlib import Path; from tools.reach import reached; import sys; "
        f"print(reached(Path(sys.argv[1]), [{BAND!r}, 'from utils.same import *']))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, str(checkout)],
            cwd=HERE.root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12345"
    }
    assert len(said) == 1


@given(data=st.data())
def test_a_changed_definition_is_seen_exactly_where_it_is_reached(checkout, data) -> None:
    """Random calls among ten functions in two modules, against a walk through the drawn graph."""
    calls = data.draw(st.lists(st.lists(st.integers(0, 9), max_size=2), min_size=10, max_size=10))
    changed = data.draw(st.integers(0, 9))
    home = [f"utils.{'even' if n % 2 == 0 else 'odd'}" for n in range(10)]
    texts = {"utils.even": "from utils import odd\n", "utils.odd": "import utils.even\n"}
    for number, called in enumerate(calls):
        spelled = ", ".join(f"{spell(home[number], home[n])}f{n}()" for n in called)
        texts[home[number]] += f"def f{number}():\n    return 0, {spelled}\n"
    reach, pending = set(), [0]
    while pending:
        number = pending.pop()
        if number not in reach:
            reach.add(number)
            pending += calls[number]
    for name, text in texts.items():
        (checkout / f"{name.replace('.', '/')}.py").write_text(text)
    file = f"{home[changed].removeprefix('utils.')}.py"
    old, new = f"def f{changed}():\n    return 0", f"def f{changed}():\n    return 1"
    code = "from utils.even import f0\nf0()"
    assert after(checkout, file, old, new, code) is (changed in reach)


def spell(here: str, there: str) -> str:
    if here == there:
        return ""
    return "odd." if there == "utils.odd" else "utils.even."


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real helpers, to be edited."""
    root = tmp_path_factory.mktemp("real")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE.root / "utils", root / "utils", ignore=ignore)
    return root


@pytest.fixture(scope="module")
def chapters() -> dict[str, list[str]]:
    return {
        slug: [
            cell.source
            for cell in read_source(HERE.source(slug)).cells
            if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", [])
        ]
        for slug in HERE.slugs
    }


def stale_after(
    root: Path, chapters: dict[str, list[str]], edit: Callable[[Path], str]
) -> set[str]:
    """The chapters that reach something else once every helper is edited."""
    before = {slug: reached(root, code) for slug, code in chapters.items()}
    texts = {path: path.read_text() for path in root.rglob("*.py")}
    for path in texts:
        path.write_text(edit(path))
    try:
        return {slug for slug, code in chapters.items() if reached(root, code) != before[slug]}
    finally:
        for path, text in texts.items():
            path.write_text(text)


def test_another_drawing_of_cards_makes_no_chapter_stale(copy, chapters) -> None:
    def edit(path: Path) -> str:
        return path.read_text().replace("Plan, numbers, literature", "All the rest")

    assert edit(copy / "utils/claims/card.py") != (copy / "utils/claims/card.py").read_text()
    assert stale_after(copy, chapters, edit) == set()


def test_another_engine_makes_no_chapter_stale(copy, chapters) -> None:
    def edit(path: Path) -> str:
        text = path.read_text()
        return text + "\n\nprint('faster')\n" if path.parent.name == "population" else text

    assert edit(copy / "utils/population/loop.py").endswith("print('faster')\n")
    assert stale_after(copy, chapters, edit) == set()


@pytest.mark.slow
def test_a_new_function_in_every_module_makes_no_chapter_stale(copy, chapters) -> None:
    new = "\n\ndef never_seen_before(x):\n    return x\n"
    assert stale_after(copy, chapters, lambda path: path.read_text() + new) == set()


def test_a_new_statement_that_runs_makes_every_chapter_stale(copy, chapters) -> None:
    edit = "\n\nprint('imported')\n"
    assert stale_after(copy, chapters, lambda path: path.read_text() + edit) == set(chapters)


@pytest.mark.parametrize("name", ["settle", "band"])
def test_what_every_chapter_calls_makes_every_chapter_stale(copy, chapters, name) -> None:
    def edit(path: Path) -> str:
        return path.read_text().replace(f"\ndef {name}(", f"\n@noted\ndef {name}(")

    callers = {slug for slug, code in chapters.items() if f"{name}(" in "\n".join(code)}
    assert stale_after(copy, chapters, edit) >= callers
