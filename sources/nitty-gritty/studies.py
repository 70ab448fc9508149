"""How deep plain training may go, each depth at its best rate."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from utils import data, studies
from utils.networks import dense
from utils.population import Runs, sweep, train

RATES = [0.01 * 3000 ** (k / 23) for k in range(24)]


def by_validation(runs: Runs) -> tuple[int, float]:
    """How many pass 0.9 in validation, and of equals the least median loss."""
    passed = (runs.final("val_accuracy", diverged=0.0) > 0.9).sum()
    return int(passed), -float(np.median(runs.final("val_loss", diverged=np.inf)))


@studies.study(seeds=64, block=64)
def depths(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Test accuracies on the moons, one half for runs that diverged, and the rates.

    The seeds choose among 24 rates, as many others are judged; of the first also what
    they reach at each rate.
    """
    moons, found = data.two_moons(), {}

    def tested(runs: Runs) -> np.ndarray:
        accuracy = runs.evaluate(moons.x_test, moons.y_test)["accuracy"]
        return np.where(runs.diverged, 0.5, accuracy)

    for activation in ("sigmoid", "relu"):
        for depth in (3, 4, 5, 10):
            build = partial(dense, [2, *depth * [8], 1], activation)
            choosing = sweep(build, moons, RATES, seeds=seeds)
            best = max(RATES, key=lambda rate: by_validation(choosing.runs[rate]))
            fresh = [1000 + seed for seed in seeds]
            runs = train(build, moons, fresh, learning_rate=best)
            arm = f"{activation}, {depth}"
            found[arm] = tested(runs)
            found[f"{arm}, rate"] = runs.learning_rate
            of_rate = [tested(choosing.runs[rate]) for rate in RATES]
            found[f"{arm}, by rate"] = np.stack(of_rate, axis=1)
    return found
