"""Initial weights of every member, without building a Keras model for each.

A build costs tens of milliseconds, drawing the weights a fraction of one. The draws are replayed
from one built model and proven right on a second, which also shows that nothing but initializers
of Keras's hangs on the seed: where that fails, every member is built.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from utils.population import capabilities

Weights = list[np.ndarray]
Recipe = tuple[int, Callable[[int], np.ndarray]]  # which of the seeds drawn, and what it gives
MAX_SEED = int(1e9)  # as in keras.random.make_default_seed


def initial_weights(
    build: Callable[[], keras.Model],
    template: keras.Model,
    seeds: Sequence[int],
    shape: tuple[int, ...],
) -> list[Weights]:
    """Each seed's initial variables, trainable then non-trainable, as lists of arrays.

    `template` is the model that `build` returned under the first seed; `shape` is an example's.
    """
    first = values(template)
    drawn = {seeds[0]: first}
    others = [s for s in dict.fromkeys(seeds) if s != seeds[0]]
    if others:
        recipes = _recipes(template, seeds[0])
        places = {recipe[0] for recipe in recipes if recipe}
        proof, regular = _watched(build, others[-1], shape, draws=len(places))
        drawn[others[-1]] = values(proof)
        regular &= places == set(range(len(places)))
        regular &= _equal(_replay(recipes, first, others[-1]), values(proof))
        if not regular:
            _same_model(template, proof, seeds[0], others[-1])
    for seed in others[:-1]:
        if regular:
            drawn[seed] = _replay(recipes, first, seed)
        else:
            model = seeded(build, seed, shape)
            _same_model(template, model, seeds[0], seed)
            drawn[seed] = values(model)
    return [drawn[s] for s in seeds]


def _watched(build, seed: int, shape, draws: int) -> tuple[keras.Model, bool]:
    """The model under `seed`, and whether it drew just so many seeds and nothing else.

    Reading or assigning its variables also counts as something else: it may have rejected or
    changed what was drawn, as it need not under every seed.
    """
    touched = []
    value, assign = keras.Variable.value.fget, keras.Variable.assign

    def read(variable):
        touched.append(variable)
        return value(variable)

    def write(variable, new):
        touched.append(variable)
        return assign(variable, new)

    with mock.patch.multiple(keras.Variable, value=property(read), assign=write):
        model = seeded(build, seed, shape)
    after = _next_numbers()
    keras.utils.set_random_seed(seed)
    for _ in range(draws):
        random.randint(1, MAX_SEED)
    return model, not touched and after == _next_numbers()


def _next_numbers() -> tuple[float, ...]:
    """What Python, NumPy and TensorFlow would draw next."""
    return random.random(), np.random.random(), float(tf.random.uniform(()))


def _same_model(one: keras.Model, other: keras.Model, seed: int, other_seed: int) -> None:
    """Refuse a build whose architecture or settings hang on the seed."""
    if _traits(one) != _traits(other):
        raise ValueError(
            f"build gives another model under seed {other_seed} than under seed {seed}; all "
            "members must have the same layers, shapes and settings: train each kind on its own, "
            "and pass learning rates as learning_rate."
        )


def _traits(model: keras.Model) -> tuple:
    shapes = [(tuple(v.shape), v.trainable) for v in model.variables]
    if not model.compiled:
        return shapes, None, None
    rate = model.optimizer._learning_rate
    rate = float(rate) if isinstance(rate, keras.Variable) else None
    return shapes, rate, capabilities.fingerprint(model)


def seeded(build: Callable[[], keras.Model], seed: int, shape: tuple[int, ...]) -> keras.Model:
    """What `build` returns right after `keras.utils.set_random_seed(seed)`, with its weights."""
    keras.utils.set_random_seed(seed)
    model = build()
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *shape))
    return model


def values(model: keras.Model) -> Weights:
    """All variables that training may change: trainable, then non-trainable."""
    return [v.numpy() for v in model.trainable_variables + model.non_trainable_variables]


def _seeds_drawn(seed: int, count: int) -> list[int]:
    generator = random.Random(seed)
    return [generator.randint(1, MAX_SEED) for _ in range(count)]


def _recipes(template: keras.Model, seed: int) -> list[Recipe | None]:
    """For each variable, how to draw it; None where it is the same for all."""
    layers = template._flatten_layers()
    owners = {id(v): layer for layer in layers for v in layer._trainable_variables}
    owners |= {id(v): layer for layer in layers for v in layer._non_trainable_variables}
    known = _seeds_drawn(seed, 20 * len(owners) + 100)
    recipes = []
    for variable in template.trainable_variables + template.non_trainable_variables:
        layer = owners.get(id(variable))
        recipes.append(_recipe(variable, vars(layer) if layer else {}, known))
    return recipes


def _recipe(variable: keras.Variable, attributes: dict, known: list[int]) -> Recipe | None:
    value = variable.numpy()
    if value.dtype.kind in "iu" and value.shape == (2,) and int(value[0]) in known:
        # the state of a seed generator, as in Dropout
        return known.index(value[0]), lambda seed: np.array([seed, *value[1:]], value.dtype)
    initializer = attributes.get(f"{variable.name}_initializer")
    seed = getattr(initializer, "seed", None)
    own = type(initializer).__module__.startswith("keras.")
    if own and isinstance(seed, int) and seed in known:
        return known.index(seed), _redraw(initializer, variable)
    return None


def _redraw(initializer, variable: keras.Variable) -> Callable[[int], np.ndarray]:
    def draw(seed: int) -> np.ndarray:
        again = copy.copy(initializer)
        again.seed = seed
        return np.asarray(again(variable.shape, variable.dtype))

    return draw


def _replay(recipes: list[Recipe | None], first: Weights, seed: int) -> Weights:
    drawn = _seeds_drawn(seed, 20 * len(recipes) + 100)
    return [
        value if recipe is None else recipe[1](drawn[recipe[0]])
        for recipe, value in zip(recipes, first, strict=True)
    ]


def _equal(one: Weights, other: Weights) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))
