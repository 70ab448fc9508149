"""What examples and labels say by themselves: the size of the input, the best constant's loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.signals import all_layers, kernel_layers

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


def evenly_spaced(x: Any, y: Any) -> tuple[Any, Any]:
    """At most 128 examples, evenly spaced, so that sorted labels do no harm."""
    if x is None:
        return None, None
    count = len(keras.tree.flatten(x)[0])
    places = np.linspace(0, count - 1, min(count, MOST_EXAMPLES)).astype(int)
    return keras.tree.map_structure(lambda a: np.asarray(a)[places], (x, y))


def input_size(model: keras.Model, x: Any) -> float:
    """The largest root mean square of a feature, NaN where the model scales its input itself."""
    before = _before_kernels(model)
    bare = any(  # functions of keras.ops, which may scale
        not isinstance(operation, keras.Layer)
        for part in (model, *all_layers(model))
        for operation in getattr(part, "operations", ())
    )
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


def input_norm(model: keras.Model, x: Any, known: float) -> float:
    """The norm of the numbers that a unit of the first layer sees, root mean square.

    That of an example before a dense layer, that of a patch before a convolution. `known` is the
    input's size, NaN where the model scales its input itself.
    """
    arrays, layers = [np.asarray(a, "float64") for a in keras.tree.flatten(x)], kernel_layers(model)
    if np.isnan(known):
        return np.nan
    if len(arrays) == 1 and layers:
        seen = [np.prod(layers[0].kernel.shape[:-1])]
    else:
        seen = [a[0].size for a in arrays]
    return float(max(np.sqrt(n * np.square(a).mean()) for n, a in zip(seen, arrays, strict=True)))


def constant_loss(loss: Callable[..., Any], y: Any, prediction: Any) -> float:
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


def _before_kernels(model: keras.Model) -> list[keras.Layer]:
    """The layers that come before the first kernel; all of them where the order is not known."""
    layers, kernels = all_layers(model), kernel_layers(model)
    ordered = bool(getattr(model, "inputs", None)) and bool(kernels)
    before = layers[: layers.index(kernels[0])] if ordered else layers
    return [layer for layer in before if not isinstance(layer, keras.Model)]
