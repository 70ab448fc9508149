"""A figure as a small picture: what its panels draw, without axes and words.

Made from what matplotlib stores, so that a chapter's picture is always its own first figure.
"""

import re
from xml.etree import ElementTree

from svg import SVG, UnsafeFigure, inline_svg

NOT_DRAWN = ("matplotlib.axis", "text_", "legend_")
NUMBER = re.compile(r"-?\d+\.\d{2,}")
POINT = re.compile(r"(-?[\d.]+) (-?[\d.]+)")


def miniature(source: str, prefix: str) -> str:
    """Return the panels of a figure as markup that a screen reader passes over."""
    root = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>\[]*>", "", source, count=1))
    panels = [group for group in root.iter(f"{SVG}g") if group.get("id", "").startswith("axes_")]
    frames = [panel.find(f"{SVG}g/{SVG}path") for panel in panels]
    points = [
        (float(x), float(y))
        for frame in frames
        if frame is not None
        for x, y in POINT.findall(frame.get("d", ""))
    ]
    if not points:
        raise UnsafeFigure("the figure has no panel of matplotlib's to make a small picture of")
    for group in list(root.iter(f"{SVG}g")):
        for child in list(group):
            if child.get("id", "").startswith(NOT_DRAWN):
                group.remove(child)
    left, top = (min(values) for values in zip(*points, strict=True))
    right, bottom = (max(values) for values in zip(*points, strict=True))
    root.set("viewBox", f"{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}")
    drawing = ElementTree.tostring(root, encoding="unicode")
    rounded = NUMBER.sub(lambda match: f"{float(match[0]):.1f}", drawing)
    markup = inline_svg(rounded, prefix, "")
    return markup.replace('role="img" aria-label=""', 'aria-hidden="true"').replace(
        'class="figure-svg"', 'class="figure-svg miniature" preserveAspectRatio="none"'
    )
