// A figure that is tapped, or whose button is pressed, is shown as large as the screen, scrolls there,
// and can be saved from there, for a slide.

// Save a figure as a file of its own: the colors that it takes from the page go with it.
function saveFigure(figure) {
  const svg = figure.querySelector(".figure-wide svg").cloneNode(true);
  const page = getComputedStyle(figure.querySelector(".figure-svg"));
  const names = new Set(svg.outerHTML.match(/--[\w-]+(?=[,)])/g));
  const colors = [...names].map((name) => `${name}: ${page.getPropertyValue(name)}`);
  svg.style.cssText = [`color: ${page.color}`, "font-family: sans-serif", ...colors].join("; ");
  const text = new XMLSerializer().serializeToString(svg);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = `${figure.parentElement.id || "figure"}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function enlarge(figure, button) {
  const dialog = document.createElement("dialog");
  dialog.className = "figure-enlarged";
  dialog.ariaLabel = button.ariaLabel;
  const close = document.createElement("button");
  close.textContent = "Close";
  const shown = [...figure.querySelectorAll(".figure-wide, .figure-narrow")];
  const large = shown.find((form) => form.checkVisibility()).cloneNode(true);
  // ids of its own: where the original is not displayed, what refers to its parts finds nothing
  large.innerHTML = large.innerHTML.replace(/\bid="|url\(#|href="#/g, "$&large-");
  const save = document.createElement("button");
  save.textContent = "Save as SVG";
  save.addEventListener("click", (event) => {
    event.stopPropagation(); // the view stays
    saveFigure(figure);
    save.textContent = "Saved";
  });
  dialog.append(close, save, large);
  document.body.append(dialog);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    button.focus({ preventScroll: true });
  });
  dialog.showModal();
}

document.querySelectorAll(".book-figure").forEach((figure) => {
  const number = figure.parentElement.querySelector(".figure-number");
  const button = document.createElement("button");
  button.className = "figure-enlarge";
  button.type = "button";
  button.textContent = "⤢";
  button.ariaLabel = `Enlarge ${number?.textContent ?? "the figure"}`;
  figure.append(button);
  figure.addEventListener("click", () => enlarge(figure, button));
});
