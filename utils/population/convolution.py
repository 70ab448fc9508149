"""Convolutions as products of matrices, which XLA compiles far faster where members differ.

Without XLA, TensorFlow's own convolutions are faster than the products.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import prod

import keras
import tensorflow as tf

from utils.keras_internals import all_layers

KINDS = (keras.layers.Conv1D, keras.layers.Conv2D)
MOST = 5_000
"""Numbers that a product gathers from one example. With 16 members, 2 cores and batches of 32, the
products take half the time of TensorFlow's own at 4,608 and a quarter more at 9,216."""


def convolutions(model: keras.Model) -> list[keras.Layer]:
    """A model's convolutions, of whatever kind."""
    return [layer for layer in all_layers(model) if "Conv" in type(layer).__name__]


def suit_xla(model: keras.Model) -> bool:
    """Whether all convolutions are best compiled as products; so if there are none."""
    return all(_possible(layer) and _gathered(layer) <= MOST for layer in convolutions(model))


@contextmanager
def as_products(model: keras.Model) -> Iterator[None]:
    """Let convolutions be products, where they can, while a program is traced.

    It replaces `call`: Keras's `Conv1D` never asks `convolution_op`.
    """
    layers = [layer for layer in convolutions(model) if _possible(layer)]
    for layer in layers:
        layer.call = partial(_call, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _possible(layer: keras.Layer) -> bool:
    return type(layer) in KINDS and layer.groups == 1 and layer.data_format == "channels_last"


def _gathered(layer: keras.Layer) -> float:
    """How many numbers its product gathers from one example."""
    shape = layer.get_build_config()["input_shape"]
    places = layer.compute_output_shape(shape)[1:-1]
    return float("inf") if None in places else prod(places) * prod(layer.kernel.shape[:-1])


def _call(layer: keras.Layer, inputs: tf.Tensor) -> tf.Tensor:
    """What the layer computes of inputs (batch, *places, channels), as Keras's `call` does."""
    outputs = _convolve(layer, inputs, tf.convert_to_tensor(layer.kernel))
    if layer.use_bias:
        outputs += tf.convert_to_tensor(layer.bias)
    return layer.activation(outputs)


def _convolve(layer: keras.Layer, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """`kernel` is (*window, channels, filters)."""
    window, places = kernel.shape[:-2], inputs.shape[1:-1]
    reach = [(w - 1) * d + 1 for w, d in zip(window, layer.dilation_rate, strict=True)]
    if layer.padding == "same":
        ends = list(map(_same, places, reach, layer.strides))
    elif layer.padding == "causal":
        ends = [(r - 1, 0) for r in reach]
    else:
        ends = [(0, 0) for _ in reach]
    inputs = tf.pad(inputs, [(0, 0), *ends, (0, 0)])
    places = inputs.shape[1:-1]
    counts = [(p - r) // s + 1 for p, r, s in zip(places, reach, layer.strides, strict=True)]
    taps = []
    for tap in itertools.product(*map(range, window)):
        cut = [slice(None)]
        for t, d, s, count in zip(tap, layer.dilation_rate, layer.strides, counts, strict=True):
            cut.append(slice(t * d, t * d + (count - 1) * s + 1, s))
        taps.append(inputs[tuple(cut)])
    gathered = tf.reshape(tf.concat(taps, axis=-1), [-1, len(taps) * kernel.shape[-2]])
    product = gathered @ tf.reshape(kernel, [-1, kernel.shape[-1]])
    return tf.reshape(product, [-1, *counts, kernel.shape[-1]])


def _same(places: int, reach: int, stride: int) -> tuple[int, int]:
    """Padding at both ends, as TensorFlow's "SAME" does it."""
    missing = max((-(-places // stride) - 1) * stride + reach - places, 0)
    return missing // 2, missing - missing // 2
