"""A tiny chapter run again with other seeds, and what is said of the outcomes."""

import asyncio
import contextlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.tools.trial import course_of_trials, ran
from tools.course import HERE, Course, CourseError
from tools.execute import execute
from tools.fresh import (
    INSTRUCTIONS,
    Result,
    chosen_seeds,
    counted,
    make_fresh,
    measure_studies,
    other_seeds,
    told,
    varied,
)
from tools.notebooks import make_notebooks
from tools.shift import imported, moved
from tools.words import table
from utils import stats
from utils.claims import Outcome, Settled


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = course_of_trials(tmp_path_factory.mktemp("fresh") / "course")
    assert make_notebooks(course) == 0
    ran(course)
    return course


@pytest.fixture
def course(written: Course, tmp_path: Path) -> Course:
    """The course with its chapter in the book, and nothing run again."""
    shutil.copytree(written.root, tmp_path / "course")
    return Course(tmp_path / "course")


def printed(course: Course, *cells: str, shift: int = 0, **variables: str) -> str:
    """What cells print in a kernel, after an opening, with their seeds moved."""
    codes = ["import sys", *cells]
    notebook = new_notebook(cells=[new_code_cell(code) for code in codes])
    variation = other_seeds(shift)
    asyncio.run(execute(course, varied(notebook, variation), variables=variables))
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def printed_here(code: str) -> str:
    """What code prints in this process, where nothing is moved."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    return out.getvalue()


def test_seeds_that_a_chapter_names_are_moved_and_those_of_the_data_are_not(
    course: Course,
) -> None:
    code = """\
import numpy as np

from utils import data
from utils.drawing import draws

print([round(np.random.default_rng(seed).normal(), 6) for seed in (0, [3, 7])])
print([round(float(value), 6) for value in [*draws(2), *draws([5]), *draws(seeds=range(8, 9))]])
print(round(float(data.two_moons().x_train[0, 0]), 6))"""
    plain, other = (printed(course, code, shift=shift).split("\n") for shift in (0, 40))

    def drawn(*seeds):
        return str([round(float(np.random.default_rng(seed).normal()), 6) for seed in seeds])

    assert plain[:2] == [drawn(0, [3, 7]), drawn(0, 1, 5, 8)]
    assert other[:2] == [drawn(40, [43, 7]), drawn(40, 41, 45, 48)]
    assert other[2] == plain[2]


@pytest.mark.slow
def test_a_population_with_its_seeds_moved_is_the_population_of_those_seeds() -> None:
    code = """\
import hashlib

import keras
from keras import layers
from utils import data
from utils.population import sweep, train


def build():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3), layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.1), loss="binary_crossentropy")
    return model


def digest(weights):
    return hashlib.sha256(b"".join(w.tobytes() for w in weights)).hexdigest()[:12]


options = {{"epochs": 1, "batch_size": 100, "jit_compile": False}}
moons = data.two_moons(train=200)
moons = moons.x_train, moons.y_train
print(digest(train(build, moons, {seeds}, **options).weights))
print(digest(sweep(build, moons, [0.1, 1.0], {seeds}, **options).runs[1.0].weights))
keras.utils.set_random_seed({one})
print(digest(build().get_weights()))
print(digest([keras.initializers.HeNormal(seed={one})((5, 5)).numpy()]))"""
    moved_by_us = printed(HERE, code.format(seeds=2, one=3), shift=500)
    named_here = printed_here(code.format(seeds=[500, 501], one=503))
    assert moved_by_us == named_here
    assert len(set(named_here.split())) == 4


@pytest.mark.slow
def test_other_instructions_change_the_bits_of_a_product() -> None:
    code = """\
import zlib

import keras
import numpy as np

a, b = np.random.default_rng(0).normal(size=(2, 64, 64)).astype("float32")
print(keras.ops.matmul(a, b).numpy().tobytes() == keras.ops.matmul(a, b).numpy().tobytes())
print(zlib.crc32(keras.ops.matmul(a, b).numpy().tobytes()))"""
    plain = printed_here(code).split()
    other = printed(HERE, code, **INSTRUCTIONS.variables).split()
    assert plain[0] == other[0] == "True"
    assert plain[1] != other[1]


def test_modules_are_found_in_every_form_of_import() -> None:
    code = """\
import numpy as np
import keras.layers
from utils import claims, data
from utils.population import train
from keras import ops
from . import nothing"""
    expected = ["keras", "numpy", "utils.claims", "utils.data", "utils.population"]
    assert imported([code]) == expected


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [(3, 10), (None, None), ([1, 2], [8, 9]), (range(2), [7, 8]), (np.array([1]), [8])],
)
def test_seeds_are_moved_in_every_form(seeds, expected) -> None:
    assert moved(seeds, 7) == expected


def test_sets_of_seeds_are_whole_numbers_far_apart() -> None:
    assert chosen_seeds("31337, 62674") == [31337, 62674]
    for text in ("50", "20000 20016", "31337 31337"):
        with pytest.raises(CourseError, match="at least 10,000 above 0 and apart"):
            chosen_seeds(text)
    with pytest.raises(CourseError, match="expected whole numbers, such as SEEDS='31337 62674'"):
        chosen_seeds("many")


def test_a_chapter_is_run_again_once_and_told_again(course: Course, capsys) -> None:
    assert make_fresh(course, "trial", "40000", False) == 0
    assert sorted(ran(course)) == ["falling", "rising"]
    first = capsys.readouterr().out
    assert "trial, seeds + 40000: 4 claims: 4 same, 0 moved, 0 contradicted" in first
    assert make_fresh(course, "trial", "40000", False) == 0
    assert ran(course) == []
    assert capsys.readouterr().out in first


def test_a_contradiction_is_a_failure_and_a_code_that_fails_too(course: Course, capsys) -> None:
    source = course.source("trial")
    text = source.read_text()
    source.write_text(text.replace("np.arange(16) + 1.0", "np.arange(16) - 99.0"))
    assert make_fresh(course, "trial", "40000", False) == 1
    said = capsys.readouterr().out
    assert "contradicted it-rises (holds here → fails here), up: yes, firm → no, firm" in said
    source.write_text(text.replace("np.arange(16) + 1.0", "1 / 0"))
    assert make_fresh(course, "trial", "40000", False) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


STUDIED = """
from utils import studies
from utils.drawing import draws


@studies.study(seeds=16, block=8)
def drawn(seeds):
    return {"drawn": draws(seeds, 0.2), "seed": seeds}
"""
READS = """
```{code-cell} ipython3
from utils import studies

long = studies.load("trial/drawn")
claims.settle("it-is-positive", {"drawn": stats.median_above(long["drawn"], 0.0)})
```
"""


def test_studies_are_measured_with_the_same_other_seeds_where_they_are_asked_for(
    course: Course, capfd
) -> None:
    text = course.source("trial").read_text()
    (course.root / "sources/trial/studies.py").write_text(STUDIED)
    course.source("trial").write_text(text[: text.rindex("```{code-cell}")] + READS)
    assert measure_studies(course, ["trial"], 0) == []
    stored = {path: path.read_bytes() for path in (course.root / "studies").rglob("*.json")}
    assert len(stored) == 2
    assert make_fresh(course, "trial", "40000", False) == 0
    assert make_fresh(course, "trial", "40000 80000", False, True) == 0
    said = capfd.readouterr().out
    assert said.count("trial, seeds + 40000: 4 claims") == 1
    for shift in (40000, 80000):
        assert f"trial, seeds + {shift}, studies too: 4 claims" in said
        measured = course.root / f"_build/fresh/studies/{shift}/trial/drawn"
        blocks = [json.loads(path.read_text())["values"] for path in measured.glob("*.json")]
        drawn = [number for values in blocks for number in values["drawn"]]
        expected = [np.random.default_rng(seed + shift).normal(0.2) for seed in range(16)]
        np.testing.assert_allclose(sorted(drawn), sorted(expected))
        run = json.loads((course.root / f"_build/fresh/trial/seeds-+-{shift}.json").read_text())
        assert run["studies"]
        evidence = stats.median_above(expected, 0.0)
        answer = {None: "open", True: "yes", False: "no"}[evidence.outcome]
        assert run["outcomes"]["it-is-positive"]["drawn"] == [answer, evidence.firm]
    assert stored == {path: path.read_bytes() for path in (course.root / "studies").rglob("*.json")}


def test_the_seeds_of_a_module_are_moved_once_in_a_process_and_by_one_number() -> None:
    code = """\
from tools.shift import shift_seeds

shift_seeds(40, ["random"])
try:
    shift_seeds(41, ["random"])
except ValueError as error:
    print(error)"""
    twice = "from tools.shift import shift_seeds\n\nshift_seeds(40, ['random'])\n" * 2
    twice += "import random\n\nrandom.seed(3)\nprint(random.random())"
    once = "import random\n\nrandom.seed(43)\nprint(random.random())"
    assert printed(HERE, twice) == printed(HERE, once)
    assert "are moved by 40 here, not by 41" in printed(
        HERE, code.replace("utils.drawing", "random")
    )


YES, CLOSE, OPEN, NO = (
    Outcome("yes", True),
    Outcome("yes", False),
    Outcome("open", False),
    Outcome("no", True),
)


def book_of(**outcomes: Outcome) -> dict[str, Settled]:
    return {
        claim: Settled(claim, "holds here", {"s": outcome}, {"s": "1"}, "")
        for claim, outcome in outcomes.items()
    }


def run_of(**outcomes: Outcome) -> Result:
    words = {"yes": "holds here", "no": "fails here", "open": "open"}
    return Result(
        "hash",
        {"python": "3.11"},
        "2026-01-02",
        60,
        {claim: words[outcome.answer] for claim, outcome in outcomes.items()},
        {claim: {"s": outcome} for claim, outcome in outcomes.items()},
    )


def test_what_is_the_same_what_moved_and_what_is_contradicted_is_told() -> None:
    book = book_of(a=YES, b=YES, c=CLOSE, d=OPEN, e=YES, f=OPEN)
    run = run_of(a=YES, b=CLOSE, c=OPEN, d=CLOSE, e=OPEN, f=NO)
    assert counted(book, run) == "6 claims: 2 same, 2 moved, 2 contradicted"
    assert counted(book_of(a=YES), run) == "1 claim: 1 same, 0 moved, 0 contradicted"
    assert [line.split()[:2] for line in told(book, run)] == [
        ["close", "b,"],
        ["moved", "c"],
        ["moved", "d,"],
        ["contradicted", "e"],
        ["contradicted", "f"],
    ]


def test_the_table_counts_and_names_what_moved_in_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_of(a=YES, c=CLOSE, e=YES)
    monkeypatch.setattr("tools.words.decided", lambda course, slug: book)
    runs = {"seeds + 1": run_of(a=YES, c=CLOSE, e=YES), "other": run_of(a=YES, c=OPEN, e=OPEN)}
    text = table(HERE, {"trial": runs})
    assert "| trial | 3 · 0 · 0 | 1 · 1 · 1 |" in text
    assert "| all | 3 · 0 · 0 | 1 · 1 · 1 |" in text
    assert "| `c` | s | holds here; yes, close | yes, close | open |" in text
    assert "| `e` | s | holds here; yes, firm | yes, firm | **open** |" in text
    assert "| `a` |" not in text
