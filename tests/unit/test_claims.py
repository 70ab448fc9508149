import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from utils import claims
from utils.stats import Evidence, check, paired_win

ROOT = Path(__file__).resolve().parents[2]
A_CLAIM = "training-harder-than-it-looks"
BY_READING = "ai-winters-were-stalls-of-deep-learning"

YES, NO, OPEN = (Evidence(outcome, "0.93 of 1") for outcome in (True, False, None))


@pytest.fixture(autouse=True)
def nothing_settled_yet():
    claims.reset()
    yield
    claims.reset()


class FakeShell:
    """Stands for a notebook's kernel: which cell runs, and in which execution."""

    def __init__(self, code="", msg_id="1", metadata=None):
        self.parent = {
            "header": {"msg_id": msg_id},
            "content": {"code": code},
            "metadata": metadata or {},
        }

    def get_parent(self):
        return self.parent


@pytest.fixture
def kernel(monkeypatch):
    """A function that pretends to run a cell, and the outputs displayed so far."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))

    def run(**cell):
        monkeypatch.setattr("utils.claims.settling._shell", lambda: FakeShell(**cell))
        return shown

    return run


# --- verdicts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "elsewhere", "word"),
    [
        (YES, None, "holds"),
        (YES, YES, "holds"),
        (YES, NO, "holds here"),
        (YES, OPEN, "holds here"),
        (NO, None, "does not hold"),
        (NO, YES, "does not hold"),
        (OPEN, None, "undecided"),
        (OPEN, YES, "undecided"),
    ],
)
def test_the_verdict_follows_from_the_evidence_alone(capsys, evidence, elsewhere, word):
    claims.settle(A_CLAIM, evidence, elsewhere)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{A_CLAIM}: {word}"
    assert second.startswith("  measured: 0.93 of 1")
    assert ("| elsewhere: 0.93 of 1" in second) == (elsewhere is not None)


def test_swapping_the_two_sides_of_an_experiment_turns_the_verdict(capsys):
    high, low = [0.9 + i / 1000 for i in range(16)], [0.5] * 16
    claims.settle(A_CLAIM, paired_win(high, low))
    claims.reset()
    claims.settle(A_CLAIM, paired_win(low, high))
    assert re.findall(r": (holds|does not hold)$", capsys.readouterr().out, re.M) == [
        "holds",
        "does not hold",
    ]


def test_an_unknown_id_is_answered_with_near_ones():
    with pytest.raises(LookupError, match=f"did you mean {A_CLAIM}"):
        claims.settle("training-harder-then-it-looks", YES)
    with pytest.raises(LookupError, match="nothing there is spelled like it"):
        claims.settle("zzzz", YES)


@pytest.mark.parametrize("measurement", [None, True, 0.93, "holds"])
def test_a_missing_measurement_is_refused_and_the_error_says_what_to_pass(measurement):
    with pytest.raises(TypeError, match=r"expected the Evidence .* paired_win"):
        claims.settle(A_CLAIM, measurement)


@pytest.mark.parametrize("numbers", ["median nan", "[-inf, 0.3]", "inf of 16", "p = nan; 3"])
def test_numbers_that_are_not_numbers_are_refused(numbers):
    with pytest.raises(ValueError, match="NaN or an infinite number"):
        claims.settle(A_CLAIM, check(True, numbers))


def test_words_that_only_look_like_nan_are_allowed(capsys):
    claims.settle(A_CLAIM, check(True, "12 of 16 runs ended in NaN; information from nan-test"))
    assert "12 of 16 runs ended in NaN" in capsys.readouterr().out


def test_a_verdict_without_numbers_is_refused():
    with pytest.raises(ValueError, match="has no numbers"):
        claims.settle(A_CLAIM, check(True, "  "))


def test_a_claim_is_settled_once():
    claims.settle(A_CLAIM, YES)
    with pytest.raises(ValueError, match=r"already settled in this kernel \(holds\)"):
        claims.settle(A_CLAIM, NO)


def test_running_the_same_cell_again_settles_again(kernel):
    kernel(code="settle", msg_id="1")
    claims.settle(A_CLAIM, YES)
    shown = kernel(code="settle", msg_id="2")
    claims.settle(A_CLAIM, NO)
    assert len(shown) == 2


@pytest.mark.parametrize("metadata", [{"cellId": "c"}, {"colab": {"cell_id": "c"}}])
def test_an_edited_cell_settles_again_in_jupyter_and_in_colab(kernel, metadata):
    kernel(code="settle", msg_id="1", metadata=metadata)
    claims.settle(A_CLAIM, YES)
    shown = kernel(code="settle  # with more seeds", msg_id="2", metadata=metadata)
    claims.settle(A_CLAIM, NO)
    assert shown[1]["text/plain"].startswith(f"{A_CLAIM}: does not hold")


@pytest.mark.parametrize(
    "second",
    [
        {"code": "another cell", "msg_id": "2"},
        {"code": "settle", "msg_id": "1"},
        {"code": "settle", "msg_id": "2", "metadata": {"cellId": "d"}},
    ],
)
def test_another_cell_or_a_second_line_of_the_same_run_cannot_settle_again(kernel, second):
    kernel(code="settle", msg_id="1")
    claims.settle(A_CLAIM, YES)
    kernel(**second)
    with pytest.raises(ValueError, match=A_CLAIM):
        claims.settle(A_CLAIM, YES)


# --- by reading ----------------------------------------------------------------------------------


@pytest.fixture
def references(tmp_path, monkeypatch):
    path = tmp_path / "references.bib"
    path.write_text("@book{crevier1993,\n title={AI}\n}\n@article{schmidhuber2015,}\n")
    monkeypatch.setattr("utils.claims.settling.REFERENCES", path)


@pytest.mark.usefixtures("references")
class TestByReading:
    def test_a_finding_is_shown_with_its_sources(self, capsys):
        claims.by_reading(BY_READING, "Funding fell.", ("crevier1993", "schmidhuber2015"))
        assert capsys.readouterr().out.splitlines() == [
            f"{BY_READING}: by reading",
            "  finding: Funding fell. [crevier1993, schmidhuber2015]",
        ]

    def test_one_source_may_be_given_as_text(self, capsys):
        claims.by_reading(BY_READING, "Funding fell.", "crevier1993")
        assert "[crevier1993]" in capsys.readouterr().out

    def test_an_unknown_source_is_answered_with_near_ones(self):
        with pytest.raises(LookupError, match="did you mean crevier1993"):
            claims.by_reading(BY_READING, "Funding fell.", ["crevier93"])

    def test_no_source_and_no_finding_are_refused(self):
        with pytest.raises(ValueError, match="no sources"):
            claims.by_reading(BY_READING, "Funding fell.", [])
        with pytest.raises(ValueError, match="expected what the sources say"):
            claims.by_reading(BY_READING, " ", ["crevier1993"])

    def test_what_a_run_can_decide_is_not_settled_by_reading(self):
        with pytest.raises(ValueError, match="settled by experiment; measure it"):
            claims.by_reading(A_CLAIM, "So it is.", ["crevier1993"])

    def test_what_no_run_can_decide_is_not_settled_by_a_run(self):
        with pytest.raises(ValueError, match="settled by reading, not by a run"):
            claims.settle(BY_READING, YES)


# --- display -------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """Collects the root's attributes and the text, and counts tags left open."""

    def __init__(self):
        super().__init__()
        self.root, self.open, self.text = None, [], ""

    def handle_starttag(self, tag, attrs):
        self.root = self.root or dict(attrs)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_card_says_shape_word_claim_and_numbers_and_escapes_them(kernel):
    shown = kernel(code="settle")
    claims.settle(A_CLAIM, check(True, "<script>alert(1)</script> & 3 < 4"))
    page = shown[0]["text/html"]
    card = Outline()
    card.feed(page)
    assert card.open == []
    assert card.root["class"] == "verdict verdict-holds"
    assert card.root["id"] == f"claim-{A_CLAIM}"
    assert "<script" not in page
    for part in ("●", "holds", claims.ledger()[A_CLAIM].says, "3 < 4"):
        assert part in card.text
    assert "<a " not in page


def test_a_sanitizer_for_the_measured_numbers_leaves_the_verdict_alone(kernel):
    shown = kernel(code="settle")
    claims.settle(A_CLAIM, check(True, "0.931"))
    claims.reset()
    claims.settle(A_CLAIM, check(True, "0.932"))
    claims.reset()
    claims.settle(A_CLAIM, check(False, "0.932"))
    text = [re.sub(r"(?m)^  measured: .*$", "", data["text/plain"]) for data in shown]
    page = [re.sub(r'<span class="measured">.*?</span>', "", data["text/html"]) for data in shown]
    assert text[0] == text[1] != text[2]
    assert page[0] == page[1] != page[2]


def test_every_verdict_has_its_own_shape_and_word():
    assert len(set(claims.SHAPES.values())) == len(claims.SHAPES) == 5


def test_the_table_lists_every_claim_of_a_chapter_and_what_is_open(kernel):
    shown = kernel(code="settle")
    claims.settle(A_CLAIM, YES)
    claims.table("nitty-gritty")
    rows = dict(line.split(" | ") for line in shown[1]["text/plain"].splitlines())
    assert rows.pop(A_CLAIM) == "holds"
    assert set(rows.values()) == {"not yet"}
    assert len(rows) == 12
    assert shown[1]["text/html"].count("<tr data-claim=") == 13
    assert ' id="' not in shown[1]["text/html"]


def test_a_table_of_an_unknown_chapter_names_near_ones():
    with pytest.raises(LookupError, match="did you mean nitty-gritty"):
        claims.table("nitty-grity")


# --- reading back --------------------------------------------------------------------------------


def test_a_notebook_that_ran_tells_its_verdicts_and_anchors(tmp_path):
    code = f"""from utils import claims
from utils.stats import check
claims.settle("{A_CLAIM}", check(True, "a < b"))
claims.settle("backprop-supplies-the-gradients", check(False, "off by 1"))
claims.table("nitty-gritty")"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    path = tmp_path / "chapter.ipynb"
    nbformat.write(notebook, path)
    assert claims.verdicts(path) == [
        claims.Settled(A_CLAIM, "holds", "a < b", f"claim-{A_CLAIM}"),
        claims.Settled(
            "backprop-supplies-the-gradients",
            "does not hold",
            "off by 1",
            "claim-backprop-supplies-the-gradients",
        ),
    ]


def stored(tmp_path, *texts):
    outputs = [
        {"data": {"text/plain": text, "text/html": '<div class="verdict verdict-x">'}}
        for text in texts
    ]
    path = tmp_path / "chapter.ipynb"
    path.write_text(json.dumps({"cells": [{"outputs": outputs}, {"cell_type": "markdown"}]}))
    return path


def test_verdicts_are_also_read_from_text_stored_as_lines(tmp_path):
    path = stored(tmp_path, [f"{A_CLAIM}: undecided\n", "  measured: 3"])
    assert claims.verdicts(path)[0].verdict == "undecided"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([f"{A_CLAIM}: perhaps\n  measured: 3"], "unknown verdict 'perhaps'"),
        (["gone: holds\n  measured: 3"], "gone is not in the ledger"),
        ([f"{A_CLAIM}: holds\n  measured: 3"] * 2, "settled twice"),
        (["holds"], "without its two lines"),
    ],
)
def test_a_stored_verdict_that_cannot_be_right_is_an_error(tmp_path, texts, message):
    with pytest.raises(ValueError, match=message):
        claims.verdicts(stored(tmp_path, *texts))
