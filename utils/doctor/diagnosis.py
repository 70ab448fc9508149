"""From symptoms to a diagnosis: what is wrong with a network that does not learn, and the cure.

Introduced in the chapter "Diagnosis". `Doctor` is a callback for an
ordinary `fit` of any Keras model; `examine` does the same for every member of a population. Both
measure, and `diagnose` is the rule: a pure function of the findings. It looks for causes before
consequences, since an input that is too large also saturates units, and a network whose units are
all alike has no useful gradient either. Where it sees nothing wrong and yet no learning, it says
that it cannot judge.

The thresholds lie between what was measured on sound and on faulty networks of the development
set in benchmarks/doctor.py (digits and two moons, the first 8 seeds), most about where the ratios
to both are equal, some at a rounder number. They were frozen before the networks of the held-out
set were trained.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np

from utils.doctor.examination import Examination, Findings, findings_of_runs, random_states_kept
from utils.signals import whole_epochs

if TYPE_CHECKING:
    from utils.population import Runs

# Each line: what sound networks had at most, or at least, and what those with the fault had.
INPUT_TOO_LARGE = 30.0  # root mean square of a feature: sound to 13 (raw pixels), faulty from 100
INPUT_TOO_SMALL = 0.06  # norm of what a unit sees: sound from 1, faulty 0.004
ALIKE_AT_START = 1e-6  # how much the units of a kernel differ: sound from 0.7, faulty 0
ALIKE_AT_END = 0.1  # the same after training: sound from 0.7, faulty 0
DEAD = 0.75  # fraction of a layer's units: sound up to 0.5 before training, 0.53 after; faulty 1
SATURATED = (
    0.6  # fraction of a layer's outputs, before training: sound up to 0.38, faulty from 0.87
)
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
HEALTHY, UNKNOWN = "healthy", "cannot judge"
CURES = {
    "unscaled input": "Scale every feature to mean 0 and variance 1, or into 0 to 1, by what the "
    "training data say.",
    "symmetric start": "Draw the weights at random (He for ReLU, Glorot for tanh): equal units "
    "get equal gradients and stay equal.",
    "dead units": "Start the biases at 0 and the weights around 0 (He). A leaky ReLU alone need "
    "not be enough: small slopes multiply.",
    "saturated start": "Start with smaller weights (Glorot for tanh, LeCun for SELU): where units "
    "are at their bounds, the slope is next to 0.",
    "exploding gradients": "Start with smaller weights (He for ReLU), or add batch normalization. "
    "Clipping keeps a run alive, but leaves the layers as they are.",
    "vanishing gradients": "Use ReLU or ELU with He's start, add batch normalization or skip "
    "connections, or take fewer layers.",
    "rate too high": "Divide the learning rate by 10 until the loss falls, or let a range test "
    "choose it.",
    "rate too low": "Multiply the learning rate by 10 until the loss falls in the first epochs, or "
    "use Adam.",
    HEALTHY: "Nothing to cure.",
    UNKNOWN: "Check the labels, try to overfit ten examples, try a larger network.",
}


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a network, how one knows, and what helps."""

    fault: str
    """A key of CURES; "healthy" and "cannot judge" are among them."""
    evidence: str
    """One sentence with the numbers, and with the layer."""
    confidence: str
    """"clear", "borderline" (close to a threshold), or "none" where it cannot judge."""
    also: tuple[str, ...] = ()
    """Other faults whose signs are there, which may be consequences."""

    @property
    def cure(self) -> str:
        """What to do about it."""
        return CURES[self.fault]

    @property
    def ill(self) -> bool:
        """Whether a fault is named."""
        return self.fault not in (HEALTHY, UNKNOWN)

    def __str__(self) -> str:
        rows = {"Diagnosis": self.fault, "Evidence": self.evidence, "Cure": self.cure}
        if self.ill:
            rows["Diagnosis"] += f" ({self.confidence})"
        if self.also:
            rows["Signs also of"] = ", ".join(self.also)
        return "\n".join(
            textwrap.fill(f"{name}: {text}", 80, subsequent_indent="  ")
            for name, text in rows.items()
        )

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        printer.text(str(self))


class Doctor(keras.callbacks.Callback):
    """Watches an ordinary `fit`; afterwards `print(doctor.diagnosis)`.

    x, y: training examples, as `fit` takes them; 128 of them, evenly spaced, are used. Without them
    only the weights can be judged. `every` counts epochs between looks; by default
    it looks before training, after epochs 1, 2, 4, 8…, and at the end. It never raises during
    training and changes nothing in it: what cannot be measured is left out, and the diagnosis says
    what is missing.

    The loss that it judges by counts all examples alike: it does not see the class_weight or
    sample_weight of a `fit`, under which a sound network may have a large loss of that kind; if
    nothing else is conspicuous, it then says that it cannot judge. A trained network that was
    compiled anew counts as untrained, unless its loss is low from the start. Batch normalization
    is seen as in training, by the statistics of the examples, for the loss as well, and dropout as
    in prediction; whether moving statistics are ready for predictions is not asked.
    """

    def __init__(self, x=None, y=None, every: int | None = None):
        super().__init__()
        if every is not None:
            whole_epochs(every)
        _check(x, y)
        self.x, self.y, self.every = x, y, every
        self._examination: Examination | None = None
        self._trouble = ""

    def on_train_begin(self, logs=None):
        """Measure the initial weights."""
        self._examination, self._trouble = None, ""
        self._try(self._begin)

    def on_epoch_end(self, epoch, logs=None):
        """Note the loss; measure where it is time."""
        self._try(self._note, (logs or {}).get("loss"))

    def on_train_end(self, logs=None):
        """Measure the final weights."""
        self._try(self._finish)

    @property
    def diagnosis(self) -> Diagnosis:
        """What the doctor makes of what it saw so far."""
        if self._examination is None and not self._trouble:
            raise ValueError("nothing was seen yet; pass the doctor to fit(callbacks=[...]) first")
        if self._examination is None or not self._examination.epochs:
            return Diagnosis(UNKNOWN, f"This model could not be measured: {self._trouble}", "none")
        return diagnose(self._examination.findings())

    def _begin(self) -> None:
        self._examination = Examination(self.model, self.x, self.y)
        self._epoch = 0
        self._examination.look(0)

    def _note(self, loss) -> None:
        if self._examination is None:
            return
        self._epoch = epoch = self._epoch + 1  # of this `fit`, whatever its initial_epoch
        if loss is not None:
            self._examination.losses.append(float(loss))
        due = epoch & (epoch - 1) == 0 if self.every is None else epoch % self.every == 0
        if due:
            self._examination.look(epoch)

    def _finish(self) -> None:
        if self._examination is not None:  # anew: averaged or restored weights may have taken over
            if self._epoch > 0 and self._examination.epochs[-1:] == [self._epoch]:
                self._examination.epochs.pop()
                self._examination.rows.pop()
            if self._epoch not in self._examination.epochs:
                self._examination.look(self._epoch)

    def _try(self, step: Callable, *args) -> None:
        """A doctor must not kill: whatever goes wrong is kept for the diagnosis."""
        try:
            with random_states_kept():
                step(*args)
        except Exception as error:
            self._trouble = self._trouble or f"{type(error).__name__}: {error}".splitlines()[0]


def examine(runs: Runs, x, y) -> list[Diagnosis]:
    """One diagnosis for each member of a population that kept snapshots; x, y as it was trained on.

    What the callback cannot judge, this cannot either, and says so; it raises for wrong arguments.
    """
    _check(x, y)
    return [diagnose(findings) for findings in findings_of_runs(runs, x, y)]


def diagnose(findings: Findings) -> Diagnosis:
    """The rule: the first sign that is there names the fault, the others are mentioned."""
    found: dict[str, tuple[str, bool]] = {}
    for fault, sign in SIGNS:
        if seen := sign(findings):
            found.setdefault(fault, seen)
    if found:
        fault, *others = found
        evidence, clear = found[fault]
        return Diagnosis(fault, evidence, "clear" if clear else "borderline", tuple(others))
    fraction, why = _remaining(findings), findings.unseen
    if not why and not np.isfinite(findings.scores[:1]).all():
        text = "The loss is not finite even before training: look for NaN, infinite or huge values"
        return Diagnosis(UNKNOWN, f"{text} in the data and in the first weights.", "none")
    if fraction < LEARNED:
        text = f"The loss is down to {fraction:.2g} of {CONSTANT}, and no sign of a fault is there"
        text += f" in what can be seen (not the layers: {why})" if why else ""
        return Diagnosis(HEALTHY, f"{text}.", "clear" if fraction < HALF_WAY else "borderline")
    if len(findings.loss) and np.isnan(findings.loss[-1]):
        text = "The loss stopped being finite: the rate is too high, or gradients explode"
    elif np.isnan(fraction):
        text = "There is nothing to compare the loss with"
    else:
        text = f"The loss is still {fraction:.2g} of {CONSTANT}"
        if not why:
            text += (
                ", but gradients, units and weights show no sign of a fault: noisy labels, a "
                "network that is too small, too few epochs, or weights given to classes or "
                "examples, which are not seen here, look like this"
            )
    if _stands_still(findings) and _why_no_rate(findings):
        text += f"; the weights have hardly moved, but {_why_no_rate(findings)}"
    text += f"; the layers could not be looked into: {why}" if why else ""
    return Diagnosis(UNKNOWN, text.rstrip(".") + ".", "none")


# --- the signs: each gives the evidence and whether it is clear, or None -------------------------

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
    if _recovered(f) or (f.normalized and _remaining(f) < LEARNED):
        return None  # with batch normalization every layer adds a little, whatever its weights
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
    if before < VANISHING and not after > STILL_VANISHING and _remaining(f) > HALF_WAY:
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
    if far > MOVED_TOO_FAR and _remaining(f) >= LEARNED:
        text = f"The weights of {kernel} are {far:.2g} times their first norm away from the start,"
        return f"{text} and the loss is {_remaining(f):.2g} of {CONSTANT}.", far > 3 * MOVED_TOO_FAR
    return None


def _rate_too_low(f: Findings) -> Seen:
    kernel, far = _largest(f.kernels, f.moved[-1])
    if _stands_still(f) and not _why_no_rate(f):
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
    if fraction >= DEAD and _remaining(f) >= LEARNED:
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


def _stands_still(f: Findings) -> bool:
    """Whether weights and loss have hardly moved, and the loss could still fall."""
    if f.unseen or len(f.loss) == 0 or np.isnan(f.loss[-1]):
        return False
    _, far = _largest(f.kernels, f.moved[-1])
    fell = f.scores[-1] <= STANDSTILL * f.scores[0]
    return far < HARDLY_MOVED and not fell and _remaining(f) > HALF_WAY


def _why_no_rate(f: Findings) -> str:
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
    """Whether it was trained before and knows something: signs of a bad start are then none."""
    return _trained(f) and _remaining(f) < LEARNED


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


def _remaining(f: Findings) -> float:
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


def _check(x, y) -> None:
    if (x is None) != (y is None):
        missing = "y" if y is None else "x"
        raise ValueError(f"{missing} is missing; pass both x and y, or neither")
    sizes = [_length(part) for part in keras.tree.flatten((x, y))] if x is not None else [1]
    if len(set(sizes)) > 1 or 0 in sizes:
        raise ValueError(
            f"x and y hold arrays of {sizes} examples; expected as many in each, at least one"
        )


def _length(part) -> int:
    if not hasattr(part, "shape") and not isinstance(part, list | tuple):
        raise TypeError(
            f"x or y holds a {type(part).__name__}; expected arrays. Of a data set, pass one large "
            "batch: x, y = next(iter(dataset))"
        )
    return len(part)
