"""The boundary of training: the net is trained as Keras trains it, and the page says what is so."""

import base64
import io
import re
from functools import cache

import numpy as np
import pytest
from PIL import Image

from tools.boundary import (
    FOLDER,
    PANELS,
    SIDE,
    STEPS,
    data,
    dimension,
    edges,
    rates,
    task,
    trained,
)
from tools.course import HERE

PAGE = (HERE.root / FOLDER).with_suffix(".md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())
pytestmark = pytest.mark.slow


@cache
def converged(panel):
    return trained(*rates(*PANELS[panel]), task()) > 0


@pytest.mark.parametrize("pair", [(0.5, 0.5), (6.0, 2.0), (1.0, 9.0), (7.0, 7.0)])
def test_a_training_is_that_of_keras_with_a_rate_for_each_layer(pair):
    import keras
    import tensorflow as tf

    given = task()
    net = keras.Sequential([keras.layers.Dense(2, "tanh", use_bias=False, dtype="float64")])
    net.add(keras.layers.Dense(4, use_bias=False, dtype="float64"))
    net.build((None, 4))
    net.set_weights([given.first.T, given.second.T])
    losses = []
    for _ in range(STEPS + 1):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(given.x) - given.y) ** 2)
        losses.append(float(loss))
        slopes = tape.gradient(loss, net.trainable_variables)
        for weights, slope, rate in zip(net.trainable_variables, slopes, pair, strict=True):
            weights.assign_sub(rate * slope)
    shares = np.array(losses) / losses[0]
    lost = np.flatnonzero(~(shares < 1e6))
    expected = -STEPS
    if lost.size:
        expected = -lost[0]
    elif shares[-1] < 1:
        expected = np.minimum(shares[:-1], 1).mean()
    found = trained(*(np.array([rate]) for rate in pair), given)[0]
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_four_trainings_above_are_of_both_kinds():
    found = trained(np.array([0.5, 6, 1, 7]), np.array([0.5, 2, 9, 7]), task())
    assert set(np.sign(found)) == {-1, 1}


def test_the_lab_is_given_what_the_figure_was_drawn_from():
    assert (HERE.root / FOLDER / "lab.json").read_text(encoding="utf-8") == data()


@pytest.mark.parametrize("panel", range(len(PANELS)))
def test_the_static_figure_shows_what_was_computed(panel):
    svg = (HERE.root / FOLDER / "lab.svg").read_text(encoding="utf-8")
    stored = re.findall(r"data:image/png;base64,([^\"]+)", svg)[panel]
    with Image.open(io.BytesIO(base64.b64decode(stored))) as picture:
        shown = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), 0), float)
    assert np.mean((shown[..., 2] > shown[..., 0]) == converged(panel)) > 0.99


@pytest.mark.parametrize("panel", range(1, len(PANELS)))
def test_each_view_lies_within_the_one_before_at_the_boundary_next_to_its_middle(panel):
    zoom, x, y = PANELS[panel - 1]
    times = 2 ** (PANELS[panel][0] - zoom)
    right, up = PANELS[panel][1] / times - x, PANELS[panel][2] / times - y
    rows, columns = np.nonzero(edges(converged(panel - 1)))
    far = np.hypot(columns + 0.5 - SIDE / 2, rows + 0.5 - SIDE / 2)
    assert np.hypot(right, up) == pytest.approx(far.min(), abs=1)


def test_the_powers_of_the_boxes_on_the_page_are_those_of_the_four_views():
    first, *others = (f"{dimension(converged(panel)):.1f}" for panel in range(len(PANELS)))
    assert f"At first the power is {first}" in TEXT
    assert f"it is {others[0]}, {others[1]} and {others[2]}." in TEXT
    assert others[-1] >= first  # no smoother, says the static figure


def test_along_a_straight_line_the_power_is_one():
    rows, columns = np.indices((SIDE, SIDE))
    assert dimension(rows > columns) == pytest.approx(1, abs=0.02)
    noise = np.random.default_rng(0).random((SIDE, SIDE)) > 0.5
    assert dimension(noise) > 1.8


def test_as_many_trainings_have_a_neighbor_that_ends_otherwise_as_the_page_says():
    first, last = (100 * edges(converged(panel)).mean() for panel in (0, len(PANELS) - 1))
    assert f"At first {first:.1f} % of the trainings have a neighbor" in TEXT
    assert f"0.0001 in one rate, and {last:.0f} % do" in TEXT
    apart = np.diff(rates(*PANELS[-1])[0][0])
    assert apart == pytest.approx(0.0001, rel=0.1)


def test_a_little_away_from_the_wall_all_trainings_converge_and_not_at_the_wall():
    first, second = (rate[edges(converged(0))] for rate in rates(*PANELS[0]))
    assert "We divided both rates by 1.5" in TEXT
    for share in (1.5, 3):
        assert (trained(first / share, second / share, task()) > 0).all()
    assert not (trained(first, second, task()) > 0).all()


def test_another_start_has_another_boundary():
    other = trained(*rates(*PANELS[0], every=4), task(1)) > 0
    assert "Another start has another boundary" in TEXT
    assert np.mean(other != converged(0)[::4, ::4]) > 0.05


def test_the_net_has_as_many_weights_and_examples_as_the_page_says():
    given = task()
    assert f"has {given.first.size + given.second.size} weights" in TEXT
    assert f"there are {len(given.x)} examples" in TEXT
    assert f"Each pixel takes {STEPS} steps" in TEXT
