"""What is prepared before anything is compiled: the model, examined once, and every start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from utils.population import capabilities, refusals
from utils.population import settings as own
from utils.population.arguments import Plan
from utils.population.initial import Build, Weights, built, initial_weights
from utils.population.settings import Settings


@dataclass(frozen=True, eq=False)
class Prepared:
    """One population before its training: the model of its first member, and what differs."""

    build: Build
    model: keras.Model
    fingerprint: str | None
    initial: Weights  # stacked: trainable, then non-trainable
    settings: Settings
    xla: bool


def prepare(
    build: Build, plan: Plan, initial: Any, masks: Any, learning_rate: Any, **numbers: Any
) -> Prepared:
    """Build and examine the model, draw all members' weights, and check their settings."""
    refusals.function(build)
    shape = plan.data.x.shape[1:]
    first = built(build, plan.seeds[0], shape)
    model = first.model
    refusals.model(model)
    refusals.outside(model, first.created)
    refusals.data(model, plan.data)
    refusals.stopping(model, plan.early_stopping, plan.data)
    settings = own.settings(model, len(plan.seeds), learning_rate, masks, **numbers)
    drawn = initial_weights(first, build, plan.seeds, shape)
    start = own.initial(initial, model, [np.stack(part) for part in zip(*drawn, strict=True)])
    given = [] if initial is None else start
    examples = [] if plan.examples is None else [plan.examples]
    differing = [settings.rates, *settings.numbers.values(), *settings.masks, *given, *examples]
    own.distinct(plan.seeds, differing)
    xla = capabilities.suits_xla(model) if plan.jit_compile is None else plan.jit_compile
    return Prepared(build, model, capabilities.fingerprint(model), start, settings, xla)
