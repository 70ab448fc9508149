"""The net that trains in the browser says and learns what Keras does, from the same weights."""

from pathlib import Path

import keras
import numpy as np
import pytest

LABS = Path(__file__).resolve().parents[2] / "_static" / "labs"
HOME = "http://labs.test/"
RELATIVES = ["relu", "leaky_relu", "elu", "tanh", "sigmoid"]
BINARY, CLASSES = "binary_crossentropy", "sparse_categorical_crossentropy"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
RUN = """async ({arrays, activation, loss, x, y, optimizer, settings, steps}) => {
    const net = await import("/net.js");
    const made = net.network(arrays, activation, loss);
    const said = net.predict(made, x);
    const first = net.backward(made, x, y);
    if (optimizer) {
        const step = net[optimizer](settings);
        for (let k = 0; k < steps; k++) step(made, net.backward(made, x, y).gradients);
    }
    return {said, loss: first.loss, gradients: first.gradients, arrays: net.arrays(made)};
}"""


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context()
    pages = {"": ("text/html", "<!doctype html><title>net</title>")}
    pages["net.js"] = ("text/javascript", (LABS / "net.js").read_text(encoding="utf-8"))

    def serve(route):
        kind, body = pages[route.request.url.removeprefix(HOME)]
        route.fulfill(content_type=kind, body=body)

    context.route("**/*", serve)
    page = context.new_page()
    page.goto(HOME)
    yield page
    context.close()


def model_for(activation, loss):
    """Three layers with weights and biases of some size, and forty examples."""
    keras.utils.set_random_seed(7)
    outputs, last = (1, "sigmoid") if loss == BINARY else (4, "softmax")
    wide = keras.initializers.RandomNormal(stddev=0.7, seed=1)
    some = keras.initializers.RandomNormal(stddev=0.3, seed=2)
    settings = {"kernel_initializer": wide, "bias_initializer": some}
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(6, activation, **settings),
            keras.layers.Dense(5, activation, **settings),
            keras.layers.Dense(outputs, last, **settings),
        ]
    )
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 3)).astype("float32")
    y = rng.integers(0, 2 if loss == BINARY else 4, 40)
    return model, x, y


def sent(model, activation, loss, x, y, **more):
    arrays = [array.astype(float).tolist() for array in model.get_weights()]
    told = {"arrays": arrays, "activation": activation, "loss": loss, "optimizer": None}
    return told | {"x": x.astype(float).tolist(), "y": y.tolist()} | more


def same(ours, theirs):
    assert len(ours) == len(theirs) > 0
    for mine, his in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.array(mine), np.array(his), **TOLERANCE)


@pytest.mark.parametrize("loss", [BINARY, CLASSES])
@pytest.mark.parametrize("activation", RELATIVES)
def test_outputs_loss_and_gradients_are_those_of_keras(page, activation, loss):
    import tensorflow as tf

    model, x, y = model_for(activation, loss)
    model.compile(loss=loss)
    targets = y[:, None].astype("float32")
    with tf.GradientTape() as tape:
        said = model(x)
        value = model.compute_loss(x, targets, said)
    gradients = tape.gradient(value, model.trainable_variables)
    ours = page.evaluate(RUN, sent(model, activation, loss, x, y))
    np.testing.assert_allclose(np.array(ours["said"]), said, **TOLERANCE)
    assert ours["loss"] == pytest.approx(float(value), rel=1e-5)
    same(ours["gradients"], gradients)
    assert max(np.abs(g).max() for g in gradients) > 0.01


@pytest.mark.parametrize(
    ("optimizer", "ours", "settings"),
    [
        (lambda: keras.optimizers.SGD(0.3), "sgd", {"learningRate": 0.3}),
        (
            lambda: keras.optimizers.SGD(0.1, momentum=0.9),
            "sgd",
            {"learningRate": 0.1, "momentum": 0.9},
        ),
        (lambda: keras.optimizers.Adam(0.01), "adam", {"learningRate": 0.01}),
    ],
    ids=["sgd", "momentum", "adam"],
)
@pytest.mark.parametrize("loss", [BINARY, CLASSES])
def test_five_steps_of_an_optimizer_lead_where_those_of_keras_lead(
    page, optimizer, ours, settings, loss
):
    model, x, y = model_for("tanh", loss)
    question = sent(model, "tanh", loss, x, y, optimizer=ours, settings=settings, steps=5)
    before = model.get_weights()
    model.compile(optimizer(), loss=loss)
    for _ in range(5):
        model.train_on_batch(x, y[:, None])
    same(page.evaluate(RUN, question)["arrays"], model.get_weights())
    assert max(np.abs(a - b).max() for a, b in zip(before, model.get_weights(), strict=True)) > 0.02


def test_what_the_net_does_not_know_it_refuses_by_name(page):
    model, x, y = model_for("tanh", BINARY)
    with pytest.raises(Exception, match='the activation is "gelu"; expected linear, relu'):
        page.evaluate(RUN, sent(model, "gelu", BINARY, x, y))
    with pytest.raises(Exception, match='the loss is "hinge"; expected binary_crossentropy'):
        page.evaluate(RUN, sent(model, "tanh", "hinge", x, y))
