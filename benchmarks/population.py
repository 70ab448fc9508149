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
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
import tensorflow as tf

from benchmarks import growth
from benchmarks.rivals import COUNTED
from benchmarks.tasks import RATE, TASKS, Task, dense
from utils.population import Runs, train
from utils.stats import Interval, median_interval

HERE = Path(__file__).parent
RESULTS, RIVALS = HERE / "results.md", HERE / "rivals.py"
CALLED = "fit", "train", "jax", "torch"
BENCH_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"
ROUNDS = 9
PAUSE = 0.2
"""Seconds between two turns: some libraries' threads spin for a while when their work is done."""
FIT_EPOCHS = 10
"""More epochs that `fit` is given for its one model: enough to stand out of what a call costs."""
COMPARED, ALLOWED = 5, 1e-4
"""Steps over which losses are compared, and by how much their mean may differ. Rounding grows from
step to step: with ten normalized layers, JAX in float32 is 0.02 from JAX in float64 in the ninth.
"""


class Ours:
    """`train`, for all members."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def seconds(self, key: str, epochs: int) -> float:
        """What a call of so many epochs costs."""
        task = self.task
        start = time.perf_counter()
        build = partial(task.build, COUNTED[key])
        train(build, task.examples, task.members, epochs, task.batch)
        return time.perf_counter() - start


class Fit:
    """Keras's `fit` for one member: first on a new model, as a loop over seeds does, then warm."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.models: dict[str, keras.Model] = {}
        self.calls: Counter[str] = Counter()

    def seconds(self, key: str, epochs: int) -> float:
        """What a call of so many epochs costs; the first two of a key build the model anew."""
        start = time.perf_counter()
        if self.calls[key] < 2:
            keras.utils.set_random_seed(0)
            self.models[key] = self.task.build(COUNTED[key])
        self.calls[key] += 1
        self.models[key].fit(*self.task.examples, self.task.batch, epochs, verbose=0)
        return time.perf_counter() - start


class Rival:
    """The same by hand, in a process of the rivals' environment."""

    def __init__(self, name: str, folder: Path) -> None:
        command = [str(BENCH_PYTHON), str(RIVALS), name, str(folder)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ask(self, *question: Any) -> Any:
        """Its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(question), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a rival ended before it answered {question}")
        return json.loads(answer)

    def seconds(self, key: str, epochs: int) -> float:
        """What a call of so many epochs costs."""
        return self.ask(key, epochs)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def leave(task: Task, runs: Runs, folder: Path) -> None:
    """Write down for the rivals what is trained, from which weights, on which examples."""
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
        "compared": COMPARED,
        "weights": len(weights),
        "state": len(state),
    }
    named = {f"weights{i}": a for i, a in enumerate(weights)}
    named |= {f"state{i}": a for i, a in enumerate(state)}
    np.savez(folder / "arrays.npz", allow_pickle=False, x=x, y=y, **named)
    (folder / "task.json").write_text(json.dumps(described))


@contextmanager
def contestants(task: Task) -> Iterator[dict[str, Ours | Fit | Rival]]:
    """All four; refuses a rival that does other work."""
    runs = train(
        task.build,
        task.examples,
        task.members,
        batch_size=task.batch,
        steps=COMPARED,
        log_every=COMPARED,
        snapshots=COMPARED,
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        leave(task, runs, Path(folder))
        rivals = {name: Rival(name, Path(folder)) for name in ("jax", "torch")}
        for name, rival in rivals.items():
            stack.callback(rival.close)
            apart = np.abs(np.array(rival.ask("losses")) - runs.history["loss"][:, 0]).max()
            if not apart < ALLOWED:
                raise ValueError(
                    f"{task.name}: the losses of {name} are up to {apart:.2g} from ours, more than "
                    f"{ALLOWED}; the comparison would not be of the same work"
                )
            print(f"{task.name}, {name}: losses at most {apart:.1e} apart", file=sys.stderr)
        yield {"train": Ours(task), "fit": Fit(task), **rivals}


@dataclass(frozen=True)
class Row:
    """One task and what is counted: by contestant, in seconds."""

    task: Task
    key: str
    first: dict[str, float]
    """Before the first step of a first call."""
    second: dict[str, float]
    """The same of a second call."""
    epochs: dict[str, list[float]]
    """One epoch, in each round."""

    def step(self, who: str) -> float:
        """Milliseconds of one step of one model, the median over rounds."""
        models = 1 if who == "fit" else self.task.members
        return float(np.median(self.epochs[who])) / (self.task.steps * models) * 1000

    def against_best(self) -> Interval:
        """How many times as long as the faster rival `train` takes, round by round."""
        best = min("jax", "torch", key=self.step)
        return median_interval(np.divide(self.epochs["train"], self.epochs[best]))


def measure(task: Task) -> Iterator[Row]:
    """All four in turns, so that what else the machine does strikes all of them."""
    with contestants(task) as all_four:
        for key in COUNTED:
            one = {who: [each.seconds(key, 1) for _ in range(2)] for who, each in all_four.items()}
            epochs: dict[str, list[float]] = {who: [] for who in all_four}
            for number in range(ROUNDS):
                order = list(all_four)[number % 4 :] + list(all_four)[: number % 4]
                for who in order:
                    more = FIT_EPOCHS if who == "fit" else task.epochs
                    time.sleep(PAUSE)
                    short = all_four[who].seconds(key, 1)
                    epochs[who].append((all_four[who].seconds(key, 1 + more) - short) / more)
            warm = {who: float(np.median(found)) for who, found in epochs.items()}
            first, second = ({w: max(0, one[w][i] - warm[w]) for w in warm} for i in (0, 1))
            row = Row(task, key, first, second, epochs)
            print(f"{task.name}, {key}: {row}", file=sys.stderr)
            yield row


def table(rows: list[Row]) -> list[str]:
    """Steps of one model, and what a call costs before its first step."""
    lines = [
        "| network | counted | `fit` | `train` | JAX | torch | `fit` / `train` | `train` / best |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ms = {who: row.step(who) for who in row.epochs}
        ratio = row.against_best()
        lines.append(
            f"| {row.task.name} | {row.key} | {ms['fit']:.2f} | {ms['train']:.4f} | "
            f"{ms['jax']:.4f} | {ms['torch']:.4f} | {ms['fit'] / ms['train']:.0f} | "
            f"**{ratio.median:.2f}** [{ratio.low:.2f}, {ratio.high:.2f}] |"
        )
    lines += [
        "",
        "Seconds before the first step of a first call (building, tracing, compiling) and of a",
        "second one of the same architecture; `fit` for one seed, the others for all. Counting the",
        "loss only.",
        "",
        "| network | `fit` | `train` | JAX | torch |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        if row.key == "loss only":
            calls = [f"{row.first[who]:.2f} / {row.second[who]:.2f}" for who in CALLED]
            lines.append(f"| {row.task.name} | {' | '.join(calls)} |")
    return lines


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
    for contestant in (Ours(warm), Fit(warm)):
        contestant.seconds("loss only", 1)
    rows = [row for task in TASKS for row in measure(task)]
    lines = [
        "# Speed of a population",
        "",
        "Written by `make bench`: `utils.population.train` beside Keras's `fit`, JAX (`vmap` of a",
        "`scan`) and torch (`torch.func.vmap`) by hand, in one run, on the same weights, examples",
        f"and batches, SGD. Their losses over the first {COMPARED} steps agree to {ALLOWED}.",
        "Milliseconds per step of one model: what more epochs cost, warm, the median of",
        f"{ROUNDS} rounds in which all four take turns; of the last ratio, taken round by round,",
        "also the 95 % interval. 16 members unless said.",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, NumPy {np.__version__}, "
        f"{rivals_versions()}.",
        "",
        *table(rows),
        "",
        *growth.page(),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
