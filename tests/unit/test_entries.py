import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from utils import claims

ROOT = Path(__file__).resolve().parents[2]


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
        "settings": ["moons", "digits, 5 layers"],
        "run": "a-run",
    }
    return {key: value for key, value in {**claim, **changes}.items() if value is not None}


def a_change(**changes):
    change = {"date": date(2026, 1, 2), "reason": "Too few.", "was": "Try less."}
    return {key: value for key, value in {**change, **changes}.items() if value is not None}


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


def test_texts_are_on_one_line_and_a_change_may_be_dated_with_or_without_quotes(tmp_path):
    changes = [a_change(was="Try\n  less."), a_change(date="2026-01-03")]
    claim = claims.load(write(tmp_path, a_claim(changes=changes))).claims["deep-is-hard"]
    assert claim.settings == ("moons", "digits, 5 layers")
    assert claim.changes == (
        claims.Change(date(2026, 1, 2), "Too few.", "Try less."),
        claims.Change(date(2026, 1, 3), "Too few.", "Try less."),
    )


def test_a_ledger_edited_meanwhile_is_read_anew(tmp_path):
    path = write(tmp_path, a_claim())
    before = claims.load(path)
    write(tmp_path, a_claim(says="Deep is easy."))
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
        (
            {"run": "walk"},
            "unknown run 'walk'; expected one of a-run, or a new line under `runs:` in ledger.yml",
        ),
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
        ({"how": "Try."}, "`how` is not a field of a claim"),
        ({"plan": None}, "`plan` is missing"),
        ({"settings": []}, "`settings` is empty"),
        ({"settings": "moons"}, "`settings` is 'moons', expected a list of strings"),
        ({"settings": ["moons", " moons "]}, "each is named once"),
        ({"settings": ["moons", " "]}, "none is empty"),
        ({"settings": ["moons: deep"]}, "a setting is called 'moons: deep'; name its task"),
        ({"settings": ["moons; deep"]}, "without any of : ; |"),
        ({"settings": ["check"]}, "a setting is called 'check'"),
        ({"settle_by": "check"}, "what is settled by check has no `settings`"),
        ({"settle_by": "reading"}, "what is settled by reading has no `settings`"),
        ({"changes": {"date": "2026-01-01"}}, "expected a list of entries with date, reason"),
        ({"changes": ["more seeds"]}, "expected a list of entries with date, reason and was"),
        ({"changes": [a_change(by="me")]}, "change 1: `by` is not a field of a change"),
        ({"changes": [a_change(), a_change(reason=" ")]}, "change 2: `reason` is missing"),
        ({"changes": [a_change(was=None)]}, "change 1: `was` is missing"),
        ({"changes": [a_change(was=7)]}, "change 1: `was` is 7, expected text"),
        ({"changes": [a_change(date="May 2026")]}, "`date` is May 2026, expected a day such as"),
        ({"changes": [a_change(date="2026-02-30")]}, "`date` is 2026-02-30, expected a day"),
        ({"changes": [a_change(date=2026)]}, "`date` is 2026, expected a day such as"),
        ({"changes": [a_change(date="2999-01-01")]}, "2999-01-01, which is still to come"),
        ({"changes": [a_change(), a_change(date="2025-12-31")]}, "not in the order of their dates"),
    ],
)
def test_a_fault_in_the_ledger_is_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        claims.load(write(tmp_path, a_claim(**changes)))


def test_all_faults_of_the_ledger_are_named_at_once(tmp_path):
    entries = (
        a_claim(kind="joke", run="walk", plan=None, places=["A:13"]),
        a_claim(id="another", settings=["moons: deep"], changes=[a_change(was=None)]),
        a_claim(id="sound"),
        a_claim(id="sound"),
    )
    with pytest.raises(ValueError, match="deep-is-hard") as caught:
        claims.load(write(tmp_path, *entries))
    expected = [
        "deep-is-hard: `plan` is missing",
        "deep-is-hard: unknown kind 'joke'",
        "deep-is-hard: unknown run 'walk'",
        "deep-is-hard: bad place 'A:13'",
        "another: change 1: `was` is missing",
        "another: a setting is called 'moons: deep'",
        "the id sound is used in one/claims.yml already",
    ]
    for line, start in zip(str(caught.value).splitlines(), expected, strict=True):
        assert line.startswith(f"one/claims.yml: {start}")


def test_an_id_is_used_once(tmp_path):
    with pytest.raises(ValueError, match=r"deep-is-hard is used in one/claims\.yml already"):
        claims.load(write(tmp_path, a_claim(), a_claim()))


def test_a_note_without_its_length_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="note A needs `title` and `lines`"):
        claims.load(write(tmp_path, a_claim(), notes={"A": {"title": "Note"}}))


def test_a_missing_section_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected text under `question:`"):
        claims.load(write(tmp_path, a_claim(), question=None))


def test_a_section_that_no_chapter_has_is_named(tmp_path):
    path = write(tmp_path, a_claim()) / "one" / "claims.yml"
    path.write_text(path.read_text() + "claim: []\n")
    with pytest.raises(
        ValueError, match=r"one/claims\.yml: `claim` is not one of question, claims"
    ):
        claims.load(tmp_path)


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path):
    path = write(tmp_path, a_claim()) / "one" / "claims.yml"
    path.write_text(path.read_text().replace("  why: It is.", "  why: It is.\n  why: No."))
    with pytest.raises(ValueError, match=r"(?s)the key 'why' stands twice.*line \d+"):
        claims.load(tmp_path)


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = write(tmp_path, a_claim()) / "one" / "claims.yml"
    path.write_bytes(path.read_bytes() + "# ä".encode("latin-1"))
    with pytest.raises(ValueError, match=r"one/claims\.yml is not UTF-8"):
        claims.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "claims: [",
        "[" * 5000,
        "- just\n- a list",
        "? [a, list]\n: as a key",
        "",
        "claims: !!python/object/apply:os.system ['true']",
    ],
)
def test_hostile_or_broken_yaml_is_an_error_and_runs_nothing(tmp_path, text):
    write(tmp_path, a_claim())
    (tmp_path / "one" / "claims.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.yml"):
        claims.load(tmp_path)
