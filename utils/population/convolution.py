"""Convolutions as products of matrices, which TensorFlow maps over members far faster.

A convolution whose kernel differs between members becomes a loop in TensorFlow; a product becomes
one product of stacks.
"""

from __future__ import annotations

import functools
import itertools

import keras
import tensorflow as tf

KINDS = (keras.layers.Conv1D, keras.layers.Conv2D)


def by_products(layer: keras.Layer) -> bool:
    """Whether a layer's convolution can be written as a product."""
    return type(layer) in KINDS and layer.groups == 1 and layer.data_format == "channels_last"


def rewrite(layer: keras.Layer) -> None:
    """Let one layer of Keras's compute its convolution as a product."""
    layer.convolution_op = functools.partial(_convolve, layer)


def _convolve(layer: keras.Layer, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """inputs (batch, *places, channels), kernel (*window, channels, filters)."""
    window, places = kernel.shape[:-2], inputs.shape[1:-1]
    reach = [(w - 1) * d + 1 for w, d in zip(window, layer.dilation_rate, strict=True)]
    if layer.padding == "same":
        ends = list(map(_same, places, reach, layer.strides))
        inputs = tf.pad(inputs, [(0, 0), *ends, (0, 0)])
        places = inputs.shape[1:-1]
    counts = [(p - r) // s + 1 for p, r, s in zip(places, reach, layer.strides, strict=True)]
    taps = []
    for tap in itertools.product(*map(range, window)):
        cut = [slice(None)]
        for t, d, s, count in zip(tap, layer.dilation_rate, layer.strides, counts, strict=True):
            cut.append(slice(t * d, t * d + (count - 1) * s + 1, s))
        taps.append(inputs[tuple(cut)])
    seen = tf.reshape(tf.concat(taps, axis=-1), [-1, len(taps) * kernel.shape[-2]])
    product = seen @ tf.reshape(kernel, [-1, kernel.shape[-1]])
    return tf.reshape(product, [-1, *counts, kernel.shape[-1]])


def _same(places: int, reach: int, stride: int) -> tuple[int, int]:
    """Padding at both ends, as TensorFlow's "SAME" does it."""
    missing = max((-(-places // stride) - 1) * stride + reach - places, 0)
    return missing // 2, missing - missing // 2
