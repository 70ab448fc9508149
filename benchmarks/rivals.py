"""What a reader would write by hand instead: a population in JAX, and one in torch.func.

Runs in an environment of its own (benchmarks/requirements.txt), on the arrays that the benchmark
leaves in a folder. `python rivals.py jax folder` answers a line of its input at a time, in JSON:
`["losses"]` with those of the first steps, `["loss only", 3]` with the seconds that three epochs
took. So the benchmark decides whose turn it is. Nothing of the course is imported.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MOMENTUM, EPSILON = 0.99, 1e-3  # of Keras's batch normalization
Task = dict[str, Any]
Work = tuple[Callable[..., Any], Callable[..., Any]]
"""What prepares the arrays, and what trains for one epoch."""


def orders(task: Task, epoch: int) -> np.ndarray:
    """The batches of an epoch, as `utils.population.batches` draws them: (member, step, batch)."""
    drawn = [
        np.random.default_rng([seed, epoch]).permutation(task["examples"])
        for seed in range(task["members"])
    ]
    return np.stack(drawn).reshape(task["members"], -1, task["batch"]).astype("int32")


def with_jax(task: Task, metrics: bool) -> Work:
    """`vmap` over members of a `scan` over steps."""
    import jax
    import jax.numpy as jnp

    def forward(weights: Any, state: Any, x: Any) -> tuple[Any, list[Any]]:
        weights, state, moved = iter(weights), iter(state), []
        for kind, *sizes in task["layers"]:
            if kind == "dense":
                x = x @ next(weights) + next(weights)
            elif kind == "relu":
                x = jnp.maximum(x, 0)
            elif kind == "batch norm":
                mean, variance = x.mean(0), x.var(0)
                x = (x - mean) / jnp.sqrt(variance + EPSILON) * next(weights) + next(weights)
                for now in (mean, variance):
                    moved.append(MOMENTUM * next(state) + (1 - MOMENTUM) * now)
            elif kind == "signal":
                x = x[..., None]
            elif kind == "convolution":
                dimensions = ("NWC", "WIO", "NWC")
                x = jax.lax.conv_general_dilated(
                    x, next(weights), (sizes[2],), "SAME", dimension_numbers=dimensions
                ) + next(weights)
            elif kind == "flatten":
                x = x.reshape(len(x), -1)
        return x @ next(weights) + next(weights), moved

    def loss(weights: Any, state: Any, x: Any, y: Any) -> tuple[Any, tuple[Any, Any]]:
        logits, moved = forward(weights, state, x)
        if task["binary"]:
            logits = logits[:, 0]
            each = jnp.logaddexp(0, logits) - y * logits
            right = (logits > 0) == y
        else:
            each = -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)
            right = logits.argmax(1) == y
        return each.mean(), (moved, right.mean() if metrics else 0.0)

    @jax.jit
    def epoch(weights: Any, state: Any, x: Any, y: Any, order: Any) -> Any:
        def member(weights: Any, state: Any, order: Any) -> Any:
            def step(carry: Any, places: Any) -> Any:
                weights, state = carry
                (value, (state, right)), gradients = jax.value_and_grad(loss, has_aux=True)(
                    weights, state, x[places], y[places]
                )
                weights = [w - task["rate"] * g for w, g in zip(weights, gradients, strict=True)]
                return (weights, state), (value, right)

            (weights, state), logs = jax.lax.scan(step, (weights, state), order)
            return weights, state, [log.mean() for log in logs]

        return jax.vmap(member)(weights, state, order)

    def prepare(arrays: Any) -> Any:
        return [[jnp.asarray(a) for a in part] for part in arrays]

    return prepare, epoch


def with_torch(task: Task, metrics: bool) -> Work:
    """`torch.func.vmap` over members of the gradient, in a loop over steps."""
    import torch
    from torch.nn import functional

    def forward(weights: Any, state: Any, x: Any) -> tuple[Any, list[Any]]:
        weights, state, moved = iter(weights), iter(state), []
        for kind, *sizes in task["layers"]:
            if kind == "dense":
                x = x @ next(weights) + next(weights)
            elif kind == "relu":
                x = torch.relu(x)
            elif kind == "batch norm":
                mean, variance = x.mean(0), x.var(0, unbiased=False)
                x = (x - mean) / torch.sqrt(variance + EPSILON) * next(weights) + next(weights)
                for now in (mean, variance):
                    moved.append(MOMENTUM * next(state) + (1 - MOMENTUM) * now)
            elif kind == "signal":
                x = x[:, None]
            elif kind == "convolution":
                _, width, stride = sizes
                missing = (-(-x.shape[2] // stride) - 1) * stride + width - x.shape[2]
                x = functional.pad(x, (missing // 2, missing - missing // 2))
                x = functional.conv1d(x, next(weights), next(weights), stride)
            elif kind == "flatten":
                x = x.transpose(1, 2).flatten(1)
        return x @ next(weights) + next(weights), moved

    def loss(weights: Any, state: Any, x: Any, y: Any) -> tuple[Any, tuple[Any, Any]]:
        logits, moved = forward(weights, state, x)
        if task["binary"]:
            value = functional.binary_cross_entropy_with_logits(logits[:, 0], y.float())
            right = (logits[:, 0] > 0) == y
        else:
            value = functional.cross_entropy(logits, y)
            right = logits.argmax(1) == y
        seen = right.float().mean() if metrics else value.detach()
        return value, (moved, seen)

    gradients = torch.func.vmap(torch.func.grad_and_value(loss, has_aux=True))

    def epoch(weights: Any, state: Any, x: Any, y: Any, order: Any) -> Any:
        logs = []
        for places in torch.as_tensor(order).long().unbind(1):
            slopes, (value, (state, right)) = gradients(weights, state, x[places], y[places])
            with torch.no_grad():
                weights = [w - task["rate"] * g for w, g in zip(weights, slopes, strict=True)]
            logs.append((value, right))
        return weights, state, [torch.stack(log).mean(0) for log in zip(*logs, strict=True)]

    def prepare(arrays: Any) -> Any:
        weights, state, (x, y) = [[torch.as_tensor(a) for a in part] for part in arrays]
        # Keras's kernels of convolutions are (width, in, out), torch's (out, in, width).
        weights = [w.permute(0, 3, 2, 1).contiguous() if w.dim() == 4 else w for w in weights]
        return weights, state, (x, y.long())

    return prepare, epoch


RIVALS = {"jax": with_jax, "torch": with_torch}
COUNTED = {"loss only": False, "with accuracy": True}


class Rival:
    """One way of training by hand, on one task."""

    def __init__(self, name: str, folder: Path) -> None:
        self.task = json.loads((folder / "task.json").read_text())
        with np.load(folder / "arrays.npz") as stored:
            parts = [[stored[f"{p}{i}"] for i in range(self.task[p])] for p in ("weights", "state")]
            self.arrays = (*parts, (stored["x"], stored["y"]))
        self.works = {key: RIVALS[name](self.task, metrics) for key, metrics in COUNTED.items()}

    def losses(self) -> list[float]:
        """The first member's mean loss over the steps that are compared."""
        prepare, epoch = self.works["loss only"]
        weights, state, given = prepare(self.arrays)
        first_steps = orders(self.task, 0)[:, : self.task["compared"]]
        return np.asarray(epoch(weights, state, *given, first_steps)[2][0]).tolist()

    def seconds(self, key: str, epochs: int) -> float:
        """What a call of so many epochs costs, the logs of every epoch included."""
        start = time.perf_counter()
        prepare, epoch = self.works[key]
        weights, state, given = prepare(self.arrays)
        for number in range(epochs):
            weights, state, logs = epoch(weights, state, *given, orders(self.task, number))
            for log in logs:
                np.asarray(log)
        return time.perf_counter() - start


if __name__ == "__main__":
    rival = Rival(sys.argv[1], Path(sys.argv[2]))
    for line in sys.stdin:
        question, *details = json.loads(line)
        answer = rival.seconds(question, *details) if details else rival.losses()
        print(json.dumps(answer), flush=True)
