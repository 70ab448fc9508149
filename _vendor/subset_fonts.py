"""Make the book's four web fonts from Adobe's Source family: cut to the glyphs used, renamed.

Usage: python _vendor/subset_fonts.py NODE_MODULES   (needs fonttools and brotli)

The license reserves the name "Source" for unmodified fonts, so that the cut versions carry ours.
"""

import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

TARGET = Path(__file__).resolve().parent.parent / "_static" / "fonts"
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x100)]
NAMES = [ord(c) for c in "ĂăĆćČčĎďĘęĚěĞğİıŁłŃńŇňŐőŒœŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽžȘșȚț"]
SIGNS = [ord(c) for c in "–—‘’‚“”„†•…‹›′″⁄€™−∂∆∏∑√∞∫≈≠≤≥◊□■▲▼●○◆✓←↑→↓↔"]
SCRIPTS = [*range(0x2070, 0x207B), *range(0x2080, 0x208F)]
GREEK = [*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)]


@dataclass(frozen=True)
class Cut:
    """One font of the book: where it comes from, its new name, and the range of each axis kept."""

    source: str
    target: str
    family: str
    axes: dict[str, float | tuple[float, float, float]]
    features: tuple[str, ...] = ("kern", "liga", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum")


CUTS = (
    Cut(
        "source-serif/VAR/SourceSerif4Variable-Roman.ttf",
        "course-serif.woff2",
        "Course Serif",
        {"opsz": 16, "wght": (400, 400, 700)},
    ),
    Cut(
        "source-serif/VAR/SourceSerif4Variable-Italic.ttf",
        "course-serif-italic.woff2",
        "Course Serif Italic",
        {"opsz": 16, "wght": (400, 400, 700)},
    ),
    Cut(
        "source-sans-pro/VAR/SourceSansVariable-Roman.ttf",
        "course-sans.woff2",
        "Course Sans",
        {"wght": (400, 400, 700)},
    ),
    Cut(
        "source-code-pro/VF/SourceCodeVF-Upright.ttf",
        "course-mono.woff2",
        "Course Mono",
        {"wght": (400, 400, 600)},
        ("mark", "mkmk", "ccmp", "locl"),
    ),
)


def rename(font: TTFont, family: str) -> None:
    """Give the font our own name and keep who made it and under which license."""
    kept = {0, 5, 11, 13, 14}
    table = font["name"]
    table.names = [record for record in table.names if record.nameID in kept]
    for name_id, value in {1: family, 2: "Regular", 3: family, 4: family}.items():
        table.setName(value, name_id, 3, 1, 0x409)
    table.setName(family.replace(" ", ""), 6, 3, 1, 0x409)


def cut(job: Cut, node_modules: Path) -> int:
    """Write one font; return its size in bytes."""
    font = TTFont(node_modules / job.source)
    narrowed = BytesIO()
    instantiateVariableFont(font, job.axes).save(narrowed)
    font = TTFont(narrowed)  # read again: the subsetter trips over the instancer's lazy tables
    options = Options()
    options.layout_features = list(job.features)
    options.name_IDs = ["*"]
    options.hinting = False
    options.flavor = "woff2"
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[*LATIN, *NAMES, *SIGNS, *SCRIPTS, *GREEK])
    subsetter.subset(font)
    if "STAT" in font:
        del font["STAT"]  # its axis names point at records that the new name table lacks
    rename(font, job.family)
    font.flavor = "woff2"
    path = TARGET / job.target
    font.save(path)
    return path.stat().st_size


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for job in CUTS:
        print(f"{job.target}: {cut(job, Path(sys.argv[1])):,} bytes")
