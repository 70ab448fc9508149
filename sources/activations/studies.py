"""What takes longer than the page: all of MNIST-1D, and rates that 24 seeds choose."""

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
JUDGED = range(1000, 1030)
"""The seeds that judge on the page, where those from 0 on choose."""
SOME_RATES = (0.03, 0.1, 0.3, 1.0, 3.0)
LARGE_RATES = (0.3, 1.0, 3.0, 10.0, 30.0)


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


@studies.study(seeds=30, block=30)
def short_protocol(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Test accuracy on half of MNIST-1D after 240 steps, at the rates chosen."""
    task = data.mnist1d()
    half = (task.x_train[:1600], task.y_train[:1600]), (task.x_val, task.y_val)
    judged = [JUDGED[seed] for seed in seeds]
    found = {}
    for name in CONTESTANTS:
        build = partial(network, (40, 32, 32, 32, 10), name, "adam")
        budget = {"epochs": 12, "batch_size": 80}
        tried = sweep(build, half, (0.001, 0.003, 0.01, 0.03, 0.1), seeds=6, **budget)
        runs = train(build, half, judged, learning_rate=tried.best(), **budget)
        found[name] = accuracy(runs, task)
        found[f"{name}, rate"] = np.full(len(runs), tried.best())
        found[f"{name}, at an edge"] = np.full(len(runs), tried.at_edge())
    return found


@studies.study(seeds=30, block=30)
def many_choose(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Test accuracy on the digits, five layers, at the rates that 24 seeds choose."""
    task = data.digits()
    judged = [JUDGED[seed] for seed in seeds]
    found = {}
    for name in ("relu", "prelu", "sigmoid"):
        build = partial(network, (64, *5 * [32], 10), name)
        rates = LARGE_RATES if name == "sigmoid" else SOME_RATES
        budget = {"epochs": 10, "batch_size": 50}
        best = sweep(build, task, rates, seeds=24, **budget).best()
        runs = train(build, task, judged, learning_rate=best, **budget)
        found[name] = accuracy(runs, task)
        found[f"{name}, rate"] = np.full(len(runs), best)
    return found
