"""What `train`, sweeps and runs refuse: one sentence each, that says what to do."""

from __future__ import annotations

import re
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, losses, optimizers

from tests.unit.small import DATA, X, Y, network, quick
from utils.population import Runs, sweep


@pytest.fixture(scope="module")
def runs() -> Runs:
    return quick(snapshots=3)


def spoiled(array: np.ndarray, value: float) -> np.ndarray:
    array = array.astype("float32")
    array[7] = value
    return array


def seeded_by_chance(attribute):
    """A build in which something other than weights hangs on the seed."""

    def build():
        odd = np.random.rand() < 0.5
        if attribute == "width":
            return network(hidden=[layers.Dense(3 if odd else 4)])
        if attribute == "activation":
            return network(hidden=[layers.Activation("relu" if odd else "tanh")])
        return network(optimizers.SGD(0.1 if odd else 0.2))

    return build


def frozen():
    model = network()
    model.trainable = False
    model.compile("sgd", "mse")
    return model


def nested():
    """Two weights whose paths differ only in the first part, which masks may leave out."""
    x = keras.Input((3,))
    y = layers.Dense(1, name="first")(x) + layers.Dense(1, name="second")(x)
    model = keras.Model(x, y)
    model.compile("sgd", "mse")
    return model


def words(optimizer):
    model = keras.Sequential(
        [keras.Input((3,)), layers.Embedding(9, 2, name="table"), layers.Flatten(), layers.Dense(1)]
    )
    model.compile(optimizer, "mse")
    return model


SPARSE = losses.SparseCategoricalCrossentropy
WORDS = np.arange(60).reshape(20, 3) % 9, np.zeros(20)


def recurrent():
    return network(hidden=[layers.Reshape((2, 2)), layers.SimpleRNN(2)])


def classes(loss, width=2):
    return lambda: network(width=width, loss=loss)


def not_compiled():
    return keras.Sequential([keras.Input((3,)), layers.Dense(1)])


def two_inputs():
    a, b = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([a, b], layers.Dense(1)(layers.Add()([a, b])))
    model.compile("sgd", "mse")
    return model


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return {}


def own_step():
    model = OwnStep([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)


def subclassed():
    model = Subclassed()
    model.compile("sgd", "mse")
    return model


class Hoarder(layers.Layer):
    """Keeps state where Keras does not see it."""

    def build(self, shape):
        self.hoard = tf.Variable(0.0)

    def call(self, x):
        return x + self.hoard


def stateful():
    model = keras.Sequential(
        [keras.Input((5, 3), batch_size=10), layers.GRU(2, stateful=True), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


def already_used():
    model = network()
    model.optimizer.build(model.trainable_variables)
    return model


REFUSED = {
    "a model for build": ({"build": network()}, TypeError, "build is a Sequential; pass a func"),
    "no model": ({"build": lambda: 7}, TypeError, "returned a int; return a compiled keras.Model"),
    "nothing returned": ({"build": lambda: None}, TypeError, "returned a NoneType"),
    "not compiled": ({"build": not_compiled}, ValueError, "without optimizer and loss; call model"),
    "two inputs": ({"build": two_inputs}, NotImplementedError, "2 inputs and 1 outputs"),
    "own train_step": ({"build": own_step}, NotImplementedError, "OwnStep has a train_step"),
    "subclassed": ({"build": subclassed}, NotImplementedError, "Subclassed is a subclassed model"),
    "stateful": ({"build": stateful}, NotImplementedError, "is stateful"),
    "used optimizer": ({"build": already_used}, ValueError, "SGD has been used before; create it"),
    "hidden state": (
        {"build": lambda: network(hidden=[Hoarder(name="hoarder")])},
        NotImplementedError,
        "'hoarder' keeps its state in a tf.Variable (hoard)",
    ),
    "nothing to train": ({"build": frozen}, ValueError, "without trainable weights; leave some"),
    "an embedding": (
        {"build": lambda: words(optimizers.Adam(0.1)), "data": WORDS},
        NotImplementedError,
        "/table/embeddings' is sparse, which Adam as compiled treats otherwise than a dense one",
    ),
    "an embedding and clipping": (
        {"build": lambda: words(optimizers.SGD(0.1, clipnorm=1.0)), "data": WORDS},
        NotImplementedError,
        "use SGD without clipping or loss scaling, or train each seed with its own fit in a loop",
    ),
    "a recurrent layer behind another": (
        {"build": recurrent},
        NotImplementedError,
        "loops in a way that cannot be trained as a population; create it with unroll=True, or",
    ),
    "widths by chance": (
        {"build": seeded_by_chance("width"), "seeds": range(9)},
        ValueError,
        "build gives another model under seed",
    ),
    "activations by chance": (
        {"build": seeded_by_chance("activation"), "seeds": range(9)},
        ValueError,
        "all members must have the same layers, shapes and settings",
    ),
    "rates by chance": (
        {"build": seeded_by_chance("rate"), "seeds": range(9)},
        ValueError,
        "pass learning rates as learning_rate",
    ),
    "features": ({"data": (X[:, :2], Y)}, ValueError, "x has shape (60, 2), but the model takes"),
    "validation features": (
        {"data": (DATA[0], (X[:, :2], Y))},
        ValueError,
        "x_val has shape (60, 2), but the model takes (n, 3)",
    ),
    "outputs": ({"data": (X, X)}, ValueError, "y has shape (60, 3), but the model gives (n, 1)"),
    "lengths": ({"data": (X, Y[:9])}, ValueError, "x has shape (60, 3) and y (9,)"),
    "no examples": ({"data": (X[:0], Y[:0])}, ValueError, "of at least 1"),
    "weights": ({"data": (X, Y, Y)}, TypeError, "tuple of length 3; pass a Dataset"),
    "text": ({"data": (X, Y.astype(str))}, TypeError, "y holds <U"),
    "NaN in x": (
        {"data": (spoiled(X, np.nan), Y)},
        ValueError,
        "x holds NaN or infinite values in 1",
    ),
    "beyond float32": (
        {"data": (np.full((60, 3), 1e39), Y)},
        ValueError,
        "x holds values beyond the range of float32 in 60 of 60 examples",
    ),
    "a masked array": ({"data": (np.ma.masked_less(X, 0), Y)}, TypeError, "x is a masked array"),
    "ragged rows": ({"data": ([[1], [1, 2], [3]], Y[:3])}, TypeError, "x holds list; expected an"),
    "a number": ({"data": (1.0, 2.0)}, TypeError, "x holds float; expected an array of numbers"),
    "inf in y": ({"data": (X, spoiled(Y, np.inf))}, ValueError, "y holds NaN or infinite"),
    "NaN in x_val": (
        {"data": (DATA[0], (spoiled(X, np.nan), Y))},
        ValueError,
        "x_val holds NaN or infinite values in 1 of 60 examples (the first is example 7)",
    ),
    "binary labels": ({"data": (X, Y + 1)}, ValueError, "y holds the label 2, but binary_crossent"),
    "class labels": (
        {
            "build": classes("sparse_categorical_crossentropy"),
            "data": (X, Y + 1),
        },
        ValueError,
        "y holds the label 2, but the model's output has classes 0 to 1",
    ),
    "labels of a renamed loss": (
        {"build": classes(losses.BinaryCrossentropy(name="mine"), 1), "data": (X, Y + 1)},
        ValueError,
        "y holds the label 2, but binary_crossentropy takes values from 0 to 1",
    ),
    "labels of a focal loss": (
        {"build": classes(losses.BinaryFocalCrossentropy(), 1), "data": (X, Y + 1)},
        ValueError,
        "y holds the label 2, but binary_focal_crossentropy takes",
    ),
    "labels of a loss in a list": (
        {"build": classes(["binary_crossentropy"], 1), "data": (X, Y + 1)},
        ValueError,
        "y holds the label 2, but binary_crossentropy takes",
    ),
    "labels beyond the ignored": (
        {
            "build": classes(SPARSE(ignore_class=5)),
            "data": (X, Y + 1),
        },
        ValueError,
        "y holds the label 2, but the model's output has classes 0 to 1",
    ),
    "no seeds": ({"seeds": 0}, ValueError, "seeds=0: train at least 1 seed"),
    "empty seeds": ({"seeds": []}, ValueError, "seeds=[]: pass a count of at least 1"),
    "a fraction of a seed": ({"seeds": [0.5]}, ValueError, "integers from 0 to 4294967295"),
    "a seed that is a bool": ({"seeds": [True, 2]}, ValueError, "seeds=[True, 2]: pass a count"),
    "seeds that pass by": ({"seeds": iter([1, 2])}, ValueError, "pass a count of at least 1, or a"),
    "seeds that are None": ({"seeds": None}, ValueError, "seeds=None: pass a count of at least 1"),
    "a table of seeds": ({"seeds": np.eye(3, dtype=int)}, ValueError, "or a list of integers"),
    "a seed twice": (
        {"seeds": [5, 6, 5]},
        ValueError,
        "seeds holds 5 more than once with the same learning rate and masks",
    ),
    "a seed twice at one rate": (
        {"seeds": [5, 5, 5], "learning_rate": [0.1, 0.2, 0.1]},
        ValueError,
        "is one run counted twice; list every seed once",
    ),
    "a negative seed": ({"seeds": [-1]}, ValueError, "integers from 0 to 4294967295"),
    "no epochs": ({"epochs": 0}, ValueError, "epochs=0: expected a whole number of at least 1"),
    "no snapshots": ({"snapshots": 0}, ValueError, "snapshots=0: expected a whole number of at"),
    "a word for XLA": (
        {"jit_compile": "auto"},
        ValueError,
        "jit_compile='auto': expected",
    ),
    "a word for a bar": ({"progress": "yes"}, ValueError, "progress='yes': expected True, False"),
    "half an epoch": ({"epochs": 0.5}, ValueError, "epochs=0.5"),
    "no batch": ({"batch_size": 0}, ValueError, "batch_size=0"),
    "batch": ({"batch_size": 41}, ValueError, "batch_size=41 is more than the 40 training exam"),
    "rates": ({"learning_rate": [0.1, 0.2]}, ValueError, "one for each of the 3 members"),
    "a negative rate": ({"learning_rate": -1.0}, ValueError, "learning_rate=-1.0: expected one"),
    "a rate that is text": ({"learning_rate": "0.1"}, ValueError, "learning_rate='0.1': expected"),
    "a rate that is a bool": ({"learning_rate": True}, ValueError, "learning_rate=True: expected"),
    "rates that pass by": ({"learning_rate": iter([1])}, ValueError, "expected one finite number"),
    "a schedule as a rate": (
        {"learning_rate": optimizers.schedules.CosineDecay(0.1, 9)},
        ValueError,
        "compile the model with a schedule to use one",
    ),
    "a rate beyond float32": ({"learning_rate": 1e39}, ValueError, "at least 0 that float32 can"),
    "a compiled rate": (
        {"build": lambda: network(optimizers.SGD(float("inf")))},
        ValueError,
        "learning_rate=inf: expected one",
    ),
    "rate and schedule": (
        {
            "build": lambda: network(optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 9))),
            "learning_rate": 0.1,
        },
        ValueError,
        "compiled with a CosineDecay",
    ),
    "few masks": ({"masks": [None]}, ValueError, "masks has 1 entries; expected one (or None) for"),
    "a mask's shape": ({"masks": {"hidden/bias": [1]}}, ValueError, "of shape (4,), or (3, 4)"),
    "masks that pass by": (
        {"masks": iter([None])},
        TypeError,
        "pass a list with one mask (or",
    ),
    "a mask of words": (
        {"masks": {"hidden/bias": ["a"] * 4}},
        ValueError,
        "other things than",
    ),
    "a mask's number": ({"masks": {3: [1]}}, ValueError, "masks names 3; the trainable variables"),
    "an ambiguous mask": (
        {"build": nested, "masks": {"kernel": np.ones((3, 1))}},
        ValueError,
        "masks names 'kernel', which fits 'first/kernel' and 'second/kernel'; use the whole path",
    ),
    "a soft mask": ({"masks": {"hidden/bias": [0.5] * 4}}, ValueError, "values other than 0 and 1"),
    "a mask's name": ({"masks": {"hiden/bias": [1] * 4}}, ValueError, "Did you mean 'hidden/bias'"),
    "a stopping rule": ({"early_stopping": 3}, TypeError, "pass keras.callbacks.EarlyStopping"),
    "nothing to watch": (
        {"early_stopping": keras.callbacks.EarlyStopping(), "data": (X, Y)},
        ValueError,
        "watches 'val_loss', but there are no validation data",
    ),
    "an unknown monitor": (
        {"early_stopping": keras.callbacks.EarlyStopping("val_acc", mode="max")},
        ValueError,
        "watches 'val_acc'; known are: ",
    ),
    "stopping with averages": (
        {
            "build": lambda: network(optimizers.SGD(0.1, use_ema=True)),
            "early_stopping": keras.callbacks.EarlyStopping(),
        },
        NotImplementedError,
        "use_ema",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_gets_one_sentence_that_says_what_to_do(name):
    options, error, message = REFUSED[name]
    with pytest.raises(error, match=re.escape(message)) as caught:
        quick(**options)
    assert "\n" not in str(caught.value)


MIXING = ["Lamb", "Adafactor", "LossScaleOptimizer"]
if hasattr(optimizers, "ScheduleFreeAdamW"):  # not in the oldest Keras
    MIXING.append("ScheduleFreeAdamW")


@pytest.mark.parametrize("name", MIXING)
def test_an_optimizer_that_would_mix_members_is_refused_by_name(name):
    given = [optimizers.SGD()] if name == "LossScaleOptimizer" else []
    optimizer = partial(getattr(optimizers, name), *given)
    with pytest.raises(NotImplementedError, match=f"{name}.*use one of SGD.*fit in a loop"):
        quick(lambda: network(optimizer()))


def test_an_unknown_history_key_names_the_known_and_the_nearest(runs):
    with pytest.raises(KeyError, match=r"^No '.*' in the history.*Did you mean 'val_accuracy'"):
        runs.history["val_acuracy"]  # misspelled on purpose
    with pytest.raises(KeyError, match=r"which has .*accuracy.*val_loss"):
        runs.final("f1")


BAD_USES = {
    "a member too far": (lambda r: r.model(3), IndexError, "no member 3; expected a whole number"),
    "half a member": (
        lambda r: r.model(0.5),
        IndexError,
        "no member 0.5; expected a whole",
    ),
    "other features": (lambda r: r.predict(X[:, :2]), ValueError, "x has shape (60, 2), but the"),
    "no examples": (
        lambda r: r.predict(X[:0]),
        ValueError,
        "x has shape (0, 3); expected at",
    ),
    "nothing to score": (lambda r: r.evaluate(X[:0], Y[:0]), ValueError, "same n of at least 1"),
    "lengths": (lambda r: r.evaluate(X, Y[:9]), ValueError, "x has shape (60, 3) and y (9,)"),
    "a lone rate": (
        lambda r: sweep(network, DATA, 0.1),
        ValueError,
        "learning_rates=0.1: pass a list of finite numbers",
    ),
    "no rates": (lambda r: sweep(network, DATA, []), ValueError, "learning_rates=[]: pass a list"),
    "an infinite rate": (
        lambda r: sweep(network, DATA, [0.1, np.inf]),
        ValueError,
        "learning_rates=[0.1, inf]: pass a list of finite numbers",
    ),
    "rates twice": (
        lambda r: sweep(network, DATA, [0.1], learning_rate=0.2),
        TypeError,
        "sweep sets learning_rate itself; list the rates as learning_rates, or call train",
    ),
    "seeds twice": (lambda r: sweep(network, DATA, [0.1, 1], [4, 4]), ValueError, "counted twice"),
}


@pytest.mark.parametrize("name", BAD_USES)
def test_bad_use_of_runs_and_sweeps_gets_one_sentence_too(runs, name):
    use, error, message = BAD_USES[name]
    with pytest.raises(error, match=re.escape(message)) as caught:
        use(runs)
    assert "\n" not in str(caught.value)


def test_a_snapshot_that_was_not_kept_names_those_that_were(runs):
    with pytest.raises(ValueError, match=r"No snapshot at epoch 2; kept are: 0, 3, 4\."):
        runs.predict(X, epoch=2)
    with pytest.raises(ValueError, match=r"none \(pass snapshots=k to train\)"):
        quick().weights_at(0)
