"""Where everything stands in a share picture: a claim with its word and its strips, or several."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from share_png import BOLD, REGULAR, SMALLEST, WIDTH, Family, Picture, Shape, Strip, Words, length

from utils import palette
from utils.claims import Settled, load
from utils.claims.card import OUTCOMES
from utils.samples import Sample, decisive, sentence
from utils.typeset import tidy

LEFT = 60
RIGHT = WIDTH - LEFT
GAP = 30
LEADING = 1.22
MOST = 2
"""As many settings have room."""
MOST_TELLING = ("fails", "fails here", "depends", "holds here", "holds", "open")


@dataclass(frozen=True)
class Told:
    """A claim as a picture tells it: the notes' words, its verdict, some settings with strips."""

    says: str
    word: str
    settings: tuple[tuple[str, Sample], ...]
    of: int
    measure: str

    def __str__(self) -> str:
        runs = "; ".join(
            f"{name}, {sentence(sample, self.measure)}" for name, sample in self.settings
        )
        return f"{quoted(self.says)} {self.word.capitalize()}. {runs}."


def quoted(text: str) -> str:
    """A text between quotation marks, those within it turned into single ones."""
    return f"“{text.replace('“', '‘').replace('”', '’')}”"


def told(settled: Settled, most: int = MOST) -> Told:
    """A verdict with at most so many settings, of different answers where there are such."""
    answers = {name: outcome.answer for name, outcome in settled.outcomes.items()}
    first = {answer: name for name, answer in reversed(answers.items())}
    chosen = sorted(answers, key=lambda name: name not in first.values())[:most]
    settings = [
        (f"{name}: {answer}", decisive(settled.samples[name], OUTCOMES[answer]))
        for name, answer in answers.items()
        if name in chosen
    ]
    claim = load().claims[settled.id]
    return Told(tidy(claim.says), settled.verdict, tuple(settings), len(answers), claim.measure)


def told_shortly(settled: Settled) -> Told:
    """A verdict with one setting for each answer."""
    return told(settled, min(MOST, len({outcome.answer for outcome in settled.outcomes.values()})))


def most_telling(settled: Iterable[Settled]) -> Settled | None:
    """Of what runs decided and strips can show, what contradicts most, in the fewest words."""
    measured = [
        one
        for one in settled
        if one.verdict in MOST_TELLING and all(map(one.samples.get, one.outcomes))
    ]
    says = load().claims
    return min(
        measured,
        key=lambda one: (MOST_TELLING.index(one.verdict), len(says[one.id].says)),
        default=None,
    )


def chapter_picture(book: str, title: str, claim: Told) -> Picture:
    """The book, the chapter, its claim, the word, and a strip or two below."""
    shape, word = _verdict(claim.word, LEFT, 404, 46)
    words = [
        Words(LEFT, 70, book, 30, weight=BOLD, color=palette.ACCENT),
        *_lines(title, LEFT, 138, RIGHT - LEFT, 1, (64, 56, 48, 40), weight=BOLD),
        *_lines(quoted(claim.says), LEFT, 212, RIGHT - LEFT, 3, (54, 48, 42, 38, 34)),
        word,
    ]
    if claim.of > len(claim.settings):
        more = f"{len(claim.settings)} of {claim.of} settings"
        words.append(Words(RIGHT - length(more, SMALLEST), 404, more, SMALLEST))
    strips = _side_by_side(claim, LEFT, 464, MOST)
    for (name, _), strip in zip(claim.settings, strips, strict=True):
        words += _lines(name, strip.x, 452, strip.width, 1, (SMALLEST,), family="sans")
    return Picture(tuple(words), (shape,), tuple(strips), f"{book}. {title}. {claim}")


def door_picture(book: str, headline: str, claims: Sequence[Told]) -> Picture:
    """The book, how many statements failed, and claims with a strip each beside them."""
    words = [
        *_lines(book, LEFT, 92, RIGHT - LEFT, 1, (58, 52, 46, 40), weight=BOLD),
        Words(LEFT, 154, headline, 40, weight=BOLD, color=palette.ACCENT),
    ]
    shapes: list[Shape] = []
    strips: list[Strip] = []
    for n, claim in enumerate(claims):
        y = 192 + n * 142
        shape, word = _verdict(claim.word, LEFT, y + 32, 34)
        shapes.append(shape)
        words += [word, *_lines(claim.says, LEFT, y + 76, 560, 2, (31, SMALLEST))]
        strips += _side_by_side(claim, LEFT + 590, y + 4, len(claim.settings))
    alt = " ".join([f"{book}. {headline}", *map(str, claims)])
    return Picture(tuple(words), tuple(shapes), tuple(strips), alt)


def _side_by_side(claim: Told, x: float, y: float, columns: int) -> list[Strip]:
    """The strips of a claim from here to the right edge, in so many columns."""
    width = (RIGHT - x - GAP * (columns - 1)) / columns
    samples = [sample for _, sample in claim.settings]
    return [Strip(x + n * (width + GAP), y, width, sample) for n, sample in enumerate(samples)]


def _verdict(word: str, x: float, y: float, size: int) -> tuple[Shape, Words]:
    """The shape and the word of a verdict on one baseline."""
    side = 0.75 * size
    color = palette.VERDICTS[word]
    shape = Shape(x, y - 0.7 * size, side, word)
    return shape, Words(x + 1.3 * side, y, word, size, weight=BOLD, color=color)


def _lines(
    text: str,
    x: float,
    y: float,
    width: float,
    most: int,
    sizes: Sequence[int],
    family: Family = "serif",
    weight: int = REGULAR,
) -> Iterator[Words]:
    """A text in the largest of the sizes at which it takes no more than so many lines."""
    for size in sizes:
        lines = _wrapped(text, width, size, family, weight)
        if len(lines) <= most:
            break
    else:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    for n, line in enumerate(lines):
        yield Words(x, y + n * LEADING * size, line, size, family, weight)


def _wrapped(text: str, width: float, size: int, family: Family, weight: int) -> list[str]:
    first, *others = text.split(" ")
    lines = [first]
    for word in others:
        longer = f"{lines[-1]} {word}"
        if length(longer, size, family, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
