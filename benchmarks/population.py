"""Times `utils.population.train` beside the loop over `fit` that it replaces, as ratios in one run.

Writes benchmarks/results.md. `fit` is timed on two seeds and counted as linear in the seeds: each
of its models is built and traced anew. Run from the repository's root.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from utils import data
from utils.population import program, train

RESULTS = Path(__file__).with_name("results.md")
EPOCHS, BATCH, FIT_SEEDS = 40, 32, 2
Build = Callable[[], keras.Model]


def network(sizes: Sequence[int], *, hidden: Sequence[Callable] = (layers.ReLU,)) -> Build:
    """A dense classifier; the layers of `hidden` follow each hidden layer."""

    def build() -> keras.Model:
        stack = [keras.Input((sizes[0],))]
        for units in sizes[1:-1]:
            stack += [layers.Dense(units), *(make() for make in hidden)]
        binary = sizes[-1] == 1
        stack.append(layers.Dense(sizes[-1], activation="sigmoid" if binary else "softmax"))
        model = keras.Sequential(stack)
        loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
        model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
        return model

    return build


def convolutional() -> keras.Model:
    """The small convolutional classifier of MNIST-1D."""
    model = keras.Sequential([keras.Input((40,)), layers.Reshape((40, 1))])
    for _ in range(3):
        model.add(layers.Conv1D(16, 5, strides=2, padding="same", activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def seconds(work: Callable, *args, **options) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work(*args, **options)
    return time.perf_counter() - start


def fit(build: Build, x, y, validation, seed: int = 0) -> keras.Model:
    """One turn of the loop that `train` replaces."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.fit(x, y, BATCH, EPOCHS, verbose=0, validation_data=validation)
    return model


def side_by_side() -> list[str]:
    """The chapter's classifier: everything included, then only the steps."""
    build, moons = network([2, 16, 16, 1]), data.two_moons()
    x, y = moons.x_train, moons.y_train
    fit(network([2, 3, 1]), x[:64], y[:64], None)  # what a process pays once, on both sides
    train(network([2, 3, 1]), (x[:64], y[:64]), 2, 1, BATCH)
    rows, steps = [], -(-len(x) // BATCH)
    alone = step_of_fit(build, x, y, steps)
    for label, validation in [("", None), (", with validation", (moons.x_val, moons.y_val))]:
        given = (x, y) if validation is None else ((x, y), validation)
        loop = sum(seconds(fit, build, x, y, validation, s) for s in range(FIT_SEEDS)) / FIT_SEEDS
        for seeds in (16, 64):
            program.programs.clear()
            ours = seconds(train, build, given, seeds, EPOCHS, BATCH)
            rows.append(
                f"| {seeds} seeds × {EPOCHS} epochs{label}, building and compiling included | "
                f"{loop * seeds:.1f} s | {ours:.2f} s | **{loop * seeds / ours:.0f}×** |"
            )
            if validation is None:
                again = seconds(train, build, given, seeds, EPOCHS, BATCH)
                each = again / (steps * EPOCHS * seeds) * 1000
                rows.append(
                    f"| {seeds} seeds, one step of one model once compiled | {alone:.2f} ms | "
                    f"{each:.4f} ms | **{alone / each:.0f}×** |"
                )
    return rows


def step_of_fit(build: Build, x, y, steps: int) -> float:
    """Milliseconds of one step of `fit` once it is compiled."""
    model = build()
    model.fit(x, y, BATCH, 1, verbose=0)
    return seconds(model.fit, x, y, BATCH, 20, verbose=0) / (20 * steps) * 1000


def first_and_second() -> list[str]:
    """What compiling costs: the first training of an architecture less the second."""
    normalized = (layers.BatchNormalization, layers.ReLU)
    builds = {
        "2–16–16–1": network([2, 16, 16, 1]),
        "2–32×5–1": network([2, *[32] * 5, 1]),
        "64–32×20–10": network([64, *[32] * 20, 10]),
        "64–32×10–10, BatchNorm": network([64, *[32] * 10, 10], hidden=normalized),
    }
    rng, rows = np.random.default_rng(0), []
    for label, build in builds.items():
        inputs, outputs = build().input_shape[1], build().output_shape[1]
        x = rng.normal(size=(1000, inputs)).astype("float32")
        y = rng.integers(0, max(outputs, 2), size=1000)
        program.programs.clear()
        first, second = (seconds(train, build, (x, y), 16, 5, BATCH) for _ in range(2))
        rows.append(f"| {label} | {first - second:.1f} s |")
    return rows


def with_and_without_xla() -> list[str]:
    """A step of one of 16 models on MNIST-1D, batch 100, by how it is compiled."""
    digits = data.mnist1d()
    given = digits.x_train[:2000], digits.y_train[:2000]
    builds = {
        "MLP 100–100": network([40, 100, 100, 10]),
        "MLP 100–100, dropout": network(
            [40, 100, 100, 10], hidden=(layers.ReLU, lambda: layers.Dropout(0.2))
        ),
        "3 × Conv1D": convolutional,
    }
    rows = []
    for label, build in builds.items():
        times = []
        for jit_compile in (True, False):
            train(build, given, 16, 1, 100, jit_compile=jit_compile)
            again = seconds(train, build, given, 16, 3, 100, jit_compile=jit_compile)
            times.append(again / (3 * 20 * 16) * 1000)
        rows.append(f"| {label} | {times[0]:.3f} ms | {times[1]:.3f} ms |")
    return rows


def memory() -> str:
    """Peak memory of a fresh process that trains 64 seeds of an MLP on MNIST-1D."""
    code = "from benchmarks.population import memory_here; memory_here()"
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.split()[-1]


def memory_here() -> None:
    """Train, and print this process's peak memory in GB."""
    train(network([40, 100, 100, 10]), data.mnist1d(), 64, 2, 100, snapshots=1)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f}")


def main() -> None:
    """Measure everything and write the table."""
    lines = [
        "# Speed of a population",
        "",
        "Written by `make bench`. Seeds of a small classifier trained together by",
        "`utils.population.train`, beside a loop over Keras's `fit` in the same run.",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, NumPy {np.__version__}.",
        "",
        f"Two moons, 1,000 points, 2–16–16–1, batch {BATCH}. `fit` is timed on {FIT_SEEDS} seeds "
        "and counted as linear.",
        "",
        "| what | loop over `fit` | `train` | ratio |",
        "|---|---|---|---|",
        *side_by_side(),
        "",
        "Compiling, paid by the first training of an architecture, 16 seeds, 1,000 points:",
        "",
        "| network | compiling |",
        "|---|---|",
        *first_and_second(),
        "",
        "One step of one of 16 models on MNIST-1D, batch 100:",
        "",
        "| network | with XLA | without |",
        "|---|---|---|",
        *with_and_without_xla(),
        "",
        f"Peak memory of a process that trains 64 seeds of an MLP 100–100 on MNIST-1D with "
        f"snapshots, TensorFlow's own included: {memory()} GB.",
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
