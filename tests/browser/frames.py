"""What a lab does in a frame where the processor is four times as slow, on a quiet machine or not.

Other work on the machine slows a frame, and a loop of plain arithmetic in the same frame alike:
what is held to a limit is the time of the one, measured in times of the other.
"""

from collections.abc import Iterable

import numpy as np
from playwright.sync_api import Page

FRAME = 1000 / 60
LOOP_MS = 14
"""What the loop takes on the machine on which the limits were set, quiet, four times as slow."""
LOOP = """window.loop = () => {
    const start = performance.now();
    let sum = 0;
    for (let k = 0; k < 450000; k++) sum += Math.sqrt(sum + k);
    window.sum = sum; // or the loop would be left out
    return performance.now() - start;
}"""


def slow(page: Page) -> Page:
    """The page on a processor that is four times as slow, with `loop` to measure against."""
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.evaluate(LOOP)
    page.evaluate("for (let k = 0; k < 5; k++) loop()")  # compiled from now on
    return page


def ms_a_frame(runs: Iterable[dict]) -> float:
    """What 19 frames in 20 take at most, in the best of the runs.

    A run gives `spent`, the ms of each frame, and `loops`, those of the loop beside it.
    """
    found = [LOOP_MS * _late(run["spent"]) / _late(run["loops"]) for run in runs]
    print("ms a frame, 19 in 20:", [f"{ms:.1f}" for ms in found])
    return min(found)  # others on this machine only add to some


def _late(ms: list[float]) -> float:
    return float(np.quantile(ms, 0.95))
