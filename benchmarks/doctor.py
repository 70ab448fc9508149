"""Networks with planted faults, to set the doctor's thresholds on and to test it on others.

Writes benchmarks/doctor.md: the confusion matrix on the networks that the thresholds were set on
(`development`), the one on networks that took no part in it (`held_out`: other data, depths,
widths, activations, optimizers and seeds), and what the callback costs. Run from the repository's
root.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
from keras import layers

from utils import data
from utils.doctor import CURES, HEALTHY, UNKNOWN, Doctor, examine
from utils.population import train
from utils.stats import median_interval, share_interval

RESULTS = Path(__file__).with_name("doctor.md")
HE, GLOROT = "he_normal", "glorot_uniform"


@dataclass(frozen=True)
class Net:
    """A recipe for a small network, from which faults are made by changing one thing."""

    hidden: Sequence[int]
    activation: str = "relu"
    start: str | dict[str, Any] = HE
    bias: float = 0.0
    rate: float = 0.1
    optimizer: str = "SGD"
    momentum: float = 0.0
    between: str = ""
    loss: str = "cross-entropy"
    scales: bool = False
    given: tuple[Any, ...] = field(default=(), repr=False)
    epochs: int = 12
    batch: int = 50

    def build(self) -> keras.Model:
        """The compiled model."""
        x, y = self.given
        model = keras.Sequential([keras.Input(x.shape[1:])])
        if self.scales:
            model.add(layers.Normalization(mean=x.mean(0), variance=x.var(0) + 1e-3))
        if self.between == "convolution":
            model.add(layers.Reshape((-1, 1)))
            for units in self.hidden:
                model.add(
                    layers.Conv1D(
                        units,
                        5,
                        strides=2,
                        padding="same",
                        activation=self.activation,
                        kernel_initializer=self.start,
                    )
                )
            model.add(layers.Flatten())
        for units in [] if self.between == "convolution" else self.hidden:
            bias = {"class_name": "Constant", "config": {"value": self.bias}}
            model.add(layers.Dense(units, kernel_initializer=self.start, bias_initializer=bias))
            if self.between == "batch norm":
                model.add(layers.BatchNormalization())
            model.add(layers.Activation(self.activation))
            if self.between == "dropout":
                model.add(layers.Dropout(0.3))
        symmetric = isinstance(self.start, dict) and self.start["class_name"] == "Constant"
        last = self.start if symmetric else GLOROT
        if self.loss == "mse":
            model.add(layers.Dense(1, kernel_initializer=last))
            loss = "mse"
        elif y.max() == 1:
            model.add(layers.Dense(1, "sigmoid", kernel_initializer=last))
            loss = "binary_crossentropy"
        else:
            model.add(layers.Dense(int(y.max()) + 1, "softmax", kernel_initializer=last))
            loss = "sparse_categorical_crossentropy"
        kind = getattr(keras.optimizers, self.optimizer)
        options = {"momentum": self.momentum} if self.momentum else {}
        model.compile(optimizer=kind(float(self.rate), **options), loss=loss)
        return model


@dataclass(frozen=True)
class Case:
    """A network with what is wrong with it."""

    truth: str
    name: str
    net: Net


def scaled(kind: str, scale: float) -> dict[str, Any]:
    """He's start, `scale` times too large in every layer."""
    return {"class_name": "VarianceScaling", "config": {"scale": 2 * scale**2, "mode": "fan_in"}}


def constant(value: float) -> dict[str, Any]:
    """The start of all weights at one value."""
    return {"class_name": "Constant", "config": {"value": value}}


def changed(net: Net, x: Any = None, y: Any = None) -> Net:
    """The same network on other inputs or labels."""
    return replace(net, given=(net.given[0] if x is None else x, net.given[1] if y is None else y))


def rows_of_norm_one(x: np.ndarray, times: int) -> np.ndarray:
    """Every example repeated side by side, and divided by its norm."""
    wide = np.tile(x, times)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


def at_wrong_rates(nets: dict[str, tuple[Net, float, float]]) -> Iterator[Case]:
    """Sound networks at a rate that is far too high, and at one far too low."""
    for name, (net, high, low) in nets.items():
        yield Case("rate too high", name, replace(net, rate=high))
        yield Case("rate too low", name, replace(net, rate=low))


def on_shuffled_labels(nets: dict[str, Net]) -> Iterator[Case]:
    """Sound networks with nothing to learn."""
    for name, net in nets.items():
        shuffled = np.random.default_rng(0).permutation(net.given[1])
        yield Case(UNKNOWN, f"{name}, shuffled labels", changed(net, y=shuffled))


def at_one_value(nets: dict[str, tuple[Net, float]]) -> Iterator[Case]:
    """Sound networks all of whose weights start at one value."""
    for name, (net, value) in nets.items():
        yield Case("symmetric start", name, replace(net, start=constant(value)))


def noisy(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Labels of which a share is drawn again."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(y)) < share, rng.permutation(y), y)


def development() -> Iterator[Case]:
    """Two moons and digits."""
    digits, moons = data.digits(), data.two_moons()
    d, m = (digits.x_train, digits.y_train), (moons.x_train, moons.y_train)
    standard = (d[0] - d[0].mean(0)) / (d[0].std(0) + 0.1)
    shallow = Net([32] * 3, given=d)
    deep = Net([32] * 8, rate=0.05, given=d)
    tanh = Net([32] * 2, "tanh", GLOROT, rate=0.01, optimizer="Adam", given=(standard, d[1]))
    curve = Net([16] * 3, rate=0.01, optimizer="Adam", given=m, epochs=20)
    bent = Net([16] * 2, "tanh", GLOROT, rate=0.3, given=m, epochs=20)
    deeptanh = Net([32] * 8, "tanh", GLOROT, rate=0.05, given=(standard, d[1]))

    for name, net in {
        "shallow": shallow,
        "deep": deep,
        "tanh": tanh,
        "curve": curve,
        "bent": bent,
        "deeptanh": deeptanh,
        "one sigmoid": Net([32], "sigmoid", GLOROT, rate=0.5, given=d),
        "two sigmoid Adam": Net([32] * 2, "sigmoid", GLOROT, rate=0.01, optimizer="Adam", given=d),
        "three sigmoid Adam": Net(
            [32] * 3, "sigmoid", GLOROT, rate=0.01, optimizer="Adam", given=d, epochs=20
        ),
        "batch norm": Net([32] * 3, rate=0.1, between="batch norm", given=d),
        "dropout": Net([64] * 2, rate=0.1, between="dropout", given=d),
        "regression": Net(
            [32] * 2,
            rate=0.01,
            optimizer="Adam",
            loss="mse",
            given=(m[0][:, :1], m[0][:, 1]),
            epochs=20,
        ),
        "convolution": Net([8] * 2, rate=0.01, optimizer="Adam", between="convolution", given=d),
        "slow": replace(shallow, rate=0.01, epochs=20),
        "late": Net([64] * 2, rate=0.01, optimizer="Adam", given=d, epochs=60),
        "label noise": changed(shallow, y=noisy(d[1], 0.4, 0)),
        "noisy moons": changed(curve, y=noisy(m[1], 0.5, 0)),
        "unit normal": Net(
            [8] * 2,
            start={"class_name": "RandomNormal", "config": {"stddev": 1.0}},
            given=m,
            epochs=30,
        ),
        "unit normal tanh": Net(
            [8] * 2,
            "tanh",
            {"class_name": "RandomNormal", "config": {"stddev": 1.0}},
            given=m,
            epochs=30,
        ),
        "raw pixels": changed(replace(shallow, rate=0.01, optimizer="Adam"), x=d[0] * 16),
        "narrow five": Net([8] * 5, start=GLOROT, given=m, epochs=40),
        "batch norm x20": Net([32] * 3, start=scaled(HE, 20), between="batch norm", given=d),
        "batch norm x20, tanh, Adam": Net(
            [32] * 3, "tanh", scaled(HE, 20), rate=0.01, optimizer="Adam", between="batch norm",
            given=d,
        ),
        "batch norm, 16 layers": Net([32] * 16, between="batch norm", given=d),
        "scales its input": Net([32] * 2, scales=True, given=(d[0] * 255 + 100, d[1])),
        "rows of norm 1": Net(
            [32] * 2, rate=0.01, optimizer="Adam", given=(rows_of_norm_one(d[0], 16), d[1])
        ),
        "rows of norm 1, SGD": Net(
            [32] * 2, rate=0.5, given=(rows_of_norm_one(d[0], 16), d[1]), epochs=20
        ),
    }.items():  # fmt: skip
        yield Case("healthy", name, net)
    yield from on_shuffled_labels({"deep": deep, "slow": replace(shallow, rate=0.01), "bent": bent})
    yield Case("vanishing gradients", "deep relu", replace(deep, start=scaled(HE, 0.35)))
    yield Case("vanishing gradients", "deep tanh", replace(deeptanh, start=scaled(HE, 0.25)))
    yield Case(
        "vanishing gradients", "deep sigmoid", replace(deep, activation="sigmoid", start=GLOROT)
    )
    yield Case(
        "vanishing gradients",
        "sigmoid 5 moons",
        Net([16] * 5, "sigmoid", GLOROT, given=m, epochs=20),
    )
    yield Case("exploding gradients", "deep relu 3", replace(deep, start=scaled(HE, 3)))
    yield Case("exploding gradients", "deep relu 6", replace(deep, start=scaled(HE, 6)))
    yield Case(
        "exploding gradients",
        "deep relu Adam",
        replace(deep, start=scaled(HE, 4), rate=0.001, optimizer="Adam"),
    )
    yield Case("exploding gradients", "shallow relu 10", replace(shallow, start=scaled(HE, 10)))
    yield Case("dead units", "bias shallow", replace(shallow, bias=-4.0))
    yield Case("dead units", "bias curve", replace(curve, bias=-4.0))
    yield Case("dead units", "bias deep", replace(deep, bias=-2.0))
    yield Case(
        "dead units",
        "negative weights",
        replace(
            shallow,
            start={"class_name": "RandomUniform", "config": {"minval": -0.2, "maxval": 0.0}},
        ),
    )
    yield Case("saturated start", "tanh x20", replace(tanh, start=scaled(HE, 20)))
    yield Case("saturated start", "bent x20", replace(bent, start=scaled(HE, 20)))
    yield Case(
        "saturated start", "sigmoid x30", replace(tanh, activation="sigmoid", start=scaled(HE, 30))
    )
    yield from at_wrong_rates(
        {
            "shallow": (shallow, 10, 1e-4),
            "deep": (deep, 3, 1e-4),
            "tanh": (tanh, 3, 1e-5),
            "curve": (curve, 3, 1e-6),
            "bent": (bent, 100, 1e-4),
        }
    )
    yield from at_one_value(
        {
            "zeros": (shallow, 0.0),
            "0.1": (shallow, 0.1),
            "tanh 0.1 Adam": (tanh, 0.1),
            "sigmoid zeros Adam": (replace(tanh, activation="sigmoid"), 0.0),
            "moons 0.5": (bent, 0.5),
        }
    )
    yield Case("unscaled input", "shallow x1000", changed(shallow, x=d[0] * 1000))
    yield Case("unscaled input", "tanh x255", changed(tanh, x=d[0] * 255))
    yield Case("unscaled input", "moons +100", changed(curve, x=m[0] + 100))
    wide = d[0].copy()
    wide[:, 20] *= 1000
    yield Case("unscaled input", "one pixel", changed(shallow, x=wide))
    yield Case("unscaled input", "moons x100", changed(bent, x=m[0] * 100))
    yield Case("unscaled input", "shallow /1000", changed(shallow, x=d[0] / 1000))


def held_out() -> Iterator[Case]:
    """MNIST-1D and spirals, in other depths, widths, activations and with other optimizers."""
    signals, spirals = data.mnist1d(), data.spirals()
    x, y = signals.x_train[:1600], signals.y_train[:1600]
    s, m = (spirals.x_train, spirals.y_train), (x, y)
    flat = Net([100] * 2, rate=0.003, optimizer="Adam", given=m, epochs=20)
    elu = Net([50] * 6, "elu", rate=0.02, momentum=0.9, given=m, epochs=20)
    leaky = Net([24] * 4, "leaky_relu", rate=0.05, momentum=0.9, given=m, epochs=20)
    gelu = Net([64] * 3, "gelu", rate=0.003, optimizer="Nadam", given=m, epochs=20)
    soft = Net([64] * 2, "softsign", GLOROT, rate=0.01, optimizer="RMSprop", given=s, epochs=40)
    wide = Net([64] * 3, rate=0.01, optimizer="Nadam", given=s, epochs=40)
    bend = Net([48] * 4, "tanh", GLOROT, rate=0.003, optimizer="Adam", given=s, epochs=40)
    long = Net([50] * 12, rate=0.02, momentum=0.9, given=m, epochs=20)
    for name, net in {
        "flat": flat,
        "elu": elu,
        "leaky": leaky,
        "gelu": gelu,
        "soft": soft,
        "wide": wide,
        "bend": bend,
        "one sigmoid": Net(
            [100], "sigmoid", GLOROT, rate=0.01, optimizer="Adam", given=m, epochs=20
        ),
        "two sigmoids": Net(
            [50] * 2, "sigmoid", GLOROT, rate=0.02, optimizer="RMSprop", given=m, epochs=20
        ),
        "batch norm": replace(leaky, between="batch norm"),
        "batch norm, deep": Net([32] * 8, rate=0.05, between="batch norm", given=m, epochs=20),
        "dropout": replace(flat, between="dropout"),
        "regression": Net(
            [50] * 2, "elu", rate=0.003, optimizer="Adam", loss="mse",
            given=(x[:, :20], x[:, 20:].mean(1) + x[:, 3]), epochs=20,
        ),
        "convolution": Net(
            [16] * 3, rate=0.005, optimizer="Adam", between="convolution", given=m, epochs=20
        ),
        "slow": replace(flat, optimizer="SGD", rate=0.02, epochs=40),
        "late": replace(flat, rate=0.005, epochs=100),
        "label noise": changed(replace(flat, epochs=40), y=noisy(y, 0.3, 1)),
        "noisy spirals": changed(wide, y=noisy(s[1], 0.3, 1)),
        "AdamW": replace(flat, activation="selu", start="lecun_normal", optimizer="AdamW"),
        "weak start": replace(flat, start=scaled(HE, 0.5)),
        "batch norm x15": replace(leaky, start=scaled(HE, 15), between="batch norm"),
        "batch norm x50, tanh": replace(bend, start=scaled(HE, 50), between="batch norm"),
        "scales its input": replace(flat, scales=True, given=(x * 100 + 500, y)),
        "rows of norm 1": changed(flat, x=rows_of_norm_one(x, 20)),
    }.items():  # fmt: skip
        yield Case("healthy", name, net)

    yield from on_shuffled_labels({"flat": flat, "elu": elu, "wide": wide})
    yield Case("vanishing gradients", "relu", replace(long, start=scaled(HE, 0.45)))
    yield Case("vanishing gradients", "elu", replace(long, activation="elu", start=scaled(HE, 0.3)))
    yield Case(
        "vanishing gradients", "tanh", replace(bend, hidden=[48] * 10, start=scaled(HE, 0.2))
    )
    yield Case(
        "vanishing gradients",
        "sigmoid",
        Net([64] * 7, "sigmoid", GLOROT, momentum=0.9, given=s, epochs=40),
    )
    yield Case("exploding gradients", "elu", replace(long, activation="elu", start=scaled(HE, 2.5)))
    yield Case("exploding gradients", "leaky", replace(leaky, start=scaled(HE, 8)))
    yield Case("exploding gradients", "gelu", replace(gelu, start=scaled(HE, 10)))
    normal = {"class_name": "RandomNormal", "config": {"stddev": 1.0}}
    yield Case("exploding gradients", "relu", replace(wide, hidden=[64] * 6, start=normal))
    down = {"class_name": "RandomNormal", "config": {"mean": -0.4, "stddev": 0.05}}
    yield Case("dead units", "flat", replace(flat, bias=-8.0))
    yield Case("dead units", "wide", replace(wide, bias=-6.0))
    yield Case("dead units", "weights", replace(flat, hidden=[100] * 3, start=down))
    yield Case("dead units", "weights, spirals", replace(wide, start=down))
    yield Case("saturated start", "softsign", replace(soft, start=scaled(HE, 300)))
    yield Case("saturated start", "tanh", replace(bend, start=scaled(HE, 15)))
    yield Case(
        "saturated start", "sigmoid", replace(flat, activation="sigmoid", start=scaled(HE, 40))
    )
    yield Case(
        "saturated start", "tanh, signals", replace(elu, activation="tanh", start=scaled(HE, 12))
    )
    yield from at_wrong_rates(
        {
            "flat": (flat, 1, 1e-7),
            "elu": (elu, 5, 1e-6),
            "leaky": (leaky, 5, 1e-6),
            "gelu": (gelu, 1, 1e-7),
            "soft": (soft, 3, 1e-7),
            "wide": (wide, 2, 1e-7),
        }
    )
    yield from at_one_value(
        {
            "flat zeros": (flat, 0.0),
            "elu 0.05": (elu, 0.05),
            "soft 0.3": (soft, 0.3),
            "wide 0.02": (wide, 0.02),
        }
    )
    column, one = np.array(x), np.array(s[0])
    column[:, 7] *= 300
    one[:, 1] *= 500
    yield Case("unscaled input", "elu x500", changed(elu, x=x * 500))
    yield Case("unscaled input", "flat, a column", changed(flat, x=column))
    yield Case("unscaled input", "wide, offset", changed(wide, x=s[0] + 70))
    yield Case("unscaled input", "soft, a feature", changed(soft, x=one))
    yield Case("unscaled input", "gelu, too small", changed(gelu, x=x / 300))


@dataclass
class Tally:
    """How often each fault was given each name, seed by seed and recipe by recipe."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    recipes: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """For each truth, with True or False: recipes that were right for all seeds, or not."""
    missed: list[str] = field(default_factory=list)

    def add(self, case: Case, names: Counter[str]) -> None:
        """Note what the networks of one recipe were called."""
        self.counts.update({(case.truth, name): count for name, count in names.items()})
        wrong = ", ".join(f"{n} × {name}" for name, n in names.items() if name != case.truth)
        self.recipes[case.truth, not wrong] += 1
        self.missed += [f"- {case.truth}, {case.name}: {wrong}"] if wrong else []


def judge(cases: Iterator[Case], seeds: Sequence[int]) -> Tally:
    """Train every recipe and have its networks examined."""
    tally = Tally()
    for case in cases:
        net = case.net
        runs = train(net.build, net.given, seeds, net.epochs, net.batch, snapshots=net.epochs // 4)
        tally.add(case, Counter(each.fault for each in examine(runs, *net.given)))
    return tally


def table(tally: Tally) -> list[str]:
    """The confusion matrix, with the share right and the share of healthy ones called ill."""
    names, counts = list(CURES), tally.counts
    rows = [
        "| planted | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
        *[
            f"| {truth} | " + " | ".join(str(counts[truth, name] or "") for name in names) + " |"
            for truth in names
        ],
    ]
    faults = [name for name in names if name not in (HEALTHY, UNKNOWN)]
    right = sum(counts[f, f] for f in faults)
    total = sum(n for (truth, _), n in counts.items() if truth in faults)
    ill = sum(n for (truth, name), n in counts.items() if truth == HEALTHY and name in faults)
    sound = sum(n for (truth, _), n in counts.items() if truth == HEALTHY)
    none = sum(n for (truth, _), n in counts.items() if truth == UNKNOWN)
    judged = sum(n for (truth, name), n in counts.items() if truth == UNKNOWN and name in faults)
    for text, count, of in [
        ("faults named", right, total),
        ("healthy called ill", ill, sound),
        ("nothing to learn, called ill", judged, none),
    ]:
        found = share_interval(count, of)
        rows += ["", f"{text}: {count} of {of} ({found.low:.1%} to {found.high:.1%})"]
    for text, truths in [("ill", faults), ("healthy", [HEALTHY])]:
        whole, broken = (sum(tally.recipes[t, ok] for t in truths) for ok in (True, False))
        found = share_interval(whole, whole + broken)
        rows += [
            "",
            f"{text} recipes that are right for all seeds: {whole} of {whole + broken} "
            f"({found.low:.0%} to {found.high:.0%})",
        ]
    return rows


def overhead(pairs: int = 12, epochs: int = 20) -> list[float]:
    """Processor time of `fit` with a doctor over that without, in turns: (pair,)."""
    x, y = (lambda d: (d.x_train, d.y_train))(data.mnist1d())

    def fit(callbacks: list[keras.callbacks.Callback]) -> float:
        keras.utils.set_random_seed(0)
        model = Net([100, 100], rate=0.003, optimizer="Adam", given=(x, y)).build()
        begin = time.process_time()
        model.fit(x, y, 64, epochs, verbose=0, callbacks=callbacks)
        return time.process_time() - begin

    fit([]), fit([Doctor(x, y)])  # what a process pays once
    ratios = []
    for pair in range(pairs):
        first, second = ([], [Doctor(x, y)])[:: 1 if pair % 2 else -1]
        times = {bool(first): fit(first), bool(second): fit(second)}
        ratios.append(times[True] / times[False])
    return ratios


def main() -> None:
    """Measure everything and write the page."""
    lines = [
        "# The doctor",
        "",
        "Written by `make bench`. A recipe is a network, its data and its optimizer, trained",
        "under 16 seeds. The intervals of networks take all seeds as independent, which those",
        "of one recipe are not: they mostly fall together. The counts of recipes are the safer",
        "unit. Networks on shuffled labels stand in the row *cannot judge*; one that learns",
        "them by heart is healthy all the same. The seven recipes of the second set that test",
        "batch normalization with large weights, scaling inside the model, rows of norm 1 and",
        "shuffled labels came later than the others, with the repairs that they test; no",
        "threshold was set on them.",
        "",
    ]
    for title, cases, seeds in [
        ("Networks that the thresholds were set on", development(), range(16)),
        ("Networks that took no part in it", held_out(), range(500, 516)),
    ]:
        tally = judge(cases, seeds)
        lines += [f"## {title}", "", *table(tally), "", *tally.missed, ""]
    found = median_interval(overhead())
    lines += [
        "## What the callback costs",
        "",
        "MLP 100–100 on MNIST-1D, batch 64, 20 epochs, at the default interval, in turns with a",
        f"plain fit, building included: {found.median - 1:+.1%} processor time",
        f"({found.low - 1:+.1%} to {found.high - 1:+.1%}).",
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
