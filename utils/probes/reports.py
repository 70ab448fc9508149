"""Looks inside a network: what its layers send forward, and what gradients come back.

Introduced in the chapter "The nitty-gritty". Gradients are taken with respect to the layers'
outputs as well as their weights: weight gradients alone can look alike in all layers while the
signal vanishes (with ReLU they do). The layers run in float64, whatever the model trains in, so
that tiny gradients are measured and not rounded to zero; the loss is computed as in training.

A *layer* here is one with a kernel (dense or convolution) together with the normalization and the
activation that directly follow it, as part of the same Keras layer or as layers of their own. What
it sends forward is what leaves the last of these. It goes by the name of the layer with the kernel,
or by kind and place ("dense 1") where nobody named that. The layers of a model inside the model,
such as a frozen base, are measured like any other and carry its name in front: "base/dense 1".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from utils.signals import (
    InstrumentedModel,
    kernel_layers,
    matched,
    values_of,
    whole_epochs,
    with_snapshots,
)

if TYPE_CHECKING:
    from utils.population import Runs


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """What a probe saw. Every array ends with the layer axis; `epochs` is empty for one moment.

    Shapes: (layer,) from `probe`, (epoch, layer) from `Probe`, (member, epoch, layer) from
    `probe_runs`.
    """

    layers: tuple[str, ...]
    epochs: tuple[int, ...]
    activation_mean: np.ndarray
    activation_std: np.ndarray
    saturated: np.ndarray
    """Share of outputs with |tanh| above 0.97, likewise |2 sigmoid - 1|; NaN where unbounded."""
    dead: np.ndarray
    """Share of units (channels) whose output is 0 for every example; NaN but for ReLU."""
    gradient_norm: np.ndarray
    """Norm of the loss's gradient with respect to the kernel."""
    activation_gradient_norm: np.ndarray
    """Norm of an example's gradient with respect to the outputs: root mean square over examples."""
    weight_norm: np.ndarray
    """Norm of the kernel."""

    def __repr__(self) -> str:
        return f"Report of {', '.join(self.layers)}; arrays of shape {self.weight_norm.shape}"


def probe(model: keras.Model, x: Any, y: Any, *, training: bool = False) -> Report:
    """Measure a compiled model at this moment, on the examples x, y: arrays (layer,).

    The loss is the one it was compiled with, penalties included. In inference mode, as by default,
    dropout is off and batch normalization uses its moving statistics; `training=True` is what a
    training step sees.
    """
    instrumented = _instrumented(model, x, y, training)
    return Report(instrumented.names, (), **instrumented.measure(values_of(model)))


def probe_runs(runs: Runs, x: Any, y: Any, *, training: bool = False) -> Report:
    """Measure all members of a population at all snapshots: arrays (member, epoch, layer)."""
    with_snapshots(runs, 1, "probe(model, x, y)")
    instrumented = _instrumented(runs.model(0), x, y, training)
    measured = [instrumented.measure_all(runs.snapshots[epoch]) for epoch in runs.snapshot_epochs]
    stacked = {key: np.stack([m[key] for m in measured], axis=1) for key in measured[0]}
    return Report(instrumented.names, tuple(runs.snapshot_epochs), **stacked)


class Probe(keras.callbacks.Callback):
    """Measures along an ordinary `fit`: before it (epoch 0), and after every `every`-th epoch.

    Afterwards `report` holds arrays (epoch, layer).
    """

    def __init__(self, x: Any, y: Any, every: int = 1, *, training: bool = False) -> None:
        super().__init__()
        whole_epochs(every)
        self.x, self.y, self.every, self.training = x, y, every, training

    def on_train_begin(self, logs: Any = None) -> None:
        """Measure the initial weights."""
        self._instrumented = _instrumented(self.model, self.x, self.y, self.training)
        self._seen = {0: self._instrumented.measure(values_of(self.model))}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Measure the weights after this epoch."""
        if (epoch + 1) % self.every == 0:
            self._seen[epoch + 1] = self._instrumented.measure(values_of(self.model))

    @property
    def report(self) -> Report:
        """What was seen so far."""
        if not hasattr(self, "_seen"):
            raise ValueError("nothing was measured yet; pass this to fit(callbacks=[...]) first")
        keys = next(iter(self._seen.values()))
        stacked = {key: np.stack([seen[key] for seen in self._seen.values()]) for key in keys}
        return Report(self._instrumented.names, tuple(self._seen), **stacked)


def update_ratios(runs: Runs) -> np.ndarray:
    """How far trained kernels move between consecutive snapshots: (member, snapshots - 1, layer).

    The standard deviation of the change over that of the weights after it. Where one step lies
    between snapshots (one batch an epoch, `snapshots=1`), about 1e-3 is a healthy rate (Karpathy's
    rule of thumb): below, learning is slow; far above, unstable. Weights that are all equal have
    no spread to compare with: NaN or infinite.
    """
    with_snapshots(runs, 2, "Probe in fit(callbacks=[...])")
    model = runs.model(0)
    kernels = [layer.kernel for layer in kernel_layers(model)]
    places = [i for i, v in enumerate(model.trainable_variables) if any(v is k for k in kernels)]
    moments = [runs.weights_at(epoch) for epoch in runs.snapshot_epochs]
    paths = [np.stack([m[i] for m in moments]).astype("float64") for i in places]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [_spread(np.diff(path, axis=0)) / _spread(path[1:]) for path in paths]
    return np.stack(ratios, axis=-1).swapaxes(0, 1)


def _instrumented(model: keras.Model, x: Any, y: Any, training: bool) -> InstrumentedModel:
    return InstrumentedModel(model, *matched(model, x, y), training)


def _spread(path: np.ndarray) -> np.ndarray:
    """The standard deviation within each kernel: (epoch, member)."""
    return path.reshape(*path.shape[:2], -1).std(axis=-1)
