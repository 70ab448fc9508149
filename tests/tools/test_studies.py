"""Studies of a tiny chapter in a course of its own: measured, stored, read and checked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype

from tests.tools.trial import course_of_trials
from tools import study_blocks
from tools.course import HERE, Course, read_source
from tools.proofs import trials
from tools.staleness import source_hash
from tools.studies import make_studies
from tools.study_blocks import Block, blocks, listed, measure, store
from tools.study_code import Declared, declarations, progress, studies
from utils import studies as reading

STUDIES = '''
"""Two studies of a trial."""

import sys
import time
from pathlib import Path

import numpy as np

from utils import samples, studies
from utils.drawing import draws

HERE = Path(__file__).parent
SHIFT = 0.5


def noted(seeds):
    with (HERE / "ran.txt").open("a") as file:
        file.write(f"{seeds[0]}\\n")


@studies.study(seeds=8, block=2)
def drawn(seeds):
    """A number for each seed."""
    noted(seeds)
    while seeds[0] >= 4 and (HERE / "wait").exists():
        time.sleep(0.1)
    if seeds[0] == 2 and (HERE / "fail").exists():
        raise ValueError("the bath is empty")
    if seeds[0] == 4 and (HERE / "leave").exists():
        sys.exit("as a script does")
    return {"draws": draws(seeds) + SHIFT, "twice": np.stack([seeds, seeds], axis=1)}


@studies.study(seeds=3)
def other(seeds):
    return {"seed": np.array(seeds)}
'''
FILE, RESULT = "sources/trial/studies.py", "studies/trial/drawn"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    course = course_of_trials(tmp_path / "course")
    write(course, FILE, STUDIES)
    return course


@pytest.fixture
def here(course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The course, in which this process is a worker, with the helpers of the real one."""
    alone = STUDIES.replace("from utils.drawing import draws\n", "")
    write(course, FILE, alone.replace("draws(seeds)", "np.ones(len(seeds))"))
    monkeypatch.setattr(study_blocks, "HERE", course)
    monkeypatch.setattr(study_blocks, "IMPORTED", study_blocks.state(course))
    return course


def write(course: Course, name: str, text: str) -> None:
    path = course.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(course: Course, name: str, old: str, new: str) -> None:
    text = (course.root / name).read_text()
    assert old in text
    write(course, name, text.replace(old, new, 1))


def began(course: Course) -> list[int]:
    """The first seeds of the blocks that were begun since the last time that anyone asked."""
    path = course.root / "sources/trial/ran.txt"
    seeds = sorted(map(int, path.read_text().split())) if path.exists() else []
    path.unlink(missing_ok=True)
    return seeds


def command(course: Course, **variables: str) -> dict:
    return {
        "args": [sys.executable, "-m", "tools.studies"],
        "cwd": course.root,
        "env": {**os.environ, "PYTHONPATH": str(course.root), "CH": "trial/drawn", **variables},
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }


def run(course: Course, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**command(course, **variables))


def drawn(course: Course) -> Declared:
    return declarations(course, "trial")[0]


def lacking(course: Course) -> list[Block]:
    return blocks(course, drawn(course), progress(course, drawn(course))[0])


def keep(course: Course, block: Block) -> None:
    _, found = measure(block)
    store(course, block, {**found, "seconds": 30, "cores": 2, "date": "2026-12-03"})


def result(course: Course, monkeypatch: pytest.MonkeyPatch) -> reading.Result:
    monkeypatch.setattr(reading, "RESULTS", course.root / "studies")
    return reading.load("trial/drawn")


def until(happened: Callable[[], object], process: subprocess.Popen) -> None:
    end = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


# --- measuring -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_run_leaves_no_worker_behind_and_the_next_repeats_no_block_that_was_done(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(course, "sources/trial/wait", "")
    with subprocess.Popen(**command(course)) as process:
        until(lambda: len(list((course.root / RESULT).glob("*.json"))) == 2, process)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    assert set(began(course)) > {0, 2}

    (course.root / "sources/trial/wait").unlink()
    done = run(course)
    assert (done.returncode, done.stderr) == (0, "")
    assert began(course) == [4, 6]
    found = result(course, monkeypatch)
    expected = [np.random.default_rng(seed).normal() + 0.5 for seed in range(8)]
    np.testing.assert_array_equal(found["draws"], expected)
    np.testing.assert_array_equal(found["twice"][:, 1], np.arange(8))
    assert found.measured.startswith("in ")

    again = run(course)
    assert (again.returncode, again.stdout) == (0, "trial/drawn: up to date\n")
    assert began(course) == []


@pytest.mark.slow
def test_a_block_that_fails_is_named_with_its_traceback_and_costs_the_others_nothing(
    course: Course,
) -> None:
    write(course, "sources/trial/fail", "")
    write(course, "sources/trial/leave", "")
    done = run(course)
    assert done.returncode == 1
    assert "trial/drawn, seeds 2 to 3 could not be measured:\nTraceback" in done.stderr
    assert "ValueError: the bath is empty" in done.stderr
    assert "trial/drawn, seeds 4 to 5 could not be measured:\nTraceback" in done.stderr
    assert "SystemExit: as a script does" in done.stderr
    assert "The other blocks are stored. make studies goes on" in done.stderr
    assert began(course) == [0, 2, 4, 6]

    (course.root / "sources/trial/fail").unlink()
    (course.root / "sources/trial/leave").unlink()
    assert run(course).returncode == 0
    assert began(course) == [2, 4]


@pytest.mark.slow
def test_a_second_run_beside_the_first_says_so_and_measures_nothing(course: Course) -> None:
    write(course, "sources/trial/wait", "")
    with subprocess.Popen(**command(course)) as first:
        until(lambda: (course.root / RESULT).exists(), first)
        second = run(course)
        (course.root / "sources/trial/wait").unlink()
        assert first.wait() == 0
    assert second.returncode == 1
    assert second.stderr == "\nAnother make studies is at work here: wait for it\n"
    assert began(course) == [0, 2, 4, 6]


@pytest.mark.slow
def test_two_workers_of_a_dask_cluster_measure_the_same(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = (
        "from distributed import LocalCluster\n"
        "with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "    print(cluster.scheduler_address, flush=True)\n"
        "    input()\n"
    )
    given = {**command(course), "args": [sys.executable, "-c", cluster], "stdin": subprocess.PIPE}
    with subprocess.Popen(**given) as process:
        address = process.stdout.readline().strip()
        try:
            done = run(course, BACKEND="dask", ADDRESS=address)
        finally:
            process.communicate("\n")
    assert done.returncode == 0, done.stderr
    assert began(course) == [0, 2, 4, 6]
    expected = [np.random.default_rng(seed).normal() + 0.5 for seed in range(8)]
    found = result(course, monkeypatch)
    np.testing.assert_array_equal(found["draws"], expected)
    assert found.cores == (2,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("", "spark", "a:1"), "BACKEND is 'spark' and ADDRESS 'a:1'; expected dask or ray, and"),
        (("", "dask", ""), "BACKEND is 'dask' and ADDRESS ''; expected dask or ray, and host"),
        (("tril", "", ""), "There is no study tril; there are: trial"),
        (("../x", "", ""), "There is no study ../x; there are: trial"),
        (("trial/drown", "", ""), "There is no study trial/drown; there are: trial/drawn, trial/o"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(course: Course, given, said: str) -> None:
    (failure,) = make_studies(course, *given)
    assert failure.startswith(said)
    assert "\n" not in failure


@pytest.mark.slow
def test_a_sentence_goes_to_the_errors_and_the_command_fails(course: Course) -> None:
    done = run(course, CH="tril")
    assert done.returncode == 1
    assert "There is no study tril; there are: trial" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_block_of_other_code_than_the_worker_has_is_refused(here: Course) -> None:
    first, *_ = lacking(here)
    edit(here, FILE, "+ SHIFT", "- SHIFT")
    _, found = measure(first)
    assert "was the code edited since?" in found
    assert began(here) == []


def test_a_worker_that_imported_other_helpers_is_refused(here: Course) -> None:
    assert isinstance(measure(lacking(here)[0])[1], dict)
    edit(here, "utils/drawing.py", "normal(above)", "normal(above, 2)")
    _, found = measure(lacking(here)[0])
    assert "workers have to be started anew" in found


def test_a_worker_with_other_packages_is_refused(here: Course) -> None:
    block = replace(lacking(here)[0], versions={"python": "2.7"})
    _, found = measure(block)
    assert "The run began with {'python': '2.7'}" in found


def test_a_study_is_not_measured_before_the_plans_of_its_chapter_are_frozen(
    course: Course,
) -> None:
    (course.root / "sources/trial/plans.lock").unlink()
    (failure,) = make_studies(course, "trial/drawn", "", "")
    assert "plan of it-rises is not frozen: make freeze CH=trial" in failure
    assert began(course) == []


# --- storing -------------------------------------------------------------------------------------


@given(
    st.sampled_from(["f8", "f4", "i8", "u1", "?"]).flatmap(
        lambda kind: arrays(kind, array_shapes(max_side=4), elements=from_dtype(np.dtype(kind)))
    )
)
def test_numbers_come_back_from_json_as_its_strictest_readers_accept_it(numbers) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    text = json.dumps(listed({"x": numbers}, len(numbers)), allow_nan=False)
    found = reading.array(json.loads(text, parse_constant=refuse)["x"])
    np.testing.assert_array_equal(found.astype(numbers.dtype), numbers)
    assert found.dtype.kind == {"u": "i"}.get(numbers.dtype.kind, numbers.dtype.kind)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned None; expected a mapping"),
        ({}, "returned {}; expected a mapping"),
        ({"x": ["a", "b"]}, "for 'x' an array of <U1 of shape"),
        ({"x": [None, 1.0]}, "for 'x' an array of object"),
        ({1: np.ones(2)}, "for 1 an array .* expected a name"),
        ({"x": np.ones(3)}, r"of shape \(3,\); expected .* the 2 seeds"),
        ({"x": np.float32(1.0)}, r"of shape \(\); expected .* the 2 seeds"),
    ],
)
def test_what_is_no_array_of_seeds_is_refused(returned, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        listed(returned, 2)


def test_a_result_too_large_for_the_repository_is_refused(here: Course) -> None:
    edit(here, FILE, "np.stack([seeds, seeds], axis=1)", "np.zeros((len(seeds), 30_000))")
    _, found = measure(lacking(here)[0])
    assert isinstance(found, str)
    assert "trial/drawn would have 1,200,144 bytes, expected at most 1,000,000" in found


def test_what_a_block_leaves_in_the_file_of_studies_does_not_reach_the_next(here: Course) -> None:
    edit(here, FILE, "SHIFT = 0.5", "SHIFT = np.zeros(1)")
    edit(here, FILE, "    noted(seeds)\n", "    global SHIFT\n    SHIFT += 1\n")
    for block in lacking(here):
        assert measure(block)[1]["values"]["draws"] == [2.0, 2.0]


def test_a_study_with_more_seeds_and_other_blocks_keeps_what_was_measured(
    here: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in lacking(here):
        keep(here, block)
    edit(here, FILE, "seeds=8, block=2", "seeds=12, block=3")
    assert [block.seeds for block in lacking(here)] == [[8, 9, 10], [11]]
    for block in lacking(here):
        keep(here, block)
    assert result(here, monkeypatch)["twice"][:, 0].tolist() == list(range(12))


def test_a_study_of_which_a_block_is_missing_or_of_other_code_is_not_read(
    here: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in lacking(here):
        with pytest.raises(FileNotFoundError, match="trial/drawn is not all there: make studies"):
            result(here, monkeypatch)
        keep(here, block)
    assert result(here, monkeypatch)["draws"].shape == (8,)
    edit(here, f"{RESULT}/0-1.json", drawn(here).code, "0")
    with pytest.raises(FileNotFoundError, match="trial/drawn is not all there: make studies"):
        result(here, monkeypatch)


# --- what a study depends on ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "changed"),
    [
        (FILE, "SHIFT = 0.5", "SHIFT = 0.25", True),
        (FILE, "+ SHIFT", "- SHIFT", True),
        (FILE, 'open("a")', 'open("w")', True),
        (FILE, "import draws", "import other as draws", True),
        (FILE, "SHIFT = 0.5", "SHIFT = 0.5\nSHIFT += 1", True),
        ("utils/drawing.py", "normal(above)", "normal(above, 2)", True),
        (FILE, "A number", "Numbers", False),
        (FILE, "SHIFT = 0.5", "# why\nSHIFT = (0.5)", False),
        (FILE, "block=2", "block=4", False),
        (FILE, "np.array(seeds)", "np.array(seeds) + 1", False),
        (FILE, "import samples, studies", "import typeset, studies", False),
        ("utils/studies.py", "block: int = 16", "block: int = 8", False),
        ("utils/drawing.py", "def draws", "def more():\n    return 1\n\n\ndef draws", False),
        ("requirements.txt", "numpy==2.0", "numpy==2.1", False),
    ],
)
def test_a_result_is_stale_where_code_changed_that_the_study_reaches(
    course: Course, name: str, old: str, new: str, changed: bool
) -> None:
    before = drawn(course).code
    edit(course, name, old, new)
    assert (drawn(course).code != before) is changed


def test_the_check_names_what_is_missing_stale_and_left_over_with_the_way_out(
    here: Course,
) -> None:
    def said(missing: int, seeds: int, left: int) -> str:
        return (
            f"studies/trial/drawn is not of today's code: {missing} of {seeds} seeds are missing, "
            f"{left} files are left over: make studies CH=trial/drawn"
        )

    assert studies(here)[0] == said(8, 8, 0)
    for block in lacking(here):
        keep(here, block)
    other = (
        "studies/trial/other is not of today's code: 3 of 3 seeds are missing, 0 files are left "
        "over: make studies CH=trial/other"
    )
    assert studies(here) == [other]

    write(here, "studies/trial/gone/0-1.json", "{}")
    gone = "studies/trial/gone is the result of no study in sources/: delete it"
    assert studies(here) == [other, gone]
    write(here, f"{RESULT}/4-5.json", "<<<<<<<")
    assert studies(here)[0] == said(2, 8, 1)
    write(here, f"{RESULT}/4-5.json", "[]")
    assert studies(here)[0] == said(2, 8, 1)
    edit(here, FILE, "seeds=8", "seeds=4")
    assert studies(here)[0] == said(4, 4, 4)
    edit(here, FILE, "seeds=4", "seeds=8")
    assert studies(here)[0] == said(2, 8, 1)
    edit(here, FILE, "SHIFT = 0.5", "SHIFT = 1")
    assert studies(here)[0] == said(8, 8, 4)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("@studies.study(seeds=8, block=2)", "@studies.study", "@studies.study; expected"),
        ("seeds=8", "seeds=0", "seeds=0, block=2); expected numbers, written out"),
        ("seeds=8", "seeds='8'", "seeds='8', block=2); expected"),
        ("seeds=8", "seeds=True", "seeds=True, block=2); expected"),
        ("seeds=8", "seeds=SEEDS", "seeds=SEEDS, block=2); expected"),
        ("seeds=8", "many=8", "many=8, block=2); expected"),
        ("def drawn", "def 1", "invalid syntax"),
        (STUDIES, "X = 1\n", "declares no study"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_named(
    course: Course, old: str, new: str, said: str
) -> None:
    write(course, f"{RESULT}/0-1.json", "{}")
    edit(course, FILE, old, new)
    (problem,) = studies(course)
    assert problem.startswith(FILE)
    assert said in problem


# --- a chapter that reads a study ----------------------------------------------------------------


READS = """
```{code-cell} ipython3
from utils import studies

long = studies.load("trial/drawn")
claims.settle("it-rises", {"up": stats.median_above(long["draws"], 0.5)})
```
"""


def test_another_result_makes_the_chapter_stale_that_reads_it(course: Course) -> None:
    def now() -> str:
        return source_hash(course, read_source(course.source("trial")))

    before = now()
    write(course, f"{RESULT}/0-1.json", "{}")
    assert now() == before
    write(course, "sources/trial/chapter.md", course.source("trial").read_text() + READS)
    first = now()
    write(course, f"{RESULT}/2-3.json", "{}")
    assert now() != first
    (course.root / RESULT / "2-3.json").unlink()
    assert now() == first


def test_a_claim_that_a_study_settles_is_planted_where_the_chapter_reads_it(
    course: Course,
) -> None:
    text = course.source("trial").read_text()
    settled = 'claims.settle("it-rises", {"up": stats.median_above(rising, 0.5)})'
    write(course, "sources/trial/chapter.md", text.replace(settled, "") + READS)
    write(
        course,
        "sources/trial/plants.yml",
        """it-rises: {find: 'long["draws"]', plant: '-long["draws"]'}""",
    )
    (trial,) = trials(course, "trial")
    code = [
        cell.source.splitlines()[-1] for cell in (trial.control.cells[-1], trial.planted.cells[-1])
    ]
    assert 'studies.load("trial/drawn")' in trial.planted.cells[-1].source
    assert code[0].replace('long["draws"]', '-long["draws"]') == code[1] != code[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("trial/none", "studies/trial/none is not all there: make studies CH=trial/none"),
        ("drawn", "'drawn' is no study; expected chapter/function"),
        ("../studies/trial/drawn", "'../studies/trial/drawn' is no study"),
        ("trial/..", "'trial/..' is no study"),
    ],
)
def test_what_is_no_result_is_said_with_what_to_do(name: str, said: str) -> None:
    with pytest.raises((FileNotFoundError, ValueError), match=said):
        reading.load(name)


@pytest.mark.parametrize(
    ("seconds", "cores", "said"),
    [
        (840, (2,), "in 14 minutes on 2 cores, 3 December 2026"),
        (91, (2,), "in 2 minutes on 2 cores, 3 December 2026"),
        (9000, (2, 64), "in 150 minutes on 2 and 64 cores, 3 December 2026"),
        (59, (1,), "in 59 seconds on 1 core, 3 December 2026"),
    ],
)
def test_a_result_says_how_long_it_took_on_what_and_when(seconds, cores, said: str) -> None:
    found = reading.Result({"x": np.ones(1)}, seconds, cores, date(2026, 12, 3))
    assert found.measured == said
    with pytest.raises(KeyError, match="no 'y' in this study; it measured x"):
        found["y"]


def test_reading_a_result_needs_neither_joblib_nor_the_tools() -> None:
    code = (
        "import sys; from utils import studies; "
        "print(sorted({'joblib', 'tools', 'tensorflow', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HERE.root, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
