"""In place of a dot for each test a line now and then: how much of which part is done.

A part is a folder of `tests/`. Loaded by `make test` with `-p tests.progress`.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable

import pytest

SECONDS_BETWEEN_LINES = 20
Status = tuple[str, str, str | tuple[str, dict[str, bool]]]


def part(nodeid: str) -> str:
    """The folder of `tests/` that a test is in."""
    return nodeid.split("/")[1]


def say(line: str | None) -> None:
    """Print at once, if there is something to say."""
    if line:
        print(line, flush=True)


class Progress:
    """Counts finished tests by part, and says so when a part or a while is over."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.skipped: Counter[str] = Counter()
        self.begin = self.said = time.monotonic()

    def collected(self, nodeids: Iterable[str]) -> str | None:
        """Hear what will run; returns the first line. Every worker reports the same."""
        known, self.total = self.total, Counter(map(part, nodeids))
        return self.line() if self.total and not known else None

    def finished(self, nodeid: str) -> str | None:
        """Count a test; returns the line to show, if it is time for one."""
        name = part(nodeid)
        self.done[name] += 1
        waited = time.monotonic() - self.said
        if self.done[name] < self.total[name] and waited < SECONDS_BETWEEN_LINES:
            return None
        return self.line()

    def line(self) -> str:
        """How long it has taken, and how much of each part is done."""
        self.said = time.monotonic()
        minutes, seconds = divmod(round(self.said - self.begin), 60)
        counts = [f"{name} {self.done[name]}/{total}" for name, total in self.total.items()]
        return f"{minutes:3}:{seconds:02}  {'  '.join(counts)}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without workers the tests are collected here."""
        say(self.collected(item.nodeid for item in session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """With workers they collect, and the first process hears of it."""
        say(self.collected(ids))

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Status, Status]:
        """Say a failure's name at once, and of a success nothing."""
        category, _, word = yield
        return category, "", word

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show failures as they come, and the line when it is due."""
        self.seconds[part(report.nodeid)] += report.duration
        if report.skipped and isinstance(report.longrepr, tuple):
            self.skipped[report.longrepr[2].removeprefix("Skipped: ")] += 1
        if report.failed:
            print(f"FAILED {report.nodeid}", flush=True)
        if report.when == "teardown":
            say(self.finished(report.nodeid))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what each part cost, the workers' seconds added up, and what was skipped, and why."""
        costs = [f"{name} {seconds:.0f} s" for name, seconds in sorted(self.seconds.items())]
        terminalreporter.write_line(f"Work by part: {', '.join(costs)}")
        for reason, count in self.skipped.items():
            terminalreporter.write_line(f"Skipped, {count} tests: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    """Only the first process speaks."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress())
