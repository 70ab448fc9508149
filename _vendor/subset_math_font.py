"""Make the book's font for formulas from STIX Two Math: cut to the glyphs used, renamed.

Usage: python _vendor/subset_math_font.py NODE_MODULES   (needs fonttools and brotli)
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

TARGET = Path(__file__).resolve().parent.parent / "_static" / "fonts" / "course-math.woff2"
SOURCE = "@fontsource/stix-two-math/files/stix-two-math-latin-400-normal.woff"
BLOCKS = [
    *range(0x20, 0x7F), *range(0x391, 0x3AA), *range(0x3B1, 0x3CA), *range(0x1D400, 0x1D468),
    *range(0x1D6C2, 0x1D6DC), *range(0x1D6E2, 0x1D71C), *range(0x1D538, 0x1D56C),
    *range(0x1D7CE, 0x1D7D8),
]  # fmt: skip
SIGNS = [
    ord(c) for c in "\xa0¬±·×÷°¯ϑϕϖϰϱϵ‖†…′″ℂℋℍℎℒℓℕℚℝℤ←↑→↓↔⇐⇒⇔↦∀∂∃∅∇∈∉∏∑−∓∗∘√∝∞∥∧∨∩∪∫∼≃≈≠≡≤≥≪≫⊂⊆"
]
SIGNS += [ord(c) for c in "⊕⊗⊙⊤⊥⋅⋮⋯⋱⌈⌉⌊⌋⟨⟩⏞⏟𝒜𝒟𝒩𝒪𝒫𝒮"] + [
    *range(0x2061, 0x2064), 0x302, 0x303, 0x304, 0x307, 0x20D7,
]  # fmt: skip


def main(node_modules: Path) -> None:
    """Write the font."""
    font = TTFont(node_modules / SOURCE)
    options = Options()
    options.layout_features = ["ssty", "dtls", "flac", "kern", "mark", "mkmk", "ccmp"]
    options.hinting = False
    options.name_IDs = [0, 1, 2, 13, 14]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=BLOCKS + SIGNS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID == 1:
            font["name"].setName("Course Math", 1, *(
                record.platformID, record.platEncID, record.langID
            ))  # fmt: skip
    font.flavor = "woff2"
    font.save(TARGET)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
