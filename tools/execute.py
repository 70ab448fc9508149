"""Run one chapter from top to bottom on a fresh kernel."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from platform import python_version_tuple
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from tools.course import Course, CourseError
from tools.kernels import CELL_TIMEOUT, KERNEL, environment
from tools.staleness import FRAMEWORKS

SECONDS_STEP = 5


async def execute(
    course: Course,
    notebook: NotebookNode,
    on_cell: Callable[[int], None] = lambda index: None,
    timeout: int = CELL_TIMEOUT,
    variables: Mapping[str, str] | None = None,
) -> float:
    """Fill in the outputs in place; returns the seconds. `on_cell` hears of each finished cell.

    variables: what the kernel's environment has besides ours.
    """
    current: list[NotebookNode] = []

    def started(cell: NotebookNode, cell_index: int, **_: Any) -> None:
        current[:] = [cell]

    def finished(cell_index: int, **_: Any) -> None:
        on_cell(cell_index)

    # No spec folders: the kernel is this very Python, whatever else is called "python3" here.
    specs = KernelSpecManager(kernel_dirs=[])
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name=KERNEL["name"], kernel_spec_manager=specs),
        timeout=timeout,
        record_timing=False,
        resources={"metadata": {"path": str(course.root / "chapters")}},
        extra_arguments=["--log-level=ERROR"],
        on_notebook_start=interruptible,
        on_cell_start=started,
        on_cell_executed=finished,
        shutdown_kernel="immediate",  # its farewell takes seconds, and leaves nothing
    )
    (course.root / "chapters").mkdir(exist_ok=True)
    begin = time.perf_counter()
    try:
        # What the kernel writes to stderr also arrives as output; there is no need of an echo.
        # And nbclient lets the kernel of a manager that it is given live on, unless told otherwise.
        await client.async_execute(
            env={**environment(course), "COURSE_WRITES_THE_BOOK": "1", **(variables or {})},
            stderr=subprocess.DEVNULL,
            cleanup_kc=True,
        )
    except CellExecutionError as error:
        raise CourseError(f"{shown(current)}\n{traceback(current)}") from error
    except TimeoutError as error:
        raise CourseError(f"{shown(current)}\nThis cell took more than {timeout} s.") from error
    except DeadKernelError as error:
        raise CourseError(f"{shown(current)}\nThe kernel died in this cell.") from error
    return time.perf_counter() - begin


def interruptible(**_: Any) -> None:
    """Let Ctrl-C end the whole run: nbclient's own handler stops one kernel of several."""
    loop = asyncio.get_running_loop()
    loop.remove_signal_handler(signal.SIGINT)
    loop.remove_signal_handler(signal.SIGTERM)


def shown(cells: list[NotebookNode]) -> str:
    """The code of the cell that failed, between rules."""
    code = cells[0].source if cells else ""
    return f"{'─' * 72}\n{code}\n{'─' * 72}"


def traceback(cells: list[NotebookNode]) -> str:
    """What the failed cell's error output says."""
    return "\n".join(
        line
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error"
        for line in output.traceback
    )


def rounded(seconds: float, before: int | None) -> int:
    """Seconds in steps of five; the stored figure stays where it is within two steps."""
    now = max(SECONDS_STEP, SECONDS_STEP * round(seconds / SECONDS_STEP))
    return before if before and abs(now - before) <= 2 * SECONDS_STEP else now


def versions() -> dict[str, str]:
    """What the outputs were made with."""
    found = {"python": ".".join(python_version_tuple()[:2])}
    for name in FRAMEWORKS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
