"""Trains a prepared population to the end of its plan."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from utils.population.arguments import Plan
from utils.population.forward import Arrays, Logs
from utils.population.member import Prepared
from utils.population.orders import Orders
from utils.population.program import Kind, NoXla, Program, program_for, without_xla
from utils.population.stopping import Stopper


@dataclass(frozen=True, eq=False)
class Trained:
    """What training leaves."""

    program: Program
    logs: list[Logs]  # of each period
    snapshots: dict[int, tuple[Arrays, Arrays]]
    weights: tuple[Arrays, Arrays]
    stopper: Stopper | None


def run(prepared: Prepared, plan: Plan) -> Trained:
    """Find or make the program, load it, and train."""
    kind = Kind(
        members=len(plan.seeds),
        own=tuple(sorted(prepared.settings.numbers)),
        masked=bool(prepared.settings.masks),
        stops=plan.early_stopping is not None,
        ragged=plan.samples % plan.batch_size > 0,
        target=plan.data.y.shape[1:],
        xla=prepared.xla,
    )
    program = program_for(prepared, kind)
    try:
        return _train(program, prepared, plan)
    except NoXla as refusal:  # before the first step
        return _train(without_xla(prepared, program, str(refusal)), prepared, plan)


def _train(program: Program, prepared: Prepared, plan: Plan) -> Trained:
    program.load(prepared)
    rule = plan.early_stopping
    stopper = Stopper(rule, program.model, len(plan.seeds)) if rule else None
    logs: list[Logs] = []
    kept = {0: program.weights()} if plan.snapshots else {}
    x, y = map(tf.constant, (plan.data.x, plan.data.y))
    validation = plan.data.validation and tuple(map(tf.constant, plan.data.validation))
    together = program.whole and not stopper
    together &= validation is None or program.validates_inside(validation)
    orders, names = Orders(plan), plan.names
    room = orders.most if together else 1
    unit = "step" if plan.by_steps else "epoch"
    shown = someone_watches() if plan.progress is None else plan.progress
    total = len(plan.periods)
    with tqdm(
        total=names[-1],
        desc=f"{len(plan.seeds)} members",
        unit=unit,
        leave=False,
        disable=not shown,
    ) as bar:
        while len(logs) < total:
            done = len(logs)
            if stopper and not stopper.active.any():
                logs += [logs[-1]] * (total - done)
                break
            boundary = done + plan.snapshots - done % plan.snapshots if plan.snapshots else total
            chunk = orders.chunk(done, min(room, boundary - done, total - done), room)
            new = program.train(x, y, validation, chunk, plan.batch_size)
            if stopper:
                new = [_followed(stopper, program, done, new[0], logs)]
            logs += new
            if plan.snapshots and len(logs) % plan.snapshots == 0:
                kept[names[len(logs) - 1]] = program.weights()
            bar.update(names[len(logs) - 1] - bar.n)
    program.finish()
    weights = program.weights()
    if plan.snapshots:
        kept[names[-1]] = weights  # after `finish`, which may average them
    return Trained(program, logs, kept, weights, stopper)


def _followed(stopper: Stopper, program: Program, period: int, log: Logs, logs: list[Logs]) -> Logs:
    """Let early stopping take in a period; who had stopped before repeats the last values."""
    running = stopper.active.copy()
    if logs:
        log = {key: np.where(running, log[key], logs[-1][key]) for key in log}
    restores = stopper.rule.restore_best_weights
    stopper.update(period, log, program.weights() if restores else None)
    program.stop(stopper.active)
    return log


def someone_watches() -> bool:
    """Whether a bar would be seen: a terminal, or an interactive notebook.

    Tools that execute notebooks to store them allow no input, so nothing is left in the outputs.
    """
    if sys.stderr.isatty():
        return True
    try:
        shell = get_ipython()  # type: ignore[name-defined]
        return bool(shell.get_parent()["content"]["allow_stdin"])
    except (NameError, AttributeError, KeyError, TypeError):
        return False
