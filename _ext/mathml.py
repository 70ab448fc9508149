"""Formulas as MathML, which every browser sets by itself: no script, nothing to wait for.

docutils translates; here is what it does not know, and what browsers no longer do.
"""

import html
import re
import unicodedata
from typing import Any

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
STYLED = re.compile(r'<mi([^>]*?) mathvariant="([a-z-]+)"([^>]*)>([^<]*)</mi>')
# ln 2 has a thin space and max(0, z) none; as docutils writes them, browsers do the opposite
LIMITS = re.compile(r"<mo>([a-z]+)</mo>(?=<mo stretchy=\"false\">\()")
# the bars of \lvert and \lVert, which in LaTeX do not grow with what they enclose
BARS = re.compile(r"<mo( class=\"mathopen\")?>(?=[|‖]</mo>)")
NAME = r'<mi(?: mathvariant="normal")?>[a-z]{2,}</mi>'
APPLIED = re.compile(
    rf"((?<!<msu[bp]>)(?<!<msubsup>){NAME}|<msu[bp]>{NAME}<m[ino]>[^<]*</m[ino]></msu[bp]>)"
    r"(?:<mo>&ApplyFunction;</mo>)?(?=<m(?:i|n|frac|sub|sup|subsup|sqrt|over)\b)"
)
APPLY = '<mo lspace="0" rspace="0.1667em">&ApplyFunction;</mo>'
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
    if r"\left" not in tex:
        written = BARS.sub(r'<mo\1 stretchy="false">', written)
    spaced = APPLIED.sub(rf"\1{APPLY}", LIMITS.sub(r"<mi>\1</mi>", written))
    return STYLED.sub(_in_alphabet, spaced)


def _in_alphabet(found: re.Match[str]) -> str:
    """Take the letters of a style from Unicode: browsers ignore the attribute."""
    before, style, after, text = found.groups()
    if style not in ALPHABETS:
        return found[0]
    return f"<mi{before}{after}>{''.join(_styled(letter, style) for letter in text)}</mi>"


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
