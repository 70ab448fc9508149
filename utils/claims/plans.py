"""Plans older than results: what `plans.lock` holds of a plan, and what may change after it.

A plan is frozen by `make freeze`. What it promises may change later only with an entry in the
claim's `changes` that keeps the old text; `claims.settle` and `make check` refuse everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from utils.claims.entries import SOURCES, Claim, one_line

LOCK = "plans.lock"
PROMISED = ("plan", "settings", "expect", "settle_by", "says")


@dataclass(frozen=True)
class Frozen:
    """A plan as `make freeze` found it: digests of what it promised and of what it had promised."""

    date: str
    promised: Mapping[str, str]
    was: tuple[str, ...]


def frozen(claim: Claim, sources: Path = SOURCES) -> str | None:
    """What keeps a claim from being settled: its plan is not frozen, or not the frozen one."""
    command = f"make freeze CH={claim.chapter}"
    lock = locked(claim.chapter, sources).get(claim.id)
    if lock is None:
        return f"the plan of {claim.id} is not frozen: {command}"
    if broken(claim, lock):
        return f"{broken(claim, lock)}, then {command}"
    if lock.promised != digests(claim):
        return f"the plan of {claim.id} was changed since {lock.date} and is not frozen: {command}"
    return None


def broken(claim: Claim, lock: Frozen) -> str | None:
    """What of a frozen plan was changed silently, and the edit that mends it."""
    was = tuple(digest(change.was) for change in claim.changes)
    if was[: len(lock.was)] != lock.was:
        return (
            f"the `changes` of {claim.id} are not those that were frozen on {lock.date}: put back "
            "what they said, oldest first"
        )
    parts = unexplained(claim, lock)
    if not parts:
        return None
    names = " and ".join(f"`{part}`" for part in parts)
    return (
        f"{names} of {claim.id} changed silently since {lock.date}: put the old text back, or add "
        "an entry to its `changes` for each, with date, reason and `was`, the old text"
    )


def unexplained(claim: Claim, lock: Frozen) -> list[str]:
    """The parts of a promise that changed without a new entry of `changes` that keeps them."""
    told = {digest(""), *(digest(change.was) for change in claim.changes[len(lock.was) :])}
    now = digests(claim)
    return [p for p in PROMISED if now[p] != lock.promised[p] and lock.promised[p] not in told]


def promise(claim: Claim) -> dict[str, str]:
    """What a claim's plan promises, part by part, as the text that `was` keeps of it."""
    values = {part: getattr(claim, part) for part in PROMISED}
    return {k: v if isinstance(v, str) else "; ".join(v) for k, v in values.items()}


def digests(claim: Claim) -> dict[str, str]:
    """The promise as `plans.lock` holds it."""
    return {part: digest(text) for part, text in promise(claim).items()}


def digest(text: str) -> str:
    """A short fingerprint of a text, whatever its line breaks."""
    return hashlib.sha256(one_line(text).encode()).hexdigest()[:12]


def locked(chapter: str, sources: Path = SOURCES) -> Mapping[str, Frozen]:
    """A chapter's frozen plans by claim; none where nothing was frozen yet."""
    path = sources / chapter / LOCK
    if not path.exists():
        return {}
    try:
        return {
            claim: Frozen(
                str(date.fromisoformat(entry["date"])),
                {part: entry["promised"][part] for part in PROMISED},
                tuple(entry["was"]),
            )
            for claim, entry in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        name = f"sources/{path.parent.name}/{path.name}"
        raise ValueError(
            f"{name} is not what `make freeze` writes (a merge conflict?): restore it with git, "
            f"then make freeze CH={path.parent.name}"
        ) from error
