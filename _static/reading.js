// The switch between reading, with code folded, and the workshop, with all of it open.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const buttons = [...document.querySelectorAll(".reading-switch button")];
  const page = document.documentElement;

  function mark() {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.view === page.dataset.view));
    }
  }

  // What the reader is looking at stays where it is, however much opens above it.
  function keepingPlace(change) {
    const blocks = document.querySelectorAll("article :is(h1, h2, h3, p, .cell_output, summary)");
    const place = [...blocks].find((block) => {
      const { top, height } = block.getBoundingClientRect();
      return height > 0 && top >= 60 && block.checkVisibility(); // not within a closed fold
    });
    const before = place?.getBoundingClientRect().top;
    change();
    if (place) scrollBy({ top: place.getBoundingClientRect().top - before, behavior: "instant" });
  }

  function choose(view) {
    page.dataset.view = view;
    keepingPlace(() => {
      for (const fold of document.querySelectorAll("details.fold")) {
        fold.open = view === "workshop";
      }
    });
    mark();
    try {
      localStorage.setItem("view", view);
    } catch {
      // A full storage: the choice holds for this page.
    }
  }

  for (const button of buttons) {
    button.addEventListener("click", () => choose(button.dataset.view));
  }
  mark();
});
