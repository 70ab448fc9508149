"""The ledger as data: what the files of claims may hold, and clear errors for what it may not.

Needs PyYAML alone, so that the book is built and checked without NumPy or TensorFlow.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

SOURCES = Path(__file__).resolve().parents[2] / "sources"
SHARED, ENTRIES = "ledger.yml", "claims.yml"

KINDS = ("definition", "algorithm", "claim", "recommendation", "figure", "table")
EXPECTATIONS = ("holds", "holds-with-conditions", "disputed", "wrong-as-stated")
SETTLED_BY = ("experiment", "check", "reading")
SECTION: dict[type, str] = {str: "text", list: "a list", dict: "a mapping"}
LISTS = ("places", "settings", "conflicts")


@dataclass(frozen=True)
class Change:
    """What a claim's plan promised before, until when, and why it was changed."""

    date: date
    reason: str
    was: str


@dataclass(frozen=True)
class Claim:
    """One statement of the notes, in our words, and how the course settles it.

    measure: what its numbers are, such as "accuracy", where all of them are the same.
    """

    id: str
    kind: str
    chapter: str
    says: str
    places: tuple[str, ...]
    expect: str
    why: str
    settle_by: str
    plan: str
    run: str
    settings: tuple[str, ...] = ()
    measure: str = ""
    changes: tuple[Change, ...] = ()
    conflicts: tuple[str, ...] = ()


OPTIONAL = ("settings", "measure", "changes", "conflicts")
NEEDED = tuple(f.name for f in fields(Claim) if f.name not in ("chapter", *OPTIONAL))


@dataclass(frozen=True)
class Chapter:
    """A folder of sources: what it asks, and its title while it is still to be written."""

    question: str
    title: str | None


@dataclass(frozen=True)
class Ledger:
    """All of it: notes, planned runs, chapters by slug, and the claims by id."""

    notes: Mapping[str, Mapping[str, Any]]
    runs: Mapping[str, str]
    chapters: Mapping[str, Chapter]
    claims: Mapping[str, Claim]

    def of(self, chapter: str) -> list[Claim]:
        """The claims of one chapter, in their order."""
        return [claim for claim in self.claims.values() if claim.chapter == chapter]


class _OnceLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which no key stands twice, where the last one would win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, or an error at the key that repeats another."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def load(sources: Path = SOURCES) -> Ledger:
    """Read and check the ledger; one ValueError names all faults, each with its claim and field."""
    paths = [sources / SHARED, *sorted(sources.glob(f"*/{ENTRIES}"))]
    return _load(tuple((path.parent.name, path.name, _text(path)) for path in paths))


def ledger() -> dict[str, Claim]:
    """All claims by id."""
    return dict(load().claims)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.parent.name}/{path.name} is not UTF-8: {error}") from error


@functools.lru_cache(maxsize=4)
def _load(files: tuple[tuple[str, str, str], ...]) -> Ledger:
    (*_, text), *chapters = files
    shared = _read(SHARED, text, {"notes": dict, "runs": dict})
    faults: list[str] = []
    for letter, note in shared["notes"].items():
        if (
            not isinstance(note, dict)
            or not note.get("title")
            or type(note.get("lines")) is not int
        ):
            raise ValueError(f"{SHARED}: note {letter} needs `title` and `lines` (a number)")
    described: dict[str, Chapter] = {}
    claims: dict[str, Claim] = {}
    for slug, file, text in chapters:
        name = f"{slug}/{file}"
        with _noting(faults):
            chapter = _read(name, text, {"question": str, "claims": list}, optional={"title": str})
            described[slug] = Chapter(chapter["question"], chapter.get("title"))
            for position, entry in enumerate(chapter["claims"], start=1):
                with _noting(faults):
                    claim = _claim(entry, position, slug, shared, name)
                    if claim.id in claims:
                        other = f"{claims[claim.id].chapter}/{ENTRIES}"
                        raise ValueError(
                            f"{name}: the id {claim.id} is used in {other} already; ids are unique"
                        )
                    claims[claim.id] = claim
    if not faults:  # else a claim that another names may be among those not read
        faults += [
            f"{claim.id} conflicts with {other}, an unknown id"
            for claim in claims.values()
            for other in claim.conflicts
            if other not in claims
        ]
    if faults:
        raise ValueError("\n".join(faults))
    return Ledger(shared["notes"], shared["runs"], described, claims)


@contextlib.contextmanager
def _noting(faults: list[str]) -> Iterator[None]:
    """Note a fault and go on with what comes after it, so that all are said at once."""
    try:
        yield
    except ValueError as error:
        faults.append(str(error))


def _read(
    name: str,
    text: str,
    sections: Mapping[str, type],
    optional: Mapping[str, type] | None = None,
) -> dict[str, Any]:
    try:
        data = yaml.load(text, Loader=_OnceLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{name} is not valid YAML: {error}") from error
    allowed = {**sections, **(optional or {})}
    for section, kind in allowed.items():
        missing = not isinstance(data, dict) or section not in data
        if missing and section in (optional or {}):
            continue
        if missing or not isinstance(data[section], kind):
            raise ValueError(f"{name}: expected {SECTION[kind]} under `{section}:`")
    for section in data:
        if section not in allowed:
            raise ValueError(f"{name}: `{section}` is not one of {', '.join(allowed)}")
    return data


def _claim(entry: Any, position: int, chapter: str, shared: Mapping[str, Any], name: str) -> Claim:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise ValueError(f"{name}: claim number {position} has no `id`")
    where = f"{name}: {entry['id']}"
    faults: list[str] = []
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["id"]):
        faults.append(f"{where}: an id is lower-case words joined by hyphens")
    with _noting(faults):
        _fields_of(entry, where, needed=NEEDED, optional=OPTIONAL, thing="a claim")
    values: dict[str, Any] = {}
    for field, value in entry.items():
        with _noting(faults):
            if value and field in (*NEEDED, *OPTIONAL):
                values[field] = _checked(value, field, where)
    faults += [f"{where}: {fault}" for fault in _unknown(values, shared)]
    if faults:
        raise ValueError("\n".join(faults))
    return Claim(chapter=chapter, **values)


def _unknown(values: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[str]:
    """What a claim's fields name and nobody knows."""
    allowed: dict[str, Iterable[str]] = {
        "kind": KINDS,
        "expect": EXPECTATIONS,
        "settle_by": SETTLED_BY,
        "run": shared["runs"],
    }
    for field, choices in allowed.items():
        if field in values and values[field] not in choices:
            more = f", or a new line under `runs:` in {SHARED}" if field == "run" else ""
            yield f"unknown {field} {values[field]!r}; expected one of {', '.join(choices)}{more}"
    for place in values.get("places", ()):
        match = re.fullmatch(r"([A-Z]):([1-9][0-9]*)", place)
        note = shared["notes"].get(match[1]) if match else None
        if match is None or note is None or int(match[2]) > note["lines"]:
            yield f"bad place {place!r}; expected a note and one of its lines, such as A:12"
    settled_by = values.get("settle_by")
    if values.get("settings") and settled_by in SETTLED_BY and settled_by != "experiment":
        yield (
            f"what is settled by {settled_by} has no `settings`; remove them, or "
            "settle it by experiment"
        )
    for setting in values.get("settings", ()):
        if re.search(r"[:;|]", setting) or setting in SETTLED_BY:
            yield (
                f"a setting is called {setting!r}; name its task, depth, optimizer or "
                "budget, without any of : ; |"
            )


def _fields_of(
    entry: Mapping[str, Any],
    where: str,
    needed: Iterable[str],
    optional: Iterable[str],
    thing: str,
) -> None:
    blank = {f for f, v in entry.items() if not v or (isinstance(v, str) and not v.strip())}
    allowed = [*needed, *optional]
    found = [f"`{field}` is missing" for field in needed if field in blank or field not in entry]
    found += [f"`{field}` is empty" for field in optional if field in blank]
    found += [f"`{field}` is not a field of {thing}" for field in entry if field not in allowed]
    if found:
        raise ValueError(f"{where}: {', '.join(found)}")


def _checked(value: Any, field: str, where: str) -> Any:
    """A field's value as a Claim holds it: texts on one line, lists as tuples."""
    if field == "changes":
        return _changes(value, where)
    if field not in LISTS:
        if not isinstance(value, str):
            raise ValueError(f"{where}: `{field}` is {value!r}, expected text")
        return one_line(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{where}: `{field}` is {value!r}, expected a list of strings")
    items = tuple(one_line(item) for item in value)
    if "" in items or len(set(items)) < len(items):
        raise ValueError(f"{where}: `{field}` is {value!r}; each is named once, and none is empty")
    return items


def _changes(value: Any, where: str) -> tuple[Change, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(
            f"{where}: `changes` is {value!r}, expected a list of entries with date, reason and was"
        )
    changes = []
    for position, entry in enumerate(value, start=1):
        here = f"{where}: change {position}"
        _fields_of(entry, here, [field.name for field in fields(Change)], (), "a change")
        reason, was = (_checked(entry[field], field, here) for field in ("reason", "was"))
        changes.append(Change(_day(entry["date"], here), reason, was))
    if changes != sorted(changes, key=lambda change: change.date):
        raise ValueError(f"{where}: `changes` are not in the order of their dates, oldest first")
    return tuple(changes)


def _day(value: Any, where: str) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        with contextlib.suppress(ValueError):
            value = date.fromisoformat(value)
    if type(value) is not date:
        raise ValueError(f"{where}: `date` is {value}, expected a day such as 2026-11-27")
    if value > datetime.now(UTC).date() + timedelta(days=1):  # east of here it may be tomorrow
        raise ValueError(f"{where}: `date` is {value}, which is still to come")
    return value


def one_line(text: str) -> str:
    """A text without the line breaks and indentation of its file."""
    return " ".join(text.split())
