"""How a *Predict* is written: its scale, what ties its answer to a result, and who is meant.

The book's extension reads the same few lines as `make check`; that is why they stand here, apart.
"""

import re
from dataclasses import dataclass

NUMBER = r"[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?"
FORMS = (
    "`claim <id> = <word>`, `claim <id> in <setting> = <yes, no or open>`, "
    "`printed <label> = <number>` or `typed <why>`"
)
COMMENT = re.compile(r"<!--\s*answer:\s*(.*?)\s*-->", re.DOTALL)
SAID = "If you said "

_SCALE = re.compile(rf"between ({NUMBER}) and ({NUMBER})(?: (\S.*))?")
_CLAIM = re.compile(r"claim (?P<id>\S+)(?: in (?P<setting>.+))? = (?P<word>.+)")
_PRINTED = re.compile(rf"printed (?P<label>.+) = (?P<number>{NUMBER})")
_TYPED = re.compile(r"typed (?P<why>.+)", re.DOTALL)
_CHOICES = re.compile(rf"{SAID}(\d+(?:(?:, or |, | or )\d+)*),")
_NUMBERS = re.compile(
    rf"{SAID}(?:(?P<side>less|more) than (?P<bound>{NUMBER})"
    rf"|(?P<low>{NUMBER}) to (?P<high>{NUMBER}))"
)


@dataclass(frozen=True)
class Scale:
    """What a guessed number lies between, and its unit."""

    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class ByClaim:
    """The answer is right because the book's verdict on a claim, or in a setting, is this word."""

    id: str
    setting: str | None
    word: str


@dataclass(frozen=True)
class ByPrint:
    """The answer is right because the chapter prints this number after this label."""

    label: str
    number: float


@dataclass(frozen=True)
class Typed:
    """Nothing that the chapter stores says that the answer is right; why that is so."""

    why: str


Tie = ByClaim | ByPrint | Typed


@dataclass(frozen=True)
class Meant:
    """Whose guess a sentence is about: choices by number, or numbers from one to another.

    `open` numbers lie strictly between the two, as in "less than 30".
    """

    choices: tuple[int, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")
    open: bool = False


def number(text: str) -> float:
    """The number that a text is: with a typeset minus or thousands set apart, too."""
    return float(text.replace(",", "").replace("−", "-"))


def scale(line: str) -> Scale | None:
    """The scale that a line names, if it names one: "between 0 and 100 %"."""
    found = _SCALE.fullmatch(line.strip())
    return Scale(number(found[1]), number(found[2]), found[3] or "") if found else None


def tie(text: str) -> Tie:
    """What stands after `answer:`; a ValueError says which forms there are."""
    text = " ".join(text.split())
    if found := _PRINTED.fullmatch(text):
        return ByPrint(found["label"], number(found["number"]))
    if found := _CLAIM.fullmatch(text):
        return ByClaim(found["id"], found["setting"], found["word"])
    if found := _TYPED.fullmatch(text):
        return Typed(found["why"])
    raise ValueError(f"`answer: {text}` is none of {FORMS}")


def meant(sentence: str, scaled: bool) -> Meant:
    """Whose guess a sentence that opens with "If you said" is about."""
    if not scaled:
        if found := _CHOICES.match(sentence):
            return Meant(tuple(int(each) for each in re.findall(r"\d+", found[1])))
        raise ValueError(f"“{_start(sentence)}”: expected “{SAID}2, …” or “{SAID}2 or 3, …”")
    found = _NUMBERS.match(sentence)
    if not found:
        raise ValueError(
            f"“{_start(sentence)}”: expected “{SAID}less than 30, …”, “{SAID}more than 80, …” or "
            f"“{SAID}30 to 80, …”"
        )
    if found["side"] == "less":
        return Meant(high=number(found["bound"]), open=True)
    if found["side"] == "more":
        return Meant(low=number(found["bound"]), open=True)
    return Meant(low=number(found["low"]), high=number(found["high"]))


def right_choices(answer: str) -> list[int]:
    """The choices that an answer's text calls right: the bold number with which it opens.

    A later paragraph that opens with a bold choice ("**3.**") calls that one right, too.
    """
    first, *others = [part.strip() for part in answer.strip().split("\n\n")]
    found = re.match(r"\*\*(\d[^*]*)\*\*", first)
    right = [int(each) for each in re.findall(r"\d+", found[1])] if found else []
    later = [re.match(r"\*\*(\d+)\.\*\*", part) for part in others]
    return right + [int(match[1]) for match in later if match]


def opening_number(answer: str) -> float | None:
    """The number in the bold words with which an answer opens: "**63 %.** …"."""
    found = re.match(rf"\*\*({NUMBER})", answer.strip())
    return number(found[1]) if found else None


def _start(sentence: str) -> str:
    return sentence if len(sentence) < 40 else f"{sentence[:40]}…"
