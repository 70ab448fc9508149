"""What every test shares: the kernels' environment for nbval, and no skipping where it would hide."""

import os

import pytest

from tools.course import HERE
from tools.kernels import environment

os.environ.update(environment(HERE))


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell nbval that stderr is not stored, so there is nothing to compare it with."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare = (*collector.skip_compare, "stderr")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """In CI a skipped test is a failure, for nobody reads why; only a missing GPU excuses."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _strict(item):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where every test has to run: {reason}"
    return report


def _strict(item: pytest.Item) -> bool:
    return os.environ.get("CI") == "true" and item.get_closest_marker("gpu") is None
