import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from utils.networks import dense

SOURCES = Path(__file__).parents[2] / "sources"


def same(model: keras.Model, plain: keras.Model) -> None:
    for ours, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    x = np.random.default_rng(0).normal(size=(20, model.input_shape[1])).astype("float32")
    np.testing.assert_array_equal(model(x), plain(x))


def test_a_classifier_is_the_plain_keras_model_with_the_same_draws_and_outputs():
    keras.utils.set_random_seed(0)
    model = dense([64, 16, 8, 10], "tanh", "he_normal", "adam")
    keras.utils.set_random_seed(0)
    plain = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(16, "tanh", kernel_initializer="he_normal"),
            layers.Dense(8, "tanh", kernel_initializer="he_normal"),
            layers.Dense(10, "softmax", kernel_initializer="he_normal"),
        ]
    )
    same(model, plain)
    assert model.loss == "sparse_categorical_crossentropy"
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_each_layer_may_have_its_own_start_and_one_output_is_a_probability():
    keras.utils.set_random_seed(0)
    model = dense([2, 8, 1], "relu", ["he_normal", "zeros"], bias="ones")
    keras.utils.set_random_seed(0)
    hidden = layers.Dense(8, "relu", kernel_initializer="he_normal", bias_initializer="ones")
    output = layers.Dense(1, "sigmoid", kernel_initializer="zeros", bias_initializer="ones")
    same(model, keras.Sequential([keras.Input((2,)), hidden, output]))
    assert model.loss == "binary_crossentropy"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)


def test_it_is_what_the_first_chapter_writes_out():
    text = (SOURCES / "nitty-gritty" / "chapter.md").read_text(encoding="utf-8")
    written = re.search(r"^def network\(.*?^    return model$", text, re.DOTALL | re.MULTILINE)
    shown = {"keras": keras, "layers": layers}
    exec(written[0], shown)
    for sizes in ([2, 8, 8, 1], [64, 16, 10]):
        keras.utils.set_random_seed(3)
        ours = dense(sizes, "relu", "he_normal")
        keras.utils.set_random_seed(3)
        theirs = shown["network"](sizes, "relu", "he_normal")
        same(ours, theirs)
        assert ours.loss == theirs.loss
        assert ours.optimizer.get_config()["learning_rate"] == pytest.approx(0.1)


def test_a_list_of_starts_that_does_not_fit_the_layers_is_refused():
    with pytest.raises(ValueError, match="start lists 2 initializers for 2 hidden layers and an"):
        dense([2, 8, 8, 1], "relu", ["zeros", "ones"])
