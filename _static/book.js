// What is wider than its place: formulas are fitted, and what then still scrolls inside itself can
// be reached and scrolled with the keyboard.
"use strict";
const SMALLEST = 0.75; // of a formula's size, before it scrolls

const SCROLLERS =
  ".bd-article pre, .cell_output .text_html, .pst-scrollable-table-container, " +
  ".bd-article div.math, .bd-article span.math.wide";

function widthInside(formula) {
  const inside = document.createRange();
  inside.selectNodeContents(formula);
  return inside.getBoundingClientRect().width;
}

function fitFormulas() {
  const formulas = [...document.querySelectorAll(".bd-article .math > math")];
  for (const formula of formulas) {
    formula.style.fontSize = "";
    formula.parentElement.classList.remove("wide");
  }
  const found = formulas.map((formula) => {
    const place = formula.parentElement.closest("div.math, p, li, dd, td, figcaption");
    return { formula, inside: widthInside(formula), room: place?.clientWidth || Infinity };
  });
  for (const { formula, inside, room } of found) {
    if (inside <= room) continue;
    formula.style.fontSize = `${100 * Math.max(SMALLEST, (room - 1) / inside)}%`;
    formula.parentElement.classList.toggle("wide", formula.parentElement.matches("span"));
  }
}

function reachScrollers() {
  for (const box of document.querySelectorAll(SCROLLERS)) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
    } else if (box.getAttribute("tabindex") === "0") {
      box.removeAttribute("tabindex");
    }
  }
}

function fit() {
  fitFormulas();
  reachScrollers();
}

window.addEventListener("load", () => {
  fit();
  document.fonts.ready.then(fit); // letters get their width late
});
window.addEventListener("resize", fit);
document.addEventListener("toggle", reachScrollers, true); // what was folded has no width
