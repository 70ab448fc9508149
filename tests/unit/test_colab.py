"""What the first cell installs, and what it says where it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.course import HERE
from utils import colab


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that `prepare` runs, where it would run pip; all of them succeed."""
    seen: list[list[str]] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_nothing_is_installed_where_nothing_is_missing(calls: list[list[str]]) -> None:
    colab.prepare(HERE.root)
    assert calls == []


def test_what_is_missing_is_installed_at_its_pin_without_its_dependencies(
    calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(
        "mnist1d==0.0.2 ; python_version < '4'\nnumpy==2.4.6\ntqdm==4.67.1\n    # via mnist1d\n"
    )
    monkeypatch.setattr(colab, "SMALL_PACKAGES", {"not_there": "tqdm", "nor_this": "mnist1d"})
    colab.prepare(tmp_path)
    ((*command, first, second),) = calls
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert "--no-deps" in command
    assert {first, second} == {"tqdm==4.67.1", "mnist1d==0.0.2"}


def test_a_failed_installation_stops_the_chapter_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(colab, "SMALL_PACKAGES", {"not_there": "tqdm"})
    monkeypatch.setattr(subprocess, "run", lambda c: subprocess.CompletedProcess(c, 1))
    with pytest.raises(SystemExit, match=r"^Could not install tqdm==\S+: is there a network\?"):
        colab.prepare(HERE.root)


def test_everything_that_it_may_install_is_pinned() -> None:
    names = list(colab.SMALL_PACKAGES.values())
    pinned = colab.pins(HERE.root / "requirements.txt", names)
    assert [line.partition("==")[0] for line in pinned] == names
