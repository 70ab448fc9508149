"""A share picture as PNG: words in the book's own fonts, the shapes of verdicts, and strips.

A strip is read from the very SVG that the pages show. Everything is drawn large and then reduced,
which smooths all edges; the same picture gives the same bytes.
"""

import functools
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from utils import palette
from utils.claims import SHAPES
from utils.samples import Sample
from utils.strip import FULL, strip

WIDTH, HEIGHT = 1200, 630
LARGER = 3
SMALLEST = 28
"""Of the letters, in pixels: a preview is often 500 pixels wide."""
FONTS = Path(__file__).resolve().parent.parent / "_static" / "fonts"
REGULAR, BOLD = 400, 700
Family = Literal["sans", "serif"]
Place = tuple[float, float]


@dataclass(frozen=True)
class Words:
    """One line of text; `x` is its start, `y` its baseline."""

    x: float
    y: float
    text: str
    size: int
    family: Family = "sans"
    weight: int = REGULAR
    color: str = palette.INK


@dataclass(frozen=True)
class Shape:
    """The shape of a verdict's word in a square with this corner and side."""

    x: float
    y: float
    side: float
    word: str


@dataclass(frozen=True)
class Strip:
    """A sample's strip with its upper left corner here."""

    x: float
    y: float
    width: float
    sample: Sample

    @property
    def scale(self) -> float:
        """Pixels for a unit of the strip."""
        return self.width / FULL.width

    @property
    def top(self) -> float:
        """Where the strip begins; a small one below its words, which others have inside."""
        inside = self.scale * FULL.top > SMALLEST
        return self.y if inside else self.y + SMALLEST + 4

    @property
    def above(self) -> float:
        """The baseline of the words above its dots."""
        return self.y + SMALLEST - 4

    @property
    def below(self) -> float:
        """The baseline of the words below its shaded side."""
        return self.top + self.scale * (FULL.base + 9) + SMALLEST


@dataclass(frozen=True)
class Picture:
    """What is drawn, and what it says to those who do not see it."""

    words: tuple[Words, ...]
    shapes: tuple[Shape, ...]
    strips: tuple[Strip, ...]
    alt: str


def length(text: str, size: int, family: Family = "sans", weight: int = REGULAR) -> float:
    """How many pixels wide a line is."""
    return _font(family, weight, LARGER * size).getlength(text) / LARGER


def png(picture: Picture) -> bytes:
    """The picture as a file."""
    image = Image.new("RGB", (LARGER * WIDTH, LARGER * HEIGHT), palette.PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, LARGER * WIDTH, LARGER * 14), fill=palette.ACCENT)
    for placed in picture.strips:
        _strip(draw, placed)
    for shape in picture.shapes:
        _shape(draw, shape)
    for words in picture.words:
        _write(draw, words)
    file = io.BytesIO()
    image.reduce(LARGER).save(file, "PNG")
    return file.getvalue()


@functools.cache
def _font(family: Family, weight: int, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FONTS / f"course-{family}.woff2", size)
    font.set_variation_by_axes([weight])
    return font


def _write(draw: ImageDraw.ImageDraw, words: Words, anchor: str = "ls") -> None:
    font = _font(words.family, words.weight, LARGER * words.size)
    draw.text((LARGER * words.x, LARGER * words.y), words.text, words.color, font, anchor)


def _shape(draw: ImageDraw.ImageDraw, shape: Shape) -> None:
    color, side = palette.VERDICTS[shape.word], LARGER * shape.side
    left, top = LARGER * shape.x, LARGER * shape.y
    right, bottom, pen = left + side, top + side, round(side / 6)
    box, inset = (left, top, right, bottom), side / 6
    glyph = SHAPES[shape.word]
    if glyph in "◐⊗":
        draw.ellipse(box, outline=color, width=pen)
    if glyph == "●":
        draw.ellipse(box, fill=color)
    elif glyph == "◐":
        draw.pieslice(box, 90, 270, fill=color)
    elif glyph == "◆":
        x, y = (left + right) / 2, (top + bottom) / 2
        draw.polygon([(x, top), (right, y), (x, bottom), (left, y)], fill=color)
    elif glyph in "⊗✕":
        a, b, c, d = left + inset, top + inset, right - inset, bottom - inset
        draw.line((a, b, c, d), color, pen)
        draw.line((a, d, c, b), color, pen)
    else:
        _write(
            draw,
            Words(
                shape.x,
                shape.y + shape.side,
                glyph,
                round(shape.side * 1.3),
                weight=BOLD,
                color=color,
            ),
        )


# --- the strip -----------------------------------------------------------------------------------


def _strip(draw: ImageDraw.ImageDraw, placed: Strip) -> None:
    svg = ET.fromstring(strip(placed.sample))
    answer = re.findall(r"#[0-9a-f]{6}", svg.attrib["style"])[0]

    def at(x: float, y: float) -> Place:
        return LARGER * (placed.x + placed.scale * x), LARGER * (placed.top + placed.scale * y)

    for part in svg:
        told = part.attrib
        if part.tag == "rect":
            x, width, height = (float(told[name]) for name in ("x", "width", "height"))
            draw.rectangle((*at(x, 0), *at(x + width, height)), fill=_mixed(float(told["opacity"])))
        elif part.tag == "path":
            color = answer if "var(--answer)" in told.get("style", "") else palette.INK
            pen = LARGER * placed.scale * float(told.get("stroke-width", 0))
            for points in subpaths(told["d"]):
                _path(draw, [at(*point) for point in points], color, pen)
        else:
            _strip_words(draw, placed, list(part))


def _path(draw: ImageDraw.ImageDraw, points: list[Place], color: str, pen: float) -> None:
    """A dot, a line, or a filled corner."""
    if not pen:
        draw.polygon(points, fill=color)
    elif len(set(points)) == 1:
        (x, y), half = points[0], pen / 2
        draw.ellipse((x - half, y - half, x + half, y + half), fill=color)
    else:
        draw.line(points, color, round(pen))


def _strip_words(draw: ImageDraw.ImageDraw, placed: Strip, texts: list[ET.Element]) -> None:
    """What stands above, and the threshold below: larger than in the page, so no more fits."""
    above = [text for text in texts if float(text.attrib["y"]) < FULL.top]
    below = [text for text in texts if text not in above][:1]
    for text in (*above, *below):
        told, bold = text.text or "", BOLD if "font-weight" in text.attrib else REGULAR
        x = placed.x + placed.scale * float(text.attrib["x"])
        y = placed.above if text in above else placed.below
        start = x - length(told, SMALLEST, weight=bold) * PART[text.attrib["text-anchor"]]
        start = min(start, placed.x + placed.width - length(told, SMALLEST, weight=bold))
        _write(draw, Words(max(start, placed.x), y, told, SMALLEST, weight=bold))


PART = {"start": 0.0, "middle": 0.5, "end": 1.0}


def subpaths(path: str) -> list[list[Place]]:
    """The corners of a path's parts, for those commands that a strip is written in."""
    parts: list[list[Place]] = []
    x = y = 0.0
    for command, told in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in told.split()]
        match command:
            case "M":
                x, y = numbers
                parts.append([])
            case "H":
                (x,) = numbers
            case "V":
                (y,) = numbers
            case "h":
                x += numbers[0]
            case "v":
                y += numbers[0]
            case "l":
                x, y = x + numbers[0], y + numbers[1]
            case "z":
                x, y = parts[-1][0]
            case _:
                raise ValueError(
                    f"{path!r} has the command {command!r}; expected M, H, V, h, v, l, z"
                )
        parts[-1].append((x, y))
    return parts


def _mixed(part: float) -> str:
    """Ink laid over paper with this opacity."""
    over, under = (bytes.fromhex(color[1:]) for color in (palette.INK, palette.PAPER))
    mixed = (round(part * a + (1 - part) * b) for a, b in zip(over, under, strict=True))
    return "#" + bytes(mixed).hex()
