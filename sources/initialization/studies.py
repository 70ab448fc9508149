"""What stands beside the page's runs: two layers, and rates that 16 seeds choose."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import keras
import numpy as np

from utils import data, studies
from utils.networks import Start, dense
from utils.population import Runs, sweep, train

Values = Mapping[str, np.ndarray]

RATES = [1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3]
LOWER = [1e-4 / 10 ** (k / 2) for k in range(8)]
HIGHER = [3 * 10 ** (k / 2) for k in range(8)]
STARTS: dict[str, Start] = {
    "0.01": keras.initializers.RandomNormal(stddev=0.01),
    "N(0, 1)": keras.initializers.RandomNormal(stddev=1.0),
    "Xavier": "glorot_uniform",
    "He": "he_normal",
}


def tuned(
    build: Callable[[], keras.Model], seeds: Sequence[int], choosing: int
) -> Runs:
    """As on the page: runs at the rate that is the best for a few others."""
    task, same = data.digits(), {"epochs": 8, "batch_size": 50}
    best = sweep(build, task, RATES, seeds=choosing, **same).best("val_loss")
    for further in (LOWER, HIGHER):
        if best == further[0]:  # the edge of the search: go on from there
            found = sweep(build, task, further, seeds=choosing, **same)
            best = found.best("val_loss")
    fresh = [1000 + seed for seed in seeds]
    return train(build, task, fresh, **same, learning_rate=best)


@studies.study(seeds=16)
def two_layers(seeds: Sequence[int]) -> Values:
    """Test accuracies on the digits, a tenth for runs that diverged, and the rates."""
    task, found = data.digits(), {}
    for activation in ("relu", "tanh", "sigmoid"):
        for name, start in STARTS.items():
            sizes = [64, 32, 32, 10]
            build = partial(dense, sizes, activation, start, optimizer="sgd")
            runs = tuned(build, seeds, choosing=2)
            accuracy = runs.evaluate(task.x_test, task.y_test)["accuracy"]
            arm = f"{activation}, {name}"
            found[arm] = np.where(runs.diverged, 0.1, accuracy)
            found[f"{arm}, rate"] = runs.learning_rate
    return found


@studies.study(seeds=16)
def chosen_by_sixteen(seeds: Sequence[int]) -> Values:
    """The last training losses of ten tanh layers, at most ten, and the rates."""
    found = {}
    for name, start in (("Xavier", "glorot_uniform"), ("orthogonal", "orthogonal")):
        sizes = [64, *10 * [32], 10]
        build = partial(dense, sizes, "tanh", start, optimizer="sgd")
        runs = tuned(build, seeds, choosing=16)
        found[name] = np.minimum(runs.final("loss", diverged=10.0), 10.0)
        found[f"{name}, rate"] = runs.learning_rate
    return found
