"""The four sets of pins hold what pyproject.toml names, and agree where they have to."""

import re
import tomllib

import pytest

from tools.course import HERE

GROUPS = tomllib.loads((HERE.root / "pyproject.toml").read_text())["dependency-groups"]
FILES = {
    "all": "requirements.txt",
    "book": "requirements-book.txt",
    "lab": "requirements-lab.txt",
    "oldest": "requirements-oldest.txt",
}


def named(group: str) -> set[str]:
    """The requirements of a group and of those that it includes."""
    found: set[str] = set()
    for entry in GROUPS[group]:
        found |= {entry} if isinstance(entry, str) else named(entry["include-group"])
    return found


def pinned(group: str) -> dict[str, set[str]]:
    """Package -> its pinned versions, of which it has several where Pythons differ."""
    found: dict[str, set[str]] = {}
    text = (HERE.root / FILES[group]).read_text()
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("group", FILES)
def test_every_name_of_the_group_is_pinned(group: str) -> None:
    names = {re.split(r"[<>=]", requirement)[0] for requirement in named(group)}
    assert names <= set(pinned(group))


@pytest.mark.parametrize("group", ["book", "lab"])
def test_a_package_that_two_sets_hold_is_the_same_in_both(group: str) -> None:
    everything = pinned("all")
    other = {name: versions for name, versions in pinned(group).items() if name in everything}
    assert len(other) > 10
    assert other == {name: everything[name] for name in other}


def test_the_oldest_set_holds_the_versions_that_are_asked_for() -> None:
    exact = dict(r.split("==") for r in GROUPS["oldest"] if isinstance(r, str))
    oldest = pinned("oldest")
    assert {name: oldest[name] for name in exact} == {n: {v} for n, v in exact.items()}


def test_no_file_of_pins_names_a_place_to_get_packages_from() -> None:
    for name in FILES.values():
        assert not re.search(r"://|--index|--find-links", (HERE.root / name).read_text()), name
