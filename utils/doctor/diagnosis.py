"""From symptoms to a diagnosis: what is wrong with a network that does not learn, and the cure.

Introduced in the chapter "Diagnosis". `Doctor` is a callback for an
ordinary `fit` of any Keras model; `examine` does the same for every member of a population. Both
measure, and `diagnose` is the rule: a pure function of the findings. It looks for causes before
consequences, since an input that is too large also saturates units, and a network whose units are
all alike has no useful gradient either. Where it sees nothing wrong and yet no learning, it says
that it cannot judge.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from utils.doctor.examination import Examination, Findings, findings_of_runs, random_states_kept
from utils.doctor.signs import (
    CONSTANT,
    HALF_WAY,
    LEARNED,
    SIGNS,
    remaining,
    stands_still,
    why_no_rate,
)
from utils.signals import whole_epochs

if TYPE_CHECKING:
    from utils.population import Runs

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

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
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
    nothing else stands out, it then says that it cannot judge. A trained network that was
    compiled again counts as untrained, unless its loss is low from the start. Batch normalization
    is seen as in training, by the statistics of the examples, for the loss as well, and dropout as
    in prediction; whether moving statistics are ready for predictions is not asked.
    """

    def __init__(self, x: Any = None, y: Any = None, every: int | None = None) -> None:
        super().__init__()
        if every is not None:
            whole_epochs(every)
        _check(x, y)
        self.x, self.y, self.every = x, y, every
        self._examination: Examination | None = None
        self._trouble = ""

    def on_train_begin(self, logs: Any = None) -> None:
        """Measure the initial weights."""
        self._examination, self._trouble = None, ""
        self._try(self._begin)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the loss; measure where it is time."""
        self._try(self._note, (logs or {}).get("loss"))

    def on_train_end(self, logs: Any = None) -> None:
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

    def _note(self, loss: float | None) -> None:
        if self._examination is None:
            return
        self._epoch = epoch = self._epoch + 1  # of this `fit`, whatever its initial_epoch
        if loss is not None:
            self._examination.losses.append(float(loss))
        due = epoch & (epoch - 1) == 0 if self.every is None else epoch % self.every == 0
        if due:
            self._examination.look(epoch)

    def _finish(self) -> None:
        if self._examination is not None:  # averaged or restored weights may have taken over
            if self._epoch > 0 and self._examination.epochs[-1:] == [self._epoch]:
                self._examination.epochs.pop()
                self._examination.rows.pop()
            if self._epoch not in self._examination.epochs:
                self._examination.look(self._epoch)

    def _try(self, step: Callable[..., None], *args: Any) -> None:
        """A doctor must not kill: whatever goes wrong is kept for the diagnosis."""
        try:
            with random_states_kept():
                step(*args)
        except Exception as error:
            self._trouble = self._trouble or f"{type(error).__name__}: {error}".splitlines()[0]


def examine(runs: Runs, x: Any, y: Any) -> list[Diagnosis]:
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
    fraction, why = remaining(findings), findings.unseen
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
    if stands_still(findings) and why_no_rate(findings):
        text += f"; the weights have hardly moved, but {why_no_rate(findings)}"
    text += f"; the layers could not be looked into: {why}" if why else ""
    return Diagnosis(UNKNOWN, text.rstrip(".") + ".", "none")


def _check(x: Any, y: Any) -> None:
    if (x is None) != (y is None):
        missing = "y" if y is None else "x"
        raise ValueError(f"{missing} is missing; pass both x and y, or neither")
    sizes = [_length(part) for part in keras.tree.flatten((x, y))] if x is not None else [1]
    if len(set(sizes)) > 1 or 0 in sizes:
        raise ValueError(
            f"x and y hold arrays of {sizes} examples; expected as many in each, at least one"
        )


def _length(part: Any) -> int:
    if not hasattr(part, "shape") and not isinstance(part, list | tuple):
        raise TypeError(
            f"x or y holds a {type(part).__name__}; expected arrays. Of a data set, pass one large "
            "batch: x, y = next(iter(dataset))"
        )
    return len(part)
