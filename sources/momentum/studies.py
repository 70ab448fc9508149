"""Steps to a loss with each momentum coefficient, on two small networks."""

from dataclasses import dataclass

import keras
import numpy as np

from utils import data, studies
from utils.networks import dense
from utils.population import Runs, train

BETAS = (0.0, 0.5, 0.9, 0.95, 0.99)
RATES = 0.05 * 2.0 ** np.arange(13)  # effective: rate / (1 - beta)
ROWS = 300
TARGET = 0.2


@dataclass(frozen=True)
class Setting:
    """A task, a network, the size of its batches, and how long to wait."""

    task: data.Dataset
    sizes: tuple[int, ...]
    activation: str
    batch: int
    limit: int
    every: int


def settings() -> dict[str, Setting]:
    """The four settings, by the names that the claims give them."""
    digits = data.digits(), (64, 32, 10), "relu"
    moons = data.two_moons(), (2, 16, 16, 1), "tanh"
    return {
        "digits, full batch": Setting(*digits, ROWS, limit=200, every=2),
        "digits, batches of 8": Setting(*digits, 8, limit=600, every=10),
        "moons, full batch": Setting(*moons, ROWS, limit=1000, every=5),
        "moons, batches of 8": Setting(*moons, 8, limit=2000, every=10),
    }


def trained(setting: Setting, seeds: list[int]) -> Runs:
    """Every seed, coefficient and rate, the loss of all examples logged."""

    def build() -> keras.Model:
        sgd = keras.optimizers.SGD(0.1, momentum=0.9)
        return dense(setting.sizes, setting.activation, optimizer=sgd)

    examples = setting.task.x_train[:ROWS], setting.task.y_train[:ROWS]
    beta, rate = (grid.ravel() for grid in np.meshgrid(BETAS, RATES, indexing="ij"))
    return train(
        build,
        (examples, examples),
        seeds * len(beta),
        batch_size=setting.batch,
        steps=setting.limit,
        log_every=setting.every,
        momentum=np.repeat(beta, len(seeds)),
        learning_rate=np.repeat(rate * (1 - beta), len(seeds)),
    )


@studies.study(seeds=32, block=16)
def steps(seeds: list[int]) -> dict[str, np.ndarray]:
    """The first logged step below the target: (seed, coefficient, rate) each."""
    found = {}
    for name, setting in settings().items():
        runs = trained(setting, seeds)
        below = runs.history["val_loss"] < TARGET
        first = np.where(below.any(axis=1), runs.steps[below.argmax(axis=1)], 0)
        first[first == 0] = setting.limit + setting.every
        shape = len(BETAS), len(RATES), len(seeds)
        found[name] = np.moveaxis(first.reshape(shape), 2, 0)
        if name.startswith("digits"):
            losses = runs.history["val_loss"].reshape(*shape, -1)
            for beta, of_beta in zip(BETAS, losses, strict=True):
                for rate, loss in zip(RATES, of_beta, strict=True):
                    label = f"{name}, beta {beta:g}, effective rate {rate:g}"
                    studies.keep(label, seeds, runs.steps, {"loss": loss})
    return found
