// What is wider than its place: formulas are fitted, and what then still scrolls inside itself can
// be reached and scrolled with the keyboard.
"use strict";
const SMALLEST = 0.75; // of a formula's size, before it scrolls

const SCROLLERS =
  ".bd-article pre, .cell_output .text_html, .pst-scrollable-table-container, " +
  ".bd-article div.math mjx-container, .bd-article span.math.wide mjx-container";

function fitFormulas() {
  const formulas = [...document.querySelectorAll(".bd-article .math > mjx-container")];
  for (const formula of formulas) {
    formula.dataset.size ??= parseFloat(formula.style.fontSize) || 100;
    formula.style.fontSize = `${formula.dataset.size}%`;
    formula.parentElement.classList.remove("wide");
  }
  const found = formulas.map((formula) => {
    const inside = formula.querySelector("mjx-math")?.scrollWidth ?? 0;
    const place = formula.parentElement.closest("div.math, p, li, dd, td, figcaption");
    return { formula, inside, room: place?.clientWidth ?? Infinity };
  });
  for (const { formula, inside, room } of found) {
    if (!inside || inside <= room) continue;
    const scale = Math.max(SMALLEST, (room - 1) / inside);
    formula.style.fontSize = `${formula.dataset.size * scale}%`;
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
  window.MathJax?.startup?.promise.then(fit); // formulas get their width late
});
window.addEventListener("resize", fit);
document.addEventListener("toggle", reachScrollers, true); // what was folded has no width
