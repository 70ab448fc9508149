import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from utils import claims

ROOT = Path(__file__).resolve().parents[2]

# --- the ledger itself ---------------------------------------------------------------------------


def test_no_chapter_is_without_claims_and_no_run_without_use():
    ledger = claims.load()
    found = list(ledger.claims.values())
    assert {claim.chapter for claim in found} == set(ledger.chapters)
    assert {claim.run for claim in found} == set(ledger.runs)
    assert {place[0] for claim in found for place in claim.places} == set(ledger.notes)


def test_a_conflict_is_named_by_both_sides():
    ledger = claims.ledger()
    for claim in ledger.values():
        for other in claim.conflicts:
            assert claim.id in ledger[other].conflicts


def test_loading_the_ledger_imports_nothing_heavy():
    code = (
        "import sys; from utils import claims; claims.ledger(); "
        "print([m for m in ('numpy', 'scipy', 'keras', 'tensorflow', 'IPython') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def a_claim(**changes):
    claim = {
        "id": "deep-is-hard",
        "kind": "claim",
        "says": "Deep is hard.",
        "places": ["A:1", "A:12"],
        "expect": "holds",
        "why": "It is.",
        "settle_by": "experiment",
        "plan": "Try.",
        "run": "a-run",
    }
    return {key: value for key, value in {**claim, **changes}.items() if value is not None}


def write(folder, *entries, **sections):
    """A folder of sources with one chapter; `sections` replace parts of its two files."""
    data = {
        "notes": {"A": {"title": "Note", "lines": 12}},
        "runs": {"a-run": "a run"},
        "question": "Is it hard?",
        "claims": list(entries),
        **sections,
    }
    (folder / "one").mkdir(exist_ok=True)
    files = {"ledger.yml": ("notes", "runs"), "one/claims.yml": ("question", "claims")}
    for name, keys in files.items():
        part = {key: data[key] for key in keys}
        (folder / name).write_text(yaml.safe_dump(part, sort_keys=False), encoding="utf-8")
    return folder


def test_a_small_ledger_loads(tmp_path):
    ledger = claims.load(write(tmp_path, a_claim()))
    assert ledger.claims["deep-is-hard"].places == ("A:1", "A:12")


def test_a_ledger_edited_meanwhile_is_read_anew(tmp_path):
    path = write(tmp_path, a_claim())
    before = claims.load(path)
    os.utime(write(tmp_path, a_claim(says="Deep is easy.")), (1, 1))
    assert before.claims["deep-is-hard"].says == "Deep is hard."
    assert claims.load(path).claims["deep-is-hard"].says == "Deep is easy."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"says": None}, "deep-is-hard: `says` is missing"),
        ({"says": ""}, "deep-is-hard: `says` is missing"),
        ({"says": "  "}, "deep-is-hard: `says` is missing"),
        ({"quote": "x"}, "`quote` is not a field of a claim"),
        ({"expect": "maybe"}, "unknown expect 'maybe'; expected one of holds, holds-with"),
        ({"settle_by": "vote"}, "unknown settle_by 'vote'"),
        ({"kind": "joke"}, "unknown kind 'joke'"),
        ({"run": "walk"}, "unknown run 'walk'"),
        ({"places": ["A:13"]}, "bad place 'A:13'"),
        ({"places": ["A:0"]}, "bad place 'A:0'"),
        ({"places": ["F:1"]}, "bad place 'F:1'"),
        ({"places": ["A"]}, "bad place 'A'"),
        ({"places": "A:1"}, "`places` is 'A:1', expected a list of strings"),
        ({"why": 3}, "`why` is 3, expected text"),
        ({"kind": ["claim"]}, "expected text"),
        ({"conflicts": ["nobody"]}, "conflicts with nobody, an unknown id"),
        ({"id": "Deep Is"}, "lower-case words joined by hyphens"),
        ({"id": None}, "claim number 1 has no `id`"),
    ],
)
def test_a_fault_in_the_ledger_is_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        claims.load(write(tmp_path, a_claim(**changes)))


def test_an_id_is_used_once(tmp_path):
    with pytest.raises(ValueError, match="deep-is-hard is used twice"):
        claims.load(write(tmp_path, a_claim(), a_claim()))


def test_a_note_without_its_length_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="note A needs `title` and `lines`"):
        claims.load(write(tmp_path, a_claim(), notes={"A": {"title": "Note"}}))


def test_a_missing_section_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a str under `question:`"):
        claims.load(write(tmp_path, a_claim(), question=None))


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path):
    path = write(tmp_path, a_claim()) / "one" / "claims.yml"
    path.write_text(path.read_text().replace("  why: It is.", "  why: It is.\n  why: No."))
    with pytest.raises(ValueError, match=r"(?s)the key 'why' stands twice.*line \d+"):
        claims.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "claims: [",
        "[" * 5000,
        "- just\n- a list",
        "",
        "claims: !!python/object/apply:os.system ['true']",
    ],
)
def test_hostile_or_broken_yaml_is_an_error_and_runs_nothing(tmp_path, text):
    write(tmp_path, a_claim())
    (tmp_path / "one" / "claims.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.yml"):
        claims.load(tmp_path)
