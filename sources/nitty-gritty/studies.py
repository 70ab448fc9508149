"""How deep plain training may go, and what breaks a recipe, each at its best rate."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
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


def by_median(runs: Runs) -> tuple[float, float]:
    """The median accuracy in validation, and of equals the least median loss."""
    accuracy = np.median(runs.final("val_accuracy", diverged=0.0))
    return float(accuracy), -float(np.median(runs.final("val_loss", diverged=np.inf)))


@studies.study(seeds=16, block=16)
def breaks(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Test accuracies of a recipe, sound and broken, and the rates.

    Each seed helps to choose among eight rates, and stands for eight others that are
    judged. A run that diverged counts as chance.
    """
    rates = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10]
    tasks = {
        "moons": (data.two_moons(), [2, *5 * [8], 1], 0.5),
        "digits": (data.digits(), [64, *5 * [16], 10], 0.1),
    }
    loud = {"class_name": "VarianceScaling", "config": {"scale": 2e4}}  # 100 × He's
    judged = [1000 + 8 * seed + k for seed in seeds for k in range(8)]
    found = {}
    for name, (task, sizes, chance) in tasks.items():
        parts = ("x_train", "x_val", "x_test")
        large = replace(task, **{part: 1000 * getattr(task, part) for part in parts})
        one_loud = ["he_normal", "he_normal", loud, *3 * ["he_normal"]]
        sound = partial(dense, sizes, "relu", "he_normal")
        arms = {
            "sound": (sound, task),
            "gradients": (partial(dense, sizes, "sigmoid", "he_normal"), task),
            "inputs": (sound, large),
            "weights": (partial(dense, sizes, "relu", "zeros"), task),
            "one layer": (partial(dense, sizes, "relu", one_loud), task),
            "rate": (sound, task),
        }
        for arm, (build, given) in arms.items():
            best = 10.0
            if arm != "rate":
                choosing = sweep(build, given, rates, seeds=seeds)
                best = max(rates, key=lambda rate: by_median(choosing.runs[rate]))
            runs = train(build, given, judged, learning_rate=best)
            accuracy = runs.evaluate(given.x_test, given.y_test)["accuracy"]
            reached = np.where(runs.diverged, chance, accuracy)
            found[f"{name}, {arm}"] = reached.reshape(len(seeds), 8)
            found[f"{name}, {arm}, rate"] = np.full(len(seeds), best)
    return found
