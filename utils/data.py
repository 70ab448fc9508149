"""The data sets of the course: small, offline, the same on every machine.

Introduced in the chapter "The nitty-gritty". Each function returns one `Dataset`, already split
into training, validation and test examples. Nothing is downloaded, and nobody's random state is
touched.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Examples to train on, to choose by and to test on once. The arrays are read-only.

    x_*: float32 (n, features...). y_*: integers become int32 labels (n,), counted from 0; floats
    become float32 targets (n,) or (n, outputs).
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        for field in fields(self)[1:]:
            array = _numbers(field.name, getattr(self, field.name))
            array.setflags(write=False)
            object.__setattr__(self, field.name, array)
        for part in ("train", "val", "test"):
            x, y = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
            if y.shape[:1] != x.shape[:1] or (y.ndim > 1 and y.dtype == "int32"):
                raise ValueError(
                    f"x_{part} has shape {x.shape} and y_{part} has shape {y.shape}; expected one "
                    f"label per example: pass y_{part} with shape {x.shape[:1]}"
                )

    @property
    def num_features(self) -> int:
        """How many numbers describe one example."""
        return int(np.prod(self.x_train.shape[1:]))

    @property
    def num_classes(self) -> int:
        """How many classes the training labels name."""
        if self.y_train.dtype != "int32":
            raise AttributeError(
                f"{self.name} has targets that are no classes; pass labels as integers to have "
                "them counted"
            )
        return int(self.y_train.max()) + 1

    def __repr__(self) -> str:
        sizes = f"{len(self.y_train)} train, {len(self.y_val)} val, {len(self.y_test)} test"
        labeled = self.y_train.dtype == "int32"
        kind = f"{self.num_classes} classes" if labeled else "numbers as targets"
        return f"{self.name}: {sizes}; {self.num_features} features, {kind}"


def two_moons(
    train: int = 1000, val: int = 500, test: int = 1000, noise: float = 0.2, seed: int = 0
) -> Dataset:
    """Two interleaved half circles: the curves of scikit-learn's `make_moons`, at random angles.

    noise: standard deviation of the normal noise added to both features. The three parts are drawn
    independently, so the test examples stay the same when `train` changes.
    """

    def draw(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
        angle = rng.uniform(0, np.pi, len(labels))
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
        return np.where(labels[:, None] == 0, upper, lower)

    return _two_classes("two moons", draw, (train, val, test), noise, seed)


def spirals(
    train: int = 1000,
    val: int = 500,
    test: int = 1000,
    turns: float = 1.25,
    noise: float = 0.08,
    seed: int = 0,
) -> Dataset:
    """Two spiral arms, half a turn apart, that wind `turns` times around the origin to radius 2.

    Harder than the moons: no few straight cuts separate the arms.
    """
    if not _is_number(turns) or turns <= 0:
        raise ValueError(f"turns is {turns!r}; expected a positive number, such as 1.25")

    def draw(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
        radius = 2 * np.sqrt(rng.uniform(0.01, 1, len(labels)))  # as dense inside as outside
        angle = np.pi * (turns * radius + labels)
        return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    return _two_classes("spirals", draw, (train, val, test), noise, seed)


def digits(seed: int = 0) -> Dataset:
    """scikit-learn's 1797 scans of digits, 8 x 8 pixels flattened to 64, scaled to 0..1.

    `seed` draws the split into 1000, 297 and 500 examples; each part has the classes' proportions.
    """
    from sklearn.datasets import load_digits

    _reproducible(seed)
    x, y = load_digits(return_X_y=True)
    rest, test = _stratified(x / 16, y, 500, seed)
    train, val = _stratified(*rest, 297, seed)
    return Dataset("digits", *train, *val, *test)


def mnist1d(seed: int = 0) -> Dataset:
    """MNIST-1D (Greydanus and Kobak, 2024): ten digit-like signals of 40 values, 3200/800/1000.

    The test examples are those of the paper; `seed` draws the split of its 4000 others into
    training and validation. The first call computes for 2 seconds, later ones reuse its result.
    """
    _reproducible(seed)
    original = _mnist1d_of_the_paper()
    train, val = _stratified(original["x"], original["y"], 800, seed)
    return Dataset("MNIST-1D", *train, *val, original["x_test"], original["y_test"])


@lru_cache(maxsize=1)
def _mnist1d_of_the_paper() -> dict[str, np.ndarray]:
    """The package's data; it seeds the global generators, so their states are put back."""
    from mnist1d.data import get_dataset_args, make_dataset

    before = random.getstate(), np.random.get_state()
    try:
        return make_dataset(get_dataset_args())
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])


def _two_classes(
    name: str,
    draw: Callable[[np.random.Generator, np.ndarray], np.ndarray],
    sizes: tuple[int, int, int],
    noise: float,
    seed: int,
) -> Dataset:
    """Draw each part with its own generator: half of the labels 0, half 1, in random order."""
    for part, size in zip(("train", "val", "test"), sizes, strict=True):
        if not _is_whole(size) or size < 2:
            raise ValueError(f"{part} is {size!r}; expected at least 2 examples, one of each class")
    if not _is_number(noise) or not noise >= 0:
        raise ValueError(f"noise is {noise!r}; expected a standard deviation of 0 or more")
    _reproducible(seed)
    arrays: list[np.ndarray] = []
    for size, rng in zip(sizes, np.random.default_rng(seed).spawn(3), strict=True):
        labels = rng.permutation(np.arange(size) % 2)
        x = draw(rng, labels)
        arrays += [x + rng.normal(0, noise, x.shape), labels]
    return Dataset(name, *arrays)


def _stratified(x: np.ndarray, y: np.ndarray, held_out: int, seed: int) -> tuple[Arrays, Arrays]:
    """Split off `held_out` examples with the same proportions of classes."""
    from sklearn.model_selection import train_test_split

    parts = train_test_split(x, y, test_size=held_out, stratify=y, random_state=seed)
    x_kept, x_held, y_kept, y_held = parts
    return (x_kept, y_kept), (x_held, y_held)


def _numbers(name: str, given: Any) -> np.ndarray:
    """A copy as float32, or as int32 where they are labels."""
    array = np.array(given)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} holds {array.dtype}; expected numbers: floats, or integers as labels. Words "
            "become labels by np.unique(words, return_inverse=True)[1]"
        )
    labels = name.startswith("y") and array.dtype.kind != "f"
    return array.astype("int32" if labels else "float32")


def _reproducible(seed: Any) -> None:
    """Refuse what would give other data in every run."""
    if not _is_whole(seed) or seed < 0:
        raise ValueError(
            f"seed is {seed!r}; expected a whole number from 0 on: the same one gives the same data"
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or isinstance(value, float | np.floating)
