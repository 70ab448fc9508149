"""The first cell of every chapter, alone in an empty folder of a hosted notebook service."""

import re
import subprocess
from pathlib import Path

from tools.course import UNSET_ADDRESS
from tools.opening import opening

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


def test_the_first_cell_installs_what_is_missing_once_and_changes_no_other_package(
    hosted, tmp_path
) -> None:
    before = packages(hosted, tmp_path)
    first = opening(hosted.published.address)
    done = python(hosted, f"{first}\nimport mnist1d, tqdm, yaml, utils", tmp_path, hosted.variables)
    assert (done.returncode, done.stderr) == (0, "")
    changed = {re.sub("==.*", "", line) for line in packages(hosted, tmp_path) ^ before}
    assert changed == {"mnist1d", "tqdm"}

    again = python(hosted, first, tmp_path, hosted.offline)
    assert (again.returncode, again.stderr) == (0, "")
