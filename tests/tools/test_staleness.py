import ast

import pytest

from tools.course import Course, read_source
from tools.staleness import essence, helpers, source_hash

FUNCTION = 'def f(x):\n    """Old words."""\n    return x + 1\n'


@pytest.mark.parametrize(
    "same",
    [
        'def f(x):\n    """New words."""\n    return x + 1\n',
        "def f(x):\n    return x + 1  # a comment\n",
        '"""A module."""\n\n\ndef f(\n    x,\n):\n    """Old words."""\n\n    return (x + 1)\n',
    ],
)
def test_comments_docstrings_and_formatting_are_not_code(same: str) -> None:
    assert essence(ast.parse(same)) == essence(ast.parse(FUNCTION))


@pytest.mark.parametrize(
    "other",
    [
        "def f(x):\n    return x + 2\n",
        "def f(x, y=None):\n    return x + 1\n",
        "async def f(x):\n    return x + 1\n",
        "def f(x):\n    return x - 1\n",
        'def f(x):\n    "kept" + "words"\n    return x + 1\n',
    ],
)
def test_any_change_of_code_is_seen(other: str) -> None:
    assert essence(ast.parse(other)) != essence(ast.parse(FUNCTION))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import numpy", []),
        ("from utils import deep", ["utils/__init__.py", "utils/deep.py"]),
        ("import utils.deep as d", ["utils/__init__.py", "utils/deep.py"]),
        ("from utils.deep import six", ["utils/__init__.py", "utils/deep.py"]),
        (
            "from utils.middle import answer",
            ["utils/__init__.py", "utils/deep.py", "utils/middle.py"],
        ),
        ("def f():\n    from utils import unused", ["utils/__init__.py", "utils/unused.py"]),
    ],
)
def test_helpers_are_found_through_every_form_of_import(
    course: Course, code: str, expected: list[str]
) -> None:
    assert helpers(course, [code]) == expected


def test_helpers_that_import_each_other_are_found_once(course: Course) -> None:
    (course.root / "utils/deep.py").write_text("from utils import middle\n")
    found = helpers(course, ["import utils.middle"])
    assert found == ["utils/__init__.py", "utils/deep.py", "utils/middle.py"]


def hash_after(course: Course, name: str, old: str, new: str) -> str:
    path = course.root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return source_hash(course, read_source(course.source("tiny")))


@pytest.mark.parametrize(
    ("name", "old", "new", "stale"),
    [
        ("sources/tiny/chapter.md", "A sentence", "Some words", False),
        ("sources/tiny/chapter.md", "A red square", "A blue square", False),
        ("sources/tiny/chapter.md", "time_ns()", "time()", True),
        ("utils/unused.py", "", "x = 1\n", False),
        ("utils/deep.py", "def", "# why\ndef", False),
        ("utils/deep.py", "6", "7", True),
        ("utils/__init__.py", "", "x = 1\n", True),
        ("requirements.txt", "mnist1d==0.0.2", "mnist1d==0.0.3", False),
        ("requirements.txt", "keras==3.15", "keras==3.16", True),
        ("sources/fluids/claims.yml", "Water is wet", "Water is dry", False),
    ],
)
def test_the_hash_moves_with_what_the_outputs_depend_on_and_nothing_else(
    course: Course, name: str, old: str, new: str, stale: bool
) -> None:
    before = source_hash(course, read_source(course.source("tiny")))
    assert (hash_after(course, name, old, new) != before) is stale


@pytest.mark.parametrize("quoted", ['settle("water-is-wet")', "table(chapter='fluids')"])
def test_a_reworded_claim_makes_the_chapter_stale_that_shows_it(
    course: Course, quoted: str
) -> None:
    before = hash_after(course, "sources/tiny/chapter.md", "time.time_ns()", quoted)
    assert hash_after(course, "sources/fluids/claims.yml", "Water is wet", "Water is dry") != before
    assert hash_after(course, "sources/fluids/claims.yml", "Water is dry", "Water is wet") == before


def test_other_settings_in_the_plan_make_the_chapter_stale_that_settles_the_claim(
    course: Course,
) -> None:
    hash_after(course, "sources/tiny/chapter.md", "time.time_ns()", 'settle("water-is-wet", x)')
    planned = "experiment\n    settings: [sea]"
    before = hash_after(course, "sources/fluids/claims.yml", "reading", planned)
    assert hash_after(course, "sources/fluids/claims.yml", "[sea]", "[lake]") != before
