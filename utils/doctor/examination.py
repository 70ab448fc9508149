"""What the doctor measures: during a `fit`, or afterwards on a population's snapshots.

Nothing here judges; `utils.doctor` does. Nothing here may disturb training either: no random
numbers are drawn, no state of the model is written, and what cannot be measured is left out with
the reason.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from utils.probes.lens import Lens

if TYPE_CHECKING:
    from utils.population import Runs

MOST_EXAMPLES = 128
SCALING = (
    keras.layers.Normalization,
    keras.layers.Rescaling,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.Embedding,
)
PASSING = tuple(  # after these, what reaches the first kernel is as large as the input
    getattr(keras.layers, name)
    for name in "InputLayer Flatten Reshape Permute RepeatVector Dropout GaussianNoise "
    "GaussianDropout SpatialDropout1D SpatialDropout2D ZeroPadding1D ZeroPadding2D Cropping1D "
    "Cropping2D Concatenate Masking MaxPooling2D AveragePooling2D".split()
)
INSIDE = "activation_gradient_norm", "gradient_norm", "dead", "saturated", "size"


@dataclass(frozen=True, eq=False)
class Findings:
    """What was measured on one network; NaN or empty where it could not be.

    A *moment* is an epoch after which the weights were looked at, 0 being before training.
    """

    epochs: tuple[int, ...]
    """The moments."""
    loss: np.ndarray
    """The training loss that `fit` reported, NaN from where it was not finite: (epoch,)."""
    before: float
    """The optimizer's steps before the first moment; 0 where training starts here."""
    steps: float
    """Its steps since then."""
    scores: np.ndarray
    """The loss on the doctor's examples, without penalties or weights: (moment,)."""
    constant: float
    """The same loss of the best constant answer: what can be had without looking at the input."""
    input_size: float
    """The largest root mean square of a feature of the input."""
    input_norm: float
    """The norm of what a unit of the first layer sees of an example, root mean square."""
    kernels: tuple[str, ...]
    """Names of the kernels, in the order of the model."""
    moved: np.ndarray
    """How far a kernel is from its start, relative to its norm there: (moment, kernel)."""
    spread: np.ndarray
    """How much the units of a kernel differ, relative to its norm: (moment, kernel)."""
    layers: tuple[str, ...]
    """Names of the hidden layers that could be looked into."""
    gradient: np.ndarray
    """Norm of an example's gradient with respect to a layer's output: (moment, layer)."""
    weight_gradient: np.ndarray
    """Norm of the loss's gradient with respect to a layer's kernel: (moment, layer)."""
    dead: np.ndarray
    """Share of a layer's ReLU units that are zero for every example: (moment, layer)."""
    saturated: np.ndarray
    """Share of a bounded layer's outputs that are close to the bounds: (moment, layer)."""
    normalized: bool
    """Whether the model has batch normalization."""
    growth: np.ndarray
    """A layer's outputs before training over the input, root mean squares: (layer,)."""
    unseen: str
    """Why the layers could not be looked into; empty where they could."""


class Exam:
    """The measurements of one model along its `fit`."""

    def __init__(self, model: keras.Model, x, y):
        self.model, (self.x, self.y) = model, few(x, y)
        if self.x is not None and not model.built:  # as the first step of `fit` would
            model(keras.tree.map_structure(lambda a: a[:1], self.x), training=False)
        self.variables: list[keras.Variable] = []
        self.start: list[np.ndarray] = []
        self.epochs: list[int] = []
        self.losses: list[float] = []
        self.rows: list[dict] = []
        self.lens, self.unseen = _lens(model, self.x, self.y)
        self.input_size = _quietly(input_size, model, self.x)
        self.input_norm = _quietly(input_norm, model, self.x, self.input_size)
        self.loss, self.constant = None, np.nan
        self.before = self.steps = np.nan

    def look(self, epoch: int) -> None:
        """Measure the present weights."""
        if not self.model.built:
            return
        if not self.epochs:
            self.variables = _kernels(self.model)
            self.start = [_array(v.value) for v in self.variables]
            self.before = _quietly(_steps, self.model)
        self.steps = _quietly(_steps, self.model) - self.before
        kernels = [_array(v.value) for v in self.variables]
        row = {
            "scores": np.nan,
            "moved": [moved(k[None], s[None])[0] for k, s in zip(kernels, self.start, strict=True)],
            "spread": [spread(k[None])[0] for k in kernels],
        }
        if self.lens is not None:
            try:
                measured, row["scores"] = self.lens.measure_and_score(_values(self.model))
                row |= _hidden(measured)
            except Exception as error:
                self.lens, self.unseen = None, _first_line(error)
        if self.lens is None or self.loss is None:
            score = _quietly(self._score)
            row["scores"] = score if self.lens is None else row["scores"]
        self.epochs.append(epoch)
        self.rows.append(row)

    def findings(self) -> Findings:
        """What was measured so far."""
        seen = self.lens is not None
        names = self.lens.names[:-1] if seen else ()
        empty = np.full((len(self.rows), len(names)), np.nan)
        inside = {k: np.array([r[k] for r in self.rows]) if seen else empty for k in INSIDE}
        return Findings(
            epochs=tuple(self.epochs),
            loss=_lost(np.array(self.losses, float)),
            before=self.before,
            steps=self.steps,
            scores=np.array([row["scores"] for row in self.rows], float),
            constant=self.constant,
            input_size=self.input_size,
            input_norm=self.input_norm,
            kernels=tuple(_name(v) for v in self.variables),
            moved=_table(self.rows, "moved"),
            spread=_table(self.rows, "spread"),
            layers=names,
            gradient=inside["activation_gradient_norm"],
            weight_gradient=inside["gradient_norm"],
            dead=inside["dead"],
            saturated=inside["saturated"],
            normalized=any(
                isinstance(layer, keras.layers.BatchNormalization)
                for layer in self.model._flatten_layers()
            ),
            growth=_growth(inside["size"], self.x, self.input_size),
            unseen=self.unseen,
        )

    def _score(self) -> float:
        with keras.StatelessScope():  # states, seeds and metrics in layers stay as they are
            prediction = self.model(self.x, training=False)
        if self.loss is None:
            self.loss = _own_loss(self.model)
            self.constant = _quietly(constant_loss, self.loss, self.y, prediction)
        return float(self.loss(self.y, prediction))


def findings_of_runs(runs: Runs, x, y) -> list[Findings]:
    """The same for every member of a population, from its snapshots, one after the other."""
    moments = runs.snapshot_epochs
    if len(moments) < 2:
        raise ValueError(
            f"the runs kept snapshots at epochs {moments}; expected the start and the end at "
            "least: call train(..., snapshots=k)"
        )
    model = runs.model(0)
    exam, variables = Exam(model, x, y), model.trainable_variables + model.non_trainable_variables
    count = np.nan if x is None else len(keras.tree.flatten(x)[0])
    steps = runs.stopped_epoch * np.ceil(count / runs.batch_size)
    found = []
    for member in range(len(runs)):
        exam.epochs, exam.rows = [], []
        for epoch in moments:
            trainable, non_trainable = runs.snapshots[epoch]
            for variable, stacked in zip(variables, trainable + non_trainable, strict=True):
                variable.assign(stacked[member])
            exam.look(epoch)
        exam.losses = list(runs.history["loss"][member])
        found.append(replace(exam.findings(), before=0.0, steps=float(steps[member])))
    return found


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the global random states back afterwards."""
    before, eager = (random.getstate(), np.random.get_state()), context.context()
    drawn = eager._rng.getstate() if getattr(eager, "_rng", None) else None
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        if drawn and eager._rng.getstate() != drawn:  # a layer called tf.random
            eager._rng.setstate(drawn)
            eager.clear_kernel_cache()


def few(x, y):
    """At most 128 examples, evenly spaced, so that sorted labels do no harm."""
    if x is None:
        return None, None
    count = len(keras.tree.flatten(x)[0])
    places = np.linspace(0, count - 1, min(count, MOST_EXAMPLES)).astype(int)
    return keras.tree.map_structure(lambda a: np.asarray(a)[places], (x, y))


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


def input_size(model: keras.Model, x) -> float:
    """The largest root mean square of a feature, NaN where the model scales its input itself."""
    before = _before_kernels(model)
    bare = any(not isinstance(o, keras.Layer) for o in getattr(model, "operations", ()))
    known = getattr(model, "inputs", None)  # else the order of the layers is not known
    if (
        x is None
        or bare
        or any(
            not isinstance(layer, PASSING) if known else isinstance(layer, SCALING)
            for layer in before
        )
    ):
        return np.nan
    arrays = [np.asarray(a, "float64") for a in keras.tree.flatten(x)]
    return float(max(np.sqrt(np.square(a).mean(axis=0)).max() for a in arrays))


def input_norm(model: keras.Model, x, known: float) -> float:
    """The norm of the numbers that a unit of the first layer sees, root mean square.

    That of an example before a dense layer, that of a patch before a convolution. `known` is the
    input's size, NaN where the model scales its input itself.
    """
    arrays, kernels = [_array(a) for a in keras.tree.flatten(x)], _kernels(model)
    if np.isnan(known):
        return np.nan
    if len(arrays) == 1 and kernels:
        seen = [np.prod(kernels[0].shape[:-1])]
    else:
        seen = [a[0].size for a in arrays]
    return float(max(np.sqrt(n * np.square(a).mean()) for n, a in zip(seen, arrays, strict=True)))


def constant_loss(loss, y, prediction) -> float:
    """The loss of the best constant answer, as far as we can guess it.

    Whatever the loss is, no constant does better than the best one; so of several candidates (the
    mean of y, its median, the classes' shares, their logarithms) the one with the smallest loss is
    taken, for one output after the other where there are several.
    """
    if y is None or prediction is None:
        return np.nan
    shapes = [np.shape(part) for part in keras.tree.flatten(prediction)]
    labels = [np.asarray(part) for part in keras.tree.flatten(y)]
    candidates = [_candidates(part, shape) for part, shape in zip(labels, shapes, strict=True)]
    answers, best = [each[0] for each in candidates], np.nan
    for place, each in enumerate(candidates):
        tried = [[*answers[:place], one, *answers[place + 1 :]] for one in each]
        losses = [float(loss(y, keras.tree.pack_sequence_as(prediction, t))) for t in tried]
        if not np.isfinite(losses).any():
            return np.nan
        best = np.nanmin(losses)
        answers = tried[int(np.nanargmin(losses))]
    return float(best)


def _candidates(y: np.ndarray, shape: tuple[int, ...]) -> list[tf.Tensor]:
    """Constant answers to one output, each of the shape of its predictions."""
    whole = np.equal(y, np.floor(y)).all() and y.min() >= 0 and y.max() < shape[-1]
    if shape[-1] > 1 and whole and (y.ndim < len(shape) or y.shape[-1] == 1):
        found = [np.bincount(y.astype(int).ravel(), minlength=shape[-1]) / y.size]
    else:
        rows = y.reshape(-1, shape[-1] if y.ndim == len(shape) else 1)
        found = [rows.mean(axis=0), np.median(rows, axis=0)]
    if (found[0] >= 0).all():
        share = np.clip(found[0], 1e-7, 1 - 1e-7)
        found += [np.log(np.maximum(found[0], 1e-7)), np.log(share / (1 - share))]
    return [tf.constant(np.broadcast_to(answer, shape), "float32") for answer in found]


def _own_loss(model: keras.Model):
    """The loss that the model is compiled with, as a copy: the first call settles its structure."""
    loss = model._compile_loss
    if loss is None:
        raise ValueError("the model was compiled without a loss")
    return type(loss)(loss._user_loss, loss._user_loss_weights, output_names=loss.output_names)


def _lens(model: keras.Model, x, y) -> tuple[Lens | None, str]:
    """What looks into the model, or why nothing can.

    Batch normalization is seen as in training: with fresh moving statistics it would not normalize.
    """
    if x is None:
        return None, "no examples were given"
    try:
        if len(keras.tree.flatten((x, y))) > 2:
            raise ValueError("the model has several inputs or outputs")
        lens = Lens(model, x, y, False, by_batch=True)
        lens.loss = _own_loss(model)
        return lens, ""
    except Exception as error:  # whatever a model that we do not know raises
        return None, _first_line(error)


def _steps(model: keras.Model) -> float:
    """How many steps the optimizer has taken so far."""
    return float(model.optimizer.iterations)


def _before_kernels(model: keras.Model) -> list[keras.Layer]:
    """The layers that come before the first kernel; all of them where the order is not known."""
    found = []
    for layer in model._flatten_layers(include_self=False):
        if getattr(model, "inputs", None) and getattr(layer, "kernel", None) is not None:
            break
        found.append(layer)
    return found


def _kernels(model: keras.Model) -> list[keras.Variable]:
    return [v for v in model.trainable_variables if _is_kernel(v)]


def _is_kernel(variable: keras.Variable) -> bool:
    return variable.name == "kernel" and len(variable.shape) >= 2


def _name(variable: keras.Variable) -> str:
    return variable.path.split("/")[-2] if "/" in variable.path else variable.path


def _hidden(measured: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Without the output layer, which is the last."""
    mean, deviation = measured["activation_mean"], measured["activation_std"]
    measured = measured | {"size": np.hypot(mean, deviation)}
    return {key: measured[key][..., :-1] for key in INSIDE}


def _growth(size: np.ndarray, x, known: float) -> np.ndarray:
    """Outputs (moment, layer) before training over the input; NaN where the input is none."""
    arrays = [] if x is None else keras.tree.flatten(x)
    if len(arrays) != 1 or size.size == 0 or np.isnan(known):  # scaled inside, or no numbers
        return np.full(size.shape[1:], np.nan)
    with np.errstate(all="ignore"):
        return size[0] / np.sqrt(np.square(np.asarray(arrays[0], "float64")).mean())


def _table(rows: list[dict], key: str) -> np.ndarray:
    return np.array([row[key] for row in rows], float).reshape(len(rows), -1)


def _lost(loss: np.ndarray) -> np.ndarray:
    return np.where(np.logical_or.accumulate(~np.isfinite(loss)), np.nan, loss)


def _values(model: keras.Model):
    variables = model.trainable_variables, model.non_trainable_variables
    return [[v.value for v in part] for part in variables]


def _array(value) -> np.ndarray:
    return np.asarray(value, "float64")


def _norm(array: np.ndarray) -> np.ndarray:
    return np.linalg.norm(array.reshape(len(array), -1), axis=1)


def _quietly(function, *args) -> float:
    """What the function gives, or NaN where it raises."""
    try:
        return function(*args)
    except Exception:  # whatever a model that we do not know raises
        return np.nan


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
