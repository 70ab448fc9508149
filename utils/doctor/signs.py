"""The signs of each fault: from findings to the evidence and whether it is clear, or None.

The thresholds lie between what was measured on sound and on faulty networks of the development
set in benchmarks/doctor.py (digits and two moons, the first 8 seeds), most about where the ratios
to both are equal, some at a rounder number. They were frozen before the networks of the held-out
set were trained.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from utils.doctor.examination import Findings

# Each line: what sound networks had at most, or at least, and what those with the fault had.
INPUT_TOO_LARGE = 30.0  # root mean square of a feature: sound to 13 (raw pixels), faulty from 100
INPUT_TOO_SMALL = 0.06  # norm of what a unit sees: sound from 1, faulty 0.004
ALIKE_AT_START = 1e-6  # how much the units of a kernel differ: sound from 0.7, faulty 0
ALIKE_AT_END = 0.1  # the same after training: sound from 0.7, faulty 0
DEAD = 0.75  # fraction of a layer's units: sound up to 0.5 before training, 0.53 after; faulty 1
SATURATED = 0.6  # fraction of outputs, before training: sound up to 0.38, faulty from 0.87
EXPLODING = 20.0  # first hidden layer's gradient over the last's: sound up to 2.2, faulty from 45
LOUD = 20.0  # a layer's outputs over the input, before training: sound up to 2.3, faulty from 700
VANISHING = 0.015  # first hidden layer's gradient over the last's: sound from 0.05, faulty to 0.004
STILL_VANISHING = 0.1  # the same after training: sound from 0.7, faulty up to 0.0045
MOVED_TOO_FAR = 10.0  # a kernel's way from its start, in norms: sound up to 4.3, faulty from 43
HARDLY_MOVED = 0.03  # the same: sound from 0.23, with shuffled labels from 0.04, faulty up to 0.024
LEARNED = 0.8  # loss over the best constant's: sound up to 0.75, a rate too high from 0.81
HALF_WAY = 0.5  # the same; vanishing leaves 1, a rate that is too low 0.74 of a lucky start
FEWEST_STEPS = 100  # watched: sound ones stood still for up to 40, faulty were watched for 240
STANDSTILL = 0.8  # loss over that at the start: sound up to 0.78, a rate too low from 0.93

CONSTANT = "what the best constant answer has"

Seen = tuple[str, bool] | None


def _input(f: Findings) -> Seen:
    if f.input_size > INPUT_TOO_LARGE:
        text = f"The largest feature of the input has a root mean square of {f.input_size:.3g}"
        return f"{text}; about 1 is expected.", f.input_size > 3 * INPUT_TOO_LARGE
    if f.input_norm < INPUT_TOO_SMALL:
        text = f"What a unit of the first layer sees of an example has a norm of {f.input_norm:.3g}"
        return f"{text}; about 1 or more is expected.", f.input_norm < INPUT_TOO_SMALL / 3
    return None


def _symmetric(f: Findings) -> Seen:
    if not f.kernels:
        return None
    alike = (f.spread[0] < ALIKE_AT_START) & (f.spread[-1] < ALIKE_AT_END)
    if alike.any():
        layer = f.kernels[int(alike.argmax())]
        text = f"All units of {layer} have the same weights {_when(f)} and still have after"
        return f"{text} {_epochs(f)}.", bool(f.spread[-1][alike].min() < ALIKE_AT_END / 3)
    return None


def _dead_at_start(f: Findings) -> Seen:
    layer, fraction = _largest(f.layers, f.dead[0])
    if not fraction >= DEAD:  # an output can wake up where hidden layers pass something on
        layer, fraction = f.output, f.dead_output[[0, -1]].min()
    if fraction >= DEAD and not _recovered(f):
        text = f"{fraction:.0%} of the units of {layer} are 0 for every example {_when(f)}"
        clear = fraction > (1 + DEAD) / 2
        return f"{text}: nothing comes through, neither forward nor back.", clear
    return None


def _saturated(f: Findings) -> Seen:
    layer, fraction = _largest(f.layers, _where_trained(f, f.saturated[0]))
    if fraction >= SATURATED and not _recovered(f):
        text = f"{fraction:.0%} of the outputs of {layer} are at their bounds {_when(f)}"
        return f"{text}, where the slope is next to 0.", fraction > (1 + SATURATED) / 2
    return None


def _exploding(f: Findings) -> Seen:
    (lowest, ratio), when = _ratio(f, 0), _when(f).capitalize()
    if _recovered(f) or ((f.normalized or f.skips) and remaining(f) < LEARNED):
        return None  # there every layer or block adds a little, and the network learns all the same
    if ratio > EXPLODING:
        text = f"{when} the gradient grows {ratio:.2g} times from {f.layers[-1]} down to"
        return f"{text} {lowest}.", ratio > 3 * EXPLODING
    layer, growth = _largest(f.layers, _where_trained(f, f.growth))
    if growth > LOUD:
        text = f"{when} the outputs of {layer} are {growth:.2g} times as large as the"
        return f"{text} input.", growth > 3 * LOUD
    return None


def _vanishing(f: Findings) -> Seen:
    (lowest, before), (_, after) = _ratio(f, 0), _ratio(f, -1)
    if before < VANISHING and not after > STILL_VANISHING and remaining(f) > HALF_WAY:
        text = f"Of the gradient at {f.layers[-1]}, {before:.2g} arrives at {lowest}"
        later = f"{after:.2g}" if np.isfinite(after) else "nothing"
        text = f"{text} {_when(f)}, and {later} after {_epochs(f)}."
        return text, before < VANISHING / 3
    return None


def _rate_too_high(f: Findings) -> Seen:
    if f.unseen or not np.isfinite(f.scores[:1]).all():
        return None
    lost = len(f.loss) > 0 and np.isnan(f.loss[-1])
    kernel, far = _largest(f.kernels, f.moved[-1])
    if lost:
        epoch = int(np.isnan(f.loss).argmax()) + 1
        return f"The loss stopped being finite in epoch {epoch}, from a sound start.", True
    if far == np.inf:
        return f"The weights of {kernel} are no longer finite, from a sound start.", True
    if far > MOVED_TOO_FAR and remaining(f) >= LEARNED:
        text = f"The weights of {kernel} are {far:.2g} times their first norm away from the start,"
        return f"{text} and the loss is {remaining(f):.2g} of {CONSTANT}.", far > 3 * MOVED_TOO_FAR
    return None


def _rate_too_low(f: Findings) -> Seen:
    kernel, far = _largest(f.kernels, f.moved[-1])
    if stands_still(f) and not why_no_rate(f):
        text = f"After {_epochs(f)} no weights have moved by more than {far:.2g} of their norm"
        return f"{text} ({kernel}).", far < HARDLY_MOVED / 3
    return None


def _died(f: Findings) -> Seen:
    if f.unseen:
        return None
    names, before, after = (
        (*f.layers, f.output),
        *(np.append(f.dead[look], f.dead_output[look]) for look in (0, -1)),
    )
    layer, fraction = _largest(names, after)
    if fraction >= DEAD and remaining(f) >= LEARNED:
        text = f"{fraction:.0%} of the units of {layer} are 0 for every example after {_epochs(f)}"
        text = f"{text}, and {before[names.index(layer)]:.0%} were before: steps threw them out."
        return text, fraction > (1 + DEAD) / 2
    return None


SIGNS: tuple[tuple[str, Callable[[Findings], Seen]], ...] = (  # causes before consequences
    ("unscaled input", _input),
    ("symmetric start", _symmetric),
    ("dead units", _dead_at_start),
    ("saturated start", _saturated),
    ("exploding gradients", _exploding),
    ("vanishing gradients", _vanishing),
    ("rate too high", _rate_too_high),
    ("rate too low", _rate_too_low),
    ("rate too high", _died),
)


def stands_still(f: Findings) -> bool:
    """Whether weights and loss have hardly moved, and the loss could still fall."""
    if f.unseen or len(f.loss) == 0 or np.isnan(f.loss[-1]):
        return False
    _, far = _largest(f.kernels, f.moved[-1])
    fell = f.scores[-1] <= STANDSTILL * f.scores[0]
    return far < HARDLY_MOVED and not fell and remaining(f) > HALF_WAY


def why_no_rate(f: Findings) -> str:
    """Why weights that stand still say nothing about the rate; empty where they do."""
    if _trained(f):
        return "it was trained before this fit, and may have settled then"
    if f.steps < FEWEST_STEPS:
        return f"{f.steps:.0f} steps are too few to judge the learning rate by"
    return "" if f.before == 0 else "how many steps were taken is not known"


def _trained(f: Findings) -> bool:
    """Whether the network had been trained before it was watched, as far as one can see."""
    return f.before > 0 or (len(f.scores) > 0 and f.scores[0] < HALF_WAY * f.constant)


def _recovered(f: Findings) -> bool:
    """Whether it was trained before and knows something: signs of a bad start then do not count."""
    return _trained(f) and remaining(f) < LEARNED


def _when(f: Findings) -> str:
    """When the doctor looked first."""
    if f.epochs[0] > 0:
        return f"after epoch {f.epochs[0]}"
    return "before this fit" if _trained(f) else "before training"


def _ratio(f: Findings, look: int) -> tuple[str, float]:
    """The first hidden layer that trains, and its gradient over the last hidden layer's.

    NaN with less than two layers from there on, or without any gradient: what reaches a frozen base
    is of no use to anyone.
    """
    first = f.trainable.index(True) if any(f.trainable) else len(f.layers)
    if first > len(f.layers) - 2 or not f.gradient[look, -1] > 0:
        return "", np.nan
    return f.layers[first], float(f.gradient[look, first] / f.gradient[look, -1])


def _where_trained(f: Findings, values: np.ndarray) -> np.ndarray:
    """The values (layer,) of the layers that train, NaN for frozen ones: these have no start."""
    return np.where(f.trainable, values, np.nan) if f.layers else values


def remaining(f: Findings) -> float:
    """How much is left of the best constant answer's loss; NaN where that is not known."""
    if not f.constant > 0 or len(f.scores) == 0:
        return np.nan
    return float(f.scores[-1] / f.constant) if np.isfinite(f.scores[-1]) else np.inf


def _largest(names: tuple[str, ...], values: np.ndarray) -> tuple[str, float]:
    """The largest value and whose it is; NaN where there is none."""
    if len(values) == 0 or np.isnan(values).all():
        return "", np.nan
    place = int(np.nanargmax(values))
    return names[place], float(values[place])


def _epochs(f: Findings) -> str:
    count = f.epochs[-1] - f.epochs[0]
    return f"{count} epoch" if count == 1 else f"{count} epochs"
