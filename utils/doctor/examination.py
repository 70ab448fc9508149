"""What the doctor measures: during a `fit`, or afterwards on a population's snapshots.

Nothing here judges; `utils.doctor` does. Nothing here may disturb training either: no random
numbers are drawn, no state of the model is written, and what cannot be measured is left out with
the reason.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from utils.doctor.data_alone import constant_loss, evenly_spaced, input_norm, input_size
from utils.keras_internals import loss_of, tensorflow_generator_kept
from utils.signals import (
    InstrumentedModel,
    all_layers,
    kernel_layers,
    layer_names,
    matched,
    values_of,
    with_snapshots,
)

if TYPE_CHECKING:
    from utils.population import Runs

INSIDE = "activation_gradient_norm", "gradient_norm", "dead", "saturated", "size"


@dataclass(frozen=True, eq=False)
class Findings:
    """What was measured on one network; NaN or empty where it could not be.

    A *look* is an epoch after which the weights were measured, 0 being before training.
    """

    epochs: tuple[int, ...]
    """Those of the looks."""
    loss: np.ndarray
    """The training loss that `fit` reported, NaN from where it was not finite: (epoch,)."""
    before: float
    """The optimizer's steps before the first look; 0 where training starts here."""
    steps: float
    """Its steps since then."""
    scores: np.ndarray
    """The loss on the doctor's examples, without penalties or weights: (look,)."""
    constant: float
    """The same loss of the best constant answer: what can be had without looking at the input."""
    input_size: float
    """The largest root mean square of a feature of the input."""
    input_norm: float
    """The norm of what a unit of the first layer sees of an example, root mean square."""
    kernels: tuple[str, ...]
    """Names of the layers whose kernels train, in the order of the model."""
    moved: np.ndarray
    """How far a kernel is from its start, relative to its norm there: (look, kernel)."""
    spread: np.ndarray
    """How much the units of a kernel differ, relative to its norm: (look, kernel)."""
    layers: tuple[str, ...]
    """Names of the hidden layers that could be looked into, those of a frozen base too."""
    trainable: tuple[bool, ...]
    """Which of them train."""
    gradient: np.ndarray
    """Norm of an example's gradient with respect to a layer's output: (look, layer)."""
    weight_gradient: np.ndarray
    """Norm of the loss's gradient with respect to a layer's kernel: (look, layer)."""
    dead: np.ndarray
    """Fraction of a layer's ReLU units that are zero for every example: (look, layer)."""
    saturated: np.ndarray
    """Fraction of a bounded layer's outputs that are close to the bounds: (look, layer)."""
    output: str
    """Name of the output layer."""
    dead_output: np.ndarray
    """Fraction of its ReLU units that are zero for every example: (look,)."""
    normalized: bool
    """Whether the model has batch normalization."""
    skips: bool
    """Whether it adds outputs of earlier layers to those of later ones."""
    growth: np.ndarray
    """A layer's outputs before training over the input, root mean squares: (layer,)."""
    unseen: str
    """Why the layers could not be looked into; empty where they could."""


class Examination:
    """The measurements of one model along its `fit`."""

    def __init__(self, model: keras.Model, x: Any, y: Any) -> None:
        self.model, (self.x, self.y) = model, evenly_spaced(x, y)
        if self.x is not None and not model.built:  # as the first step of `fit` would
            model(keras.tree.map_structure(lambda a: a[:1], self.x), training=False)
        self.layers: list[keras.Layer] = []
        self.start: list[np.ndarray] = []
        self.epochs: list[int] = []
        self.losses: list[float] = []
        self.rows: list[dict[str, Any]] = []
        self.instrumented, self.unseen = _instrumented(model, self.x, self.y)
        self.input_size = _or_nan(input_size, model, self.x)
        self.input_norm = _or_nan(input_norm, model, self.x, self.input_size)
        self.loss: Callable[..., Any] | None = None
        self.constant = np.nan
        self.before = self.steps = np.nan

    def look(self, epoch: int) -> None:
        """Measure the present weights."""
        if not self.model.built:
            return
        if not self.epochs:
            self.layers = [layer for layer in kernel_layers(self.model) if layer.kernel.trainable]
            self.start = [_array(layer.kernel) for layer in self.layers]
            self.before = _or_nan(_steps, self.model)
        self.steps = _or_nan(_steps, self.model) - self.before
        kernels = [_array(layer.kernel) for layer in self.layers]
        row = {
            "scores": np.nan,
            "moved": [moved(k[None], s[None])[0] for k, s in zip(kernels, self.start, strict=True)],
            "spread": [spread(k[None])[0] for k in kernels],
        }
        if self.instrumented is not None:
            try:
                measured, row["scores"] = self.instrumented.measure_with_loss(values_of(self.model))
                row |= _split(measured)
            except Exception as error:
                self.instrumented, self.unseen = None, _first_line(error)
        if self.instrumented is None or self.loss is None:
            score = _or_nan(self._score)
            row["scores"] = score if self.instrumented is None else row["scores"]
        self.epochs.append(epoch)
        self.rows.append(row)

    def findings(self) -> Findings:
        """What was measured so far."""
        seen = self.instrumented
        names = seen.names[:-1] if seen else ()
        empty = np.full((len(self.rows), len(names)), np.nan)
        inside = {k: np.array([r[k] for r in self.rows]) if seen else empty for k in INSIDE}
        called = layer_names(self.model)
        return Findings(
            epochs=tuple(self.epochs),
            loss=_nan_once_lost(np.array(self.losses, float)),
            before=self.before,
            steps=self.steps,
            scores=np.array([row["scores"] for row in self.rows], float),
            constant=self.constant,
            input_size=self.input_size,
            input_norm=self.input_norm,
            kernels=tuple(called[id(layer)] for layer in self.layers),
            moved=_table(self.rows, "moved"),
            spread=_table(self.rows, "spread"),
            layers=names,
            trainable=seen.trainable[:-1] if seen else (),
            gradient=inside["activation_gradient_norm"],
            weight_gradient=inside["gradient_norm"],
            dead=inside["dead"],
            saturated=inside["saturated"],
            output=seen.names[-1] if seen else "",
            dead_output=np.array([row["dead_output"] if seen else np.nan for row in self.rows]),
            normalized=any(
                isinstance(layer, keras.layers.BatchNormalization)
                for layer in all_layers(self.model)
            ),
            skips=any(
                type(operation).__name__ == "Add"  # a layer, or the sum of two tensors
                for part in (self.model, *all_layers(self.model))
                for operation in (part, *getattr(part, "operations", ()))
            ),
            growth=_growth(inside["size"], self.x, self.input_size),
            unseen=self.unseen,
        )

    def _score(self) -> float:
        with keras.StatelessScope():  # states, seeds and metrics in layers stay as they are
            prediction = self.model(self.x, training=False)
        if self.loss is None:
            self.loss = loss_of(self.model)
            self.constant = _or_nan(constant_loss, self.loss, self.y, prediction)
        return float(self.loss(self.y, prediction))


def findings_of_runs(runs: Runs, x: Any, y: Any) -> list[Findings]:
    """The same for every member of a population, from its snapshots, one after the other."""
    with_snapshots(runs, 2, "Doctor(x, y) in fit(callbacks=[...])")
    model = runs.model(0)
    x, y = matched(model, x, y)
    examination = Examination(model, x, y)
    variables = model.trainable_variables + model.non_trainable_variables
    steps = runs.steps[runs.stopped_epoch - 1]
    found = []
    for member in range(len(runs)):
        examination.epochs, examination.rows = [], []
        for epoch in runs.snapshot_epochs:
            trainable, non_trainable = runs.snapshots[epoch]
            for variable, stacked in zip(variables, trainable + non_trainable, strict=True):
                variable.assign(stacked[member])
            examination.look(epoch)
        examination.losses = list(runs.history["loss"][member])
        found.append(replace(examination.findings(), before=0.0, steps=float(steps[member])))
    return found


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Put the states of the global random generators back afterwards."""
    before = random.getstate(), np.random.get_state()
    try:
        with tensorflow_generator_kept():
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])


def moved(now: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The distance of kernels (member, ...) from their start, relative to their norm there.

    NaN where the start was 0, inf where a weight is no longer finite.
    """
    with np.errstate(all="ignore"):
        size = _norm(start)
        way = _norm(now - start) / np.where(size == 0, np.nan, size)
    return np.where(np.isfinite(_norm(now)), way, np.inf)


def spread(kernel: np.ndarray) -> np.ndarray:
    """How much the units of kernels (member, ..., unit) differ, relative to the norms: (member,).

    0 where all units are alike, NaN where there is only one.
    """
    if kernel.shape[-1] < 2:
        return np.full(len(kernel), np.nan)
    size = _norm(kernel)
    with np.errstate(all="ignore"):
        apart = _norm(kernel - kernel.mean(axis=-1, keepdims=True))
        return np.where(size == 0, 0.0, apart / np.where(size == 0, 1, size))


def _instrumented(model: keras.Model, x: Any, y: Any) -> tuple[InstrumentedModel | None, str]:
    """What looks into the model, or why nothing can.

    Batch normalization is seen as in training: with fresh moving statistics it would not normalize.
    """
    if x is None:
        return None, "no examples were given"
    try:
        if len(keras.tree.flatten((x, y))) > 2:
            raise ValueError("the model has several inputs or outputs")
        return InstrumentedModel(model, x, y, False, by_batch=True), ""
    except Exception as error:  # whatever a model that we do not know raises
        return None, _first_line(error)


def _steps(model: keras.Model) -> float:
    """How many steps the optimizer has taken so far."""
    return float(model.optimizer.iterations)


def _split(measured: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The hidden layers apart from the output layer, which is the last."""
    mean, deviation = measured["activation_mean"], measured["activation_std"]
    measured = measured | {"size": np.hypot(mean, deviation)}
    hidden = {key: measured[key][..., :-1] for key in INSIDE}
    return hidden | {"dead_output": measured["dead"][..., -1]}


def _growth(size: np.ndarray, x: Any, known: float) -> np.ndarray:
    """Outputs (look, layer) before training over the input; NaN where the input is none."""
    arrays = [] if x is None else keras.tree.flatten(x)
    if len(arrays) != 1 or size.size == 0 or np.isnan(known):  # scaled inside, or no numbers
        return np.full(size.shape[1:], np.nan)
    with np.errstate(all="ignore"):
        return size[0] / np.sqrt(np.square(np.asarray(arrays[0], "float64")).mean())


def _table(rows: list[dict[str, Any]], key: str) -> np.ndarray:
    return np.array([row[key] for row in rows], float).reshape(len(rows), -1)


def _nan_once_lost(loss: np.ndarray) -> np.ndarray:
    return np.where(np.logical_or.accumulate(~np.isfinite(loss)), np.nan, loss)


def _array(value: Any) -> np.ndarray:
    return np.asarray(value, "float64")


def _norm(array: np.ndarray) -> np.ndarray:
    return np.linalg.norm(array.reshape(len(array), -1), axis=1)


def _or_nan(function: Callable[..., float], *args: Any) -> float:
    """What the function gives, or NaN where it raises."""
    try:
        return function(*args)
    except Exception:  # whatever a model that we do not know raises
        return np.nan


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
