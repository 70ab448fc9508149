"""Planted faults in a tiny chapter, each run alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tools.trial import course_of_trials, ran
from tools.course import HERE, Course, CourseError, read_source
from tools.notebooks import make_notebooks
from tools.plants import make_plants
from tools.proofs import planted, plants, proofs, trials, turned, unproven


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = course_of_trials(tmp_path_factory.mktemp("trial") / "course")
    assert make_notebooks(course) == 0
    return course.root


@pytest.fixture
def course(written_once: Path, tmp_path: Path) -> Course:
    """The course with its chapter in the book, and nothing proven."""
    shutil.copytree(written_once, tmp_path / "course")
    course = Course(tmp_path / "course")
    ran(course)
    return course


@pytest.fixture(scope="module")
def proven_once(written_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("proven") / "course"
    shutil.copytree(written_once, root)
    ran(Course(root))
    assert make_plants(Course(root)) == 0
    return root


@pytest.fixture
def proven(proven_once: Path, tmp_path: Path) -> Course:
    """The course with every plant proven."""
    shutil.copytree(proven_once, tmp_path / "proven")
    return Course(tmp_path / "proven")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def missing(course: Course) -> set[str]:
    return {trial.plant.claim for trial in unproven(course, "trial")}


def test_each_plant_is_proven_with_its_word_and_without(proven: Course) -> None:
    found = {claim: (p.without, p.planted) for claim, p in proofs(proven, "trial").items()}
    assert found == {
        "it-rises": ("holds here", "fails here"),
        "it-falls": ("holds here", "fails here"),
        "it-counts": ("checked", "misprint"),
        "it-is-positive": ("open", "fails here"),
    }
    assert turned(proven, "trial") == []


def test_only_what_a_claim_needs_is_run_and_each_plant_alone(proven: Course) -> None:
    # Once without a plant and once with it; two claims settled in one cell share the former.
    assert sorted(ran(proven)) == ["falling"] * 3 + ["rising"] * 2


def test_what_is_proven_is_not_run_again_unless_all_is_asked_for(
    proven: Course, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("tools.plants.work", lambda course, jobs, runs: asked.append(runs) or [])
    assert make_plants(proven) == make_plants(proven, "trial", everything=True) == 0
    assert asked == [0, 7]  # four plants, in the company of three cells without one
    assert "trial: 4 plants are proven, 0 to run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("sources/trial/chapter.md", "shown)", "shown, 1)", set()),
        ("sources/trial/chapter.md", "# A trial", "# Another title", set()),
        ("sources/trial/chapter.md", "-np.arange", "-2 * np.arange", {"it-falls", "it-counts"}),
        ("utils/drawing.py", "normal(above)", "normal(above, 1.0)", set()),
        ("sources/trial/plants.yml", "- 99.0", "- 98.0", {"it-rises"}),
        ("requirements.txt", "2.0", "2.1", set()),
    ],
)  # fmt: skip
def test_a_proof_lasts_as_long_as_the_chapters_code_and_the_plant(
    proven: Course, name: str, old: str, new: str, expected: set[str]
) -> None:
    edit(proven.root / name, old, new)
    assert missing(proven) == expected
    problems = turned(proven, "trial")
    assert len(problems) == bool(expected)
    for claim in expected:
        assert claim in problems[0]
        assert "make plants CH=trial" in problems[0]


def test_a_plant_that_does_not_turn_its_verdict_is_named_with_word_and_command(
    proven: Course, capsys
) -> None:
    edit(proven.source("trial").with_name("plants.yml"), "- 99.0", "+ 2.0")
    assert make_plants(proven) == 1
    said = capsys.readouterr().err
    assert "it-rises: its plant does not turn the verdict, which is 'holds here' with it" in said
    assert "make plants CH=trial" in said
    assert missing(proven) == {"it-rises"}


def test_a_plant_that_breaks_the_code_is_shown_with_its_error(proven: Course, capsys) -> None:
    edit(proven.source("trial").with_name("plants.yml"), "np.arange(16) - 99.0", "1 / 0")
    assert make_plants(proven) == 1
    said = capsys.readouterr().err
    assert "it-rises, planted could not be run." in said
    assert "ZeroDivisionError" in said
    assert missing(proven) == {"it-rises"}


def test_code_that_contradicts_the_book_without_a_plant_is_no_proof(proven: Course, capsys) -> None:
    edit(proven.source("trial"), "np.arange(16) + 1.0", "np.arange(16) + 1.0 - 99.0 * 1")
    edit(proven.source("trial").with_name("plants.yml"), "- 99.0", "+ 99.0")
    assert make_plants(proven) == 1
    said = capsys.readouterr().err
    assert "it-rises comes out otherwise than in the book even without a plant" in said
    assert "the book says yes, firm, this run no, firm" in said
    assert missing(proven) == {"it-rises"}


def test_a_chapter_without_any_proof_is_named_and_one_with_proofs_is_not(proven: Course) -> None:
    assert turned(proven, "trial") == []
    proven.source("trial").with_name("plants.lock").unlink()
    assert "make plants CH=trial" in turned(proven, "trial")[0]


def test_a_claim_without_a_plant_and_a_plant_without_a_claim_are_named(course: Course) -> None:
    edit(course.source("trial").with_name("plants.yml"), "it-rises:", "it-raises:")
    name = "sources/trial/plants.yml"
    assert turned(course, "trial") == [
        f"{name}: a run decides it-rises; plant what turns it",
        f"{name}: no run decides it-raises; take it out",
    ]


@pytest.mark.parametrize(
    ("find", "said"),
    [
        ("np.arange(17)", "the plant of it-rises fits 0 places"),
        ("np.arange(16)", "the plant of it-rises fits 2 places"),
        ("print(shown)", "the plant of it-rises lies in code that its verdict does not need"),
    ],
)
def test_a_plant_fits_one_place_that_its_claim_needs(course: Course, find: str, said: str) -> None:
    edit(course.source("trial").with_name("plants.yml"), "np.arange(16) + 1.0", find)
    with pytest.raises(CourseError, match=said):
        trials(course, "trial")


def test_plants_and_proofs_that_cannot_be_read_say_what_is_expected(course: Course) -> None:
    path = course.source("trial").with_name("plants.yml")
    path.with_name("plants.lock").write_text('{"it-rises": {"no": 1}}')
    with pytest.raises(CourseError, match="make plants CH=trial writes it anew"):
        proofs(course, "trial")
    edit(path, 'find: "np.arange(16) + 1.0"', "instead: x")
    with pytest.raises(CourseError, match="each with what to `find` and what to `plant`"):
        plants(course, "trial")


def test_an_unknown_chapter_is_refused_with_the_nearest_name(course: Course, capsys) -> None:
    assert make_plants(course, "trail") == 1
    assert "did you mean trial?" in capsys.readouterr().err


def test_an_interruption_keeps_what_was_proven_and_ends_the_kernels(proven: Course) -> None:
    told = 'Path("kernel").write_text(str(__import__("os").getpid()))'
    plant = f'{told} and __import__("time").sleep(600)'
    path = proven.source("trial").with_name("plants.yml")
    edit(path, "- 99.0", "- 98.0")
    edit(path, '"draws(range(16), -9)"', f"'{plant}'")
    assert missing(proven) == {"it-rises", "it-is-positive"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.plants"],
        cwd=proven.root,
        env={**os.environ, "CH": "trial", "PYTHONPATH": str(proven.root)},
        stderr=subprocess.PIPE,
        text=True,
    )
    kernel = proven.root / "chapters" / "kernel"
    deadline = time.monotonic() + 300
    while not (kernel.exists() and missing(proven) == {"it-is-positive"}):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted: what was proven is stored" in said
    assert missing(proven) == {"it-is-positive"}
    with pytest.raises(ProcessLookupError):
        os.kill(int(kernel.read_text()), 0)


@pytest.mark.parametrize("slug", HERE.slugs)
def test_every_plant_of_the_course_fits_one_place_of_its_chapter(slug: str) -> None:
    chapter = read_source(HERE.source(slug))
    for plant in plants(HERE, slug).values():
        assert planted(chapter, plant) != chapter
