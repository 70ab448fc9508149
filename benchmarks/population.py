"""Times `utils.population.train` beside `fit`, JAX by hand and torch.func by hand, in one run.

Writes benchmarks/results.md and benchmarks/growth.svg. All four do the same work: the same initial
weights, examples, batches and order, the mean loss, SGD at the same rate; that their losses agree
is checked. The rivals run in an environment of their own, `.venv-bench`, which `make bench` makes.
Run from the repository's root.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
import tensorflow as tf

from benchmarks import growth
from benchmarks.rivals import slope
from benchmarks.tasks import RATE, TASKS, Task, dense
from utils.population import train

HERE = Path(__file__).parent
RESULTS, RIVALS = HERE / "results.md", HERE / "rivals.py"
BENCH_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"
COMPARED, ALLOWED = 5, 1e-4
"""Steps over which losses are compared, and by how much their mean may differ. Rounding grows from
step to step: with ten normalized layers, JAX in float32 is 0.02 from JAX in float64 in the ninth.
"""

Measured = dict[str, dict[str, float]]


def seconds(work: Callable[..., object], *args: Any) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start


def call_and_steps(run: Callable[[int], object], epochs: int) -> dict[str, float]:
    """Seconds before the first step of a first and a second call, and of one epoch once warm."""
    first, second = seconds(run, 1), seconds(run, 1)
    epoch = slope(partial(seconds, run), epochs)
    return {"first": first - epoch, "second": second - epoch, "epoch": epoch}


def population(task: Task) -> Measured:
    """`train`, with the loss only and with accuracy."""

    def run(metrics: bool, epochs: int) -> None:
        train(partial(task.build, metrics), task.examples, task.members, epochs, task.batch)

    return {
        key: call_and_steps(partial(run, metrics), task.epochs)
        for key, metrics in (("loss only", False), ("with accuracy", True))
    }


def fit(task: Task) -> Measured:
    """Keras's `fit` for one member; calls as a loop over seeds makes them, on a new model each."""
    x, y = task.examples

    def run(metrics: bool, epochs: int) -> None:
        keras.utils.set_random_seed(0)
        task.build(metrics).fit(x, y, task.batch, epochs, verbose=0)

    found = {}
    for key, metrics in (("loss only", False), ("with accuracy", True)):
        model = task.build(metrics)
        model.fit(x, y, task.batch, verbose=0)

        def more(epochs: int, model: keras.Model = model) -> None:
            model.fit(x, y, task.batch, epochs, verbose=0)

        epoch = slope(partial(seconds, more), max(2, task.epochs // 10))
        first, second = seconds(run, metrics, 1), seconds(run, metrics, 1)
        found[key] = {"first": first - epoch, "second": second - epoch, "epoch": epoch}
    return found


def rival(name: str, task: Task) -> Measured:
    """The same by hand, in the rivals' environment; refuses a rival that does other work."""
    runs = train(
        task.build,
        task.examples,
        task.members,
        batch_size=task.batch,
        steps=COMPARED,
        log_every=COMPARED,
        snapshots=COMPARED,
    )
    weights, state = ([np.asarray(a) for a in part] for part in runs.snapshots[0])
    state = [a for a in state if a.dtype == "float32"]
    x, y = task.examples
    described = {
        "layers": task.layers,
        "binary": bool(y.max() == 1),
        "members": task.members,
        "batch": task.batch,
        "examples": len(x),
        "rate": RATE,
        "epochs": task.epochs,
        "compared": COMPARED,
        "weights": len(weights),
        "state": len(state),
    }
    with tempfile.TemporaryDirectory() as folder:
        named = {f"weights{i}": a for i, a in enumerate(weights)}
        named |= {f"state{i}": a for i, a in enumerate(state)}
        np.savez(Path(folder) / "arrays.npz", allow_pickle=False, x=x, y=y, **named)
        (Path(folder) / "task.json").write_text(json.dumps(described))
        command = [str(BENCH_PYTHON), str(RIVALS), name, folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    apart = np.abs(np.array(found.pop("losses")) - runs.history["loss"][:, 0]).max()
    if not apart < ALLOWED:
        raise ValueError(
            f"{task.name}: the losses of {name} are up to {apart:.2g} from ours, more than "
            f"{ALLOWED}; the comparison would not be of the same work"
        )
    print(f"{task.name}, {name}: losses at most {apart:.1e} apart", file=sys.stderr)
    return found


def measure(task: Task) -> dict[str, Measured]:
    """All four on one task."""
    print(task.name, file=sys.stderr)
    found = {
        "train": population(task),
        "fit": fit(task),
        "jax": rival("jax", task),
        "torch": rival("torch", task),
    }
    print(json.dumps(found), file=sys.stderr)
    return found


def step(found: dict[str, Measured], task: Task, who: str, key: str) -> float:
    """Milliseconds of one step of one model."""
    models = 1 if who == "fit" else task.members
    return found[who][key]["epoch"] / (task.steps * models) * 1000


def table(found: dict[Task, dict[str, Measured]]) -> list[str]:
    """Steps of one model, and what a call costs before its first step."""
    rows = [
        "| network | counted | `fit` | `train` | JAX | torch | `fit` / `train` | `train` / best |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task, each in found.items():
        for key in ("loss only", "with accuracy"):
            ms = {who: step(each, task, who, key) for who in each}
            best = min(ms["jax"], ms["torch"])
            rows.append(
                f"| {task.name} | {key} | {ms['fit']:.2f} | {ms['train']:.4f} | {ms['jax']:.4f} | "
                f"{ms['torch']:.4f} | {ms['fit'] / ms['train']:.0f} | "
                f"**{ms['train'] / best:.2f}** |"
            )
    rows += [
        "",
        "Seconds before the first step of a first call (building, tracing, compiling) and of a",
        "second one of the same architecture; `fit` for one seed, the others for all. Counting the",
        "loss only.",
        "",
        "| network | `fit` | `train` | JAX | torch |",
        "|---|---|---|---|---|",
    ]
    for task, each in found.items():
        calls = [
            f"{max(0, each[who]['loss only']['first']):.2f} / "
            f"{max(0, each[who]['loss only']['second']):.2f}"
            for who in ("fit", "train", "jax", "torch")
        ]
        rows.append(f"| {task.name} | {' | '.join(calls)} |")
    return rows


def rivals_versions() -> str:
    """What the rivals ran on."""
    code = "import jax, torch; print(f'JAX {jax.__version__}, torch {torch.__version__}')"
    done = subprocess.run([BENCH_PYTHON, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def main() -> None:
    """Measure everything and write the page."""
    if not BENCH_PYTHON.exists():
        sys.exit(f"There is no {BENCH_PYTHON}: call `make bench`, which makes it.")
    warm = Task("what a process pays once", "moons", dense(3), members=2, epochs=1)
    population(warm), fit(warm)
    found = {task: measure(task) for task in TASKS}
    lines = [
        "# Speed of a population",
        "",
        "Written by `make bench`: `utils.population.train` beside Keras's `fit`, JAX (`vmap` of a",
        "`scan`) and torch (`torch.func.vmap`) by hand, in one run, on the same weights, examples",
        f"and batches, SGD. Their losses over the first {COMPARED} steps agree to {ALLOWED}.",
        "Milliseconds per step of one model: what more epochs cost, best of three, warm.",
        "16 members unless said.",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, NumPy {np.__version__}, "
        f"{rivals_versions()}.",
        "",
        *table(found),
        "",
        *growth.page(),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
