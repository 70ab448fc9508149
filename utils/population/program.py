"""TensorFlow's share of the population engine: the compiled training of all members.

Everything here works on *stacked* arrays, whose leading axis counts the members. Another backend
needs this file, `forward` and `optimizer` once more.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.keras_internals import draws_numbers
from utils.population import capabilities, convolution
from utils.population.forward import Arrays, Forward, Logs, member_pass, quietly
from utils.population.member import Prepared
from utils.population.optimizer import per_member, stacked_optimizer
from utils.population.refusals import BY_LOOP, dense_gradients, drawing

MOST_PROGRAMS = 16
programs: dict[
    tuple[str | None, Kind], Program
] = {}  # compiled ones, the least recently used first

RANDOM = (
    "RandomStandardNormal RandomUniform RandomUniformInt TruncatedNormal Multinomial "
    "RandomShuffle RandomGamma RandomPoissonV2 ParameterizedTruncatedNormal "
    "StatefulStandardNormalV2 StatefulUniform StatefulUniformInt StatefulTruncatedNormal"
).split()


@dataclass(frozen=True)
class Kind:
    """What a program is compiled for, besides the model."""

    members: int
    own: tuple[str, ...]  # numbers of the optimizer that each member has for itself
    masked: bool
    stops: bool
    ragged: bool  # whether the last batch of an epoch is short
    target: tuple[int, ...]  # the shape of an example's target, on which Keras's metrics depend
    xla: bool


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some periods of training: which examples every member sees in which step."""

    order: np.ndarray  # (period, step, member, batch), zeros where there is nothing
    steps: np.ndarray  # (period,): how many are to be taken
    examples: np.ndarray  # (period, step): how many of a batch are examples
    periods: int  # how many of the periods are to be taken


class NoXla(Exception):
    """XLA refuses to compile a program."""


def program_for(prepared: Prepared, kind: Kind) -> Program:
    """The compiled program for such a population, from an earlier call where there is one."""
    if prepared.fingerprint is None:
        return Program(prepared.model, kind)
    key = (prepared.fingerprint, kind)
    programs[key] = programs.pop(key) if key in programs else Program(prepared.model, kind)
    if len(programs) > MOST_PROGRAMS:
        del programs[next(iter(programs))]
    return programs[key]


def without_xla(prepared: Prepared, program: Program, reason: str) -> Program:
    """The program, compiled without XLA for this once, and a warning that says so."""
    warnings.warn(
        f"XLA cannot compile this model here, so training runs without it: {reason}", stacklevel=4
    )
    programs.pop((prepared.fingerprint, program.kind), None)
    program.compile(xla=False)
    return program


class Program:
    """One population: stacked variables, one optimizer, and the compiled training."""

    inside = 2**17  # validation examples times members up to which validation is compiled too

    def __init__(self, model: keras.Model, kind: Kind) -> None:
        self.model, self.kind = model, kind
        self._build_metrics()
        self.splits = capabilities.splits_freely(model)
        self.whole = not kind.ragged or capabilities.can_pad(model)  # no short batch by itself
        self.by_batch = not self.splits or capabilities.draws_to_predict(model)
        self.draws = draws_numbers(model)
        self.forward = Forward(model)
        self.keys = list(model.get_metrics_result())
        self.trainable = [_stacked(v, kind.members) for v in model.trainable_variables]
        self.non_trainable = [_stacked(v, kind.members) for v in model.non_trainable_variables]
        self.masks = [tf.Variable(tf.ones(v.shape)) for v in self.trainable if kind.masked]
        self.active = tf.Variable(tf.ones(kind.members, tf.bool)) if kind.stops else None
        self.optimizer = stacked_optimizer(model, self.trainable, kind.members, kind.own)
        self.unused = [v.numpy() for v in self.optimizer.variables]  # its state before any step
        self.refusal: Exception | None = None
        self.compile(kind.xla)

    def compile(self, xla: bool) -> None:
        """Choose how TensorFlow compiles the training; it does so at the first call."""
        periods, steps = self._run_periods, self._run_steps
        if xla:
            compiled = convolution.as_products(self.model)
            periods, steps = compiled(periods), compiled(steps)
        self._periods = tf.function(periods, autograph=False, jit_compile=xla)
        self._steps = tf.function(steps, autograph=False, jit_compile=xla)
        # One step is not worth compiling, unless XLA deals out other random numbers.
        alone = tf.function(self._run_steps, autograph=False)
        self._short = self._steps if self.draws else alone

    def load(self, prepared: Prepared) -> None:
        """Start afresh: initial weights, the state of a new optimizer, everybody's settings."""
        _assign(self.trainable + self.non_trainable, prepared.initial)
        _assign(self.optimizer.variables, self.unused)
        own = self.optimizer.own
        for name, values in prepared.settings.numbers.items():
            own[name].assign(values)
        if "learning_rate" in own:
            own["learning_rate"].assign(prepared.settings.rates)
        if self.active is not None:
            self.active.assign(tf.ones(self.kind.members, tf.bool))
        _assign(self.masks, prepared.settings.masks)
        self._apply_masks()

    def validates_inside(self, validation: Any) -> bool:
        """Whether validation is part of the compiled training."""
        fits = len(validation[0]) * self.kind.members <= self.inside
        return self.whole and not self.by_batch and fits

    @quietly
    def train(self, x: Any, y: Any, validation: Any, chunk: Chunk, batch_size: int) -> list[Logs]:
        """Train some periods; the logs of each."""
        inside = validation is not None and self.validates_inside(validation)
        if self.whole:
            valid = None
            if self.kind.ragged:
                valid = np.arange(chunk.order.shape[-1]) < chunk.examples[..., None]
                valid = valid.astype("float32")
            counts = chunk.steps.astype("int32")
            given = [x, y, validation if inside else None, chunk.order, valid, counts]
            found = self._called(self._periods, *given, np.int32(chunk.periods)).numpy()
            keys = self.keys + [f"val_{key}" for key in self.keys if inside]
            logs = [dict(zip(keys, row, strict=True)) for row in found[: chunk.periods]]
        else:
            logs = [self._ragged_period(x, y, chunk)]
        if validation is not None and not inside:
            size = batch_size if self.by_batch else None
            scores, after = self.forward.evaluate(*self._values(), *validation, size)
            _assign(self.non_trainable, after)
            logs[-1] |= {f"val_{key}": value for key, value in scores.items()}
        return logs

    def stop(self, active: np.ndarray) -> None:
        """Freeze the members that are not `active`."""
        if self.active is not None:
            self.active.assign(active)

    def finish(self) -> None:
        """What Keras does after the last epoch: averaged weights take over, where asked for."""
        self.optimizer.finalize_variable_values(self.trainable)
        self._apply_masks()

    def weights(self) -> tuple[Arrays, Arrays]:
        """Copies of the present weights: trainable, non-trainable."""
        trainable, non_trainable = self._values()
        return [v.numpy() for v in trainable], [v.numpy() for v in non_trainable]

    def _build_metrics(self) -> None:
        """Let Keras settle loss and metrics on a first batch, as `fit` does."""
        shape = [2 if n is None else n for n in self.model.inputs[0].shape]
        x = keras.ops.zeros(shape, self.model.inputs[0].dtype)
        y = keras.ops.zeros((shape[0], *self.kind.target))
        prediction = self.model(x, training=False)
        self.model.compute_loss(x, y, prediction, None, training=False)
        self.model.compute_metrics(x, y, prediction)
        self.model.reset_metrics()

    def _called(self, function: Any, *args: Any) -> Any:
        """The function's value; a refusal while it is traced comes as it was raised."""
        self.refusal = None
        try:
            return function(*args)
        except Exception as error:
            if self.refusal is not None:
                raise self.refusal from None
            text = str(error)
            kinds = tf.errors.UnimplementedError, tf.errors.InvalidArgumentError
            compiling = any(word in text for word in ("XLA", "compil", "unsupported operations"))
            if self.kind.xla and compiling and isinstance(error, kinds):
                raise NoXla(text.strip().splitlines()[0]) from error
            raise

    def _ragged_period(self, x: Any, y: Any, chunk: Chunk) -> Logs:
        """One period with short batches, each of which is a step by itself."""
        metrics = self.forward.fresh_metrics(self.kind.members)
        order, count = chunk.order[0], int(chunk.steps[0])
        size = order.shape[-1]
        first = 0
        while first < count:
            short = chunk.examples[0, first] < size
            last = first + 1
            while not short and last < count and chunk.examples[0, last] == size:
                last += 1
            if short:
                part = order[first:last, :, : chunk.examples[0, first]]
                metrics = self._called(self._short, x, y, part, None, np.int32(1), metrics)
            else:
                part = np.zeros_like(order)
                part[: last - first] = order[first:last]
                steps = np.int32(last - first)
                metrics = self._called(self._steps, x, y, part, None, steps, metrics)
            first = last
        return self.forward.logs(metrics)

    def _values(self) -> Any:
        read = tf.convert_to_tensor
        return [read(v.value) for v in self.trainable], [read(v.value) for v in self.non_trainable]

    def _run_periods(
        self, x: Any, y: Any, validation: Any, order: Any, valid: Any, counts: Any, periods: Any
    ) -> Any:
        """The logs of all periods: (period, key, member)."""
        keys = len(self.keys) * (1 if validation is None else 2)
        dtype = keras.config.floatx()
        places = tf.range(order.shape[0])[:, None, None]

        def body(period: Any, logs: Any) -> Any:
            metrics = self.forward.fresh_metrics(self.kind.members)
            part = None if valid is None else valid[period]
            metrics = self._run_steps(x, y, order[period], part, counts[period], metrics)
            rows = list(self.forward.logged(metrics).values())
            if validation is not None:
                fresh = self.forward.fresh_metrics(self.kind.members)
                trainable, other = self._values()
                x_val, y_val = validation
                _, scores = self.forward.scored(trainable, other, fresh, x_val, y_val)
                rows += self.forward.logged(scores).values()
            new = tf.stack([tf.cast(row, dtype) for row in rows])
            return period + 1, tf.where(places == period, new[None], logs)

        empty = tf.zeros((order.shape[0], keys, self.kind.members), dtype)
        return tf.while_loop(lambda period, _: period < periods, body, (0, empty))[1]

    def _run_steps(self, x: Any, y: Any, order: Any, valid: Any, count: Any, metrics: Any) -> Any:
        def body(step: Any, metrics: Any) -> Any:
            batch = tf.gather(x, order[step]), tf.gather(y, order[step])
            return step + 1, self._step(*batch, None if valid is None else valid[step], metrics)

        if order.shape[0] == 1:
            return body(0, metrics)[1]
        return tf.while_loop(lambda step, _: step < count, body, (0, metrics))[1]

    def _step(self, x: Any, y: Any, valid: Any, metrics: Any) -> Any:
        connected: list[bool] = []

        def one(args: Any) -> Any:
            try:
                return self._gradients(args, valid, connected)
            except NotImplementedError as error:
                self.refusal = error
                raise

        trainable, old = self._values()
        gradients, new, metrics = self._mapped(one, (trainable, old, metrics, x, y))
        remaining = iter(gradients)
        self.optimizer.apply([next(remaining) if c else None for c in connected], self.trainable)
        self._apply_masks()
        if self.active is not None:
            self._keep_stopped(self.trainable, trainable)
            new = [
                tf.where(per_member(self.active, n), n, o) for n, o in zip(new, old, strict=True)
            ]
        _assign(self.non_trainable, new)
        return metrics

    def _gradients(self, args: Any, valid: Any, connected: list[bool]) -> Any:
        """One member's gradients, with its non-trainables and metrics after the batch."""
        trainable, non_trainable, metrics, x, y = args
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            loss, *state = member_pass(
                self.model, trainable, non_trainable, metrics, x, y, valid, training=True
            )
            loss = self.optimizer.scale_loss(loss)
        for operation in tf.compat.v1.get_default_graph().get_operations():
            if operation.type in RANDOM:
                drawing(operation.name)
        gradients = tape.gradient(loss, trainable)
        pairs = zip(gradients, self.model.trainable_variables, strict=True)
        dense_gradients(self.model, [v for g, v in pairs if isinstance(g, tf.IndexedSlices)])
        connected[:] = [g is not None for g in gradients]
        return [tf.convert_to_tensor(g) for g in gradients if g is not None], *state

    def _mapped(self, one: Any, arguments: Any) -> Any:
        """`one` for all members at once; refuses the loops that TensorFlow cannot map."""
        try:
            return tf.vectorized_map(one, arguments)
        except TypeError as error:
            if "variant" not in str(error):
                raise
            self.refusal = NotImplementedError(
                "A recurrent layer that follows other trainable layers loops in a way that cannot "
                f"be trained as a population; create it with unroll=True, or {BY_LOOP}."
            )
            raise

    def _keep_stopped(self, variables: Any, old: Any) -> None:
        for variable, value in zip(variables, old, strict=True):
            variable.assign(tf.where(per_member(self.active, value), variable.value, value))

    def _apply_masks(self) -> None:
        for variable, mask in zip(self.trainable, self.masks, strict=bool(self.masks)):
            variable.assign(variable * mask)


def _assign(variables: Any, values: Any) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _stacked(variable: keras.Variable, members: int) -> keras.Variable:
    """A variable for all members at once: (member, *shape)."""
    stacked = keras.Variable(
        np.zeros((members, *variable.shape), variable.dtype),
        dtype=variable.dtype,
        trainable=variable.trainable,
        name=variable.name,
    )
    constraint = getattr(variable, "constraint", None)
    if constraint is not None:
        stacked.constraint = _ForEach(constraint)
    return stacked


class _ForEach(keras.constraints.Constraint):
    """A constraint of one member's variable, for each member of a stacked one."""

    def __init__(self, constraint: Any) -> None:
        self.constraint = constraint

    def __call__(self, w: Any) -> Any:
        return tf.vectorized_map(self.constraint, tf.convert_to_tensor(w))
