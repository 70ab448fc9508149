import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import chromium
from tools.course import HERE


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder of programs on a machine where Playwright has no browser."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    return folder


def test_a_named_browser_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    browser = program(tmp_path / "my chromium", "exit 0")
    monkeypatch.setenv("CHROMIUM", str(browser))
    assert chromium.find() == str(browser)


def test_a_named_browser_that_is_not_there_is_not_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert chromium.find() is None


def test_the_systems_browser_is_found_on_the_path(machine: Path) -> None:
    browser = program(machine / "chromium-browser", "exit 0")
    assert chromium.find() == str(browser)


def test_a_browser_that_does_not_start_is_none(machine: Path) -> None:
    program(machine / "chromium", "exit 1")
    assert chromium.find() is None


REFUSES, WORKS = "exit 1", '[ "$1" = -n ] && shift && exec "$@"'


@pytest.mark.parametrize("user", [0, 1000], ids=["root", "not root"])
@pytest.mark.parametrize("sudo", [None, REFUSES, WORKS], ids=["no sudo", "password", "sudo"])
def test_the_package_is_installed_where_root_may(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, sudo: str | None
) -> None:
    browser = program(tmp_path / "browser", "exit 0")
    copies = f'if [ "$1" = install ]; then cp "{browser}" "{machine}/chromium"; fi'
    program(machine / "apt-get", f"PATH={os.defpath}\n{copies}")
    for name in ("env", "true"):
        (machine / name).symlink_to(f"/usr/bin/{name}")
    if sudo is not None:
        program(machine / "sudo", sudo)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: None)
    monkeypatch.setattr(sys, "executable", program(tmp_path / "python", "exit 1"))
    may = user == 0 or sudo == WORKS
    assert chromium.install() == (str(machine / "chromium") if may else None)


@pytest.mark.slow
def test_where_none_can_be_had_it_says_that_tests_are_skipped_and_is_no_error(
    machine: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.chromium"], cwd=HERE.root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == chromium.MISSING
