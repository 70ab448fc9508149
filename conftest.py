"""What every test shares: the kernels' environment for nbval, and no silent skipping in CI."""

import os
import tempfile
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

from tools.course import HERE
from tools.kernels import environment

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

os.environ.update(environment(HERE), COURSE_HOLDS_TO_THE_BOOK="1")

# No deadline: a slow machine is no error. The same examples each time: neither is bad luck.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


def pytest_configure(config: pytest.Config) -> None:
    """Compile once: every chapter runs three times, and shares what XLA made of its trainings."""
    if "TF_XLA_FLAGS" not in os.environ:  # workers and kernels have it from the first process
        folder = tempfile.TemporaryDirectory(prefix="xla-")
        config.add_cleanup(folder.cleanup)
        os.environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={folder.name}"


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell nbval that stderr is not stored, so there is nothing to compare it with."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare = (*collector.skip_compare, "stderr")


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
