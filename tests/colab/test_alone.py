"""A chapter's notebook alone in an empty folder, as in a hosted notebook service.

The solutions of its exercises run there too, so that a reader can paste them in.
"""

import asyncio
import json
import re
import subprocess
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.course import HERE, UNSET_ADDRESS, read_notebook
from tools.opening import opening
from tools.solutions import exercises
from utils import claims

LIST = (
    "from importlib import metadata\n"
    "print(*sorted({f'{d.name}=={d.version}' for d in metadata.distributions()}), sep='\\n')"
)


def python(hosted, code: str, folder: Path, variables: dict[str, str]):
    return subprocess.run(
        [hosted.python, "-c", code], cwd=folder, env=variables, capture_output=True, text=True
    )


def packages(hosted, folder: Path) -> set[str]:
    done = python(hosted, LIST, folder, hosted.variables)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def execute_there(hosted, notebook: NotebookNode, folder: Path, kernels: Path) -> None:
    spec = kernels / "hosted" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(hosted.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Hosted", "language": "python"}))
    specs = KernelSpecManager(kernel_dirs=[str(kernels)])
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="hosted", kernel_spec_manager=specs),
        timeout=300,
        resources={"metadata": {"path": str(folder)}},
        shutdown_kernel="immediate",
    )
    asyncio.run(client.async_execute(env=hosted.variables, cleanup_kc=True))


def test_the_environment_has_the_usual_packages_and_nothing_of_ours(hosted, tmp_path) -> None:
    names = {line.split("==")[0].lower() for line in packages(hosted, tmp_path)}
    assert {"tensorflow", "keras", "numpy", "scipy", "scikit-learn", "matplotlib"} <= names
    assert not {"mnist1d", "tqdm", "nbval", "jupytext", "jupyter-book"} & names
    assert python(hosted, "import utils", tmp_path, hosted.variables).returncode != 0


def test_without_an_address_the_first_cell_says_so_in_one_sentence_and_stops(
    hosted, tmp_path
) -> None:
    done = python(hosted, opening(UNSET_ADDRESS), tmp_path, hosted.variables)
    assert done.returncode == 1
    expected = "The course has no address yet: open this inside its repository."
    assert done.stderr.strip() == expected
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_first_cell_says_so_and_stops(hosted, tmp_path) -> None:
    done = python(hosted, opening(hosted.published.address), tmp_path, hosted.offline)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"Could not fetch {hosted.published.address}: is there a network? Run this again."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_kernel_started_among_the_chapters_finds_the_course_around_it(hosted) -> None:
    code = opening(UNSET_ADDRESS).replace("prepare(course)", "print(course)")
    chapters = hosted.published.root / "chapters"
    chapters.mkdir(exist_ok=True)
    done = python(hosted, code, chapters, hosted.variables)
    assert (done.stdout.strip(), done.stderr) == (str(hosted.published.root), "")


def solutions(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The code of a chapter's solutions as cells, tagged so that one failure hides no other."""
    return {
        f"exercise {exercise.number}, block {place}": new_code_cell(
            code, metadata={"tags": ["raises-exception"]}
        )
        for exercise in exercises(notebook)
        for place, code in enumerate(exercise.blocks, 1)
    }


@pytest.mark.parametrize("slug", HERE.slugs)
def test_a_chapter_alone_and_its_solutions_run_top_to_bottom_and_change_no_package(
    hosted, tmp_path, slug: str
) -> None:
    before = packages(hosted, tmp_path)
    folder = tmp_path / "empty"
    folder.mkdir()
    stored = hosted.published.chapter(slug)
    notebook = read_notebook(stored)
    solved = solutions(notebook)
    notebook.cells += solved.values()
    execute_there(hosted, notebook, folder, tmp_path / "kernels")

    added = packages(hosted, tmp_path) ^ before
    assert {re.sub("==.*", "", line) for line in added} <= {"mnist1d", "tqdm"}
    (folder / "there.ipynb").write_text(json.dumps(notebook))
    settled = {one.id: one.verdict for one in claims.verdicts(folder / "there.ipynb")}
    assert settled == {one.id: one.verdict for one in claims.verdicts(stored)}
    failures = {
        name: f"{output.ename}: {output.evalue}\n{cell.source}"
        for name, cell in solved.items()
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert failures == {}

    again = python(hosted, opening(hosted.published.address), folder, hosted.offline)
    assert (again.returncode, again.stderr) == (0, "")
