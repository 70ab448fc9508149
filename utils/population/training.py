"""Trains many seeds of one Keras model at once, for the price of a few.

`train` does what a loop over seeds would do (`keras.utils.set_random_seed`, build, fit), member by
member and to numerical tolerance, in one compiled program. Introduced in *The nitty-gritty*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from utils.population import arguments
from utils.population.initial import Build
from utils.population.loop import run
from utils.population.member import prepare
from utils.population.record import Runs, record

Each = float | Sequence[float] | np.ndarray | None  # one number for all members, or one each
Arrays = Mapping[str, np.ndarray] | Sequence[np.ndarray | None] | None


def train(
    build: Build,
    data: Any,
    seeds: int | Sequence[int] = 16,
    epochs: int | None = None,
    batch_size: int = 32,
    *,
    steps: int | None = None,
    log_every: int | None = None,
    learning_rate: Each = None,
    learning_rate_factor: Each = None,
    momentum: Each = None,
    beta_1: Each = None,
    weight_decay: Each = None,
    masks: Arrays = None,
    initial: Arrays = None,
    examples: np.ndarray | Sequence[Sequence[int]] | None = None,
    early_stopping: keras.callbacks.EarlyStopping | None = None,
    snapshots: int | None = None,
    jit_compile: bool | None = None,
    progress: bool | None = None,
    **others: Any,
) -> Runs:
    """Train one Keras model under many seeds at once, each as its own `fit` would.

    `build` makes and compiles the model. `data` is a Dataset, (x, y) or ((x, y), (x_val, y_val)).
    `seeds` counts them, from 0, or lists them; a seed may be listed again where its members differ
    in what follows. The budget is `epochs` (40), or `steps` with a log every `log_every` of them
    (an epoch's worth), as `fit(steps_per_epoch=log_every)` has it. `snapshots=k` keeps the weights
    before training, every k epochs (or steps), and at the end.

    What a member may have of its own, one value for all or one for each:
    `learning_rate`, `momentum` (SGD), `beta_1` (Adam, AdamW) and `weight_decay` replace what was
    compiled; `learning_rate_factor` multiplies a compiled schedule. `masks` hold weights at zero: a
    list aligned with the trainable variables, or a dict by their paths, each (*shape) or
    (member, *shape). `initial` replaces drawn weights, in the same form; a dict may name
    non-trainable variables too. `examples` (member, n) are the positions of the training examples
    that each member sees: folds, subsets, bootstraps; for labels of its own, append the relabeled
    examples to x and y. `jit_compile` and `progress` choose themselves.
    """
    arguments.from_fit(others)
    plan = arguments.plan(
        data,
        seeds,
        epochs,
        batch_size,
        steps,
        log_every,
        snapshots,
        examples,
        early_stopping,
        jit_compile,
        progress,
    )
    prepared = prepare(
        build,
        plan,
        initial,
        masks,
        learning_rate,
        learning_rate_factor=learning_rate_factor,
        momentum=momentum,
        beta_1=beta_1,
        weight_decay=weight_decay,
    )
    return record(prepared, plan, run(prepared, plan))
