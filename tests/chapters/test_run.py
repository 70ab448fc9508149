"""Each chapter is run once: alone in an empty folder, as in a hosted notebook service.

That one run proves that the notebook fetches what it needs and gives the stored outputs again; the
solutions of its exercises follow in the same kernel, so that a reader can paste them in.
"""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.course import HERE, read_notebook
from tools.solutions import exercises


def solutions(notebook: NotebookNode) -> list[NotebookNode]:
    """The code of a chapter's solutions as cells, each with the exercise's number."""
    return [
        new_code_cell(f"# Exercise {exercise.number}, block {place} of its solution\n{code}")
        for exercise in exercises(notebook)
        for place, code in enumerate(exercise.blocks, 1)
    ]


@pytest.mark.parametrize("slug", HERE.slugs)
def test_a_chapter_alone_gives_its_stored_outputs_and_its_solutions_run(
    hosted, tmp_path: Path, slug: str
) -> None:
    notebook = read_notebook(hosted.published.chapter(slug))
    notebook.cells += solutions(notebook)
    alone = tmp_path / "empty" / f"{slug}.ipynb"
    alone.parent.mkdir()
    nbformat.write(notebook, alone)
    spec = tmp_path / "kernels" / "hosted" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(hosted.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Hosted", "language": "python"}))

    nbval = [sys.executable, str(HERE.root / "tests/nbval/run.py"), str(alone), "hosted"]
    variables = {**hosted.variables, "JUPYTER_PATH": str(tmp_path)}
    done = subprocess.run(nbval, cwd=alone.parent, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
