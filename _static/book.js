// What scrolls inside itself can be reached and scrolled with the keyboard.
function reachScrollers() {
  for (const box of document.querySelectorAll(
    ".bd-article pre, .cell_output .text_html, .pst-scrollable-table-container, " +
      ".bd-article div.math",
  )) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
    } else if (box.getAttribute("tabindex") === "0") {
      box.removeAttribute("tabindex");
    }
  }
}

window.addEventListener("load", () => {
  reachScrollers();
  document.fonts.ready.then(reachScrollers); // letters get their width late
});
window.addEventListener("resize", reachScrollers);
