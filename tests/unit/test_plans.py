"""What may change in a frozen plan: a lock as `make freeze` writes it, and another claim."""

from dataclasses import replace
from datetime import date

import pytest

from tools.course import Course
from tools.freeze import freeze
from utils import claims
from utils.claims import Change

DAY = date(2026, 1, 2)
SHARED = "notes: {A: {title: Note, lines: 12}}\nruns: {a-run: a run}\n"
CHAPTER = """\
question: Is it hard?
claims:
  - id: deep-is-hard
    kind: claim
    says: Deep is hard.
    places: [A:1]
    expect: holds
    why: It is.
    settle_by: experiment
    settings: [moons, digits]
    plan: Try it with sixteen
      seeds.
    run: a-run
"""


@pytest.fixture
def course(tmp_path):
    (tmp_path / "sources" / "one").mkdir(parents=True)
    (tmp_path / "sources" / "ledger.yml").write_text(SHARED)
    (tmp_path / "sources" / "one" / "claims.yml").write_text(CHAPTER)
    return Course(tmp_path)


@pytest.fixture
def frozen(course):
    """A function that says what keeps a claim, changed as given, from being settled."""
    assert freeze(course, "one", DAY) == []
    claim = claims.load(course.root / "sources").claims["deep-is-hard"]
    return lambda **changed: claims.frozen(replace(claim, **changed), course.root / "sources")


def was(*texts):
    return tuple(Change(DAY, "A reason.", text) for text in texts)


def test_a_plan_without_a_lock_is_not_frozen_and_the_command_is_named(course):
    claim = claims.load(course.root / "sources").claims["deep-is-hard"]
    expected = "the plan of deep-is-hard is not frozen: make freeze CH=one"
    assert claims.frozen(claim, course.root / "sources") == expected


def test_what_is_not_promised_may_change(frozen):
    assert frozen() is None
    assert frozen(why="Others say so.", places=("A:2",), run="another", conflicts=("x",)) is None


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("plan", "Try it with two seeds."),
        ("settings", ("moons",)),
        ("settings", ("digits", "moons", "MNIST-1D")),
        ("expect", "disputed"),
        ("settle_by", "check"),
        ("says", "Deep is rather hard."),
    ],
)
def test_a_silent_change_of_what_is_promised_is_named_with_its_mending(frozen, part, value):
    said = frozen(**{part: value})
    assert said.startswith(f"`{part}` of deep-is-hard changed silently since 2026-01-02: put")
    assert said.endswith("`was`, the old text, then make freeze CH=one")


@pytest.mark.parametrize(
    ("part", "value", "old"),
    [
        ("plan", "Try it with two seeds.", "Try it with sixteen seeds."),
        ("settings", ("moons",), "moons; digits"),
        ("expect", "disputed", "holds"),
    ],
)
def test_a_change_that_keeps_the_old_text_only_waits_to_be_frozen(frozen, part, value, old):
    assert frozen(**{part: value}, changes=was(old)) == (
        "the plan of deep-is-hard was changed since 2026-01-02 and is not frozen: "
        "make freeze CH=one"
    )


def test_every_part_that_changed_is_kept(frozen):
    changed = {"plan": "Try less.", "settings": ("moons",)}
    assert frozen(**changed).startswith("`plan` and `settings` of")
    assert frozen(**changed, changes=was("moons; digits")).startswith("`plan` of")
    assert "silently" not in frozen(
        **changed, changes=was("moons; digits", "Try it with sixteen seeds.")
    )


def test_another_text_than_the_frozen_one_does_not_excuse_a_change(frozen):
    assert "silently" in frozen(plan="Try less.", changes=was("Try it with sixteen weeds."))


def write(course, plan, *texts):
    entries = "".join(
        f"      - {{date: {DAY}, reason: A reason., was: {text}}}\n" for text in texts
    )
    changes = f"    changes:\n{entries}" if texts else ""
    text = CHAPTER.replace("Try it with sixteen\n      seeds.", plan) + changes
    (course.root / "sources" / "one" / "claims.yml").write_text(text)


FIRST, SECOND, THIRD = "First plan.", "Second plan.", "Third plan."


def test_a_text_that_excused_one_change_does_not_excuse_the_next(course):
    write(course, FIRST)
    assert freeze(course, "one", DAY) == []
    write(course, SECOND, FIRST)
    assert freeze(course, "one", DAY) == []
    write(course, FIRST, FIRST, SECOND)
    assert freeze(course, "one", DAY) == []
    write(course, THIRD, FIRST, SECOND)  # the first entry tells of an earlier change
    assert "changed silently" in freeze(course, "one", DAY)[0]
    write(course, THIRD, FIRST, SECOND, FIRST)
    assert freeze(course, "one", DAY) == []


@pytest.mark.parametrize("texts", [[], [SECOND], ["Forged."], [SECOND, FIRST]])
def test_what_was_promised_before_stays_in_the_ledger(course, texts):
    write(course, THIRD, FIRST, SECOND)
    assert freeze(course, "one", DAY) == []
    write(course, THIRD, *texts)
    said = freeze(course, "one", DAY)[0]
    assert said.startswith("the `changes` of deep-is-hard are not those that were frozen")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "<<<<<<< ours\n{}\n",
        '{"deep-is-hard": {"date": "2026-01-02"}}',
        '{"deep-is-hard": {"date": "soon", "promised": {}, "was": []}}',
        '{"deep-is-hard": 3}',
    ],
)
def test_a_lock_that_nobody_can_read_is_named_with_its_mending(course, text):
    (course.root / "sources" / "one" / "plans.lock").write_text(text)
    claim = claims.load(course.root / "sources").claims["deep-is-hard"]
    with pytest.raises(
        ValueError, match=r"sources/one/plans\.lock is not what `make freeze` writes"
    ):
        claims.frozen(claim, course.root / "sources")
