"""Texts as a reader writes them: what a program or a keyboard wrote becomes typeset mathematics.

The ledger's texts are frozen promises in plain ASCII, and numbers come from format strings; both
are mended where they are shown, by the rules here, and never where they are stored.
"""

import html
import re
from collections.abc import Callable

RAISED = str.maketrans("-0123456789.", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹·")
GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "epsilon": "ε",
    "eps": "ε",
    "eta": "η",
    "theta": "θ",
    "lambda": "λ",
    "sigma": "σ",
}
NAMES = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "prelu": "PReLU"}
HATS = {"yhat": "ŷ", "xhat": "x̂"}
OPENING = {name.capitalize(): GREEK[name] for name in ("alpha", "beta", "gamma", "epsilon", "eta")}
WORDS = {**GREEK, **OPENING, **NAMES, **HATS, "sqrt": "√"}
LETTER = f"(?:[A-Za-z]|[{''.join(sorted(set(GREEK.values())))}ŷ]|x̂)"

Mend = str | Callable[[re.Match[str]], str]
PLAIN: tuple[tuple[str, Mend], ...] = (
    (r"(?<![\w.])[-+]?0(?:\.0+)?e[-+]00\b", "0"),
    (r"(?<![\w.])([-+]?)1(?:\.0+)?e([-+]\d+)\b", lambda m: f"{m[1]}10{_raised(m[2])}"),
    (r"(?<=\d)e([-+]\d+)\b", lambda m: f" × 10{_raised(m[1])}"),
    (r"\b10\^(-?\d+(?:\.\d+)?)", lambda m: f"10{_raised(m[1])}"),
    (r" - ", " − "),
    (r"<=", "≤"),
    (r">=", "≥"),
    (
        rf"(?<![\w.=])({'|'.join(sorted(WORDS, key=len, reverse=True))})(?![A-Za-z])",
        lambda m: WORDS[m[1]],
    ),
    (r"(?<![\w)\]}^])-(?=\d|√|[α-ω]|[a-z]\))", "−"),
    (r"(?<=\d)-(?=[α-ω])", "−"),
    (rf"(?<=[\w)])\*(?=[\w(√]|{LETTER})", "·"),
    (r"(?<=[\w)]) \* (?=\S)", " · "),
    (r"(?<![A-Za-z])([A-Za-z]|[α-ω]|tanh|sigmoid)'(?![A-Za-z])", r"\1′"),
    (r"(?<=\w)'(?=[a-z])|(?<=s)'(?=[\s.,;:)])", "’"),
    (r'"([^"]*)"', r"“\1”"),
)
TYPESET: tuple[tuple[str, Mend], ...] = (
    (rf"(?<![A-Za-z_]){LETTER}_(?:\{{([^{{}}]+)\}}|([a-z]+|\d))(?![A-Za-z_])", lambda m: _sub(m)),
    (r"(?<=\bW)\*(?=\s)", "<sup>∗</sup>"),
    (r"(?<=[ηα])0\b", "<sub>0</sub>"),
    (r"(?<=[\w)])\^(\([^()]*\)|-?\d+(?:\.\d+)?|[a-zT])(?![\w.]*\w)", lambda m: _sup(m[1])),
)


def tidy(text: str) -> str:
    """A text without what only a program writes, in plain characters: −0.5, 7 × 10⁻⁸, ReLU, √n."""
    return _mended(text, PLAIN)


def as_html(text: str) -> str:
    """The same, escaped, with indices and powers set as such."""
    return _mended(html.escape(tidy(text), quote=False), TYPESET)


def _mended(text: str, rules: tuple[tuple[str, Mend], ...]) -> str:
    for pattern, mend in rules:
        text = re.sub(pattern, mend, text)
    return text


def _raised(exponent: str) -> str:
    sign, digits = ("-", exponent[1:]) if exponent[0] == "-" else ("", exponent.lstrip("+"))
    return (sign + (digits.lstrip("0") or "0")).translate(RAISED)


def _sub(match: re.Match[str]) -> str:
    base = match[0].partition("_")[0]
    return f"{base}<sub>{(match[1] or match[2]).replace('-', '−')}</sub>"


def _sup(exponent: str) -> str:
    return f"<sup>{exponent.removeprefix('(').removesuffix(')').replace('-', '−')}</sup>"
