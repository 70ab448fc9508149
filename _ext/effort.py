"""How long a chapter takes: text, code, mathematics and exercises, each counted from its cells.

The rates are rules of thumb (the page for instructors names them); the rest is counted.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

WORDS_PER_MINUTE = 200
LINES_PER_MINUTE = 10
MINUTES_PER_FORMULA = 1
MINUTES_PER_EXERCISE = 10
FOLD = re.compile(r"<details.*?</details>", re.DOTALL)
EXERCISE = re.compile(r"^> *\*\*Exercise \d+\..*(?:\n>.*)*", re.MULTILINE)
DISPLAYED = re.compile(r"\$\$.*?\$\$", re.DOTALL)


@dataclass(frozen=True)
class Effort:
    """Minutes for the text, the code that is shown, the displayed formulas and the exercises."""

    reading: int
    code: int = 0
    mathematics: int = 0
    exercises: int = 0


def effort(text: str, code: Iterable[str]) -> Effort:
    """Count a chapter's Markdown and the cells of code that it shows; solutions are in no count."""
    open_text = FOLD.sub(" ", text)
    exercises = len(EXERCISE.findall(open_text))
    words = len(prose(EXERCISE.sub(" ", open_text)).split())
    lines = sum(bool(line.strip()) for cell in code for line in cell.splitlines())
    return Effort(
        reading=max(1, math.ceil(words / WORDS_PER_MINUTE)),
        code=math.ceil(lines / LINES_PER_MINUTE),
        mathematics=MINUTES_PER_FORMULA * len(DISPLAYED.findall(open_text)),
        exercises=MINUTES_PER_EXERCISE * exercises,
    )


def told(minutes: Effort, seconds: int | None) -> str:
    """The effort in words; what a chapter has nothing of is not named."""
    parts = [f"{minutes.reading} min to read"]
    parts += [
        f"{count} min of {name}"
        for name, count in (
            ("code", minutes.code),
            ("mathematics", minutes.mathematics),
            ("exercises", minutes.exercises),
        )
        if count
    ]
    return " · ".join([*parts, *([] if seconds is None else [f"{_time(seconds)} to run"])])


def _time(seconds: int) -> str:
    """Seconds as a reader counts them: from two minutes on in minutes."""
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


def prose(text: str) -> str:
    """Return the words that are read: without code, formulas' markup, tags and link targets."""
    for pattern in (r"```.*?```", r"\$\$.*?\$\$", r"<[^>]+>"):
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    text = without_links(text)
    return re.sub(r"[#>*|`_-]+", " ", text)


def without_links(text: str) -> str:
    """Return Markdown with each link replaced by its words: its target may be relative."""
    return re.sub(r"\[([^\]]+)\]\([^)\s]*\)", r"\1", text)
