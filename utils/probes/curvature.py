"""How sharply the loss bends where a network stands: the largest eigenvalue of its Hessian.

Introduced in the chapter "The learning rate": full-batch gradient descent is stable only where this
*sharpness* is below 2 / learning rate. The Hessian of the mean loss with respect to all trainable
weights is never formed: Lanczos's method finds its largest eigenvalue, which is not always the one
of largest magnitude, from some ten or twenty products of the Hessian with a vector, each of which
costs two backward passes. Networks run in the precision they train in, as float32 holds a hundred
times more than the tolerance asks for.

Where an activation or a loss has kinks, as ReLU does, its second derivative between them counts.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from utils.keras_internals import draws_numbers
from utils.population.arguments import at_least_one
from utils.population.forward import Forward, quietly
from utils.probes.lanczos import Largest, largest
from utils.signals import matched, values_of, with_snapshots

if TYPE_CHECKING:
    from utils.population import Runs

TOLERANCE = 1e-4  # |Hv - ev| relative to the eigenvalue e, for its unit eigenvector v


def sharpness(
    model: keras.Model, x: Any, y: Any, *, training: bool = False, most_steps: int = 100
) -> float:
    """The largest eigenvalue of the Hessian of a compiled model's mean loss on the examples x, y.

    The loss is the one it was compiled with, penalties included, with respect to all trainable
    weights. In inference mode, as by default, dropout is off and batch normalization uses its
    moving statistics; with `training=True` it uses these examples', and dropout is refused.

    Settled where |Hv - ev| is at most 1e-4 |e|. NaN, with a warning, where `most_steps` products
    do not suffice; NaN where weights or curvature are not finite.
    """
    if hasattr(model, "snapshot_epochs"):
        raise TypeError(
            f"model is a {type(model).__name__}; expected one compiled Keras model. For a whole "
            "population, use sharpness_runs(runs, x, y)"
        )
    hessian = _Hessian(model, *matched(model, x, y), training)
    trainable, non_trainable = ([v[None] for v in part] for part in values_of(model))
    found = hessian.largest(trainable, non_trainable, None, most_steps)
    _tell(found.unsettled[:, None], most_steps)
    return float(found.values[0])


def sharpness_runs(
    runs: Runs, x: Any, y: Any, *, training: bool = False, most_steps: int = 100
) -> np.ndarray:
    """The sharpness of all members of a population at all snapshots: (member, snapshot).

    As `sharpness` has it for each member. The search begins at every snapshot with what was found
    at the one before, and some noise, lest another direction has overtaken it.
    """
    with_snapshots(runs, 1, "sharpness(model, x, y)")
    model = runs.forward.model
    x, y = matched(model, x, y)
    hessian = _Hessian(model, x, y, training)
    values = np.full((len(runs), len(runs.snapshot_epochs)), np.nan)
    unsettled = np.zeros(values.shape, bool)
    size = max(1, Forward.most // len(x))  # bounds the memory
    for members in np.array_split(np.arange(len(runs)), -(-len(runs) // size)) if len(runs) else ():
        vectors = None
        for place, epoch in enumerate(runs.snapshot_epochs):
            trainable, non_trainable = ([a[members] for a in p] for p in runs.snapshots[epoch])
            found = hessian.largest(trainable, non_trainable, vectors, most_steps)
            values[members, place], vectors = found.values, found.vectors
            unsettled[members, place] = found.unsettled
    _tell(unsettled, most_steps)
    return values


class _Hessian:
    """Products of a model's Hessian with vectors, for many weights at once."""

    def __init__(self, model: keras.Model, x: Any, y: Any, training: bool) -> None:
        if training and draws_numbers(model):
            raise ValueError(
                "the model draws random numbers in training (a dropout layer, say), so that its "
                "loss there has no one Hessian; measure it in inference mode, with training=False"
            )
        self.model, self.training = model, training
        self.x, self.y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
        self.sizes = [int(np.prod(v.shape)) for v in model.trainable_variables]
        self.noise = np.random.default_rng(0).standard_normal(sum(self.sizes))
        self.noise /= np.linalg.norm(self.noise)
        self._products = tf.function(self._times_all, autograph=False)

    def largest(
        self, trainable: Any, non_trainable: Any, vectors: np.ndarray | None, most_steps: int
    ) -> Largest:
        """The largest eigenvalues at stacked weights; `vectors` (member, n) are guesses or None."""
        at_least_one(most_steps=most_steps)
        members = len(trainable[0])
        starts = np.zeros((members, len(self.noise))) if vectors is None else vectors
        starts = np.where(np.isfinite(starts), starts, 0.0) + self.noise
        weights = [[tf.constant(value) for value in part] for part in (trainable, non_trainable)]
        for value in (value for part in weights for value in part):
            finite = np.isfinite(value.numpy().reshape(members, -1)).all(axis=1)
            starts[~finite] = np.nan

        def product(rows: np.ndarray) -> np.ndarray:
            return self._products(*weights, tf.constant(rows)).numpy()

        return quietly(largest)(product, starts, TOLERANCE, most_steps)

    def _times_all(self, trainable: Any, non_trainable: Any, vectors: Any) -> Any:
        given = trainable, non_trainable, vectors
        if vectors.shape[0] == 1:
            return self._times(tf.nest.map_structure(lambda part: part[0], given))[None]
        return tf.vectorized_map(self._times, given)

    def _times(self, given: Any) -> tf.Tensor:
        """One member's Hessian times a vector (n,): the slope's gradient along the vector."""
        trainable, non_trainable, vector = given
        direction = [
            tf.cast(tf.reshape(part, value.shape), value.dtype)
            for part, value in zip(tf.split(vector, self.sizes), trainable, strict=True)
        ]
        with tf.GradientTape() as outer:
            outer.watch(trainable)
            with tf.GradientTape() as inner:
                inner.watch(trainable)
                loss = self._loss(trainable, non_trainable)
            gradient = inner.gradient(loss, trainable, unconnected_gradients="zero")
            slope = tf.add_n(
                [tf.reduce_sum(g * d) for g, d in zip(gradient, direction, strict=True)]
            )
        bend = outer.gradient(slope, trainable, unconnected_gradients="zero")
        return tf.concat([tf.cast(tf.reshape(part, [-1]), tf.float64) for part in bend], axis=0)

    def _loss(self, trainable: Any, non_trainable: Any) -> tf.Tensor:
        model = self.model
        mapping = [
            *zip(model.trainable_variables, trainable, strict=True),
            *zip(model.non_trainable_variables, non_trainable, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            outputs = model(self.x, training=self.training)
            return model.compute_loss(self.x, self.y, outputs, training=self.training)


def _tell(unsettled: np.ndarray, most_steps: int) -> None:
    """Warn of measurements (member, snapshot) that did not settle."""
    if unsettled.any():
        warnings.warn(
            f"{unsettled.sum()} of {unsettled.size} sharpnesses did not settle within "
            f"{most_steps} steps and are NaN; allow more with most_steps=",
            stacklevel=3,
        )
