// Runs before anything is shown. Where a browser refuses to store, a stand-in that forgets serves
// every script of the page; and whoever left the workshop open finds it open, without a jump.
(() => {
  const page = document.documentElement;
  try {
    localStorage.getItem("view");
  } catch {
    const kept = new Map();
    const storage = {
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, value) => kept.set(String(key), String(value)),
      removeItem: (key) => kept.delete(String(key)),
      clear: () => kept.clear(),
    };
    Object.defineProperty(window, "localStorage", { value: storage });
  }
  page.dataset.view = localStorage.getItem("view") === "workshop" ? "workshop" : "reading";
  page.classList.add("scripted");
  if (page.dataset.view === "reading") return;
  const open = () => {
    for (const fold of document.querySelectorAll("details.fold:not([open])")) fold.open = true;
  };
  const arriving = new MutationObserver(open);
  arriving.observe(page, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => {
    arriving.disconnect();
    open();
  });
})();
