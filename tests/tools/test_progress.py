import pytest

from tests import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test sets by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


IDS = ["tests/chapters/a.py::one", "tests/unit/b.py::one", "tests/unit/b.py::two"]


def test_before_the_first_long_test_is_over_what_will_run_is_said_once(clock: list[float]) -> None:
    shown = progress.Progress()
    clock[0] += 5
    assert shown.collected(IDS) == "  0:05  chapters 0/1  unit 0/2"
    assert shown.collected(IDS) is None


def test_a_part_that_is_done_is_said_with_what_is_left_of_the_others(clock: list[float]) -> None:
    shown = progress.Progress()
    shown.collected(IDS)
    clock[0] += 61
    assert shown.finished(IDS[0]) == "  1:01  chapters 1/1  unit 0/2"


def test_between_that_a_line_comes_only_after_a_while(clock: list[float]) -> None:
    shown = progress.Progress()
    shown.collected([*IDS, "tests/unit/b.py::three"])
    assert shown.finished(IDS[1]) is None
    clock[0] += progress.SECONDS_BETWEEN_LINES
    assert shown.finished(IDS[2]) == "  0:20  chapters 0/1  unit 2/3"
