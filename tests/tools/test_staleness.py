import pytest

from tools.course import Course, read_source
from tools.staleness import source_hash


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
        ("sources/tiny/chapter.md", "import time\n", "# @title Clock\nimport time\n", False),
        ("utils/unused.py", "", "x = 1\n", False),
        ("utils/deep.py", "def", "# why\ndef", False),
        ("utils/deep.py", "6", "7", True),
        ("utils/__init__.py", "", "x = 1\n", False),
        ("utils/__init__.py", "", "print(1)\n", True),
        ("requirements.txt", "mnist1d==0.0.2", "mnist1d==0.0.3", False),
        ("requirements.txt", "keras==3.15", "keras==3.16", True),
        ("utils/deep.py", "def six", "def seven():\n    return 7\n\n\ndef six", False),
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


def test_a_chapter_that_is_named_like_a_word_of_the_code_is_not_shown_by_it(
    course: Course,
) -> None:
    before = hash_after(course, "sources/tiny/chapter.md", "time.time_ns()", "{'fluids': 1}")
    assert hash_after(course, "sources/fluids/claims.yml", "Water is wet", "Water is dry") == before


def test_other_settings_in_the_plan_make_the_chapter_stale_that_settles_the_claim(
    course: Course,
) -> None:
    hash_after(course, "sources/tiny/chapter.md", "time.time_ns()", 'settle("water-is-wet", x)')
    planned = "experiment\n    settings: [sea]"
    before = hash_after(course, "sources/fluids/claims.yml", "reading", planned)
    assert hash_after(course, "sources/fluids/claims.yml", "[sea]", "[lake]") != before
