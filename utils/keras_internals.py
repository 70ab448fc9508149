"""Every use of a private part of Keras or TensorFlow, each with the reason.

`tests/unit/test_keras_internals.py` names what broke when a new version moves one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from tensorflow.python.eager import context

# --- looking inside a model: probes and the doctor -----------------------------------------------


def loss_of(model: keras.Model) -> Callable[..., Any]:
    """The loss that a model is compiled with, without penalties, as a function of y and outputs.

    `model.loss` is what was given to `compile`: a name, an object, a list or a dict of these.
    Keras's own reading of it is a private class. It is a copy, as the first call of the original
    fixes which structure of outputs it takes.
    """
    loss = model._compile_loss
    if loss is None:
        raise ValueError("the model was compiled without a loss; call compile(loss=...) first")
    return type(loss)(loss._user_loss, loss._user_loss_weights, output_names=loss.output_names)


def layers_in(layer: keras.Layer) -> list[keras.Layer]:
    """The layers that a layer or model holds itself, in the order they were added.

    `model.layers` does the same for models; the layer inside a wrapper has no public name.
    """
    return list(layer._layers)


def through_graph(model: keras.Model, inputs: Any, call: Callable[..., Any]) -> Any:
    """A model's outputs where every operation of its graph is called by `call(operation, ...)`.

    `keras.models.clone_model` takes such a function too, but neither for Sequential models nor for
    a model inside another one whose inputs are that one's intermediate tensors.
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    return graph._run_through_graph(inputs, operation_fn=lambda operation: operation, call_fn=call)


@contextmanager
def tensorflow_generator_kept() -> Iterator[None]:
    """Put the state of the generator that `tf.random` draws its seeds from back afterwards.

    TensorFlow has a function that sets this generator's seed, and none that reads its state.
    Kernels that already run keep numbers of their own, and are dropped where any were drawn.
    """
    eager = context.context()
    before = eager._rng.getstate() if getattr(eager, "_rng", None) else None
    try:
        yield
    finally:
        if before and eager._rng.getstate() != before:
            eager._rng.setstate(before)
            eager.clear_kernel_cache()
