// The ledger page: filter the claims by text, by kind of verdict and by preset, without a server.
// The filter stands in the address (?q=adam&verdict=holds), and #claim-… opens that claim.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector(".ledger-filter");
  if (!form) return;

  const claims = [...document.querySelectorAll(".ledger-claim")];
  const chapters = [...document.querySelectorAll(".ledger-chapter")];
  const count = form.querySelector(".ledger-count");
  const folds = [...document.querySelectorAll(".ledger-fold")];
  const fields = [...form.querySelectorAll("select")];
  const presets = form.elements.marks;
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const texts = new Map(claims.map((claim) => [claim, plain(`${claim.id} ${claim.textContent}`)]));

  function apply() {
    const wanted = plain(form.elements.q.value).split(/\s+/).filter(Boolean);
    const filtered = wanted.length > 0 || presets.value || fields.some((field) => field.value);
    let shown = 0;
    for (const claim of claims) {
      const fits =
        (!presets.value || claim.dataset.marks.split(" ").includes(presets.value)) &&
        fields.every((field) => !field.value || claim.dataset[field.name] === field.value) &&
        wanted.every((word) => texts.get(claim).includes(word));
      claim.hidden = !fits;
      shown += fits;
    }
    for (const part of [...chapters, ...folds]) {
      part.hidden = !part.querySelector(".ledger-claim:not([hidden])");
    }
    for (const fold of folds) fold.open = Boolean(filtered);
    count.textContent =
      shown === 0 ? "No claim fits." : `${shown} of ${claims.length} claims`;
  }

  function remember() {
    const query = new URLSearchParams();
    for (const field of [form.elements.q, ...fields]) {
      if (field.value) query.set(field.name, field.value);
    }
    if (presets.value) query.set("marks", presets.value);
    const address = new URL(location.href);
    address.search = query.toString();
    try {
      history.replaceState(null, "", address);
    } catch {
      // Some browsers allow no address of one's own on pages opened as files.
    }
  }

  function recall() {
    const query = new URLSearchParams(location.search);
    form.elements.q.value = query.get("q") ?? "";
    for (const field of fields) {
      const value = query.get(field.name) ?? "";
      const known = [...field.options].some((option) => option.value === value);
      field.value = known ? value : "";
    }
    const mark = query.get("marks") ?? "";
    presets.value = [...presets].some((preset) => preset.value === mark) ? mark : "";
  }

  // A link to a hidden claim or chapter, from the page's contents say, shows all claims again.
  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    const claim = claims.find((one) => one === target);
    if (!claim && target?.closest("[hidden]")) {
      form.reset();
      target.scrollIntoView();
    }
    if (!claim) return;
    if (claim.hidden) {
      form.reset();
    }
    const fold = claim.closest(".ledger-fold");
    if (fold) fold.open = true;
    claim.querySelector("details").open = true;
    claim.scrollIntoView({ block: "start" });
    claim.tabIndex = -1;
    claim.focus({ preventScroll: true });
  }

  let pause;
  const changed = () => {
    apply();
    remember();
  };
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(changed, 120);
  });
  form.addEventListener("reset", () => {
    clearTimeout(pause);
    form.elements.q.value = "";
    presets.value = "";
    for (const field of fields) field.value = "";
    changed();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pause);
    changed();
  });
  addEventListener("hashchange", openTarget);
  addEventListener("popstate", () => {
    recall();
    apply();
  });

  // What is settled is printed, also where it was closed only to keep the page short.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => fold.matches(".ledger-settled:not([open])"));
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });

  form.hidden = false;
  recall();
  apply();
  if (location.search && !location.hash) form.scrollIntoView();
  openTarget();
});
