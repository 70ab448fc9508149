"""Formulas as MathML, which every browser sets by itself: no script, nothing to wait for.

docutils translates; here is what it does not know, and what browsers no longer do.
"""

import html
import re
import unicodedata
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
REWRITTEN = (
    (re.compile(r"\\[td]frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\[td]frac\b"), r"\\frac"),
    (re.compile(r"\\dots\b"), r"\\ldots"),
    # an index beside a letter with an accent, not below it
    (re.compile(r"(\\(?:hat|bar|tilde|vec|dot)\s*(?:\{[^{}]*\}|\\[A-Za-z]+|\w))(?=_)"), r"\1{}"),
)
TAG = re.compile(r"\\tag\{([^}]*)\}")
INDENTED = re.compile(r"\n\s*(?=<)")
XMLNS = ' xmlns="http://www.w3.org/1998/Math/MathML"'
ROWS = "math", "mrow", "mstyle", "msqrt", "mtd"
BARS, BRACES = ("|", "‖"), ("⏟", "⏞")
SCRIPTED = "msub", "msup", "msubsup"
OPERANDS = "mi", "mn", "mfrac", "msqrt", "mover", *SCRIPTED
APPLY = "\N{FUNCTION APPLICATION}"
THIN = "0.1667em"
ALPHABETS = {
    "bold": "MATHEMATICAL BOLD",
    "double-struck": "MATHEMATICAL DOUBLE-STRUCK",
    "script": "MATHEMATICAL SCRIPT",
    "fraktur": "MATHEMATICAL FRAKTUR",
}


def mathml(tex: str, *, block: bool) -> str:
    """Return a formula in LaTeX as MathML."""
    for pattern, known in REWRITTEN:
        tex = pattern.sub(known, tex)
    written = INDENTED.sub("", latex2mathml.tex2mathml(tex, as_block=block))
    root = ElementTree.fromstring(written.replace(XMLNS, "").replace("&ApplyFunction;", APPLY))
    for element in list(root.iter()):
        if element.tag in ROWS:
            _space_names(element)
        elif element.tag in SCRIPTED and len(element[0]) and element[0][-1].text in BRACES:
            element.tag = element[0].tag  # the label of a brace lies below or above it
        elif element.tag == "mo" and element.text in BARS and r"\left" not in tex:
            element.attrib |= {"stretchy": "false", "lspace": "0", "rspace": "0"}
        elif element.tag == "mi" and element.get("mathvariant") in ALPHABETS:
            style = element.attrib.pop("mathvariant")
            element.text = "".join(_styled(letter, style) for letter in element.text or "")
    bare = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    return bare.replace("<math", f"<math{XMLNS}", 1)


def _space_names(row: Element) -> None:
    """Set names of functions apart from what they are applied to, and from what stands before.

    ln 2 has a thin space and max(0, z) none; as docutils writes them, browsers do the opposite.
    """
    old = [part for part in row if not (part.tag == "mo" and part.text == APPLY)]
    new: list[Element] = []
    for before, part, after in zip([None, *old], old, [*old[1:], None], strict=False):
        opened = after is not None and after.text == "("
        if opened and part.tag == "mo" and (part.text or "").isalpha():
            part.tag = "mi"
        named = _is_name(part)
        closed = before is not None and before.text == ")"
        if named and not _is_name(before) and (closed or _is_operand(before)):
            new.append(Element("mspace", width=THIN))
        new.append(part)
        if named and (opened or _is_operand(after)):
            new.append(Element("mo", lspace="0", rspace="0" if opened else THIN))
            new[-1].text = APPLY
    row[:] = new


def _is_operand(part: Element | None) -> bool:
    return part is not None and part.tag in OPERANDS


def _is_name(part: Element | None) -> bool:
    """Whether it is the name of a function, with or without an index or a power."""
    if part is None:
        return False
    base = part[0] if part.tag in SCRIPTED else part
    plain = base.get("mathvariant", "normal") == "normal"
    return base.tag == "mi" and plain and re.fullmatch("[a-z]{2,}", base.text or "") is not None


def _styled(letter: str, style: str) -> str:
    size = "CAPITAL" if letter.isupper() else "SMALL"
    if letter.isdigit():
        name = f"{ALPHABETS[style]} DIGIT {unicodedata.name(letter).removeprefix('DIGIT ')}"
    elif "GREEK" in unicodedata.name(letter, ""):
        name = f"{ALPHABETS[style]} {size} {unicodedata.name(letter).split()[-1]}"
    else:
        name = f"{ALPHABETS[style]} {size} {letter.upper()}"
    older = {"DOUBLE-STRUCK": "DOUBLE-STRUCK", "SCRIPT": "SCRIPT", "FRAKTUR": "BLACK-LETTER"}
    for known in (name, f"{older.get(ALPHABETS[style].split()[-1], '')} {size} {letter.upper()}"):
        try:
            return unicodedata.lookup(known)
        except KeyError:
            continue
    return letter


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write an inline formula."""
    self.body.append(f'<span class="math">{_translated(node, block=False)}</span>')
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula, with its number at the right where it has one."""
    tag = TAG.search(node.astext())
    number = f'<span class="eqno">({html.escape(tag[1])})</span>' if tag else ""
    self.body.append(f'<div class="math">{_translated(node, block=True)}{number}</div>\n')
    raise nodes.SkipNode


def _translated(node: nodes.math | nodes.math_block, *, block: bool) -> str:
    tex = TAG.sub("", node.astext())
    try:
        return mathml(tex, block=block)
    except MathError as error:
        logger.warning("the formula %s cannot be set: %s", tex, error, location=node, type="mathml")
        return f"<code>{html.escape(tex)}</code>"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; _config.yml chooses it."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
