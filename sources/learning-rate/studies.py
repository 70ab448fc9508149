"""What takes longer than the page: slow rates, schedules, warm-up, widths, trials."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

import keras
import numpy as np
from keras import layers, ops
from keras.optimizers import schedules

from utils import data, studies
from utils.networks import dense
from utils.population import Runs, sweep, train

CHOOSING = range(1000, 1016)
"""The seeds that choose a rate; those that a study is given are judged."""
HALVES = 10.0 ** np.arange(-3, 0.6, 0.5)
QUARTERS = 10.0 ** np.arange(-3, 0.6, 0.25)
"""Rates half a decade and a quarter of a decade apart."""

Task = data.Dataset
Values = Mapping[str, np.ndarray]


def first(task: Task, examples: int) -> Task:
    """The task with fewer examples to train on."""
    x, y = task.x_train[:examples], task.y_train[:examples]
    return replace(task, x_train=x, y_train=y)


def some_digits() -> Task:
    """The digits, 800 of them to train on."""
    return first(data.digits(), 800)


def shapes() -> Task:
    """MNIST-1D, 800 examples to train on."""
    return first(data.mnist1d(), 800)


def noisy_shapes() -> Task:
    """MNIST-1D with one training label in five drawn at random."""
    task, rng = shapes(), np.random.default_rng(0)
    y = task.y_train.copy()
    drawn = rng.random(len(y)) < 0.2
    y[drawn] = rng.integers(0, 10, drawn.sum())
    return replace(task, y_train=y)


def stream() -> Task:
    """A linear target of variance 1 with noise of variance 1, none in what judges."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((18_000, 20)).astype("float32")
    y = x @ (rng.standard_normal(20) / np.sqrt(20)).astype("float32")
    y[:16_000] += rng.standard_normal(16_000).astype("float32")
    parts = np.split(x, [16_000, 17_000]), np.split(y[:, None], [16_000, 17_000])
    train_, val, test = zip(*parts, strict=True)
    return Task("stream", *train_, *val, *test)


def regressor(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """A network of one hidden layer for the stream."""
    model = keras.Sequential(
        [keras.Input((20,)), layers.Dense(32, "relu"), layers.Dense(1)]
    )
    model.compile(optimizer, loss="mean_squared_error")
    return model


def on_shapes(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """The classifier of MNIST-1D."""
    return dense([40, 64, 64, 10], "relu", optimizer=optimizer)


def on_digits(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """The classifier of the digits."""
    return dense([64, 32, 32, 10], "relu", optimizer=optimizer)


# --- schedules: each a share of the peak rate, which is a member's own factor ---------


class Shape(schedules.LearningRateSchedule):
    """A rate by the share of the training that is over, from 0 to 1."""

    def __init__(
        self, share: Callable[[keras.KerasTensor], keras.KerasTensor], steps: int
    ):
        self.share, self.steps = share, steps

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """What share of the rate is used in this step."""
        return self.share(ops.cast(step, "float32") / self.steps)

    def get_config(self) -> dict[str, int]:
        """As Keras asks for."""
        return {"steps": self.steps}


def constant(steps: int) -> schedules.LearningRateSchedule:
    """All of the rate, always."""
    return schedules.PolynomialDecay(1.0, steps, 1.0)


def drop(steps: int) -> schedules.LearningRateSchedule:
    """A tenth from half-time on."""
    return schedules.PiecewiseConstantDecay([steps // 2], [1.0, 0.1])


def power(steps: int) -> schedules.LearningRateSchedule:
    """Half the rate after a tenth of the steps, an eleventh at the end."""
    return schedules.InverseTimeDecay(1.0, steps // 10, 1.0)


def exponential(steps: int) -> schedules.LearningRateSchedule:
    """A tenth at half-time, a hundredth at the end."""
    return schedules.ExponentialDecay(1.0, steps // 2, 0.1)


def cosine(steps: int) -> schedules.LearningRateSchedule:
    """Down to zero along half a cosine."""
    return schedules.CosineDecay(1.0, steps)


def one_cycle(steps: int) -> schedules.LearningRateSchedule:
    """Up from a 25th within three tenths of the steps, then down to zero."""
    rise = 3 * steps // 10
    return schedules.CosineDecay(
        1 / 25, steps - rise, warmup_target=1.0, warmup_steps=rise
    )


def late_decay(steps: int) -> schedules.LearningRateSchedule:
    """Constant, and down to zero in the last fifth."""
    return Shape(lambda part: ops.clip((1 - part) / 0.2, 0.0, 1.0), steps)


SCHEDULES = {
    "constant": constant,
    "drop": drop,
    "power": power,
    "exponential": exponential,
    "cosine": cosine,
    "1cycle": one_cycle,
    "late decay": late_decay,
}


def at_own_rate(
    name: str,
    build: Callable[[], keras.Model],
    task: Task,
    rates: np.ndarray,
    seeds: Sequence[int],
    steps: int,
    batch_size: int,
) -> Values:
    """Test losses of the seeds at the rate of the least validation loss of others."""
    budget = {"steps": steps, "batch_size": batch_size}
    each, members = np.repeat(rates, len(CHOOSING)), [*CHOOSING] * len(rates)
    chosen = train(
        build, task, members, learning_rate_factor=each, log_every=steps, **budget
    )
    ends = chosen.final("val_loss", diverged=np.inf).reshape(len(rates), -1)
    rate = rates[np.argmin(np.median(ends, axis=1))]
    runs = train(
        build, task, seeds, learning_rate_factor=rate, log_every=steps // 50, **budget
    )
    studies.keep(name, runs.seeds, runs.steps, runs.history)
    tested = runs.evaluate(task.x_test, task.y_test)["loss"]
    tested = np.where(runs.diverged | ~np.isfinite(tested), np.inf, tested)
    return {name: tested, f"{name}, rate": np.full(len(seeds), rate)}


def scheduled(
    build: Callable[[keras.optimizers.Optimizer], keras.Model],
    optimizer: type[keras.optimizers.Optimizer],
    schedule: Callable[[int], schedules.LearningRateSchedule],
    steps: int,
) -> Callable[[], keras.Model]:
    """A build whose optimizer follows the schedule."""
    return lambda: build(optimizer(schedule(steps)))


def tournament(
    build: Callable[[keras.optimizers.Optimizer], keras.Model],
    task: Task,
    seeds: Sequence[int],
    steps: int,
    batch_size: int,
) -> Values:
    """Plain SGD with each schedule."""
    found: dict[str, np.ndarray] = {}
    for name, schedule in SCHEDULES.items():
        how = scheduled(build, keras.optimizers.SGD, schedule, steps)
        found |= at_own_rate(name, how, task, QUARTERS, seeds, steps, batch_size)
    return found


@studies.study(seeds=32, block=32)
def noisy_stream(seeds: Sequence[int]) -> Values:
    """Test losses, above the noise, on a stream of examples, each seen once."""
    return tournament(regressor, stream(), seeds, 2000, 8)


@studies.study(seeds=32, block=32)
def label_noise(seeds: Sequence[int]) -> Values:
    """Test losses of schedules on MNIST-1D with wrong labels in training."""
    return tournament(on_shapes, noisy_shapes(), seeds, 1500, 32)


@studies.study(seeds=32, block=32)
def clean_digits(seeds: Sequence[int]) -> Values:
    """Test losses of schedules on the digits."""
    return tournament(on_digits, some_digits(), seeds, 1500, 32)


@studies.study(seeds=32, block=32)
def adaptive(seeds: Sequence[int]) -> Values:
    """Test losses of adaptive methods at a constant rate and with a cosine decay."""
    found: dict[str, np.ndarray] = {}
    methods = keras.optimizers
    for method, task, build, rates, steps, batch_size in (
        ("Adam", stream(), regressor, HALVES / 10, 2000, 8),
        ("RMSprop", stream(), regressor, HALVES / 10, 2000, 8),
        ("Adagrad", stream(), regressor, HALVES, 2000, 8),
        ("Adam", some_digits(), on_digits, HALVES / 10, 1500, 32),
    ):
        where = "digits" if build is on_digits else "stream"
        for schedule in ("constant", "cosine"):
            how = scheduled(build, getattr(methods, method), SCHEDULES[schedule], steps)
            name = f"{method}, {where}, {schedule}"
            found |= at_own_rate(name, how, task, rates, seeds, steps, batch_size)
    return found


# --- slow rates ----------------------------------------------------------------------

SLOW_RATES = 10.0 ** np.arange(-3, -0.9, 0.5)
THIRDS = 10.0 ** np.arange(-5, 0.01, 1 / 3)


@studies.study(seeds=16)
def slow_rates(seeds: Sequence[int]) -> Values:
    """Steps to a loss of 0.4 on the moons, 1.0 on the digits: (seeds, rates)."""
    found = {}
    for name, task, sizes, target in (
        ("moons", data.two_moons(), [2, 16, 16, 1], 0.4),
        ("digits", data.digits(), [64, 16, 16, 10], 1.0),
    ):
        examples = task.x_train, task.y_train
        taken = []
        for rate in SLOW_RATES:
            steps = round(40 / rate)
            log_every = max(1, steps // 400)
            build = partial(dense, sizes, "tanh")
            budget = {"steps": steps, "log_every": log_every}
            runs = train(build, examples, seeds, learning_rate=float(rate), **budget)
            below = runs.history["loss"] < target
            taken.append(np.where(below.any(1), runs.steps[below.argmax(1)], np.inf))
        found[name] = np.stack(taken, axis=1)
    return found


@studies.study(seeds=16)
def slow_runs(seeds: Sequence[int]) -> Values:
    """Training losses of three slow runs, at a rate and ten times it: (seeds, 2)."""
    digits = data.digits()
    shallow = partial(dense, [64, 32, 32, 10], "relu")
    deep = partial(dense, [64, *8 * [32], 10], "sigmoid")
    loud = scaled(digits, np.where(np.arange(64) % 4 == 0, 30, 1).astype("float32"))
    climbed = sweep(shallow, loud, THIRDS, CHOOSING, steps=300).runs
    stable = [r for r in THIRDS if (cost(climbed[r], loud) < np.log(10)).sum() >= 15]
    found: dict[str, np.ndarray] = {}
    for name, build, task, rate in (
        ("rate too small", shallow, digits, 0.001),
        ("eight sigmoid layers", deep, digits, 0.1),
        ("at the limit", shallow, loud, max(stable)),
    ):
        pair = sweep(build, task, [rate, 10 * rate], seeds, steps=300).runs
        found[name] = np.stack([cost(runs, task) for runs in pair.values()], axis=1)
        found[f"{name}, rate"] = np.full(len(seeds), rate)
    return found


def scaled(task: Task, scale: np.ndarray) -> Task:
    """The task with each feature times a number of its own."""
    parts = ("x_train", "x_val", "x_test")
    return replace(task, **{part: scale * getattr(task, part) for part in parts})


def cost(runs: Runs, task: Task) -> np.ndarray:
    """The training loss at the end, of a run that diverged at least a constant's."""
    loss = runs.evaluate(task.x_train, task.y_train)["loss"]
    least = np.where(runs.diverged, np.log(10), 0)
    return np.maximum(np.where(np.isfinite(loss), loss, 0), least)


# --- large stable rates --------------------------------------------------------------

LADDER = 0.2 * 2.0 ** (np.arange(13) / 4)


@studies.study(seeds=48, block=48)
def large_stable_rate(seeds: Sequence[int]) -> Values:
    """Which runs oscillate and which diverge, at the largest rate that is stable.

    Stable is a rate at which the loss of 15 of 16 other seeds ends below its start.
    """
    inputs = np.linspace(-1, 1, 20, dtype="float32")[:, None]
    few = first(data.digits(), 300)
    found: dict[str, np.ndarray] = {}
    for name, build, x, y, steps in (
        ("sine", sine_net, inputs, np.sin(3 * inputs), 4000),
        ("digits", small_tanh, few.x_train, few.y_train, 1000),
    ):
        whole = {"steps": steps, "batch_size": len(x), "snapshots": steps}
        climbed = sweep(build, (x, y), LADDER, CHOOSING, log_every=steps, **whole).runs
        rate = max(r for r in climbed if (fall(climbed[r], x, y) > 0).sum() >= 15)
        runs = train(build, (x, y), seeds, learning_rate=rate, log_every=1, **whole)
        loss = runs.history["loss"]
        rises = (np.diff(loss, axis=1) > 0).sum(axis=1)
        larger = ~(norms(runs.weights) <= 3 * norms(runs.weights_at(0)))
        found |= {
            f"{name}, rate": np.full(len(seeds), rate),
            f"{name}, oscillates": rises >= 20,
            f"{name}, diverges": larger | ~(loss[:, -1] <= loss[:, 0]),
        }
    return found


def fall(runs: Runs, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By how much the loss of each run ends below its start, or NaN."""
    now, before = (runs.evaluate(x, y, epoch)["loss"] for epoch in (None, 0))
    return before - now


def norms(weights: Sequence[np.ndarray]) -> np.ndarray:
    """The norm of all weights of each run."""
    return np.sqrt(sum((w.reshape(len(w), -1) ** 2).sum(axis=1) for w in weights))


def sine_net() -> keras.Model:
    """As on the page, where its sharpness is followed."""
    stack = [keras.Input((1,)), layers.Dense(30, "tanh"), layers.Dense(20, "tanh")]
    model = keras.Sequential([*stack, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), loss="mean_squared_error")
    return model


def small_tanh() -> keras.Model:
    """As on the page, where it is trained at multiples of its own limit."""
    return dense([64, 32, 32, 10], "tanh")


# --- warm-up -------------------------------------------------------------------------

WARM_UPS = (0, 10, 30, 100, 300)
PEAKS = 0.2 * 2.0 ** (np.arange(21) / 8)


@studies.study(seeds=16)
def warm_up(seeds: Sequence[int]) -> Values:
    """Training losses from two starts: (seeds, lengths of the warm-up, peak rates)."""
    task, members = some_digits(), [*seeds] * len(PEAKS)
    examples = task.x_train, task.y_train
    each, budget = np.repeat(PEAKS, len(seeds)), {"steps": 600, "log_every": 600}
    found = {}
    for name, variance in (("Glorot", 1), ("three times Glorot", 9)):
        ends = []
        for length in WARM_UPS:
            build = partial(from_variance, variance)
            how = scheduled(build, keras.optimizers.SGD, partial(rising, length), 600)
            runs = train(how, examples, members, learning_rate_factor=each, **budget)
            ends.append(training_loss(runs, examples).reshape(len(PEAKS), -1).T)
        found[name] = np.stack(ends, axis=1)
    return found


def from_variance(scale: int, optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """The classifier of the digits, its weights of so many times Glorot's variance."""
    how = {"mode": "fan_avg", "distribution": "uniform"}
    start = keras.initializers.VarianceScaling(scale, **how)
    return dense([64, 32, 32, 10], "relu", start, optimizer)


def rising(length: int, steps: int) -> schedules.LearningRateSchedule:
    """Up from nearly zero in so many steps, then constant."""
    if not length:
        return constant(steps)
    return schedules.PolynomialDecay(1 / length, length, 1.0)


def training_loss(runs: Runs, examples: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """At the end, infinite where a run diverged: (members,)."""
    loss = runs.evaluate(*examples)["loss"]
    return np.where(runs.diverged | ~np.isfinite(loss), np.inf, loss)


# --- width ---------------------------------------------------------------------------

WIDTHS = (64, 128, 256, 512, 1024)
WIDTH_RATES = 10.0 ** np.arange(-2, 1.1, 0.25)


def of_width(width: int, maximal_update: bool) -> keras.Model:
    """Two hidden layers, scaled the usual way, or as maximal updates ask for.

    The second multiplies what the first layer gives by the root of width / 64, draws
    its weights smaller by as much, and divides what the last layer gives by that root:
    steps keep their effect as the network gets wider (Yang et al., 2022, Table 9). At
    width 64 both are the same network. Biases, which have a rule of their own, are left
    out of both.
    """
    by = np.sqrt(width / 64) if maximal_update else 1.0
    stack = [keras.Input((64,))]
    for units, scale, start, activation in (
        (width, by, 2 / 64 / by**2, "relu"),
        (width, 1.0, 2 / width, "relu"),
        (10, 1 / by, 1 / width, "softmax"),
    ):
        normal = keras.initializers.RandomNormal(0.0, np.sqrt(start))
        stack.append(layers.Dense(units, use_bias=False, kernel_initializer=normal))
        stack += [layers.Rescaling(scale), layers.Activation(activation)]
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    return model


@studies.study(seeds=8, block=4)
def widths(seeds: Sequence[int]) -> Values:
    """Training losses on the digits, both scalings: (seeds, widths, rates)."""
    task = some_digits()
    examples = task.x_train, task.y_train
    found = {}
    for name, maximal_update in (("standard", False), ("maximal update", True)):
        ends = []
        for width in WIDTHS:
            build = partial(of_width, width, maximal_update)
            swept = sweep(build, examples, WIDTH_RATES, seeds, steps=200, log_every=200)
            losses = [training_loss(runs, examples) for runs in swept.runs.values()]
            ends.append(np.stack(losses, axis=1))
        found[name] = np.stack(ends, axis=1)
    return found


# --- eight trials --------------------------------------------------------------------

TRIAL = {"steps": 300, "log_every": 10}


@studies.study(seeds=48, block=24)
def eight_trials(seeds: Sequence[int]) -> Values:
    """Test accuracies on MNIST-1D of ways to choose a rate, and what they chose."""
    task = shapes()
    drawn = np.array(
        [10 ** np.random.default_rng(seed).uniform(-5, 1) for seed in seeds]
    )
    by_grid, by_hand = best_of(task, seeds, in_order), best_of(task, seeds, as_by_hand)
    peaks = range_test(task, seeds)
    cycles = scheduled(on_shapes, keras.optimizers.SGD, triangles, 300)
    cycled = train(cycles, task, seeds, learning_rate_factor=peaks, **TRIAL)
    adam = train(
        partial(dense, [40, 64, 64, 10], "relu", optimizer="adam"), task, seeds, **TRIAL
    )
    return {
        "drawn": accuracies(at_rates(task, seeds, drawn), task)[1],
        "grid": by_grid[1],
        "by hand": by_hand[1],
        "cyclic": accuracies(cycled, task)[1],
        "adaptive": accuracies(adam, task)[1],
        "grid, rate": by_grid[0],
        "by hand, rate": by_hand[0],
        "cyclic, rate": peaks,
    }


def at_rates(task: Task, seeds: Sequence[int], rates: np.ndarray) -> Runs:
    """Each seed at its own constant rate."""
    build = scheduled(on_shapes, keras.optimizers.SGD, constant, 300)
    return train(build, task, seeds, learning_rate_factor=rates, **TRIAL)


def accuracies(runs: Runs, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """On validation and on test examples, at the end: (members,) each."""
    parts = (task.x_val, task.y_val), (task.x_test, task.y_test)
    validated, tested = (runs.evaluate(*part)["accuracy"] for part in parts)
    return validated, tested


Chooser = Callable[[], Generator[float, float, None]]
"""Gives a rate to try, is sent its validation accuracy, and gives the next."""


def best_of(
    task: Task, seeds: Sequence[int], chooser: Chooser
) -> tuple[np.ndarray, np.ndarray]:
    """Of eight trials of each seed the most accurate: its rate and test accuracy."""
    choosers = [chooser() for _ in seeds]
    rates = np.array([next(one) for one in choosers])
    trials = []
    for number in range(8):
        trials.append((rates, *accuracies(at_rates(task, seeds, rates), task)))
        if number < 7:
            seen = trials[-1][1].tolist()
            rates = np.array(
                [one.send(v) for one, v in zip(choosers, seen, strict=True)]
            )
    tried, validated, tested = (np.array(part) for part in zip(*trials, strict=True))
    best = validated.argmax(axis=0), np.arange(len(seeds))
    return tried[best], tested[best]


def in_order() -> Generator[float, float, None]:
    """Eight rates from 1e-4 to 10, whatever they do."""
    seen = {}
    for rate in np.geomspace(1e-4, 10, 8):
        seen[rate] = yield rate


def as_by_hand() -> Generator[float, float, None]:
    """From 0.01 in tens, upward or else downward, while it helps; then about the best.

    About the best means twice and half of it, then finer, each time of the best so far.
    """
    seen = {0.01: (yield 0.01)}
    for times in (10, 0.1):
        higher = True
        while higher:
            rate = times * best(seen)
            seen[rate] = yield rate
            higher = best(seen) == rate
        if best(seen) != 0.01:
            break
    for halving in count():
        for times in (2**0.5**halving, 0.5**0.5**halving):
            rate = times * best(seen)
            if not np.isclose([*seen], rate, rtol=0.01).any():
                seen[rate] = yield rate


def best(seen: Mapping[float, float]) -> float:
    """The rate of the highest accuracy, the first where several have it."""
    return max(seen, key=lambda rate: seen[rate])


def range_test(task: Task, seeds: Sequence[int]) -> np.ndarray:
    """The rate of the ten steps of least loss, in a run whose rate grows to 10."""
    growing = schedules.ExponentialDecay(1e-5, 300, 1e6)
    runs = train(lambda: on_shapes(keras.optimizers.SGD(growing)), task, seeds, **TRIAL)
    least = np.nanargmin(runs.history["loss"], axis=1)
    return 1e-5 * 1e6 ** ((10 * least + 5) / 300)


def triangles(steps: int) -> schedules.LearningRateSchedule:
    """From a tenth of the rate to the rate and back, in three cycles."""
    return Shape(lambda part: 1 - 0.9 * ops.abs(2 * ((3 * part) % 1) - 1), steps)
