"""The Makefile and the set-up of .venv, tried in folders of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.course import HERE


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = ("MAKE", "PYTHON", "MFL", "OLDEST", "NEWEST")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    environment = {**inherited, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout, as far as make looks, in a folder with a space in its name."""
    root = tmp_path / "my course"
    (root / "tools").mkdir(parents=True)
    shutil.copy(HERE.root / "Makefile", root)
    shutil.copy(HERE.root / "tools/environment.sh", root / "tools")
    return root


def python(folder: Path, name: str, version: str, supported: bool) -> Path:
    """A stand-in for a Python of some version, which cannot make a virtual environment."""
    path = folder / name
    status = 0 if supported else 1
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit\n'
        f'[ "$1" = -m ] && exit 1\necho {version}\nexit {status}\n'
    )
    path.chmod(0o755)
    return path


def test_make_alone_lists_the_targets(folder: Path) -> None:
    done = run(folder, "make")
    named = [line.split()[1] for line in done.stdout.splitlines()]
    wanted = "book serve test test-fast lab notebooks studies check bench adopt pins clean help"
    assert set(wanted.split()) <= set(named)
    assert not (folder / ".venv").exists()


def test_the_workflows_call_targets_that_there_are() -> None:
    defined = set(re.findall(r"^([a-z-]+):", (HERE.root / "Makefile").read_text(), re.MULTILINE))
    for path in [HERE.root / ".ci/run", *(HERE.root / ".github/workflows").glob("*.yml")]:
        code = re.sub(r"#.*", "", path.read_text())
        assert set(re.findall(r"(?m)(?:^|[:&]) *make ([a-z-]+)", code)) <= defined, path.name


def test_make_outside_of_the_course_does_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "_build").mkdir()
    done = run(tmp_path, "make", "-f", str(folder / "Makefile"), "clean")
    assert done.returncode != 0
    assert "Run make in the course's own folder" in done.stderr
    assert (tmp_path / "_build").exists()


@pytest.mark.parametrize("target", ["adopt", "notebooks", "studies", "book"])
def test_what_the_user_names_never_reaches_a_shell(folder: Path, target: str) -> None:
    (folder / "requirements.txt").touch()
    (folder / "requirements-book.txt").touch()
    given = [f"{name}=$$(touch pwned)" for name in ("REPO", "CH", "ADDRESS", "ALL", "PYTHON")]
    done = run(folder, "make", "-n", target, *given)
    assert done.returncode == 0, done.stderr
    assert "tools/environment.sh" in done.stdout
    assert "pwned" not in done.stdout


@pytest.mark.parametrize("target", ["freeze", "notebooks", "plants", "fresh"])
def test_a_chapter_that_is_not_there_is_refused_before_anything_is_set_up(
    folder: Path, target: str
) -> None:
    (folder / "sources/one").mkdir(parents=True)
    done = run(folder, "make", target, "CH=one, *")
    assert done.returncode != 0
    assert "There is no sources/*/. There are:\nsources/one/\n" in done.stderr
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize(
    ("given", "installed"),
    [
        ([], "-r requirements.txt"),
        (["NEWEST=1"], "--upgrade --group all"),
        (["OLDEST=1"], "-r requirements-oldest.txt"),
    ],
)
def test_the_versions_are_the_pinned_ones_unless_others_are_asked_for(
    folder: Path, given: list[str], installed: str
) -> None:
    for name in ("requirements.txt", "requirements-book.txt"):
        (folder / name).touch()
    done = run(folder, "make", "-n", ".venv/.stamps/all", *given)
    assert done.returncode == 0, done.stderr
    *_, last = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert last.endswith(installed)


def test_clean_removes_what_make_made_and_nothing_else(folder: Path) -> None:
    for name in ("_build/html", ".venv/bin", "utils/__pycache__", "chapters"):
        (folder / name).mkdir(parents=True)
    (folder / "notes.txt").touch()
    assert run(folder, "make", "clean").returncode == 0
    left = {path.name for path in folder.iterdir()}
    assert left == {"Makefile", "tools", "utils", "chapters", "notes.txt"}
    assert not (folder / "utils/__pycache__").exists()


def test_another_python_is_refused_in_one_sentence(folder: Path) -> None:
    old = python(folder, "old", "3.9.1", supported=False)
    done = run(folder, "sh", "tools/environment.sh", PYTHON=str(old))
    assert done.returncode == 1
    assert "is 'Python 3.9.1', but the course needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_machine_without_a_fitting_python_is_told_so(folder: Path) -> None:
    (folder / "bin").mkdir()
    python(folder, "bin/python3", "3.14.0", supported=False)
    done = run(folder, "/bin/sh", "tools/environment.sh", PATH=str(folder / "bin"))
    assert done.returncode == 1
    assert "and none was found" in done.stderr


def test_a_python_without_venv_is_told_what_to_install(folder: Path) -> None:
    bare = python(folder, "bare", "3.12.0", supported=True)
    done = run(folder, "sh", "tools/environment.sh", PYTHON=str(bare))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (folder / ".venv").exists()


@pytest.mark.slow
def test_a_broken_environment_is_rebuilt_and_a_good_one_left_alone(folder: Path) -> None:
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to("/nowhere/python3.10")
    built = run(folder, "sh", "tools/environment.sh", PYTHON=sys.executable)
    assert built.returncode == 0, built.stderr
    assert "Setting up .venv" in built.stdout
    assert run(folder, ".venv/bin/python", "-m", "pip", "--version").returncode == 0
    stamp = (folder / ".venv/.stamps/python").stat().st_mtime_ns
    again = run(folder, "sh", "tools/environment.sh", PYTHON=sys.executable)
    assert (again.returncode, again.stdout) == (0, "")
    assert (folder / ".venv/.stamps/python").stat().st_mtime_ns == stamp
