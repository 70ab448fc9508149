// What a term means and which paper is cited: shown on hover, on focus, and by a first tap.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const words = new Map(); // link -> the paragraph that explains it
  for (const told of document.querySelectorAll(".tips p")) {
    for (const link of document.querySelectorAll("article a")) {
      if (link.getAttribute("href") !== told.dataset.href) continue;
      link.setAttribute("aria-describedby", told.id); // read out, hidden or not
      words.set(link, told);
    }
  }
  if (words.size === 0) return;

  const bubble = document.createElement("div");
  bubble.className = "tip";
  bubble.hidden = true;
  bubble.setAttribute("aria-hidden", "true"); // the link's description says the same
  document.body.append(bubble);
  let shown = null;
  let pause;

  function show(link, tapped = false) {
    clearTimeout(pause);
    shown = link;
    bubble.innerHTML = words.get(link).innerHTML;
    if (tapped) {
      const hint = document.createElement("span");
      hint.className = "tip-hint";
      hint.textContent = "Tap the link again to follow it.";
      bubble.append(hint);
    }
    bubble.hidden = false;
    const line = [...link.getClientRects()].at(-1); // of a link over two lines, the second
    const left = Math.min(line.left, document.documentElement.clientWidth - bubble.offsetWidth - 12);
    const below = line.bottom + bubble.offsetHeight + 14 < innerHeight;
    const top = below ? line.bottom + 6 : line.top - bubble.offsetHeight - 6;
    bubble.style.left = `${scrollX + Math.max(12, left)}px`;
    bubble.style.top = `${scrollY + top}px`;
  }

  function hide() {
    clearTimeout(pause);
    bubble.hidden = true;
    shown = null;
  }

  function soon(action, milliseconds) {
    clearTimeout(pause);
    pause = setTimeout(action, milliseconds);
  }

  for (const link of words.keys()) {
    let touched = false;
    link.addEventListener("pointerdown", (event) => {
      touched = event.pointerType === "touch";
    });
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") soon(() => show(link), 150);
    });
    link.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") soon(hide, 250);
    });
    link.addEventListener("focus", () => {
      if (link.matches(":focus-visible") && !touched) show(link);
    });
    link.addEventListener("blur", hide);
    link.addEventListener("click", (event) => {
      if (!touched || shown === link) return;
      event.preventDefault();
      show(link, true);
    });
  }
  bubble.addEventListener("pointerenter", () => clearTimeout(pause));
  bubble.addEventListener("pointerleave", () => soon(hide, 250));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("pointerdown", (event) => {
    if (shown && !bubble.contains(event.target) && !shown.contains(event.target)) hide();
  });
});
