import json
import os
import subprocess
import textwrap
from datetime import date
from pathlib import Path

import pytest
import yaml

from tools.course import Course, read_source
from tools.freeze import freeze, make_freeze, refuse_unfrozen
from tools.notebooks import make_notebooks

DAY, LATER = date(2026, 1, 2), date(2026, 3, 4)
A_CLAIM = """\
  - id: {id}
    kind: claim
    says: Water is wet.
    places: [A:1]
    expect: holds
    why: Everybody says so.
    settle_by: {by}
    plan: {plan}
    run: bath
"""
LONG = "Pour it over sixteen towels and weigh each of them before and after, " * 3


def write(course: Course, *entries: str, slug: str = "fluids") -> None:
    path = course.root / "sources" / slug / "claims.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("question: What is wet?\ntitle: Fluids\nclaims:\n" + "".join(entries))


def claim(id: str, plan: str = "Read.", by: str = "reading", more: str = "") -> str:
    return A_CLAIM.format(id=id, plan=plan, by=by) + more


def lock(course: Course, slug: str = "fluids") -> dict[str, dict]:
    return json.loads((course.root / "sources" / slug / "plans.lock").read_text())


def test_a_lock_is_sorted_and_has_one_line_for_each_claim(course: Course) -> None:
    write(course, claim("wet"), claim("dry"))
    assert freeze(course, "fluids", DAY) == []
    lines = (course.root / "sources/fluids/plans.lock").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["{", '"dry"', '"wet"', "}"]
    assert {entry["date"] for entry in lock(course).values()} == {"2026-01-02"}


def test_new_plans_are_added_and_unchanged_ones_keep_their_day(course: Course) -> None:
    write(course, claim("wet"))
    freeze(course, "fluids", DAY)
    write(course, claim("wet", plan="\n      Read."), claim("dry"))
    assert freeze(course, "fluids", LATER) == []
    assert {k: v["date"] for k, v in lock(course).items()} == {
        "wet": "2026-01-02",
        "dry": "2026-03-04",
    }


def test_a_lock_that_says_the_same_is_not_written_again(course: Course) -> None:
    write(course, claim("wet"))
    freeze(course, "fluids", DAY)
    os.utime(course.root / "sources/fluids/plans.lock", (1, 1))
    freeze(course, "fluids", LATER)
    assert (course.root / "sources/fluids/plans.lock").stat().st_mtime == 1


def test_a_silent_change_is_refused_and_leaves_the_lock_as_it_was(course: Course) -> None:
    write(course, claim("wet"), claim("dry"))
    freeze(course, "fluids", DAY)
    before = lock(course)
    write(course, claim("wet", plan="Guess."), claim("dry"))
    problems = freeze(course, "fluids", LATER)
    assert [problem.split(":")[0] for problem in problems] == [
        "`plan` of wet changed silently since 2026-01-02"
    ]
    assert lock(course) == before


@pytest.mark.parametrize("old", ["Read.", LONG])
def test_the_edit_that_a_refusal_names_mends_it(course: Course, old: str) -> None:
    write(course, claim("wet", plan=old))
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Plan"]):
        subprocess.run([*git, *command], cwd=course.root, check=True)
    freeze(course, "fluids", DAY)
    write(course, claim("wet", plan="Guess."))
    edit = freeze(course, "fluids", LATER)[0].split("\n", 1)[1]
    assert max(map(len, edit.splitlines())) <= 100
    edit = textwrap.indent(edit, "  ") + "\n"
    write(course, claim("wet", plan="Guess.", more=edit))
    problems = freeze(course, "fluids", LATER)
    assert problems == ["wet: write the reason in place of <why plan changed>"]
    edit = edit.replace("<why plan changed>", "To guess is faster.")
    write(course, claim("wet", plan="Guess.", more=edit))
    assert freeze(course, "fluids", LATER) == []
    assert lock(course)["wet"]["date"] == "2026-03-04"
    (change,) = yaml.safe_load((course.root / "sources/fluids/claims.yml").read_text())["claims"][
        0
    ]["changes"]
    assert change["was"] == old.strip()


def test_without_a_history_the_place_of_the_old_text_is_marked(course: Course) -> None:
    write(course, claim("wet"))
    freeze(course, "fluids", DAY)
    write(course, claim("wet", plan="Guess."))
    assert "<the old text, word for word>" in freeze(course, "fluids", LATER)[0]


def test_an_experiment_without_settings_is_not_frozen_and_the_others_are(course: Course) -> None:
    write(course, claim("wet", by="experiment"), claim("dry"))
    assert freeze(course, "fluids", DAY) == [
        "wet: before its plan is frozen an experiment names the settings in which it measures: "
        "add `settings: [...]`"
    ]
    assert set(lock(course)) == {"dry"}


def test_a_claim_that_was_taken_out_is_named_until_its_line_is_deleted(course: Course) -> None:
    write(course, claim("wet"), claim("dry"))
    freeze(course, "fluids", DAY)
    write(course, claim("wet"))
    for _ in range(2):
        (problem,) = freeze(course, "fluids", LATER)
        assert problem.startswith("dry is frozen in sources/fluids/plans.lock and no longer in")


def test_make_freeze_takes_the_chapters_that_are_begun_or_those_named(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    write(course, claim("hot"), slug="tiny")
    assert make_freeze(course) == 0
    assert capsys.readouterr().out == "tiny: 1 of 1 plans are frozen\n"
    assert make_freeze(course, "fluids, tiny") == 0
    assert make_freeze(course) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "fluids: 1 of 1 plans are frozen",
        "tiny: 1 of 1 plans are frozen",
    ]


def test_an_unknown_chapter_and_a_broken_ledger_are_told_and_fail(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_freeze(course, "fluid") == 1
    assert "  there is no sources/fluid/claims.yml; there are: fluids" in capsys.readouterr().out
    write(course, claim("wet", plan="' '"))
    assert make_freeze(course, "fluids, tiny") == 1
    assert capsys.readouterr().out == "fluids/claims.yml: wet: `plan` is missing\n"


def test_no_chapter_is_run_before_the_plans_that_it_settles_are_frozen(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    path = course.source("tiny")
    path.write_text(path.read_text().replace("time.time_ns()", '"water-is-wet"'))
    assert make_notebooks(course) == 1
    assert (
        "the plan of water-is-wet is not frozen: make freeze CH=fluids" in capsys.readouterr().err
    )
    assert not course.chapter("tiny").exists()
    freeze(course, "fluids", DAY)
    refuse_unfrozen(course, read_source(path))


def test_a_lock_is_written_only_in_whole(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    write(course, claim("wet"))
    freeze(course, "fluids", DAY)
    before = lock(course)

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    write(course, claim("wet"), claim("dry"))
    with pytest.raises(KeyboardInterrupt):
        freeze(course, "fluids", LATER)
    assert lock(course) == before
    assert not list((course.root / "sources/fluids").glob(".plans.lock*"))
