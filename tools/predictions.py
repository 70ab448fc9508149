"""The predictions of a chapter: can each be answered, and does what the book found bear it out?

A *Predict* is a quotation in plain Markdown; CONTRIBUTING.md shows one.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from nbformat import NotebookNode

from tools import ties
from tools.course import Course, read_notebook
from utils import claims
from utils.claims.rules import ANSWERS, WORDS

LEAST = 5
"""How many predictions a chapter has at least."""

OPENS = "> **Predict.**"
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
FIGURE = re.compile(r"^mystnb:$", re.MULTILINE)
TITLED = re.compile(r"^# @title ", re.MULTILINE)
CHOICE = re.compile(r"^(\d+)\. +(.+(?:\n {2,}\S.*)*)", re.MULTILINE)
FOLD = re.compile(r"<details>\s*<summary>Answer</summary>\n(.*?)</details>", re.DOTALL)
IF_SAID = re.compile(rf"\*({re.escape(ties.SAID)}(?:[^*]|\*\*[^*]+\*\*)*)\*(?!\*)")
PRINTED = re.compile(rf"(?:measured: )?(?P<label>.+?): *(?P<number>{ties.NUMBER})(?![\w.])")


@dataclass(frozen=True)
class Prediction:
    """One *Predict* of a chapter: the line at which it opens, and its text without the marks."""

    line: int
    text: str

    @property
    def asked(self) -> str:
        """What stands above the fold."""
        return self.text.partition("<details")[0]

    @property
    def choices(self) -> list[tuple[int, str]]:
        """The numbers and the words of what can be chosen."""
        return [(int(n), " ".join(words.split())) for n, words in CHOICE.findall(self.asked)]

    @property
    def scales(self) -> list[ties.Scale]:
        """The paragraphs that name a scale."""
        return [found for part in self.asked.split("\n\n") if (found := ties.scale(part))]

    @property
    def begun(self) -> bool:
        """Whether somebody has set out to answer it: there is a fold, or a tie."""
        return "<details" in self.text or bool(ties.COMMENT.search(self.text))

    @cached_property
    def answer(self) -> str | None:
        """The text in the fold, with its comments; None where there is no fold as it should be."""
        found = FOLD.search(self.text)
        return found[1].strip() if found else None


@dataclass(frozen=True)
class Stored:
    """What a chapter's notebook stores that an answer can be tied to."""

    settled: dict[str, claims.Settled]
    printed: dict[str, set[float]]


def predictions(text: str) -> list[Prediction]:
    """The predictions in a chapter's source, in order."""
    lines = text.split("\n")
    found = []
    for place, line in enumerate(lines):
        if line.startswith(OPENS):
            rest = (each for each in lines[place:])
            quoted = [each[1:].removeprefix(" ") for each in _while_quoted(rest)]
            found.append(Prediction(place + 1, "\n".join(quoted)))
    return found


def in_new_form(text: str) -> bool:
    """Whether a chapter is written as CONTRIBUTING.md says: folded cells have titles."""
    return bool(TITLED.search(text)) or any(each.begun for each in predictions(text))


def answered(course: Course, slug: str) -> list[str]:
    """Each prediction has one right answer, which follows from what the notebook stores."""
    name, text = f"sources/{slug}/chapter.md", course.source(slug).read_text(encoding="utf-8")
    if not in_new_form(text):
        return []
    found, stored = predictions(text), what_is_stored(course, slug)
    problems = [
        f"{name}:{each.line}: {problem}" for each in found for problem in wrong(each, stored)
    ]
    if len(found) < LEAST:
        problems.append(f"{name}: {len(found)} predictions, expected {LEAST} or more")
    figure = first_figure(text)
    if figure and not any(each.line < figure for each in found):
        problems.append(
            f"{name}:{figure}: the first figure has no *Predict* above it: ask before you show"
        )
    return problems


def typed(course: Course, slug: str) -> list[str]:
    """Which answers are typed, and why: nothing that is stored bears them out."""
    listed = []
    for each in predictions(course.source(slug).read_text(encoding="utf-8")):
        for comment in ties.COMMENT.findall(each.text):
            words = " ".join(comment.split())
            if words.startswith("typed "):
                listed.append(f"sources/{slug}/chapter.md:{each.line}: {words[6:]}")
    return listed


def what_is_stored(course: Course, slug: str) -> Stored:
    """The verdicts and the labeled numbers of a chapter's notebook."""
    path = course.chapter(slug)
    printed: dict[str, set[float]] = {}
    for line in _printed_lines(read_notebook(path)):
        if found := PRINTED.match(line.strip()):
            printed.setdefault(found["label"], set()).add(ties.number(found["number"]))
    return Stored({each.id: each for each in claims.verdicts(path)}, printed)


def first_figure(text: str) -> int | None:
    """The line of the first cell that draws: it says what its figure shows."""
    for cell in CELL.finditer(text):
        if FIGURE.search(cell[0]):
            return text.count("\n", 0, cell.start()) + 1
    return None


def wrong(prediction: Prediction, stored: Stored) -> list[str]:
    """What is wrong with one prediction."""
    if not prediction.begun:
        return [
            "this *Predict* has no answer: fold one below it, as “Add a chapter” in "
            "CONTRIBUTING.md shows"
        ]
    if prediction.answer is None:
        return [
            "its fold is not `<details><summary>Answer</summary>`, a blank line, … `</details>`"
        ]
    choices, scales = prediction.choices, prediction.scales
    if len(scales) + bool(choices) != 1:
        given = f"{len(choices)} choices and {len(scales)} scales"
        return [f"it has {given}; expected choices (`1. …`) or one line `between 0 and 100 %`"]
    comments = ties.COMMENT.findall(prediction.text)
    if len(comments) != 1:
        return [f"its answer has {len(comments)} ties, expected one `<!-- answer: … -->`"]
    try:
        tie = ties.tie(comments[0])
    except ValueError as error:
        return [str(error)]
    answer = ties.COMMENT.sub("", prediction.answer)
    own = wrong_number(answer, scales[0], tie) if scales else wrong_choice(answer, choices)
    return [*own, *wrong_sentences(answer, prediction), *unsupported(tie, stored)]


def wrong_choice(answer: str, choices: Sequence[tuple[int, str]]) -> list[str]:
    """What is wrong with a list of choices and the one that is called right."""
    numbers, words = zip(*choices, strict=True)
    if list(numbers) != list(range(1, len(numbers) + 1)) or len(numbers) < 2:
        return [f"its choices are numbered {list(numbers)}, expected 1, 2 and so on"]
    problems = []
    if len(set(words)) < len(words):
        problems.append(f"two of its choices say the same: {', '.join(words)}")
    right = ties.right_choices(answer)
    if not right:
        problems.append(
            "no choice is called right: open the answer with its number, as in `**2.**`"
        )
    elif len(right) > 1:
        problems.append(f"the answer calls {len(right)} choices right: {right}, expected one")
    elif right[0] not in numbers:
        problems.append(f"the answer calls {right[0]} right, but there are {len(numbers)} choices")
    return problems


def wrong_number(answer: str, scale: ties.Scale, tie: ties.Tie) -> list[str]:
    """What is wrong with a scale and the number that is called right."""
    if not scale.low < scale.high:
        return [f"its scale is between {scale.low:g} and {scale.high:g}: put the lower one first"]
    if isinstance(tie, ties.ByClaim):
        return ["a word bears out no number: tie it to one that is printed, or say why it is typed"]
    opening = ties.opening_number(answer)
    right = tie.number if isinstance(tie, ties.ByPrint) else opening
    if right is None:
        return ["no number is called right: open the answer with it, as in `**63 %.**`"]
    problems = []
    if opening not in (None, right):
        problems.append(f"the answer opens with {opening:g}, and is tied to {right:g}")
    if not scale.low <= right <= scale.high:
        bounds = f"between {scale.low:g} and {scale.high:g}"
        problems.append(f"the answer is {right:g}, but the slider lies {bounds}")
    return problems


def wrong_sentences(answer: str, prediction: Prediction) -> list[str]:
    """What is wrong with the sentences on single guesses."""
    problems = []
    for sentence in IF_SAID.findall(answer):
        try:
            meant = ties.meant(" ".join(sentence.split()), scaled=bool(prediction.scales))
        except ValueError as error:
            problems.append(str(error))
            continue
        unknown = set(meant.choices) - {number for number, _ in prediction.choices}
        if unknown:
            problems.append(f"“{sentence[:40]}…”: there is no choice {min(unknown)}")
    return problems


def unsupported(tie: ties.Tie, stored: Stored) -> list[str]:
    """What the notebook stores against a tie."""
    if isinstance(tie, ties.ByClaim):
        return unsupported_claim(tie, stored.settled)
    if isinstance(tie, ties.ByPrint):
        return unsupported_print(tie, stored.printed)
    return []


def unsupported_claim(tie: ties.ByClaim, settled: dict[str, claims.Settled]) -> list[str]:
    """Whether a stored verdict, or its answer in a setting, is another."""
    allowed = WORDS if tie.setting is None else ANSWERS
    if tie.word not in allowed:
        return [f"`{tie.word}` is no word of this book: expected {', '.join(allowed)}"]
    if tie.id not in settled:
        return [f"the chapter settles no claim {tie.id}{_near(tie.id, settled)}"]
    verdict = settled[tie.id]
    if tie.setting is None:
        found = verdict.verdict
    elif tie.setting in verdict.outcomes:
        found = verdict.outcomes[tie.setting].answer
    else:
        names = ", ".join(verdict.outcomes) or "none"
        return [f"{tie.id} has no setting “{tie.setting}”: expected one of {names}"]
    if found == tie.word:
        return []
    place = f" in {tie.setting}" if tie.setting else ""
    return [f"it is tied to {tie.id}{place} = {tie.word}, and the book found: {found}"]


def unsupported_print(tie: ties.ByPrint, printed: dict[str, set[float]]) -> list[str]:
    """Whether a label is not printed, or with another number."""
    found = printed.get(tie.label)
    if found is None:
        return [f"no output has a line “{tie.label}: number”{_near(tie.label, printed)}"]
    if found == {tie.number}:
        return []
    numbers = ", ".join(f"{each:g}" for each in sorted(found))
    return [f"it is tied to “{tie.label}: {tie.number:g}”, and the chapter prints {numbers}"]


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f": is {near[0]} meant?" if near else ""


def _while_quoted(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith(">"):
            return
        yield line


def _printed_lines(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stdout":
                yield from output.text.split("\n")
