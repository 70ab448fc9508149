"""A stored figure, made safe to be part of the page and to follow its theme.

Notebooks come from anywhere, and an inlined SVG has the page's full rights. So only elements,
attributes and style properties that draw are kept, and nothing points outside of the figure. A page
has many figures, each in two forms: what takes fewer bytes for the same picture is written so.
"""

import base64
import io
import math
import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

from PIL import Image

from utils.palette import BLUE, INK, PAPER

THEMED = {INK: "currentColor", PAPER: "var(--paper)", BLUE: "var(--data-blue)"}
"""A stored color -> what the page's theme makes of it."""
SVG = "{http://www.w3.org/2000/svg}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _words(
    "svg g defs symbol use path rect circle ellipse line polyline polygon text tspan textPath "
    "clipPath mask marker pattern linearGradient radialGradient stop image title desc"
)
ATTRIBUTES = _words(
    "id d x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy points width height viewBox transform offset "
    "preserveAspectRatio clipPathUnits maskUnits maskContentUnits gradientUnits spreadMethod "
    "gradientTransform patternUnits patternContentUnits patternTransform markerWidth markerHeight "
    "markerUnits refX refY orient rotate textLength lengthAdjust"
)
PROPERTIES = _words(
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap "
    "stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit opacity color "
    "clip-path clip-rule mask marker-start marker-mid marker-end stop-color stop-opacity "
    "font font-size font-style font-weight font-variant font-stretch text-anchor "
    "dominant-baseline baseline-shift letter-spacing writing-mode image-rendering "
    "vector-effect paint-order shape-rendering"
)
DEEPEST = 100  # matplotlib nests a dozen elements
PNG = "data:image/png;base64,"
RASTER = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*\Z")
COLORS, PIXELS = 256, 1_000_000
"""Most of a picture that gets a palette."""
NUMBER = re.compile(r"-?\d+\.\d{2,}")
LONG = 300
"""Characters of a path from which on it is a curve of data, not the outline of a marker."""
PLACE = re.compile(r"\s*([ML])\s*(-?[\d.]+)[\s,]+(-?[\d.]+)\s*")
LOCAL = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)['\"]?\s*\)")


class UnsafeFigure(ValueError):
    """The SVG cannot be read, or asks for what no figure needs."""


def inline_svg(source: str, prefix: str, label: str) -> str:
    """Return the SVG as markup for the page, with its ids prefixed and `label` as its name."""
    source = re.sub(r"<!DOCTYPE[^>\[]*>", "", source, count=1)
    if re.search(r"<!(DOCTYPE|ENTITY)", source, re.IGNORECASE):
        raise UnsafeFigure("the figure declares entities: store it again as a plain SVG")
    try:
        root = ElementTree.fromstring(source)
    except ElementTree.ParseError as error:
        raise UnsafeFigure(f"the figure is not well-formed XML: {error}") from error
    if _deep(root):
        raise UnsafeFigure(f"the figure nests more than {DEEPEST} elements: draw it again")
    if root.tag != f"{SVG}svg":
        raise UnsafeFigure(f"expected an <svg> element, the figure begins with <{root.tag}>")
    _drop_background(root)
    _drop_unused_ids(root)
    _clean(root, prefix)
    _name(root, label)
    return ElementTree.tostring(root, encoding="unicode")


def _deep(root: ElementTree.Element) -> bool:
    """Whether elements nest deeper than any drawing needs."""
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
    return bool(level)


def _drop_background(root: ElementTree.Element) -> None:
    """Remove matplotlib's page-sized first patch, so that the page's own paper shows."""
    for group in root.iter(f"{SVG}g"):
        if group.get("id") == "patch_1":
            paths = list(group)
            if len(paths) == 1 and PAPER in paths[0].get("style", "").lower():
                group.remove(paths[0])
            return


def _drop_unused_ids(root: ElementTree.Element) -> None:
    """Remove the ids that nothing in the figure refers to: matplotlib repeats some of them."""
    used = set()
    for element in root.iter():
        for value in element.attrib.values():
            used |= {value[1:]} if value.startswith("#") else set(LOCAL.findall(value))
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)


def _clean(element: ElementTree.Element, prefix: str) -> None:
    """Keep what draws; drop the namespace, which HTML does not want."""
    for child in list(element):
        name = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else ""
        if name in ELEMENTS:
            _clean(child, prefix)
        else:
            _remove(element, child)
    kept = {}
    for key, value in element.attrib.items():
        cleaned = _attribute(element.tag, key, value, prefix)
        if cleaned is not None:
            kept["href" if key == XLINK_HREF else key] = cleaned
    element.attrib.clear()
    element.attrib.update(kept)
    element.tag = element.tag.removeprefix(SVG)


def _remove(parent: ElementTree.Element, child: ElementTree.Element) -> None:
    """Remove a child but keep the text that follows it."""
    siblings = list(parent)
    before = siblings.index(child)
    if child.tail and before:
        siblings[before - 1].tail = (siblings[before - 1].tail or "") + child.tail
    elif child.tail:
        parent.text = (parent.text or "") + child.tail
    parent.remove(child)


def _attribute(tag: str, key: str, value: str, prefix: str) -> str | None:
    """Return the attribute's value as it may stay, or None."""
    if key == "style":
        return _style(value, prefix) or None
    if key == "id":
        return prefix + value
    if key in ("href", XLINK_HREF):
        if value.startswith("#"):
            return f"#{prefix}{value[1:]}"
        return _with_palette(value) if tag == f"{SVG}image" and RASTER.match(value) else None
    if key in PROPERTIES:
        return _value(value, prefix)
    # A tenth of a point is enough for dots and curves, of which there are hundreds.
    if (tag == f"{SVG}use" and key in ("x", "y")) or (key == "d" and len(value) > LONG):
        value = NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
        return _in_steps(value) if key == "d" else value
    return value if key in ATTRIBUTES else None


def _in_steps(path: str) -> str:
    """Return a curve of straight lines with steps instead of places, half as long to send.

    Places are whole tenths, so that the steps add up to them.
    """
    body = path.rstrip().removesuffix("z")
    if PLACE.sub("", body):
        return path  # it has more than straight lines
    places = [(kind, float(x), float(y)) for kind, x, y in PLACE.findall(body)]
    steps = ["M{:g} {:g}".format(*places[0][1:])]
    for (_, x0, y0), (kind, x, y) in pairwise(places):
        step = (x, y) if kind == "M" else (round(x - x0, 1), round(y - y0, 1))
        steps.append(f"{'M' if kind == 'M' else 'l'}{step[0]:g} {step[1]:g}")
    return "".join(steps) + path[len(body) :].strip()


def _with_palette(address: str) -> str:
    """Return a picture with a palette instead of four numbers a pixel, where that is smaller."""
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
        data = picture.convert("RGBA").tobytes() if math.prod(picture.size) <= PIXELS else b""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return address  # the browser may say what is wrong with it
    pixels = [data[start : start + 4] for start in range(0, len(data), 4)]
    palette = [color for color, _ in Counter(pixels).most_common()]
    if not 0 < len(palette) <= COLORS:
        return address
    number = {color: place for place, color in enumerate(palette)}
    smaller = Image.frombytes("P", picture.size, bytes(number[color] for color in pixels))
    smaller.putpalette(b"".join(palette), "RGBA")
    out = io.BytesIO()
    smaller.save(out, "PNG", optimize=True)
    packed = PNG + base64.b64encode(out.getvalue()).decode()
    return packed if len(packed) < len(address) else address


def _style(style: str, prefix: str) -> str:
    kept = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        cleaned = _value(value.strip(), prefix) if name.strip().lower() in PROPERTIES else None
        if cleaned:
            kept.append(f"{name.strip()}: {cleaned}")
    return "; ".join(kept)


def _value(value: str, prefix: str) -> str | None:
    """Point references at the prefixed ids; give ink and paper the theme's colors."""
    value = LOCAL.sub(lambda match: f"url(#{prefix}{match[1]})", value)
    rest = value.replace(f"url(#{prefix}", "")
    if re.search(r"url|src|element|image|expression|javascript|attr\(|\\|/\*", rest, re.IGNORECASE):
        return None
    for stored, themed in THEMED.items():
        value = re.sub(rf"{stored}\b", themed, value, flags=re.IGNORECASE)
    return value


def _name(root: ElementTree.Element, label: str) -> None:
    """Say what the figure shows, and let the page decide how large it is."""
    for key in ("id", "width", "height"):
        root.attrib.pop(key, None)
    if "viewBox" not in root.attrib:
        raise UnsafeFigure("the figure has no viewBox, so it cannot shrink with the page")
    root.set("class", "figure-svg")
    root.set("role", "img")
    root.set("aria-label", label)
    root.set("fill", root.get("fill", "currentColor"))  # matplotlib leaves black out
    root.set("stroke-linejoin", "round")  # what the dropped style sheet said
    root.set("stroke-linecap", "butt")
