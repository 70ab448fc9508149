"""The ledger as data: what claims.yml may hold, and clear errors for what it may not.

Needs PyYAML alone, so that the book is built and checked without NumPy or TensorFlow.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LEDGER = Path(__file__).resolve().parent.parent / "claims.yml"

KINDS = ("definition", "algorithm", "claim", "recommendation", "figure", "table")
EXPECTATIONS = ("holds", "holds-with-conditions", "disputed", "wrong-as-stated")
SETTLED_BY = ("experiment", "check", "reading")


@dataclass(frozen=True)
class Claim:
    """One statement of the notes, in our words, and how the course settles it."""

    id: str
    kind: str
    chapter: str
    says: str
    places: tuple[str, ...]
    expect: str
    why: str
    settle_by: str
    how: str
    run: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """The whole of claims.yml: notes, chapters in order, shared runs, and the claims by id."""

    notes: Mapping[str, Mapping[str, Any]]
    chapters: tuple[str, ...]
    runs: Mapping[str, str]
    claims: Mapping[str, Claim]


class _OnceLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which no key stands twice, where the last one would win silently."""

    def construct_mapping(self, node, deep=False):
        """The mapping, or an error at the key that repeats another."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


@functools.lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Ledger:
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.load(text, Loader=_OnceLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path.name} is not valid YAML: {error}") from error
    return _validated(data, path.name)


def load(path: Path = LEDGER) -> Ledger:
    """Read and check a ledger; every fault is a ValueError that names the claim and the field."""
    return _load(Path(path), Path(path).stat().st_mtime_ns)


def ledger() -> dict[str, Claim]:
    """All claims by id, in the order of the book."""
    return dict(load().claims)


def _validated(data: Any, name: str) -> Ledger:
    sections = {"notes": dict, "chapters": list, "runs": dict, "claims": list}
    for section, kind in sections.items():
        if not isinstance(data, dict) or not isinstance(data.get(section), kind):
            raise ValueError(f"{name}: expected a {kind.__name__} under `{section}:`")
    chapters = data["chapters"]
    if not all(isinstance(c, str) for c in chapters) or len(set(chapters)) < len(chapters):
        raise ValueError(f"{name}: expected each chapter's name once under `chapters:`")
    for letter, note in data["notes"].items():
        if (
            not isinstance(note, dict)
            or not note.get("title")
            or type(note.get("lines")) is not int
        ):
            raise ValueError(f"{name}: note {letter} needs `title` and `lines` (a number)")
    claims: dict[str, Claim] = {}
    for position, entry in enumerate(data["claims"], start=1):
        claim = _claim(entry, position, data, name)
        if claim.id in claims:
            raise ValueError(f"{name}: the id {claim.id} is used twice; ids are unique")
        claims[claim.id] = claim
    for claim in claims.values():
        for other in claim.conflicts:
            if other not in claims:
                raise ValueError(f"{name}: {claim.id} conflicts with {other}, an unknown id")
    return Ledger(data["notes"], tuple(data["chapters"]), data["runs"], claims)


def _claim(entry: Any, position: int, data: Mapping[str, Any], name: str) -> Claim:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise ValueError(f"{name}: claim number {position} has no `id`")
    where = f"{name}: {entry['id']}"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["id"]):
        raise ValueError(f"{where}: an id is lower-case words joined by hyphens")
    lists, fields = ("places", "conflicts"), Claim.__dataclass_fields__
    blank = {f for f, v in entry.items() if not v or (isinstance(v, str) and not v.strip())}
    missing = [f for f in fields if f != "conflicts" and (f in blank or f not in entry)]
    unknown = [str(field) for field in entry if field not in fields]
    if missing or unknown:
        found = [f"`{field}` is missing" for field in missing]
        found += [f"`{field}` is not a field of a claim" for field in unknown]
        raise ValueError(f"{where}: {', '.join(found)}")
    for field, value in entry.items():
        right = (
            isinstance(value, list) and all(isinstance(item, str) for item in value)
            if field in lists
            else isinstance(value, str)
        )
        if not right:
            expected = "a list of strings" if field in lists else "text"
            raise ValueError(f"{where}: `{field}` is {value!r}, expected {expected}")
    allowed: dict[str, Iterable[str]] = {
        "kind": KINDS,
        "expect": EXPECTATIONS,
        "settle_by": SETTLED_BY,
        "chapter": data["chapters"],
        "run": data["runs"],
    }
    for field, choices in allowed.items():
        if entry[field] not in choices:
            raise ValueError(
                f"{where}: unknown {field} {entry[field]!r}; expected one of {', '.join(choices)}"
            )
    for place in entry["places"]:
        match = re.fullmatch(r"([A-Z]):([1-9][0-9]*)", place)
        note = data["notes"].get(match[1]) if match else None
        if match is None or note is None or int(match[2]) > note["lines"]:
            raise ValueError(
                f"{where}: bad place {place!r}; expected a note and one of its lines, such as A:12"
            )
    return Claim(**{k: tuple(v) if k in lists else " ".join(v.split()) for k, v in entry.items()})
