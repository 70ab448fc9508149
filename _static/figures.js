// A figure that is tapped, or whose button is pressed, is shown as large as the screen, scrolls there,
// and can be saved from there, for a slide.

// The address of a figure as a file of its own: the colors that it takes from the page go with it.
function asFile(figure) {
  const svg = figure.querySelector(".figure-wide svg").cloneNode(true);
  const page = getComputedStyle(figure.querySelector(".figure-svg"));
  const names = new Set(svg.outerHTML.match(/--[\w-]+(?=[,)])/g));
  const colors = [...names].map((name) => `${name}: ${page.getPropertyValue(name)}`);
  svg.style.cssText = [`color: ${page.color}`, "font-family: sans-serif", ...colors].join("; ");
  const text = new XMLSerializer().serializeToString(svg);
  return URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
}

function enlarge(figure, button) {
  const dialog = document.createElement("dialog");
  dialog.className = "figure-enlarged";
  dialog.ariaLabel = button.ariaLabel;
  const close = document.createElement("button");
  close.textContent = "Close";
  const large = figure.querySelector(".figure-wide").cloneNode(true);
  // ids of its own: where the original is not displayed, what refers to its parts finds nothing
  large.innerHTML = large.innerHTML.replace(/\bid="|url\(#|href="#/g, "$&large-");
  const save = document.createElement("a");
  save.textContent = "Save as SVG";
  save.href = asFile(figure);
  save.download = `${figure.parentElement.id || "figure"}.svg`;
  dialog.append(save, close, large);
  document.body.append(dialog);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    URL.revokeObjectURL(save.href);
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
