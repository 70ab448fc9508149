"""A *Predict* with an answer becomes a form: choose or set a number, commit, see what came out.

Without JavaScript, and on paper, it stays what the chapter's Markdown says: a question, its choices
and a fold with the answer. What `_static/predict.js` needs stands in the markup as data. A box
without an answer stays a plain box. CONTRIBUTING.md shows how one is written.
"""

import hashlib
import html
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from own_files import load_own
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import ties

logger = logging.getLogger(__name__)
SHOWS = "shows_predictions"
VEIL = "Commit to a guess, or skip, to see what came out."
BUTTONS = (
    '<p class="predict-buttons" hidden><button type="submit">Commit</button> '
    '<button type="button" class="predict-skip">Skip</button>{}</p></form>'
)
FOLD = '<button type="button" class="predict-fold"></button>'
TALLY = (
    '<div class="predict-tally" hidden>'
    '<p class="predict-score" role="status" tabindex="-1"></p><p>'
    '<button type="button" class="predict-forget">Forget my predictions</button> '
    f"{FOLD} "
    '<a href="?class">All on one sheet, for a class</a></p></div>'
)


@dataclass(frozen=True)
class Box:
    """The parts of a *Predict*: what is asked, what can be guessed, and the answer in its fold."""

    question: list[nodes.Node]
    choices: nodes.enumerated_list | None
    scale: ties.Scale | None
    answer: list[nodes.Node]
    sentences: list[tuple[nodes.emphasis, ties.Meant]]
    tie: ties.Tie
    right: float

    @property
    def key(self) -> str:
        """What a guess is remembered by: another question, or other choices, have another."""
        guessed = self.choices.astext() if self.choices else str(self.scale)
        asked = " ".join(node.astext() for node in self.question)
        return hashlib.sha256(f"{asked} {guessed}".encode()).hexdigest()[:12]


class Predictions(SphinxTransform):
    """Turn the boxes that have an answer into forms."""

    default_priority = 550  # after the call-outs have got their boxes

    def apply(self, **kwargs: Any) -> None:
        """Visit every *Predict* of the page."""
        number = 0
        for box in list(self.document.findall(nodes.container)):
            if "callout-predict" not in box["classes"]:
                continue
            try:
                parts = parts_of(box)
            except ValueError as error:
                logger.warning("this Predict: %s", error, location=box, type="predict")
                continue
            if parts is None:
                continue
            number += 1
            name = f"predict-{number}"
            box.children = []
            box += form(name, parts, BUTTONS.format(f" {FOLD}" if number == 1 else ""))
            place, parent = box.parent.index(box), box.parent
            veil = f"<predict-veil hidden>{VEIL}</predict-veil></predict-box>"
            parent.insert(place + 1, _raw(veil))
            parent.insert(place, _raw(opening_tag(name, self.env.docname, parts)))
        self.env.metadata[self.env.docname][SHOWS] = str(number)


def parts_of(box: nodes.container) -> Box | None:
    """Read a box; None where it has no answer, a ValueError where its parts do not fit together."""
    children = list(box.children)
    starts = [n for n, child in enumerate(children) if _html(child).startswith("<details")]
    if not starts:
        return None
    ends = [n for n, child in enumerate(children) if _html(child).startswith("</details>")]
    if not ends:
        raise ValueError("its fold is not closed: an empty line, then </details>")
    above, inside = children[: starts[0]], children[starts[0] + 1 : ends[-1]]
    comments = ties.COMMENT.findall("\n".join(map(_html, inside)))
    if len(comments) != 1:
        raise ValueError(f"its answer has {len(comments)} ties, expected one <!-- answer: … -->")
    answer = [node for node in inside if not ties.COMMENT.search(_html(node))]
    lists = [node for node in above if isinstance(node, nodes.enumerated_list)]
    scaled = [node for node in above if ties.scale(node.astext())]
    if len(lists) + len(scaled) != 1:
        raise ValueError(
            f"it has {len(lists)} lists of choices and {len(scaled)} scales, expected one: "
            "`1. …` or `between 0 and 100 %`"
        )
    question = [node for node in above if node not in lists + scaled]
    choices = lists[0] if lists else None
    scale = ties.scale(scaled[0].astext()) if scaled else None
    tie = ties.tie(comments[0])
    right = right_guess(answer, choices, scale, tie)
    sentences = [
        (sentence, ties.meant(" ".join(sentence.astext().split()), scale is not None))
        for node in answer
        for sentence in node.findall(nodes.emphasis)
        if sentence.astext().startswith(ties.SAID)
    ]
    return Box(question, choices, scale, answer, sentences, tie, right)


def right_guess(
    answer: list[nodes.Node],
    choices: nodes.enumerated_list | None,
    scale: ties.Scale | None,
    tie: ties.Tie,
) -> float:
    """The number of the right choice, or the right number."""
    opening = bold_opening(answer)
    bold = f"**{opening.astext()}**" if opening else ""
    if choices is not None:
        right = ties.right_choices(bold)
        if len(right) != 1 or not 1 <= right[0] <= len(choices):
            raise ValueError(
                f"its answer opens with {bold or 'no bold number'}: expected one of the choices, "
                f"**1.** to **{len(choices)}.**"
            )
        return right[0]
    number = tie.number if isinstance(tie, ties.ByPrint) else ties.opening_number(bold)
    if number is None or scale is None or not scale.low <= number <= scale.high:
        raise ValueError(
            f"its answer is {number}: expected a number within the scale, tied or bold at its start"
        )
    return number


def bold_opening(answer: list[nodes.Node]) -> nodes.strong | None:
    """The bold words that an answer begins with."""
    opening = answer[0].children if answer else []
    spoken = next((node for node in opening if node.astext().strip()), None)
    return spoken if isinstance(spoken, nodes.strong) else None


def form(name: str, box: Box, buttons: str) -> Iterator[nodes.Node]:
    """The children of a box that can be answered; without JavaScript its controls stay hidden."""
    yield _raw(f'<form class="predict-form"><div id="{name}-question">')
    yield from box.question
    yield _raw("</div>")
    if box.choices is not None:
        yield _raw(f'<fieldset role="radiogroup" aria-labelledby="{name}-question">')
        for number, item in enumerate(box.choices.findall(nodes.list_item), start=1):
            make_choice(item, name, number)
        yield box.choices
        yield _raw(f"</fieldset>{buttons}")
    elif box.scale is not None:
        yield _raw(slider(name, box.scale) + buttons)
    yield _raw(
        '<p class="predict-said" role="status" tabindex="-1"></p>'
        '<details class="predict-answer"><summary>Answer</summary>'
    )
    for sentence, meant in box.sentences:
        mark_sentence(sentence, meant)
    mark_result(box.answer)
    yield from box.answer
    yield _raw("</details>")


def make_choice(item: nodes.list_item, name: str, number: int) -> None:
    """Put a radio button before the words of a choice, both in one label."""
    words = item.astext() if not list(item.findall(nodes.math)) else f"choice {number}"
    button = (
        f'<label><input type="radio" name="{name}" value="{number}" required hidden '
        f'data-words="{html.escape(" ".join(words.split()))}"><span>'
    )
    inline = [node for paragraph in item.children for node in paragraph.children]
    item.children = []
    item += [_raw(button), *inline, _raw("</span></label>")]


def slider(name: str, scale: ties.Scale) -> str:
    """A scale as a sentence, and the slider that JavaScript shows in its place."""
    step = step_of(scale)
    middle = scale.low + step * round((scale.high - scale.low) / 2 / step)
    unit = html.escape(scale.unit)
    return (
        f'<p class="predict-bounds">between {scale.low:g} and {scale.high:g} {unit}</p>'
        f'<div class="predict-slider" data-unit="{unit}" hidden>'
        '<span class="predict-number" aria-hidden="true"></span>'
        f'<input type="range" id="{name}-guess" aria-labelledby="{name}-question" '
        f'min="{scale.low:g}" max="{scale.high:g}" step="{step:g}" value="{middle:g}">'
        f"<span>{scale.low:g}</span><span>{scale.high:g}</span></div>"
    )


def step_of(scale: ties.Scale) -> float:
    """A hundredth of a scale, rounded down to 1, 2 or 5 of its decade; whole numbers on most."""
    hundredth = (scale.high - scale.low) / 100
    decade = 10.0 ** math.floor(math.log10(hundredth))
    step = max(each * decade for each in (1, 2, 5) if each * decade <= hundredth * (1 + 1e-9))
    whole = scale.low.is_integer() and scale.high.is_integer() and scale.high - scale.low >= 10
    return max(step, 1.0) if whole else step


def mark_sentence(sentence: nodes.emphasis, meant: ties.Meant) -> None:
    """Say whose guess a sentence is about, so that it is shown to them."""
    if not meant.choices:
        bounds = f'data-low="{meant.low:g}" data-high="{meant.high:g}"'
        data = f"{bounds} data-open" if meant.open else bounds
    else:
        data = f'data-said="{" ".join(map(str, meant.choices))}"'
    place, parent = sentence.parent.index(sentence), sentence.parent
    parent.insert(place + 1, _raw("</span>"))
    parent.insert(place, _raw(f'<span class="predict-if" {data}>'))


def mark_result(answer: list[nodes.Node]) -> None:
    """Mark the result in bold that opens an answer: a box that has said it shows it no more."""
    opening = bold_opening(answer)
    if opening and opening.astext().endswith("."):  # else a sentence goes on with it
        opening["classes"].append("predict-result")


def opening_tag(name: str, page: str, box: Box) -> str:
    """The element around a box, with what the script needs."""
    data = {"page": page, "key": f"{page}/{box.key}", "right": f"{box.right:g}"}
    if isinstance(box.tie, ties.ByClaim):
        data["claim"] = box.tie.id
    told = " ".join(f'data-{key}="{html.escape(value)}"' for key, value in data.items())
    return f'<predict-box id="{name}" {told}>'


def add_tally(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the tally below the last section of a page with predictions."""
    if "body" in context and int(app.env.metadata.get(page, {}).get(SHOWS, 0)):
        context["body"] += TALLY


def _html(node: nodes.Node) -> str:
    return node.astext().strip() if isinstance(node, nodes.raw) else ""


def _raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform, the tally, and the page's script and style."""
    app.add_transform(Predictions)
    app.connect("html-page-context", add_tally)
    app.connect("config-inited", load_own("predict.css", "predict.js"))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
