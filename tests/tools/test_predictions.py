"""A chapter whose predictions are in order passes; here, one thing at a time is out of order."""

import json
from types import SimpleNamespace

import pytest

from tools.course import Course
from tools.predictions import answered, in_new_form, predictions, typed

CHOICE = """\
> **Predict.** Sixteen networks, sixteen starts.
> How many learn?
>
> 1. none or almost none
> 2. about half
> 3. all sixteen
>
> <details><summary>Answer</summary>
>
> **1.** They toss a coin. *If you said 2, you thought of luck.* *If you said 2 or 3, so do most.*
>
> <!-- answer: claim deep-fails = depends -->
>
> </details>
"""
NUMBER = """\
> **Predict.** Which share is left?
>
> between 0 and 100 %
>
> <details><summary>Answer</summary>
>
> **63 %.** So it is. *If you said less than 30, no.* *If you said 64 to 1,000, nearly.*
>
> <!-- answer: printed share that is left = 63 -->
>
> </details>
"""
BY_SETTING = CHOICE.replace(
    "claim deep-fails = depends", "claim deep-fails in two moons, SGD = yes"
)
MEASURED = NUMBER.replace("share that is left = 63", "seeds ahead = 12").replace("**63 %.** ", "")
TYPED = CHOICE.replace("claim deep-fails = depends", "typed a drawing has no output")
GOOD = [CHOICE, NUMBER, BY_SETTING, MEASURED, TYPED]
FIGURE = """\
```{code-cell} ipython3
---
mystnb:
  image:
    alt: "Sixteen curves, and all of them are flat."
---
# @title How this figure was drawn
plt.show()
```
"""
VERDICT = {
    "text/plain": "deep-fails: depends\n  two moons, SGD: yes | 3\n  digits: no, close call | 4",
    "text/html": '<div class="verdict verdict-depends" id="claim-deep-fails"></div>',
}
PRINTED = """\
share that is left: 63 %
measured: seeds ahead: 12 of 16
loss: 0.5
loss: 0.7
depth: 1,000
"""


@pytest.fixture
def chapter(course: Course, monkeypatch: pytest.MonkeyPatch):
    """Writes the chapter `tiny`, beside what its notebook has stored; returns its problems."""
    known = SimpleNamespace(claims={"deep-fails": None})
    monkeypatch.setattr("utils.claims.stored.load", lambda: known)
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": VERDICT},
        {"output_type": "stream", "name": "stdout", "text": PRINTED},
        {"output_type": "stream", "name": "stderr", "text": "noise: 5\n"},
    ]
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "",
        "execution_count": 1,
        "outputs": outputs,
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    course.chapter("tiny").parent.mkdir()
    course.chapter("tiny").write_text(json.dumps(notebook))

    def write(*parts: str) -> list[str]:
        course.source("tiny").write_text("# Tiny\n\n" + "\n".join(parts))
        return answered(course, "tiny")

    return write


def one_wrong(chapter, wrong: str) -> str:
    """The one problem of a chapter that has one prediction too many, which is wrong."""
    (problem,) = chapter(GOOD[0], FIGURE, *GOOD[1:], wrong)
    line = sum(part.count("\n") + 1 for part in (*GOOD, FIGURE)) + 3
    place, _, said = problem.partition(": ")
    assert place == f"sources/tiny/chapter.md:{line}"
    return said


def test_predictions_that_are_borne_out_are_no_problem(chapter) -> None:
    assert chapter(GOOD[0], FIGURE, *GOOD[1:]) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("> **Predict.** Which one wins?\n", "this *Predict* has no answer: fold one below it"),
        (CHOICE.replace("</details>", ""), "its fold is not `<details><summary>Answer</summary>`"),
        (CHOICE.replace("<details>", "<details open>"), "its fold is not `<details><summary>"),
        (
            CHOICE.replace("> <!-- answer: claim deep-fails = depends -->\n", ""),
            "its answer has 0 ties, expected one",
        ),
        (
            CHOICE.replace("> </details>", "> <!-- answer: typed so -->\n>\n> </details>"),
            "its answer has 2 ties, expected one",
        ),
        (CHOICE.replace("claim deep-fails =", "claim ="), "is none of `claim <id> = <word>`"),
        (CHOICE.replace("1. none or", "none or"), "its choices are numbered [2, 3]"),
        (
            CHOICE.replace("> 1. ", "> - ").replace("> 2. ", "> - ").replace("> 3. ", "> - "),
            "0 choi",
        ),
        (CHOICE.replace("> 3. all", ">\n> between 0 and 1\n>\n> 3. all"), "1 scales"),
        (CHOICE.replace("all sixteen", "about half"), "two of its choices say the same"),
        (CHOICE.replace("**1.** ", ""), "no choice is called right: open the answer with its"),
        (CHOICE.replace("**1.** ", "**1 or 3.** "), "calls 2 choices right: [1, 3], expected one"),
        (CHOICE.replace("coin. ", "coin.\n>\n> **3.** "), "calls 2 choices right: [1, 3]"),
        (CHOICE.replace("**1.** ", "**4.** "), "calls 4 right, but there are 3 choices"),
        (CHOICE.replace("**1.** ", "**0.** "), "calls 0 right, but there are 3 choices"),
        (CHOICE.replace("said 2 or 3", "said 2 or 4"), "there is no choice 4"),
        (CHOICE.replace("said 2, you", "said two, you"), "expected “If you said 2, …”"),
        (CHOICE.replace("deep-fails", "deep-fail"), "no claim deep-fail: is deep-fails meant?"),
        (
            CHOICE.replace("= depends", "= holds"),
            "tied to deep-fails = holds, and the book found: de",
        ),
        (
            CHOICE.replace("= depends", "= maybe"),
            "`maybe` is no word of this book: expected holds,",
        ),
        (
            BY_SETTING.replace("two moons, SGD", "moons"),
            "deep-fails has no setting “moons”: expected one of two moons, SGD, digits",
        ),
        (
            BY_SETTING.replace("two moons, SGD", "digits"),
            "tied to deep-fails in digits = yes, and the book found: no",
        ),
        (
            BY_SETTING.replace("= yes", "= holds"),
            "`holds` is no word of this book: expected yes, no",
        ),
        (NUMBER.replace("0 and 100", "100 and 0"), "between 100 and 0: put the lower one first"),
        (
            NUMBER.replace("0 and 100", "70 and 100"),
            "the answer is 63, but the slider lies between 70",
        ),
        (NUMBER.replace("**63 %", "**36 %"), "the answer opens with 36, and is tied to 63"),
        (
            NUMBER.replace("printed share that is left = 63", "typed so").replace("**63 %.** ", ""),
            "no number is called right: open the answer with it",
        ),
        (
            NUMBER.replace("printed share that is left = 63", "claim deep-fails = depends"),
            "a word bears out no number",
        ),
        (NUMBER.replace("less than 30", "some 30"), "expected “If you said less than 30, …”"),
        (
            NUMBER.replace("share that is left =", "share left ="),
            "no output has a line “share left: n",
        ),
        (
            NUMBER.replace("share that is left = 63", "noise = 5").replace("63", "5"),
            "no output has a",
        ),
        (NUMBER.replace("63", "64"), "tied to “share that is left: 64”, and the chapter prints 63"),
        (MEASURED.replace("seeds ahead = 12", "loss = 0.5"), "the chapter prints 0.5, 0.7"),
    ],
)
def test_what_is_wrong_with_a_prediction_is_named_with_its_line(chapter, wrong, said) -> None:
    assert said in one_wrong(chapter, wrong)


def test_a_number_with_thousands_set_apart_is_that_number(chapter) -> None:
    deep = MEASURED.replace("seeds ahead = 12", "depth = 1000").replace("100 %", "1,500 layers")
    assert chapter(GOOD[0], FIGURE, *GOOD[1:], deep) == []


def test_a_chapter_has_five_predictions_or_more(chapter) -> None:
    assert chapter(GOOD[0], FIGURE, *GOOD[1:4]) == [
        "sources/tiny/chapter.md: 4 predictions, expected 5 or more"
    ]


def test_one_prediction_stands_above_the_first_figure(chapter) -> None:
    assert chapter(FIGURE, *GOOD, FIGURE) == [
        "sources/tiny/chapter.md:3: the first figure has no *Predict* above it: ask before you show"
    ]


def test_a_chapter_that_is_yet_to_be_written_anew_may_ask_without_an_answer(chapter) -> None:
    untitled = FIGURE.replace("# @title How this figure was drawn\n", "")
    asked = "> **Predict.** Which one wins?\n"
    assert chapter(untitled, asked) == []
    assert len(chapter(untitled, asked, CHOICE)) == 3
    assert len(chapter(FIGURE, asked)) == 3


def test_either_a_title_or_an_answer_makes_a_chapter_one_in_the_new_form() -> None:
    assert in_new_form(FIGURE)
    assert in_new_form(CHOICE)
    assert not in_new_form("> **Predict.** Which one wins?\n\n```python\nx = 1\n```\n")


def test_typed_answers_are_listed_with_their_reasons(course: Course, chapter) -> None:
    chapter(*GOOD)
    line = sum(part.count("\n") + 1 for part in GOOD[:4]) + 3
    assert typed(course, "tiny") == [f"sources/tiny/chapter.md:{line}: a drawing has no output"]


def test_a_prediction_is_read_up_to_the_end_of_its_quotation() -> None:
    first, second = predictions(f"{CHOICE}> **Lab.** Not asked.\n\nText.\n\n{NUMBER}")
    assert [number for number, _ in first.choices] == [1, 2, 3]
    assert (first.line, second.line) == (1, 19)
    assert [(each.low, each.high, each.unit) for each in second.scales] == [(0, 100, "%")]
