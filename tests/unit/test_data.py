import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.datasets import load_digits, make_moons

from utils.data import Dataset, digits, mnist1d, spirals, two_moons

PARTS = ("train", "val", "test")


def arrays(data: Dataset) -> list[np.ndarray]:
    return [getattr(data, f"{axis}_{part}") for part in PARTS for axis in "xy"]


def everything(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    features, labels = arrays(data)[::2], arrays(data)[1::2]
    return np.concatenate(features), np.concatenate(labels)


def rows(x: np.ndarray) -> list[tuple[float, ...]]:
    return sorted(map(tuple, x.astype("float32")))


def test_moons_without_noise_lie_on_the_curves_of_scikit_learn():
    x, y = everything(two_moons(noise=0))
    curve, owner = make_moons(20_000, noise=None, shuffle=False)
    for label in (0, 1):
        distance = np.linalg.norm(x[y == label, None] - curve[None, owner == label][:, ::4], axis=2)
        assert distance.min(axis=1).max() < 1e-3


def test_moons_are_spread_evenly_along_their_curves():
    x, y = everything(two_moons(noise=0))
    angle = np.where(y == 0, np.arccos(x[:, 0].clip(-1, 1)), np.arccos((1 - x[:, 0]).clip(-1, 1)))
    assert kstest(angle / np.pi, "uniform").pvalue > 0.001


def test_noise_is_normal_with_the_given_deviation():
    clean, noisy = everything(two_moons(noise=0))[0], everything(two_moons(noise=0.3))[0]
    assert kstest((noisy - clean).ravel() / 0.3, "norm").pvalue > 0.001


def test_spiral_arms_wind_as_often_as_asked_and_stand_half_a_turn_apart():
    x, y = everything(spirals(turns=2, noise=0))
    radius = np.linalg.norm(x, axis=1)
    turned = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi)
    excess = turned - (2 * radius / 2 + y / 2)
    np.testing.assert_allclose(excess, np.round(excess), atol=1e-5)
    assert radius.max() == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("make", [two_moons, spirals])
@settings(max_examples=20, deadline=None)
@given(sizes=st.tuples(*[st.integers(2, 60)] * 3), seed=st.integers(0, 2**32 - 1))
def test_parts_have_the_asked_sizes_and_balanced_classes(make, sizes, seed):
    data = make(*sizes, seed=seed)
    for part, size in zip(PARTS, sizes, strict=True):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((size, 2), "float32", (size,), "int32")
        assert abs((y == 0).sum() - (y == 1).sum()) <= 1


@pytest.mark.parametrize("make", [two_moons, spirals])
def test_more_training_examples_leave_validation_and_test_examples_alone(make):
    few, many = make(train=10), make(train=100)
    np.testing.assert_array_equal(few.x_val, many.x_val)
    np.testing.assert_array_equal(few.x_test, many.x_test)


@pytest.mark.parametrize("make", [two_moons, spirals, digits, mnist1d])
def test_a_seed_gives_the_same_data_and_another_seed_other_data(make):
    first, again, other = make(seed=3), make(seed=3), make(seed=4)
    for a, b in zip(arrays(first), arrays(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.x_train, other.x_train)


@pytest.mark.parametrize("make", [two_moons, spirals])
def test_parts_share_no_example(make):
    x, _ = everything(make(200, 200, 200))
    assert len(np.unique(x, axis=0)) == 600


def test_digits_are_those_of_scikit_learn_each_once():
    x, y = everything(digits())
    original, labels = load_digits(return_X_y=True)
    assert rows(np.column_stack([x, y])) == rows(np.column_stack([original / 16, labels]))
    assert (x.min(), x.max()) == (0, 1)
    assert [len(digits().y_train), len(digits().y_val), len(digits().y_test)] == [1000, 297, 500]


@pytest.mark.slow
def test_mnist1d_is_what_its_package_makes_with_the_test_examples_in_their_place():
    from mnist1d.data import get_dataset_args, make_dataset

    original, data = make_dataset(get_dataset_args()), mnist1d(seed=5)
    np.testing.assert_allclose(data.x_test, original["x_test"], rtol=1e-6)
    np.testing.assert_array_equal(data.y_test, original["y_test"])
    x = np.concatenate([data.x_train, data.x_val])
    y = np.concatenate([data.y_train, data.y_val])
    assert rows(np.column_stack([x, y])) == rows(np.column_stack([original["x"], original["y"]]))
    assert (len(data.y_train), len(data.y_val)) == (3200, 800)


@pytest.mark.parametrize("make", [digits, mnist1d])
def test_splits_keep_the_proportions_of_the_classes(make):
    data = make(seed=1)
    together = np.concatenate([data.y_train, data.y_val])
    share = np.bincount(together) / len(together)
    expected = share * len(data.y_val)
    assert np.abs(np.bincount(data.y_val) - expected).max() <= 1


@pytest.mark.parametrize("make", [two_moons, spirals, digits, mnist1d])
def test_global_random_states_are_left_alone(make):
    if make is mnist1d:
        from utils.data import _mnist1d_of_the_paper

        _mnist1d_of_the_paper.cache_clear()
    random.seed(7)
    np.random.seed(7)
    expected = random.Random(7).random(), np.random.RandomState(7).uniform()
    make()
    assert (random.random(), np.random.uniform()) == expected


def test_the_second_call_of_mnist1d_does_not_compute_again(monkeypatch):
    first = mnist1d()
    monkeypatch.setattr("mnist1d.data.make_dataset", lambda args: pytest.fail("computed again"))
    np.testing.assert_array_equal(mnist1d(seed=9).x_test, first.x_test)


def test_a_reader_cannot_overwrite_the_data_by_accident():
    data = mnist1d()
    for array in arrays(data):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    np.testing.assert_array_equal(mnist1d().x_train, data.x_train)


def test_a_data_set_copies_the_arrays_it_is_given():
    x, y = np.zeros((4, 3)), np.arange(4)
    data = Dataset("mine", x, y, x, y, x, y)
    x[:] = 1
    assert data.x_train.sum() == 0
    assert (data.num_features, data.num_classes) == (3, 4)


def test_a_data_set_says_in_one_line_what_it_holds():
    assert repr(two_moons()) == "two moons: 1000 train, 500 val, 1000 test; 2 features, 2 classes"


def test_features_and_labels_of_unlike_length_are_refused_by_name():
    x, y = np.zeros((4, 3)), np.arange(4)
    with pytest.raises(ValueError, match=r"y_val has shape \(3,\).*pass y_val with shape \(4,\)"):
        Dataset("mine", x, y, x, y[:3], x, y)


def test_targets_of_a_regression_keep_their_fractions():
    x, y = np.zeros((4, 3)), np.array([0.7, -1.25, np.nan, 3.0])
    data = Dataset("mine", x, y, x, y, x, y)
    np.testing.assert_array_equal(data.y_train, y.astype("float32"))
    assert repr(data) == "mine: 4 train, 4 val, 4 test; 3 features, numbers as targets"
    with pytest.raises(AttributeError, match="mine has targets that are no classes; pass labels"):
        data.num_classes  # noqa: B018
    pairs = np.ones((4, 2))
    assert Dataset("mine", x, pairs, x, pairs, x, pairs).y_test.shape == (4, 2)


@pytest.mark.parametrize("kind", ["int64", "uint8", "bool"])
def test_whole_numbers_are_labels(kind):
    x, y = np.zeros((2, 3)), np.arange(2).astype(kind)
    assert Dataset("mine", x, y, x, y, x, y).y_val.dtype == "int32"


def test_words_are_refused_with_the_way_to_make_labels_of_them():
    x, y = np.zeros((2, 3)), np.array(["cat", "dog"])
    with pytest.raises(TypeError, match=r"y_train holds <U3; expected .*np.unique\(words, "):
        Dataset("mine", x, y, x, y, x, y)


@pytest.mark.parametrize("make", [two_moons, spirals, digits, mnist1d])
@pytest.mark.parametrize("seed", [None, -1, 0.5, "0", True])
def test_a_seed_that_would_not_reproduce_the_data_is_refused(make, seed):
    with pytest.raises(ValueError, match=f"seed is {seed!r}; expected a whole number from 0 on"):
        make(seed=seed)


@pytest.mark.parametrize("make", [two_moons, spirals])
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("train", 1),
        ("val", 0),
        ("test", -5),
        ("noise", -0.1),
        ("train", "100"),
        ("test", 10.0),
        ("noise", "0.1"),
        ("noise", float("nan")),
    ],
)
def test_an_impossible_argument_is_named(make, argument, value):
    with pytest.raises(ValueError, match=f"{argument} is {value!r}; expected"):
        make(**{argument: value})


@pytest.mark.parametrize("turns", [0, -1.5, "2", None])
def test_a_spiral_without_turns_is_refused(turns):
    with pytest.raises(ValueError, match=f"turns is {turns!r}; expected a positive number"):
        spirals(turns=turns)
