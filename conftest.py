"""What every test shares: its environment, its place in the order, and no skipping in CI."""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tools.course import HERE
from tools.kernels import environment, threads

CHAPTERS = "tests/chapters/test_run.py::"
ONE_BY_ONE = (CHAPTERS, "tests/unit/")
SLOW_FIXTURES = {"browser", "built", "hosted", "written", "written_once"}
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
os.environ.update(environment(HERE) | threads((os.cpu_count() or 1) // WORKERS))

# No deadline: a slow machine is no error. The same examples each time: neither is bad luck.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


class InOrder(LoadScopeScheduling):
    """Hand out tests in the order of their collection, by files, whose tests share what they make.

    Chapters take a minute each and tests of helpers share little: they go one by one.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(ONE_BY_ONE) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InOrder:
    """Use our own scheduler wherever several workers run."""
    config.option.loadscopereorder = False
    return InOrder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the chapters, so that small tests fill the gaps; mark what is slow by nature."""
    items.sort(key=lambda item: not item.nodeid.startswith(CHAPTERS))
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure, for nobody reads why; only a missing GPU excuses."""
    report = yield
    return report if item.get_closest_marker("gpu") else _not_skipped_in_ci(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself while it is collected."""
    return _not_skipped_in_ci((yield))


def _not_skipped_in_ci(report: Report) -> Report:
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where every test has to run: {reason}"
    return report
