"""Time and memory of a population as it grows from 1 to 1,024 members, each size on its own.

`python -m benchmarks.growth 2–16–16–1 64` trains 64 members here and prints JSON; `page`
does so for all sizes and draws benchmarks/growth.svg.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.tasks import LARGE, SMALL, Task

PICTURE = Path(__file__).with_name("growth.svg")
SIZES = 1, 4, 16, 64, 256, 1024
NETWORKS = {
    "2–16–16–1": (Task("small", "moons", SMALL), 100_000),
    "40–100–100–10": (Task("large", "signals", LARGE, batch=100), 10_000),
}
"""Each with how many more steps of a model the longer of two runs takes: about a second's worth."""


def peak_memory() -> float:
    """GB that this process has held at most; `getrusage` counts what its parent held as well."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def grown(task: Task, timed: int, members: int) -> dict[str, float]:
    """What training so many members takes, in this process."""
    from utils.population import train

    def seconds(epochs: int) -> float:
        start = time.perf_counter()
        train(task.build, task.examples, members, epochs, task.batch)
        return time.perf_counter() - start

    first = seconds(1)
    more = max(2, timed // (task.steps * members))
    one, longer = (min(seconds(epochs) for _ in range(2)) for epochs in (1, 1 + more))
    epoch = (longer - one) / more
    return {
        "step": 1000 * epoch / (task.steps * members),
        "epoch": epoch,
        "first": first - epoch,
        "memory": peak_memory(),
    }


def in_a_process(name: str, members: int) -> dict[str, float]:
    """The same in a process of its own, whose peak of memory is its own."""
    command = [sys.executable, "-m", "benchmarks.growth", name, str(members)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    print(name, members, done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def page() -> list[str]:
    """The table of all sizes, and the picture."""
    found = {name: {m: in_a_process(name, m) for m in SIZES} for name in NETWORKS}
    draw(found)
    rows = [
        "## Growth",
        "",
        "Each size in a process of its own. Peak memory includes TensorFlow's own and the data.",
        "",
        "![Left: milliseconds per step of one model against members; right: peak memory against "
        "members; members and milliseconds on logarithmic axes](growth.svg)",
        "",
        "| network | members | ms per model-step | s per epoch | s before the first step | GB |",
        "|---|---|---|---|---|---|",
    ]
    for name, sizes in found.items():
        rows += [
            f"| {name} | {members:,} | {m['step']:.4f} | {m['epoch']:.3f} | {m['first']:.2f} | "
            f"{m['memory']:.2f} |"
            for members, m in sizes.items()
        ]
    return rows


def draw(found: dict[str, dict[int, dict[str, float]]]) -> None:
    """Step and memory against members."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from utils import plots

    plots.style()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "growth"}):
        figure = Figure(figsize=(6.5, 2.6), layout="constrained")
        panels = {"step": "ms per step of one model", "memory": "peak memory in GB"}
        for axes, (key, label) in zip(figure.subplots(1, 2), panels.items(), strict=True):
            for (name, sizes), marker in zip(found.items(), "os", strict=True):
                axes.semilogx(SIZES, [m[key] for m in sizes.values()], marker=marker, label=name)
            axes.set(xlabel="members", ylabel=label, xticks=SIZES, xticklabels=SIZES)
            axes.minorticks_off()
        figure.axes[0].set_yscale("log")
        figure.axes[1].set_ylim(bottom=0)
        figure.axes[0].legend()
        figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    print(json.dumps(grown(*NETWORKS[sys.argv[1]], int(sys.argv[2]))))
