import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from utils import claims, palette
from utils.claims import rules, stored
from utils.claims.card import details
from utils.claims.entries import Change
from utils.samples import Sample
from utils.stats import (
    Evidence,
    all_of,
    any_of,
    check,
    median_above,
    negate,
    paired_win,
    share_above,
)

ROOT = Path(__file__).resolve().parents[2]
SANITIZERS = ROOT / "tests" / "nbval" / "sanitize.cfg"
PLACES = ("moons", "digits, 5 layers")

YES, NO, OPEN = (Evidence(outcome, False, "0.93 of 1") for outcome in (True, False, None))
FIRM_YES, FIRM_NO = check(True, "0.93 of 1"), check(False, "0.93 of 1")
OUTCOMES = [
    claims.Outcome(answer, firm)
    for answer, firm in [("yes", True), ("yes", False), ("no", True), ("no", False)]
] + [claims.Outcome("open", False)]


def a_claim(claim_id, settle_by, **fields):
    return claims.Claim(
        id=claim_id,
        kind="claim",
        chapter="depth",
        says=f"Deep is <hard> & so on, says {claim_id}.",
        places=("A:1",),
        expect="holds",
        why="It is.",
        settle_by=settle_by,
        plan="Try.",
        run="a-run",
        **fields,
    )


LEDGER = claims.Ledger(
    {"A": {"title": "Note", "lines": 12}},
    {"a-run": "a run"},
    {"depth": None},
    {
        claim.id: claim
        for claim in [
            a_claim("deep-is-hard", "experiment", settings=PLACES),
            a_claim("deep-is-slow", "experiment", settings=("moons",)),
            a_claim("deep-is-vague", "experiment"),
            a_claim("sigmoid-definition", "check"),
            a_claim("winters-were-cold", "reading"),
            a_claim("nobody-asked", "reading"),
        ]
    },
)


@pytest.fixture(autouse=True)
def a_small_ledger(monkeypatch):
    """A ledger of our own with frozen plans, no book beside it, and nothing settled yet."""
    for module in ("settling", "stored"):
        monkeypatch.setattr(f"utils.claims.{module}.load", lambda: LEDGER)
    monkeypatch.setattr("utils.claims.settling.frozen", lambda claim: None)
    monkeypatch.setattr("utils.claims.settling.book_says", lambda chapter: {})
    monkeypatch.delenv("COURSE_HOLDS_TO_THE_BOOK", raising=False)
    monkeypatch.delenv("COURSE_WRITES_THE_BOOK", raising=False)
    claims.reset()
    yield
    claims.reset()


def two(first, second):
    return dict(zip(PLACES, (first, second), strict=True))


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


@pytest.fixture
def shown(kernel):
    """The outputs displayed by one cell."""
    return kernel(code="settle")


def parsed(output):
    return stored.parsed(output["text/plain"], output["text/html"])


# --- the six words -------------------------------------------------------------------------------


def the_table(answers):
    """The table of words as it is written down, row by row."""
    yes, no = answers.count("yes"), answers.count("no")
    rows = {
        "holds": len(answers) >= 2 and yes == len(answers),
        "fails": len(answers) >= 2 and no == len(answers),
        "depends": yes >= 1 and no >= 1,
        "open": yes == no == 0,
    }
    rows["holds here"] = yes >= 1 and no == 0 and not rows["holds"]
    rows["fails here"] = no >= 1 and yes == 0 and not rows["fails"]
    (found,) = [word for word, true in rows.items() if true]
    return found


EVERY = [a for n in range(1, 6) for a in itertools.product(("yes", "no", "open"), repeat=n)]


def test_the_word_is_the_one_row_of_the_table_that_fits():
    assert {claims.word(answers) for answers in EVERY} == set(claims.SIX_WORDS)
    for answers in EVERY:
        assert claims.word(answers) == the_table(answers)
        assert claims.word(answers[::-1]) == claims.word(answers)


def test_turning_every_answer_turns_the_word():
    turned = {"yes": "no", "no": "yes", "open": "open"}
    opposite = {"holds": "fails", "holds here": "fails here", "depends": "depends", "open": "open"}
    opposite |= {there: here for here, there in opposite.items()}
    for answers in EVERY:
        assert claims.word([turned[a] for a in answers]) == opposite[claims.word(answers)]


def test_one_more_yes_never_earns_less():
    rank = {
        word: i for i, word in enumerate(["fails", "fails here", "open", "holds here", "holds"])
    }
    for answers in EVERY:
        before, after = claims.word(answers), claims.word([*answers, "yes"])
        if "depends" not in (before, after):
            assert rank[after] >= rank[before] or before == "holds"


def test_one_more_open_setting_takes_back_that_a_word_was_true_everywhere_and_nothing_else():
    taken_back = {"holds": "holds here", "fails": "fails here"}
    for answers in EVERY:
        before = claims.word(answers)
        assert claims.word([*answers, "open"]) == taken_back.get(before, before)


@pytest.mark.parametrize("answers", [[], ["maybe"], ["yes", None], [True]])
def test_no_answer_or_an_unknown_one_has_no_word(answers):
    with pytest.raises(ValueError, match="expected one or more of yes, no, open"):
        claims.word(answers)


# --- contradictions ------------------------------------------------------------------------------


@pytest.mark.parametrize(("book", "run"), list(itertools.product(OUTCOMES, OUTCOMES)))
def test_only_a_close_call_may_become_open_and_no_yes_a_no(book, run):
    answers = {book.answer, run.answer}
    firm_and_open = "open" in answers and (book.firm or run.firm)
    assert rules.contradicts(book, run) == (answers == {"yes", "no"} or firm_and_open)
    assert rules.contradicts(book, run) == rules.contradicts(run, book)


def settled(*outcomes, verdict="open", claim_id="deep-is-hard"):
    found = dict(zip(PLACES, outcomes, strict=False))
    numbers = dict.fromkeys(found, "3 of 4")
    return claims.Settled(claim_id, verdict, found, numbers, f"claim-{claim_id}")


def test_a_contradiction_names_setting_book_and_run_and_new_settings_are_none():
    book = settled(claims.Outcome("yes", True), claims.Outcome("yes", False))
    run = settled(claims.Outcome("open", False), claims.Outcome("open", False))
    assert claims.contradictions(book, run) == [
        "moons: the book says yes, firm, this run open",
    ]
    assert claims.contradictions(settled(), run) == []
    turned = settled(claims.Outcome("no", False))
    assert claims.contradictions(book, turned) == [
        "moons: the book says yes, firm, this run no, close call"
    ]


@pytest.fixture
def book(monkeypatch):
    """A function that puts verdicts into the book, settled as the book is written."""

    def put(**evidence):
        displayed = []
        with monkeypatch.context() as writing:
            writing.setenv("COURSE_WRITES_THE_BOOK", "1")
            writing.setattr(
                "utils.claims.settling._display", lambda text, card: displayed.append((text, card))
            )
            for claim_id, found in evidence.items():
                claims.settle(claim_id.replace("_", "-"), found)
        claims.reset()
        says = {one.id: one for one in (stored.parsed(*output) for output in displayed)}
        monkeypatch.setattr("utils.claims.settling.book_says", lambda chapter: says)
        return displayed

    return put


def test_a_learners_card_shows_the_books_word_beside_this_runs(book, shown):
    book(deep_is_hard=two(FIRM_YES, FIRM_YES))
    claims.settle("deep-is-hard", two(OPEN, OPEN))
    text, page = shown[0]["text/plain"], shown[0]["text/html"]
    assert text.splitlines()[0] == "deep-is-hard: open"
    assert "  the book: holds" in text.splitlines()
    assert "  against the book in moons: the book says yes, firm, this run open" in text
    card = Outline()
    card.feed(page)
    assert "the book: holds; this run: ? open (against the book in moons: " in card.text
    assert parsed(shown[0]).verdict == "open"


def test_the_books_word_stands_there_also_when_it_is_the_same(book, shown):
    book(deep_is_hard=two(YES, YES))
    claims.settle("deep-is-hard", two(YES, YES))
    assert "  the book: holds" in shown[0]["text/plain"]
    assert "against" not in shown[0]["text/plain"] + shown[0]["text/html"]


def test_what_writes_the_book_shows_one_word_only(book, shown, monkeypatch):
    (written,) = book(deep_is_hard=two(FIRM_YES, FIRM_YES))
    monkeypatch.setenv("COURSE_WRITES_THE_BOOK", "1")
    monkeypatch.setenv("COURSE_HOLDS_TO_THE_BOOK", "1")
    claims.settle("deep-is-hard", two(FIRM_NO, FIRM_NO))
    assert shown[0]["text/plain"].startswith("deep-is-hard: fails")
    for form in (*written, *shown[0].values()):
        assert "the book" not in form


def test_held_to_the_book_a_contradiction_is_an_error_after_the_card(book, shown, monkeypatch):
    book(deep_is_hard=two(FIRM_YES, FIRM_YES), sigmoid_definition=check(True, "equal"))
    monkeypatch.setenv("COURSE_HOLDS_TO_THE_BOOK", "1")
    message = (
        r"deep-is-hard contradicts the book\. digits, 5 layers: the book says yes, firm, this run "
        r"no, close call\. .*make notebooks CH=depth"
    )
    with pytest.raises(claims.ContradictionError, match=message):
        claims.settle("deep-is-hard", two(FIRM_YES, NO))
    assert shown[0]["text/plain"].startswith("deep-is-hard: depends")
    with pytest.raises(
        claims.ContradictionError, match="check: the book says yes, firm, this run no"
    ):
        claims.settle("sigmoid-definition", check(False, "off by 1"))


def test_held_to_the_book_a_close_call_may_become_open_and_the_reverse(book, shown, monkeypatch):
    book(deep_is_hard=two(YES, OPEN))
    monkeypatch.setenv("COURSE_HOLDS_TO_THE_BOOK", "1")
    claims.settle("deep-is-hard", two(OPEN, NO))
    assert shown[0]["text/plain"].startswith("deep-is-hard: fails here")


# --- settling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        (YES, YES, "holds"),
        (YES, OPEN, "holds here"),
        (YES, NO, "depends"),
        (OPEN, NO, "fails here"),
        (NO, NO, "fails"),
        (OPEN, OPEN, "open"),
    ],
)
def test_the_verdict_follows_from_the_evidence_alone(capsys, first, second, word):
    claims.settle("deep-is-hard", two(first, second))
    answers = {YES: "yes, close call", NO: "no, close call", OPEN: "open"}
    assert capsys.readouterr().out.splitlines() == [
        f"deep-is-hard: {word}",
        f"  moons: {answers[first]} | 0.93 of 1",
        f"  digits, 5 layers: {answers[second]} | 0.93 of 1",
    ]


@pytest.mark.parametrize(("ok", "word"), [(True, "checked"), (False, "misprint")])
def test_a_definition_is_checked_or_a_misprint(capsys, ok, word):
    claims.settle("sigmoid-definition", check(ok, "equal to 1e-7"))
    answer = "yes" if ok else "no"
    assert capsys.readouterr().out.splitlines() == [
        f"sigmoid-definition: {word}",
        f"  check: {answer} | equal to 1e-7",
    ]


def test_a_check_that_leaves_it_open_is_an_error():
    with pytest.raises(ValueError, match="a check answers yes or no, and is never 'open'"):
        claims.settle("sigmoid-definition", OPEN)


def test_swapping_the_two_sides_of_an_experiment_turns_the_verdict(capsys):
    high, low = [0.9 + i / 1000 for i in range(16)], [0.5] * 16
    claims.settle("deep-is-slow", {"moons": paired_win(high, low)})
    claims.reset()
    claims.settle("deep-is-slow", {"moons": paired_win(low, high)})
    assert re.findall(r"slow: (.+)$", capsys.readouterr().out, re.M) == ["holds here", "fails here"]


def test_settings_are_listed_in_the_order_of_the_plan(capsys):
    claims.settle("deep-is-hard", dict(reversed(two(YES, NO).items())))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == list(PLACES)


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ({"moons": YES}, "'digits, 5 layers' is missing"),
        (two(YES, YES) | {"spirals": YES}, "'spirals' is not in the plan"),
        ({"Moons": YES, PLACES[1]: YES}, "'moons' is missing, 'Moons' is not in the plan"),
        ({}, "'moons' is missing"),
        ({1: YES}, "'1' is not in the plan"),
    ],
)
def test_other_settings_than_the_plans_are_refused_with_the_edit_that_mends_it(evidence, message):
    way_out = "the plan measures it in 'moons', 'digits, 5 layers'. Settle it in these, or change"
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        claims.settle("deep-is-hard", evidence)
    assert f"{way_out} `settings` in sources/depth/claims.yml" in str(raised.value)


def test_an_experiment_needs_its_settings_and_a_check_has_none():
    with pytest.raises(TypeError, match=r"experiment in 'moons'; pass one Evidence for each"):
        claims.settle("deep-is-slow", YES)
    with pytest.raises(TypeError, match="settled by a check, which has no settings"):
        claims.settle("sigmoid-definition", {"moons": YES})
    with pytest.raises(ValueError, match=r"names no settings; .* in sources/depth/claims\.yml"):
        claims.settle("deep-is-vague", {"moons": YES})


def test_a_plan_that_is_not_frozen_is_refused_with_what_mends_it(monkeypatch):
    problem = "the plan of deep-is-slow is not frozen: make freeze CH=depth"
    monkeypatch.setattr("utils.claims.settling.frozen", lambda claim: problem)
    with pytest.raises(ValueError, match=problem):
        claims.settle("deep-is-slow", {"moons": YES})


def test_an_unknown_id_is_answered_with_near_ones():
    with pytest.raises(LookupError, match="did you mean deep-is-hard"):
        claims.settle("deep-is-hart", YES)
    with pytest.raises(LookupError, match="nothing there is spelled like it"):
        claims.settle("zzzz", YES)


@pytest.mark.parametrize("measurement", [None, True, 0.93, "holds", [YES]])
def test_a_missing_measurement_is_refused_and_the_error_says_what_to_pass(measurement):
    for claim_id, found in (
        ("deep-is-slow", {"moons": measurement}),
        ("deep-is-slow", measurement),
        ("sigmoid-definition", measurement),
    ):
        with pytest.raises(TypeError, match=r"expected the Evidence .* paired_win"):
            claims.settle(claim_id, found)


@pytest.mark.parametrize("numbers", ["median nan", "[-inf, 0.3]", "inf of 16", "p = nan; 3"])
def test_numbers_that_are_not_numbers_are_refused(numbers):
    with pytest.raises(ValueError, match="NaN or an infinite number"):
        claims.settle("sigmoid-definition", check(True, numbers))


def test_words_that_only_look_like_nan_are_allowed(capsys):
    told = "12 of 16 runs ended in NaN; information from nan-test"
    claims.settle("sigmoid-definition", check(True, told))
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("flatter beyond 1.67: True; rising: False", "flatter beyond 1.67: yes; rising: no"),
        ("differs by 0e+00, by -0.0e+00", "differs by 0, by 0"),
        ("Trueman, 1e+00, 10e+00, x0e+00", "Trueman, 1e+00, 10e+00, x0e+00"),
    ],
)
def test_what_only_a_program_writes_is_said_as_a_reader_writes_it(capsys, given, shown):
    claims.settle("sigmoid-definition", check(True, given))
    assert f"check: yes | {shown}" in capsys.readouterr().out


def test_mathematics_is_typeset_on_the_card_and_stored_as_it_was_given(shown):
    claims.settle("sigmoid-definition", check(True, "10^-11 of <it>, 2^8, 1e-03"))
    assert "10⁻¹¹ of &lt;it&gt;, 2<sup>8</sup>, 10⁻³" in shown[0]["text/html"]
    assert "10^-11 of <it>, 2^8, 1e-03" in shown[0]["text/plain"]


def test_a_verdict_without_numbers_is_refused():
    with pytest.raises(ValueError, match="has no numbers"):
        claims.settle("sigmoid-definition", check(True, "  "))


def test_a_claim_is_settled_once():
    claims.settle("deep-is-slow", {"moons": YES})
    with pytest.raises(ValueError, match=r"already settled in this kernel \(holds here\)"):
        claims.settle("deep-is-slow", {"moons": NO})


def test_running_the_same_cell_again_settles_again(kernel):
    kernel(code="settle", msg_id="1")
    claims.settle("deep-is-slow", {"moons": YES})
    shown = kernel(code="settle", msg_id="2")
    claims.settle("deep-is-slow", {"moons": NO})
    assert len(shown) == 2


@pytest.mark.parametrize("metadata", [{"cellId": "c"}, {"colab": {"cell_id": "c"}}])
def test_an_edited_cell_settles_again_in_jupyter_and_in_colab(kernel, metadata):
    kernel(code="settle", msg_id="1", metadata=metadata)
    claims.settle("deep-is-slow", {"moons": YES})
    shown = kernel(code="settle  # with more seeds", msg_id="2", metadata=metadata)
    claims.settle("deep-is-slow", {"moons": NO})
    assert shown[1]["text/plain"].startswith("deep-is-slow: fails here")


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
    claims.settle("deep-is-slow", {"moons": YES})
    kernel(**second)
    with pytest.raises(ValueError, match="deep-is-slow"):
        claims.settle("deep-is-slow", {"moons": YES})


# --- by reading ----------------------------------------------------------------------------------


@pytest.fixture
def references(tmp_path, monkeypatch):
    path = tmp_path / "references.bib"
    path.write_text("@book{crevier1993,\n title={AI}\n}\n@article{schmidhuber2015,}\n")
    monkeypatch.setattr("utils.claims.settling.REFERENCES", path)


@pytest.mark.usefixtures("references")
class TestByReading:
    def test_a_finding_is_shown_with_its_sources_and_read_back(self, shown):
        sources = ("crevier1993", "schmidhuber2015")
        claims.by_reading("winters-were-cold", "Funding | fell: yes.", sources)
        assert shown[0]["text/plain"].splitlines() == [
            "winters-were-cold: by reading",
            "  finding: Funding | fell: yes. [crevier1993, schmidhuber2015]",
        ]
        found = parsed(shown[0])
        assert (found.verdict, found.outcomes) == ("by reading", {})
        assert found.numbers == {"": "Funding | fell: yes. [crevier1993, schmidhuber2015]"}

    def test_one_source_may_be_given_as_text(self, capsys):
        claims.by_reading("winters-were-cold", "Funding fell.", "crevier1993")
        assert "[crevier1993]" in capsys.readouterr().out

    def test_an_unknown_source_is_answered_with_near_ones(self):
        with pytest.raises(LookupError, match="did you mean crevier1993"):
            claims.by_reading("winters-were-cold", "Funding fell.", ["crevier93"])

    def test_no_source_and_no_finding_are_refused(self):
        with pytest.raises(ValueError, match="no sources"):
            claims.by_reading("winters-were-cold", "Funding fell.", [])
        with pytest.raises(ValueError, match="expected what the sources say"):
            claims.by_reading("winters-were-cold", " ", ["crevier1993"])

    def test_what_a_run_can_decide_is_not_settled_by_reading(self):
        with pytest.raises(ValueError, match="settled by experiment; measure it"):
            claims.by_reading("deep-is-hard", "So it is.", ["crevier1993"])

    def test_what_no_run_can_decide_is_not_settled_by_a_run(self):
        with pytest.raises(ValueError, match="settled by reading, not by a run"):
            claims.settle("winters-were-cold", {"moons": YES})


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


HOSTILE = """<script>alert(1)</script> & 3 < 4 ' " </div> --> {}"""


def test_the_card_says_shape_word_claim_place_and_numbers_and_escapes_them(shown):
    values = np.linspace(0.31, 0.34567891, 16)
    claims.settle(
        "deep-is-hard", two(median_above(values, 0.1, HOSTILE), check(False, f"off: {HOSTILE}"))
    )
    page = shown[0]["text/html"]
    card = Outline()
    card.feed(page)
    assert card.open == []
    assert card.root["class"] == "verdict verdict-depends"
    assert card.root["id"] == "claim-deep-is-hard"
    assert "<script" not in page
    for part in (
        "◆ depends",
        LEDGER.claims["deep-is-hard"].says,
        "holds in moons fails in digits, 5 layers",
        "digits, 5 layers: no",
        HOSTILE,
    ):
        assert part in card.text
    assert "<a " not in page
    (sample,) = json.loads(card.root["data-measured"])["moons"]["samples"]
    assert sample["name"] == HOSTILE
    assert parsed(shown[0]).numbers["digits, 5 layers"] == f"off: {HOSTILE}"


def test_a_close_call_is_marked_in_its_setting(shown):
    claims.settle("deep-is-hard", two(FIRM_YES, YES))
    assert "moons: yes</strong>" in shown[0]["text/html"]
    assert "digits, 5 layers: yes, close call</strong>" in shown[0]["text/html"]


def test_a_card_carries_its_samples_rounded_and_small(shown):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 64)) + 1e-3
    first = paired_win(a, b, 0.5, ("ReLU", "sigmoid"), "points")
    claims.settle("deep-is-hard", two(first, share_above(40, 64, 0.5, "runs")))
    (sample,) = parsed(shown[0]).samples["moons"]
    assert (sample.name, sample.unit, sample.each) == ("ReLU − sigmoid", "points", "seed")
    assert (sample.side, sample.threshold) == ("above", 0.5)
    np.testing.assert_allclose(sample.values, a - b, rtol=1e-3)
    (share,) = parsed(shown[0]).samples["digits, 5 layers"]
    assert share.values == (1,) * 40 + (0,) * 24
    assert len(shown[0]["text/html"]) < 9000


def test_the_card_draws_a_strip_for_each_measured_setting_and_says_it_in_a_sentence(shown):
    first = paired_win(np.linspace(0.3, 0.5, 16), np.full(16, 0.1), 0.0, ("ReLU", "tanh"))
    claims.settle("deep-is-hard", two(first, check(True, "equal in 3 of 3")))
    page = shown[0]["text/html"]
    assert page.count('<svg class="strip strip-yes"') == 1
    assert "ReLU against tanh: higher by 0.30 (median of 16 seeds; " in page
    assert page.index("digits, 5 layers: yes") < page.index("equal in 3 of 3")


def test_the_fold_writes_an_interval_in_short_and_the_text_keeps_what_was_measured(shown):
    accuracy = np.repeat([0.962, 0.964, 0.966], 6)
    claims.settle("deep-is-slow", {"moons": median_above(accuracy, 0.5, "ReLU")})
    assert "ReLU: median 0.9640 [0.9620, 0.9660] over 18 seeds" in shown[0]["text/plain"]
    assert "ReLU: median 0.964 [0.962, 0.966] over 18 seeds" in shown[0]["text/html"]
    assert "95\N{NO-BREAK SPACE}% interval 0.962 to 0.966" in shown[0]["text/html"]


def test_of_several_comparisons_the_card_shows_the_closest_and_folds_the_others(shown):
    far, near = (median_above(np.linspace(low, 3, 16), 1, f"from {low}") for low in (2.0, 0.9))
    claims.settle("deep-is-slow", {"moons": all_of(far, near)})
    card, fold = shown[0]["text/html"].split("<details")
    assert "from 0.9: " in card
    assert (
        "(one of 2 comparisons: both say yes, this one is nearer to a no; the other is in the fold)"
    ) in card
    assert "from 2.0: " not in card
    assert "from 2.0: " in fold
    assert (card.count("<svg"), fold.count("<svg")) == (1, 2)


def test_the_changes_of_a_plan_stand_in_a_fold_of_their_own_that_counts_them():
    changes = [Change(date(2026, 1, day), f"Reason {day}.", f"Plan {day}.") for day in (2, 5)]
    rows = dict(details(a_claim("deep-is-old", "experiment", changes=tuple(changes)), None))
    line, folded = rows["Its changes"].split("</summary>")
    assert line.endswith("2, the last on 2026-01-05")
    assert re.findall(r"Plan \d|Reason \d", folded) == ["Plan 2", "Reason 2", "Plan 5", "Reason 5"]
    assert "Its changes" not in dict(details(a_claim("deep-is-new", "experiment"), None))


@pytest.mark.parametrize(
    ("how", "starts", "told"),
    [
        (all_of, (2.0, 0.9), "2 comparisons: both say yes, this one is nearer to a no; the other"),
        (all_of, (2.0, 0.9, 1.0), "3 comparisons: all say yes, this one is nearest to a no; the"),
        (any_of, (2.0, 0.9, -4.0), "3 comparisons: 2 say yes, of these this one is nearer to a no"),
        (any_of, (2.0, -4.0), "2 comparisons: this one alone says yes; the other is in the fold"),
        (all_of, (2.0, -4.0), "2 comparisons: this one alone is open; the other is in the fold"),
        (all_of, (2.0, -3.0, -4.0), "2 are open, of these this one is farther from an answer; the"),
        (all_of, (-3.0, -4.0), "2 comparisons: both are open, this one is farther from an answer"),
        (all_of, (-3.0, -4.0, -5.0), "all are open, this one is farthest from an answer; the oth"),
        (all_of, (-30.0, -20.0, 2.0), "3 comparisons: 2 say no, of these this one is nearer to a"),
        (all_of, (-30.0, 2.0, 3.0), "this one alone says no; the others are in the fold)"),
    ],
)
def test_a_card_says_what_the_comparisons_of_a_setting_say_and_which_of_them_it_shows(
    shown, how, starts, told
):
    parts = [median_above(np.linspace(start, 3, 16), 0.5, f"from {start}") for start in starts]
    claims.settle("deep-is-slow", {"moons": how(*parts)})
    card = shown[0]["text/html"].split("<details")[0]
    assert told in card
    (among,) = re.findall(r'<span class="among">\((.+?)\)</span>', card)
    assert among.startswith(f"one of {len(starts)} comparisons: ")


def test_where_a_check_decides_against_the_comparisons_the_card_says_that_it_shows_one(shown):
    parts = [median_above(np.linspace(low, 3, 16), 0.5, f"from {low}") for low in (2.0, 0.9)]
    claims.settle("deep-is-slow", {"moons": all_of(check(False, "off by 2"), *parts)})
    assert "(one of 2 comparisons; the other is in the fold)" in shown[0]["text/html"]


def test_a_stored_number_is_that_of_a_seed_unless_the_card_says_otherwise():
    data = json.dumps(
        {
            "moons": {
                "p": 0.01,
                "samples": [
                    {
                        "name": "a − b",
                        "unit": "s",
                        "side": "above",
                        "threshold": 0,
                        "interval": [1, 2],
                        "values": [1, 1.5, 2],
                    }
                ],
            }
        }
    )
    found = stored.parsed(
        "deep-is-slow: holds here\n  moons: yes | 3",
        f"<div class=\"verdict verdict-x\" data-measured='{data}'>",
    )
    assert found.p_values == {"moons": 0.01}
    assert found.samples["moons"] == (Sample("a − b", (1, 1.5, 2), 0, "above", 1, 2, "s"),)


def test_a_check_has_no_samples_and_no_p_value(shown):
    claims.settle("sigmoid-definition", check(True, "equal"))
    assert "data-measured" not in shown[0]["text/html"]
    assert parsed(shown[0]).p_values == {}


def test_every_verdict_has_its_own_shape_and_word_and_a_color():
    assert len(set(claims.SHAPES.values())) == len(claims.SHAPES) == 9
    assert set(palette.VERDICTS) == set(claims.SHAPES)


def test_the_table_lists_every_claim_of_a_chapter_where_it_holds_and_what_is_not_yet(shown):
    claims.settle("deep-is-hard", two(YES, OPEN))
    claims.settle("deep-is-slow", {"moons": NO})
    claims.table("depth")
    assert shown[2]["text/plain"].splitlines() == [
        "deep-is-hard | holds here | holds in moons / open in digits, 5 layers",
        "deep-is-slow | fails here | fails in moons",
        "deep-is-vague | not yet",
        "sigmoid-definition | not yet",
        "winters-were-cold | not yet",
        "nobody-asked | not yet",
    ]
    page = shown[2]["text/html"]
    table = Outline()
    table.feed(page)
    assert table.open == []
    assert page.count("<tr data-claim=") == 6
    assert "holds in moons / open in digits, 5 layers" in page
    assert ' id="' not in page


def test_a_table_of_an_unknown_chapter_names_near_ones():
    with pytest.raises(LookupError, match="did you mean depth"):
        claims.table("dephts")


# --- what nbval compares -------------------------------------------------------------------------


def sanitized(output):
    """An output as nbval compares it."""
    from nbval.plugin import get_sanitize_patterns

    patterns = get_sanitize_patterns(SANITIZERS.read_text(encoding="utf-8"))
    forms = dict(output)
    for regex, replacement in patterns:
        forms = {kind: re.sub(regex, replacement, form) for kind, form in forms.items()}
    return forms


VERDICTS_OF_ANY_KIND = [
    ("deep-is-hard", two(FIRM_YES, FIRM_YES)),
    ("deep-is-hard", two(YES, OPEN)),
    ("deep-is-hard", two(NO, median_above(np.arange(16), 2, "loss: yes | no", "points"))),
    ("deep-is-hard", two(OPEN, OPEN)),
    ("deep-is-hard", two(FIRM_NO, NO)),
    ("deep-is-hard", two(OPEN, negate(share_above(15, 16, 0.5, HOSTILE)))),
]


def test_nbval_compares_no_word_no_outcome_and_no_number_of_what_a_run_decides(book, shown):
    for claim_id, evidence in VERDICTS_OF_ANY_KIND:
        claims.reset()
        claims.settle(claim_id, evidence)
    claims.reset()
    book(deep_is_hard=two(FIRM_YES, FIRM_YES))
    claims.settle("deep-is-hard", two(OPEN, FIRM_NO))
    assert {output["text/plain"].split("\n")[0] for output in shown} == {
        f"deep-is-hard: {word}" for word in claims.SIX_WORDS
    }
    for output in shown:
        assert sanitized(output) == {
            "text/plain": "deep-is-hard: VERDICT",
            "text/html": "CARD OF deep-is-hard",
        }
    checked = []
    for ok in (True, False):
        claims.reset()
        claims.settle("sigmoid-definition", check(ok, f"off by {ok:d}"))
        checked.append(sanitized(shown[-1]))
    assert checked[0] == checked[1]


def test_nbval_compares_which_claims_are_settled_and_findings_to_the_letter(shown):
    claims.settle("deep-is-slow", {"moons": YES})
    claims.by_reading("winters-were-cold", "Funding rose.", "crevier1993")
    claims.by_reading("nobody-asked", "Funding fell.", "crevier1993")
    texts = [sanitized(output)["text/plain"].strip() for output in shown]
    assert texts[0] == "deep-is-slow: VERDICT"
    assert texts[1] == shown[1]["text/plain"]
    assert [sanitized(o)["text/html"] for o in shown[1:]] == [o["text/html"] for o in shown[1:]]


def test_nbval_compares_of_a_table_which_claims_it_lists_and_which_are_settled(shown):
    tables = []
    for evidence in (two(YES, OPEN), two(FIRM_NO, FIRM_NO)):
        claims.reset()
        claims.settle("deep-is-hard", evidence)
        claims.table("depth")
        tables.append(sanitized(shown[-1]))
    assert tables[0] == tables[1]
    assert tables[0]["text/plain"].splitlines()[:2] == [
        "deep-is-hard | VERDICT",
        "deep-is-slow | not yet",
    ]
    claims.settle("deep-is-slow", {"moons": YES})
    claims.table("depth")
    assert sanitized(shown[-1])["text/plain"] != tables[0]["text/plain"]


# --- reading back --------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20).filter(
    lambda text: not re.search("True|False|0", text)  # which settle says in other words
)
names = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="|"), min_size=1, max_size=12
)
evidences = st.one_of(
    st.builds(check, st.booleans(), texts),
    st.builds(
        paired_win,
        st.lists(st.floats(-9, 9), min_size=16, max_size=16),
        st.just(np.zeros(16)),
        st.floats(-1, 1),
        st.tuples(texts, texts),
        texts,
    ),
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(names, evidences, min_size=1, max_size=3), st.booleans())
def test_what_settle_displays_is_read_back(shown, evidence, beside_the_book):
    claim = dataclasses.replace(LEDGER.claims["deep-is-slow"], settings=tuple(evidence))
    book = {claim.id: settled(verdict="holds", claim_id=claim.id)} if beside_the_book else {}
    claims.reset()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(LEDGER.claims, claim.id, claim)
        monkeypatch.setattr("utils.claims.settling.book_says", lambda chapter: book)
        claims.settle(claim.id, evidence)
    found = parsed(shown[-1])
    answers = {True: "yes", False: "no", None: "open"}
    assert found.id == claim.id
    assert found.outcomes == {k: (answers[e.outcome], e.firm) for k, e in evidence.items()}
    assert found.numbers == {k: " ".join(e.numbers.split()) for k, e in evidence.items()}
    assert found.verdict == claims.word(o.answer for o in found.outcomes.values())
    measured = {k: e.p for k, e in evidence.items() if e.samples and e.p}
    assert found.p_values == pytest.approx(measured, rel=1e-3)
    for setting, samples in found.samples.items():
        for read, told in zip(samples, evidence[setting].samples, strict=True):
            assert read.values == pytest.approx(told.values, rel=1e-3)
            assert (read.name, read.side, read.unit) == (told.name, told.side, told.unit)


def test_a_notebook_that_ran_tells_its_verdicts_and_anchors(tmp_path, monkeypatch):
    monkeypatch.undo()
    known = claims.ledger()
    checked = next(c.id for c in known.values() if c.settle_by == "check")
    read = next(c.id for c in known.values() if c.settle_by == "reading")
    code = f"""from utils import claims, palette
from utils.claims import settling
from utils.stats import check
settling.frozen = lambda claim: None
claims.settle("{checked}", check(True, "a < b"))
claims.by_reading("{read}", "So it is.", "crevier1993")
claims.table("nitty-gritty")"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute(env={**os.environ, "COURSE_WRITES_THE_BOOK": "1"})
    path = tmp_path / "chapter.ipynb"
    nbformat.write(notebook, path)
    assert claims.verdicts(path) == [
        claims.Settled(
            checked,
            "checked",
            {"check": claims.Outcome("yes", True)},
            {"check": "a < b"},
            f"claim-{checked}",
        ),
        claims.Settled(read, "by reading", {}, {"": "So it is. [crevier1993]"}, f"claim-{read}"),
    ]


def written(folder, *texts, name="depth.ipynb"):
    """A notebook whose outputs are cards with these texts."""
    outputs = [
        {"data": {"text/plain": text, "text/html": '<div class="verdict verdict-x">'}}
        for text in texts
    ]
    path = folder / name
    path.write_text(json.dumps({"cells": [{"outputs": outputs}, {"cell_type": "markdown"}]}))
    return path


def test_verdicts_are_also_read_from_text_stored_as_lines(tmp_path):
    path = written(tmp_path, ["deep-is-slow: open\n", "  moons: open | 3"])
    assert claims.verdicts(path)[0].verdict == "open"


ONE = "deep-is-slow: holds here\n  moons: yes | 3"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["deep-is-slow: perhaps\n  moons: yes | 3"], "unknown verdict 'perhaps'"),
        (["gone: holds here\n  moons: yes | 3"], "gone is not in the ledger"),
        ([ONE, ONE], "settled twice"),
        (["deep-is-slow: holds\n  moons: yes | 3"], "its settings say 'holds here'"),
        (["sigmoid-definition: checked\n  check: no | 3"], "its settings say 'misprint'"),
        (["holds"], "old form.*make notebooks CH=depth"),
        (["deep-is-slow: holds\n  measured: 3"], "old form.*make notebooks CH=depth"),
        (["deep-is-slow: undecided\n  measured: 3"], "'undecided'.*make notebooks CH=depth"),
        (["deep-is-slow: by reading\n  measured: 3"], "old form.*make notebooks CH=depth"),
    ],
)
def test_a_stored_verdict_that_cannot_be_right_is_an_error(tmp_path, texts, message):
    with pytest.raises(ValueError, match=message):
        claims.verdicts(written(tmp_path, *texts))


@pytest.mark.parametrize("text", [None, "{", "[]", '{"cells": 3}', '{"cells": ["a"]}'])
def test_a_book_that_is_missing_or_no_notebook_says_nothing(tmp_path, monkeypatch, text):
    monkeypatch.setattr(stored, "CHAPTERS", tmp_path)
    if text is not None:
        (tmp_path / "depth.ipynb").write_text(text)
    assert stored.book_says("depth") == {}


def test_the_book_says_what_its_notebook_stores_and_is_read_once(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "CHAPTERS", tmp_path)
    path = written(tmp_path, ONE)
    assert stored.book_says("depth")["deep-is-slow"].verdict == "holds here"
    path.unlink()
    assert list(stored.book_says("depth")) == ["deep-is-slow"]
    written(tmp_path, "deep-is-slow: holds\n  measured: 3", name="old.ipynb")
    assert stored.book_says("old") == {}


def test_the_book_is_read_without_numpy_or_tensorflow():
    code = (
        "import sys; from utils.claims import stored; stored.book_says('nitty-gritty'); "
        "print([m for m in ('numpy', 'scipy', 'keras', 'tensorflow', 'IPython') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
