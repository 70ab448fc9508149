"""What axe finds on a page, once the thousands of elements are gone that it finds the same of."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# In a picture that is named as a whole no rule of axe is about a shape or an empty group, nor about
# a word: of the colors of what lies in a picture axe decides nothing. It judges the colors of a
# token of code by its color, its weight, its size and what lies behind it, so one visible token of
# each kind stands for all; those that are hidden it passes over. They are taken out of the page,
# for telling axe to exclude them costs more than looking at all.
THIN = """() => {
    const plain = e => [...e.attributes].every(a => !/^(role|tabindex|title|on|aria-)/.test(a.name))
        && !e.childElementCount;
    const looks = e => {
        const {color, fontWeight, fontSize} = getComputedStyle(e);
        const told = [color, fontWeight, fontSize];
        for (let behind = e; behind; behind = behind.parentElement) {
            const {backgroundColor, backgroundImage, opacity} = getComputedStyle(behind);
            told.push(backgroundColor, backgroundImage, opacity);
        }
        return told.filter(word => !["rgba(0, 0, 0, 0)", "none", "1"].includes(word)).join();
    };
    const parts = "path, use, rect, circle, ellipse, line, polygon, polyline, clipPath, defs, g, "
        + "text, tspan";
    const pictured = [...document.querySelectorAll(`svg[role=img][aria-label] :is(${parts})`)];
    for (const part of pictured.reverse()) { // a group after what it holds
        if (plain(part)) part.remove();
    }
    const kinds = new Set();
    const known = kind => kinds.has(kind) || !kinds.add(kind);
    const alike = [...document.querySelectorAll("pre span[class]")]
        .filter(e => e.attributes.length === 1 && !e.childElementCount)
        .filter(e => !e.checkVisibility() || known(looks(e)));
    alike.forEach(e => e.replaceWith(e.textContent));
    document.querySelectorAll("pre").forEach(e => e.normalize());
}"""


def violations(page: Page, inside: str | None = None) -> list[dict[str, Any]]:
    """What axe complains of; the page is thinned and not to be looked at afterwards."""
    page.evaluate(THIN)
    context = {"include": [[inside]]} if inside else None
    return Axe().run(page, context=context).response["violations"]
