"""The largest eigenvalues of symmetric matrices that are known only by what they do to vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEAST = 10  # steps, in which a direction that the start nearly lacks still comes to the top
ROUNDING = 1e-6  # of products in float32, relative to the eigenvalue of largest magnitude


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest eigenvalue of each matrix in the algebraic sense: 1 is larger than -2."""

    values: np.ndarray
    """NaN where not settled, or where a product was not finite: (member,)."""
    vectors: np.ndarray
    """Unit eigenvectors, or the best that was found; NaN where a product was not: (member, n)."""
    steps: np.ndarray
    """How many products it took, or were allowed: (member,)."""

    @property
    def unsettled(self) -> np.ndarray:
        """Where the allowed steps did not suffice: (member,)."""
        return np.isnan(self.values) & np.isfinite(self.vectors).all(axis=1)


def largest(
    product: Callable[[np.ndarray], np.ndarray],
    starts: np.ndarray,
    tolerance: float,
    most_steps: int,
) -> Largest:
    """Lanczos's method with full reorthogonalization, for all matrices at once.

    `product` multiplies each matrix H with its row of (member, n). The largest eigenvalue e with
    unit vector v is settled where |Hv - ev| is at most `tolerance` times |e|, or lost in rounding,
    after ten steps or more. `starts` (member, n) need some share of the vectors sought.
    """
    members, size = starts.shape
    basis = np.empty((members, most_steps, size))
    inner = np.zeros((members, most_steps, most_steps))  # each matrix as its basis sees it
    values, vectors = np.full(members, np.nan), np.array(starts)
    steps, open_still = np.full(members, most_steps), np.full(members, True)
    broken = ~np.isfinite(starts).all(axis=1)
    following = _unit(np.where(broken[:, None], 1.0, starts))
    for count in range(1, most_steps + 1):
        last = count - 1
        basis[:, last] = following
        seen = basis[:, :count]
        rest = np.asarray(product(following), "float64")
        broken |= ~np.isfinite(rest).all(axis=1)
        rest[broken] = 0.0
        inner[:, last, last] = np.einsum("mn,mn->m", following, rest)
        rest = _without(seen, _without(seen, rest))  # what one pass leaves of the basis is rounding
        length = np.linalg.norm(rest, axis=1)
        found, mixtures = np.linalg.eigh(inner[:, :count, :count])
        top, mixture = found[:, -1], mixtures[:, :, -1]
        residual = length * np.abs(mixture[:, -1])
        rounding = ROUNDING * np.abs(found).max(axis=1)
        enough = (count >= min(LEAST, size)) | (length <= rounding)  # or nothing is left to search
        settled = open_still & enough & (residual <= np.maximum(tolerance * np.abs(top), rounding))
        values[settled], steps[settled] = top[settled], count
        done = settled | (open_still & (count == most_steps))
        vectors[done] = np.einsum("mk,mkn->mn", mixture[done], seen[done])
        open_still &= ~done
        if not open_still.any():
            break
        inner[:, last, count] = inner[:, count, last] = length
        following = _unit(rest)
    values[broken], vectors[broken] = np.nan, np.nan
    return Largest(values, vectors, steps)


def _without(basis: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows (member, n) without their share of the orthonormal bases (member, k, n)."""
    shares = basis @ rows[:, :, None]
    return rows - (basis.swapaxes(1, 2) @ shares)[:, :, 0]


def _unit(rows: np.ndarray) -> np.ndarray:
    """The rows at length 1; a row of zeros stays."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1.0)
