"""The open table of curves: what a study or a chapter keeps comes back, and no other."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.tools.trial import course_of_trials
from tools import study_blocks
from tools.course import Course, read_notebook
from tools.notebooks import make_notebooks
from tools.study_blocks import blocks, measure, store
from tools.study_code import declarations
from tools.study_code import studies as check
from utils import studies

KEEPS = """
import numpy as np

from utils import studies


@studies.study(seeds=4, block=2)
def long(seeds):
    steps = np.arange(1, 1001)
    losses = np.stack([seed + 1 / steps for seed in seeds])
    losses[0, 500:] = np.nan
    studies.keep("Adam", seeds, steps, {"loss": losses, "accuracy": 1 - losses})
    return {"last": losses[:, -1]}
"""
ON_THE_PAGE = """
```{code-cell} ipython3
from utils import studies

studies.keep("plain", range(2), np.array([5, 10]), {"loss": np.array([[3, 2], [4, np.inf]])})
```
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    course = course_of_trials(tmp_path / "course")
    monkeypatch.setattr(study_blocks, "HERE", course)
    monkeypatch.setattr(study_blocks, "IMPORTED", study_blocks.state(course))
    monkeypatch.setattr(studies, "RESULTS", course.root / "studies")
    return course


def measured(course: Course, code: str) -> None:
    (course.root / "sources/trial/studies.py").write_text(code)
    (declared,) = declarations(course, "trial")
    for block in blocks(course, declared, [0, 1, 2, 3]):
        _, found = measure(block)
        store(course, block, {**found, "seconds": 1, "cores": 1, "date": "2026-12-03"})


def test_the_curves_of_a_study_are_read_as_columns_with_a_hundred_steps_each(
    course: Course,
) -> None:
    measured(course, KEEPS)
    table = studies.curves("trial")
    assert {name: len(column) for name, column in table.items()} == dict.fromkeys(
        ["chapter", "study", "run", "quantity", "seed", "step", "value"], 4 * 2 * 100
    )
    assert {*table["chapter"]} | {*table["study"]} | {*table["run"]} == {"trial", "long", "Adam"}
    mine = (table["seed"] == 3) & (table["quantity"] == "accuracy")
    steps = table["step"][mine]
    assert (steps[0], steps[-1], len({*steps})) == (1, 1000, 100)
    np.testing.assert_allclose(table["value"][mine], 1 - (3 + 1 / steps), rtol=2**-13)
    assert np.isnan(table["value"][(table["seed"] == 2) & (table["step"] > 500)]).all()
    assert not np.isnan(table["value"][table["step"] <= 500]).any()


def test_a_study_that_keeps_no_curves_any_longer_has_none(course: Course) -> None:
    measured(course, KEEPS)
    assert check(course) == []
    measured(course, KEEPS.replace("studies.keep(", "(lambda *_: None)("))
    assert check(course) == []
    with pytest.raises(FileNotFoundError, match="there are no curves in studies/trial"):
        studies.curves("trial")


def test_curves_of_no_chapter_and_too_many_are_named_by_the_check(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    (course.root / "studies/gone").mkdir(parents=True)
    (course.root / "studies/gone/chapter.npz").touch()
    gone = "studies/gone/chapter.npz is the result of no study in sources/: delete it"
    assert check(course) == [gone]
    (course.root / "studies/gone/chapter.npz").write_bytes(b"0" * 20_000_001)
    assert check(course) == [
        "studies/ has 20,000,001 bytes, expected at most 20,000,000: keep less",
        gone,
    ]


def test_objects_are_not_unpickled(course: Course) -> None:
    (course.root / "studies/trial").mkdir(parents=True)
    hostile = dict.fromkeys(studies.COLUMNS, np.array([{}], dtype=object))
    np.savez(course.root / "studies/trial/chapter.npz", **hostile)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        studies.curves()


@example(np.full((2, 3), np.finfo(np.float32).max))
@given(arrays(np.float32, (2, 3)))
def test_what_is_kept_differs_by_less_than_a_part_in_eight_thousand(values: np.ndarray) -> None:
    with studies.keeping() as kept:
        studies.keep("any", [0, 1], np.arange(3), {"loss": values})
    found = studies.unpacked(studies.packed(kept))["value"].reshape(2, 3)
    tiny = np.finfo(np.float32).smallest_normal
    np.testing.assert_allclose(found, values, rtol=2**-13, atol=tiny)


@given(st.integers(1, 300))
def test_first_and_last_step_are_always_kept(points: int) -> None:
    with studies.keeping() as kept:
        studies.keep("any", [0], np.arange(points), {"loss": np.zeros((1, points))})
    assert {kept[0]["step"][0], kept[0]["step"][-1]} == {0, points - 1}
    assert len(kept[0]["step"]) == min(points, 100)


@pytest.mark.slow
def test_what_a_chapter_keeps_goes_into_the_table_and_not_into_its_notebook(
    course: Course,
) -> None:
    path = course.source("trial")
    text = path.read_text()
    path.write_text(text + ON_THE_PAGE)
    assert make_notebooks(course) == 0
    table = studies.curves()
    assert {*table["chapter"]} == {"trial"}
    assert {*table["study"]} == {""}
    assert table["seed"].tolist() == [0, 0, 1, 1]
    assert table["step"].tolist() == [5, 10, 5, 10]
    assert table["value"].tolist() == [3, 2, 4, np.inf]
    assert studies.MIME not in json.dumps(read_notebook(course.chapter("trial")))

    path.write_text(text)
    assert make_notebooks(course) == 0
    with pytest.raises(FileNotFoundError):
        studies.curves()
