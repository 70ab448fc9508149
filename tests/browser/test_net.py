"""The net that trains in the browser says and learns what Keras does, from the same weights."""

from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.stats import kstest

LABS = Path(__file__).resolve().parents[2] / "_static" / "labs"
HOME = "http://labs.test/"
RELATIVES = ["relu", "leaky_relu", "elu", "tanh", "sigmoid"]
SQUARES = "mean_squared_error"
BINARY, CLASSES = "binary_crossentropy", "sparse_categorical_crossentropy"
LAST = {SQUARES: (1, None), BINARY: (1, "sigmoid"), CLASSES: (4, "softmax")}
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
RUN = """async ({sizes, weights, activation, loss, x, y, optimizer, settings, steps}) => {
    const net = await import("/net.js");
    const optimizers = await import("/optimizers.js");
    const made = net.network(sizes, activation, loss, Math.random);
    made.weights.set(weights);
    const said = net.predict(made, x);
    const first = net.backward(made, x, y);
    if (optimizer) {
        const step = optimizers[optimizer](settings);
        for (let k = 0; k < steps; k++) step(made, net.backward(made, x, y).gradients);
    }
    return {said, loss: first.loss, gradients: [...first.gradients], weights: [...made.weights]};
}"""
SHARP = """async ({sizes, weights, activation, loss, x, y, products}) => {
    const { network, backward, sharpness } = await import("/net.js");
    const { random } = await import("/lab.js");
    const net = network(sizes, activation, loss, random(1));
    net.weights.set(weights);
    const work = sharpness(net, x, y, backward(net, x, y).gradients, random(2), products);
    for (let pauses = 0; ; pauses++) {
        const { done, value } = work.next();
        if (done) return {value, pauses, untouched: net.weights.every((w, i) => w === weights[i])};
    }
}"""


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context()
    pages = {"": ("text/html", "<!doctype html><title>net</title>")}
    for name in ("lab.js", "net.js", "optimizers.js"):
        pages[name] = ("text/javascript", (LABS / name).read_text(encoding="utf-8"))

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
    outputs, last = LAST[loss]
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
    y = rng.normal(size=40) if loss == SQUARES else rng.integers(0, max(2, outputs), 40)
    return model, x, y


def flat(arrays):
    return np.concatenate([np.asarray(array, "float64").ravel() for array in arrays])


def sizes(model):
    return [model.input_shape[1], *(layer.units for layer in model.layers)]


def sent(model, activation, loss, x, y, **more):
    told = {"sizes": sizes(model), "weights": flat(model.get_weights()).tolist()}
    told |= {"activation": activation, "loss": loss, "optimizer": None}
    return told | {"x": x.astype(float).tolist(), "y": y.tolist()} | more


def same(ours, theirs):
    assert len(ours) > 0
    np.testing.assert_allclose(ours, flat(theirs), **TOLERANCE)


@pytest.mark.parametrize("loss", [SQUARES, BINARY, CLASSES])
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
        (lambda: keras.optimizers.Adagrad(0.05), "adagrad", {"learningRate": 0.05}),
        (lambda: keras.optimizers.RMSprop(0.01), "rmsprop", {"learningRate": 0.01}),
        (lambda: keras.optimizers.Adam(0.01), "adam", {"learningRate": 0.01}),
        (lambda: keras.optimizers.Lion(0.01), "lion", {"learningRate": 0.01}),
    ],
    ids=["sgd", "momentum", "adagrad", "rmsprop", "adam", "lion"],
)
@pytest.mark.parametrize("loss", [SQUARES, BINARY, CLASSES])
def test_five_steps_of_an_optimizer_lead_where_those_of_keras_lead(
    page, optimizer, ours, settings, loss
):
    model, x, y = model_for("tanh", loss)
    question = sent(model, "tanh", loss, x, y, optimizer=ours, settings=settings, steps=5)
    before = model.get_weights()
    model.compile(optimizer(), loss=loss)
    for _ in range(5):
        model.train_on_batch(x, y[:, None])
    same(page.evaluate(RUN, question)["weights"], model.get_weights())
    assert max(np.abs(a - b).max() for a, b in zip(before, model.get_weights(), strict=True)) > 0.02


def test_what_the_net_does_not_know_it_refuses_by_name(page):
    model, x, y = model_for("tanh", BINARY)
    with pytest.raises(Exception, match='the activation is "gelu"; expected linear, relu'):
        page.evaluate(RUN, sent(model, "gelu", BINARY, x, y))
    with pytest.raises(Exception, match='the loss is "hinge"; expected mean_squared_error, b'):
        page.evaluate(RUN, sent(model, "tanh", "hinge", x, y))


def hessian(model, x, y):
    """The Hessian of the mean squared error by all weights, formed outright, in float64."""
    import tensorflow as tf

    shapes = [array.shape for array in model.get_weights()]
    weights = tf.constant(flat(model.get_weights()))
    x, y = tf.constant(x, "float64"), tf.constant(y[:, None], "float64")
    with tf.GradientTape() as outer:
        outer.watch(weights)
        with tf.GradientTape() as inner:
            inner.watch(weights)
            parts = tf.split(weights, [int(np.prod(shape)) for shape in shapes])
            parts = [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]
            a = x
            for k in range(0, len(parts), 2):
                z = a @ parts[k] + parts[k + 1]
                a = tf.tanh(z) if k + 2 < len(parts) else z
            loss = tf.reduce_mean((a - y) ** 2)
        gradient = inner.gradient(loss, weights)
    return outer.jacobian(gradient, weights).numpy()


def test_the_sharpness_is_the_largest_eigenvalue_of_the_hessian_formed_outright(page):
    model, x, y = model_for("tanh", SQUARES)
    eigenvalues = np.linalg.eigvalsh(hessian(model, x, y))
    told = sent(model, "tanh", SQUARES, x, y, products=10)
    found = page.evaluate(SHARP, told)
    assert found["value"] == pytest.approx(eigenvalues[-1], rel=1e-3)
    assert found["untouched"]
    assert found["pauses"] == 10


def test_a_curvature_that_is_larger_downwards_is_not_the_sharpness(page):
    """Where tanh levels off and the output is far too large, the loss bends down the most."""
    weights = np.array([0.5, 0.5, 3.0, 0.2])  # 1-1-1 with tanh: weight, bias, weight, bias
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, "tanh"), keras.layers.Dense(1)]
    )
    model.set_weights([weights[:1, None], weights[1:2], weights[2:3, None], weights[3:]])
    x, y = np.array([[0.3], [1.0]]), np.array([-20.0, -15.0])
    eigenvalues = np.linalg.eigvalsh(hessian(model, x, y))
    assert -eigenvalues[0] > 1.5 * eigenvalues[-1] > 0
    found = page.evaluate(SHARP, sent(model, "tanh", SQUARES, x, y, products=10))
    assert found["value"] == pytest.approx(eigenvalues[-1], rel=1e-3)


def test_a_new_net_begins_as_those_of_keras(page):
    drawn = page.evaluate(
        """async sizes => {
            const { network } = await import("/net.js");
            const { random } = await import("/lab.js");
            const start = key => network(sizes, "tanh", "mean_squared_error", random(key)).weights;
            return Array.from({ length: 200 }, (_, key) => [...start(key)]);
        }""",
        [3, 20, 1],
    )
    first, biases, second, last = np.split(np.array(drawn), [60, 80, 100], axis=1)
    assert not biases.any()
    assert not last.any()
    for ours, shape in ((first, (3, 20)), (second, (20, 1))):
        theirs = np.array(keras.initializers.GlorotUniform(seed=0)(shape))
        limit = np.sqrt(6 / sum(shape))
        assert np.abs(theirs).max() <= limit
        assert kstest(ours.ravel(), "uniform", (-limit, 2 * limit)).pvalue > 0.001
