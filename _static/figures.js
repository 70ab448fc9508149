// A figure that is tapped, or whose button is pressed, is shown as large as the screen, and scrolls there.

function enlarge(figure, button) {
  const dialog = document.createElement("dialog");
  dialog.className = "figure-enlarged";
  dialog.ariaLabel = button.ariaLabel;
  const close = document.createElement("button");
  close.textContent = "Close";
  const large = figure.querySelector(".figure-wide").cloneNode(true);
  // ids of its own: where the original is not displayed, what refers to its parts finds nothing
  large.innerHTML = large.innerHTML.replace(/\bid="|url\(#|href="#/g, "$&large-");
  dialog.append(close, large);
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
