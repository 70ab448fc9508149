"""In which order every member sees its examples."""

from __future__ import annotations

import numpy as np

from utils.population.arguments import Plan
from utils.population.program import Chunk

MOST_NUMBERS, MOST_PERIODS = 2**20, 10  # of one chunk: bounds its memory, and how a bar jumps


def batches(seed: int, epoch: int, samples: int, batch_size: int) -> list[np.ndarray]:
    """The batches that a member sees in one epoch (from 0): indices of examples, the last short.

    Feed them to a plain `fit(shuffle=False)` to replay a member. Of a member with `examples=` they
    are positions in its own examples.
    """
    order = _shuffled(seed, epoch, samples)
    return [order[i : i + batch_size] for i in range(0, samples, batch_size)]


def _shuffled(seed: int, epoch: int, samples: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(samples)


class Orders:
    """The steps of a plan, cut into chunks of one shape, so that one program fits them all."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.longest = max(plan.periods)
        numbers = self.longest * len(plan.seeds) * plan.batch_size
        self.most = max(1, min(MOST_PERIODS, MOST_NUMBERS // numbers))
        self.starts = np.concatenate([[0], np.cumsum(plan.periods)])
        self.epoch = -1
        self.current: np.ndarray = np.zeros(0, "int32")  # the batches of that epoch

    def chunk(self, first: int, periods: int, room: int) -> Chunk:
        """Periods from `first` (from 0) on, in an array with room for more."""
        plan = self.plan
        members, longest = len(plan.seeds), self.longest
        order = np.zeros((room, longest, members, plan.batch_size), "int32")
        examples = np.full((room, longest), plan.batch_size, "int32")
        steps = np.zeros(room, "int32")
        for place in range(periods):
            a, b = self.starts[first + place], self.starts[first + place + 1]
            steps[place] = b - a
            self._fill(order[place], examples[place], a, b)
        return Chunk(order, steps, examples, periods)

    def _fill(self, order: np.ndarray, examples: np.ndarray, first: int, last: int) -> None:
        size, epoch_steps = self.plan.batch_size, self.plan.steps_per_epoch
        short = self.plan.samples % size
        step = first
        while step < last:
            epoch, begin = divmod(step, epoch_steps)
            end = min(epoch_steps, begin + last - step)
            place = slice(step - first, step - first + end - begin)
            order[place] = self._of_epoch(epoch)[begin:end]
            if short and end == epoch_steps:
                examples[place.stop - 1] = short
            step += end - begin

    def _of_epoch(self, epoch: int) -> np.ndarray:
        """All batches of an epoch: (step, member, batch), the last filled up with zeros."""
        if epoch == self.epoch:
            return self.current
        plan = self.plan
        samples, size, steps = plan.samples, plan.batch_size, plan.steps_per_epoch
        flat = np.zeros((len(plan.seeds), steps * size), "int32")
        drawn = {seed: _shuffled(seed, epoch, samples) for seed in set(plan.seeds)}
        for member, seed in enumerate(plan.seeds):
            own = drawn[seed]
            flat[member, :samples] = own if plan.examples is None else plan.examples[member][own]
        self.epoch = epoch
        self.current = flat.reshape(len(plan.seeds), steps, size).swapaxes(0, 1)
        return self.current
