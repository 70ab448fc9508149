"""The tournament over the full protocol of MNIST-1D."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from utils import data, studies
from utils.activations import network
from utils.population import Runs, sweep, train

CONTESTANTS = (
    *("elu", "leaky_relu", "relu", "tanh", "sigmoid"),
    *("prelu", "selu", "gelu", "silu"),
)
CHOOSING = range(1000, 1006)
"""The seeds that choose a rate; those that a study is given are judged."""
RATES = {
    6000: 10.0 ** np.arange(-4, -1.9, 0.5),
    240: 10.0 ** np.arange(-3, -0.9, 0.5),  # few steps want larger ones
}
"""By the number of steps, the rates that are tried."""
SIZES = (40, 100, 100, 10)


def accuracy(runs: Runs, task: data.Dataset) -> np.ndarray:
    """The test accuracy of each member; one that diverged guesses."""
    reached = runs.evaluate(task.x_test, task.y_test)["accuracy"]
    return np.where(runs.diverged, 0.1, reached)


@studies.study(seeds=30, block=15)
def full_protocol(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Test accuracy after 6,000 steps and after 240, at the rates chosen."""
    task = data.mnist1d()
    known = (task.x_train, task.y_train), (task.x_val, task.y_val)
    found = {}
    for name in CONTESTANTS:
        build = partial(network, SIZES, name, "adam")
        for steps, rates in RATES.items():
            budget = {"batch_size": 100, "log_every": 60, "steps": steps}
            tried = sweep(build, known, rates, CHOOSING, **budget)
            best = tried.best()
            runs = train(build, known, seeds, learning_rate=best, **budget)
            found[f"{name}, {steps} steps, rate"] = np.full(len(runs), best)
            found[f"{name}, {steps} steps"] = accuracy(runs, task)
            found[f"{name}, {steps} steps, diverged"] = runs.diverged
            if steps == 6000:
                curves = {key: runs.history[key] for key in ("loss", "val_accuracy")}
                studies.keep(name, seeds, runs.steps, curves)
    return found


@studies.study(seeds=6, block=3)
def larger_rates(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Validation accuracy of what chooses, at the largest rate tried and beyond it."""
    task = data.mnist1d()
    known = (task.x_train, task.y_train), (task.x_val, task.y_val)
    choosing = [CHOOSING[seed] for seed in seeds]
    rates = 10.0 ** np.arange(-2, -0.9, 0.5)
    found = {}
    for name in CONTESTANTS:
        build = partial(network, SIZES, name, "adam")
        budget = {"batch_size": 100, "log_every": 60, "steps": 6000}
        tried = sweep(build, known, rates, choosing, **budget)
        ends = [runs.final("val_accuracy", 0.1) for runs in tried.runs.values()]
        found[name] = np.transpose(ends)  # (seed, rate)
    return found
