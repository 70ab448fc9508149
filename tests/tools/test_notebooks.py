import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from tools.course import HERE, Course, CourseError, read_notebook, read_source
from tools.execute import execute, rounded
from tools.notebooks import make_notebooks


def append_cell(course: Course, code: str) -> None:
    path = course.source("tiny")
    path.write_text(f"{path.read_text()}\n```{{code-cell}} ipython3\n{code}\n```\n")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def outputs(course: Course) -> list:
    return [cell.get("outputs") for cell in read_notebook(course.chapter("tiny")).cells]


def test_a_new_source_becomes_a_valid_notebook_executed_in_order(executed: Course) -> None:
    notebook = nbformat.read(executed.chapter("tiny"), as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    assert code[1].outputs == [
        {"output_type": "stream", "name": "stdout", "text": "the answer is 42\n"}
    ]


def test_what_was_run_is_recorded_without_anything_that_changes_by_itself(executed: Course) -> None:
    metadata = read_notebook(executed.chapter("tiny")).metadata
    assert set(metadata) == {"course", "kernelspec", "language_info"}
    assert set(metadata.course) == {"source_hash", "seconds", "versions"}
    assert metadata.course.seconds == 5
    assert metadata.course.versions.python == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert "version" not in metadata.language_info


def test_a_second_call_executes_and_writes_nothing(executed: Course, capsys) -> None:
    before = executed.chapter("tiny").stat()
    assert make_notebooks(executed) == 0
    assert executed.chapter("tiny").stat().st_mtime_ns == before.st_mtime_ns
    assert "tiny: up to date" in capsys.readouterr().out


def test_everything_can_be_executed_again_and_differs_only_where_the_cells_do(
    executed: Course,
) -> None:
    before = executed.chapter("tiny").read_text()
    assert make_notebooks(executed, everything=True) == 0
    after = executed.chapter("tiny").read_text()
    assert after != before
    clock = re.compile(r'"\d{16,}\\n"')
    assert clock.sub("", after) == clock.sub("", before)


def test_edited_prose_is_carried_over_without_a_run(executed: Course, capsys) -> None:
    before = outputs(executed)
    edit(executed.source("tiny"), "A sentence.", "A better sentence.")
    assert make_notebooks(executed) == 0
    assert "tiny: text updated, outputs kept" in capsys.readouterr().out
    assert "A better sentence." in executed.chapter("tiny").read_text()
    assert outputs(executed) == before


def test_a_title_is_carried_over_without_a_run_and_makes_a_form_in_colab(executed: Course) -> None:
    before = outputs(executed)
    edit(executed.source("tiny"), "import time\n", "# @title What time it is\nimport time\n")
    assert make_notebooks(executed) == 0
    assert outputs(executed) == before
    *others, last = read_notebook(executed.chapter("tiny")).cells
    assert last.source.startswith("# @title What time it is\n")
    assert last.metadata.cellView == "form"
    assert not any("cellView" in cell.metadata for cell in others)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sources/tiny/chapter.md", "the answer is", "it is"),
        ("utils/deep.py", "return 6", "return 5 + 1"),
        ("requirements.txt", "numpy==2.0", "numpy==2.1"),
    ],
)
def test_changed_code_helpers_and_pins_make_a_chapter_stale(
    executed: Course, name: str, old: str, new: str
) -> None:
    before = outputs(executed)
    edit(executed.root / name, old, new)
    assert make_notebooks(executed) == 0
    assert outputs(executed)[-1] != before[-1]


def test_a_notebook_with_a_merge_conflict_is_written_anew(executed: Course) -> None:
    executed.chapter("tiny").write_text("<<<<<<< HEAD\n{}\n")
    assert make_notebooks(executed) == 0
    assert read_notebook(executed.chapter("tiny")).cells


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("for x in 3:\n    pass", "TypeError: 'int' object is not iterable"),
        ("import os\n\nos._exit(3)", "The kernel died in this cell."),
        ("def f(:\n    pass", "invalid syntax"),
        ("%matplotlib inline", "chapters are plain Python, without magics"),
        ("---\ntags: [nbval-chek-output]\n---\nx = 1", "unknown tag nbval-chek-output"),
        ("", "code cell 5 is empty"),
        ("# @title\nx = 1", "expected the title as the cell's first line, with words"),
        ("x = 1\n# @title Late", "expected the title as the cell's first line, with words"),
        ("---\ntags: [\n---\nx = 1", "tiny/chapter.md cannot be read as md:myst"),
    ],
)
def test_a_cell_that_cannot_run_is_shown_and_leaves_the_stored_notebook(
    executed: Course, capsys, code: str, said: str
) -> None:
    before = executed.chapter("tiny").read_bytes()
    append_cell(executed, code)
    assert make_notebooks(executed) == 1
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err)
    assert said in shown
    assert code.partition("\n")[0] in shown or code.startswith("---")
    assert executed.chapter("tiny").read_bytes() == before
    assert [path.name for path in executed.chapter("tiny").parent.iterdir()] == ["tiny.ipynb"]


def test_one_failing_chapter_does_not_keep_the_others_from_being_written(
    executed: Course,
) -> None:
    shutil.copytree(executed.source("tiny").parent, executed.source("other").parent)
    append_cell(executed, "1 / 0")
    assert make_notebooks(executed) == 1
    assert executed.chapter("other").exists()


def test_a_cell_that_hangs_is_stopped(executed: Course) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import time\n\ntime.sleep(60)")]
    )
    with pytest.raises(CourseError, match=r"sleep\(60\)[\s\S]*more than 1 s"):
        asyncio.run(execute(executed, notebook, timeout=1))


def test_no_kernel_outlives_its_run(executed: Course) -> None:
    cell = nbformat.v4.new_code_cell("import os\n\nprint(os.getpid())")
    asyncio.run(execute(executed, nbformat.v4.new_notebook(cells=[cell])))
    with pytest.raises(ProcessLookupError):
        os.kill(int(cell.outputs[0].text), 0)


def test_an_unknown_chapter_is_refused_with_the_nearest_name(executed: Course, capsys) -> None:
    assert make_notebooks(executed, only="tinny") == 1
    assert "There is no sources/tinny/chapter.md; did you mean tiny?" in capsys.readouterr().err


def test_a_source_without_an_opening_cell_is_told_what_to_add(course: Course, capsys) -> None:
    edit(course.source("tiny"), "tags: [setup]", "tags: []")
    assert make_notebooks(course) == 1
    assert "the first code cell must be the opening" in capsys.readouterr().err
    assert not course.chapter("tiny").exists()


def test_the_opening_is_filled_in_from_the_configured_address(executed: Course) -> None:
    first = next(c for c in read_source(executed.source("tiny")).cells if c.cell_type == "code")
    assert f'REPOSITORY = "{executed.address}"' in first.source


@pytest.mark.slow
def test_an_interruption_leaves_the_stored_notebook_and_no_debris(executed: Course) -> None:
    shutil.copytree(HERE.root / "tools", executed.root / "tools")
    before = executed.chapter("tiny").read_bytes()
    append_cell(executed, "import pathlib\n\npathlib.Path('started').touch()\ntime.sleep(60)")
    started = executed.root / "chapters" / "started"
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.notebooks"],
        cwd=executed.root,
        env={**os.environ, "CH": "tiny"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted: unfinished chapters are as they were." in said
    assert executed.chapter("tiny").read_bytes() == before
    assert {path.name for path in started.parent.iterdir()} == {"tiny.ipynb", "started"}


@pytest.mark.parametrize(
    ("seconds", "before", "stored"),
    [(0.4, None, 5), (41, None, 40), (41, 45, 45), (41, 50, 50), (41, 55, 40), (70, 40, 70)],
)
def test_recorded_seconds_are_coarse_and_stay_while_they_are_about_right(
    seconds: float, before: int | None, stored: int
) -> None:
    assert rounded(seconds, before) == stored
