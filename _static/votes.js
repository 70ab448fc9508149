// The votes on the landing page: commit first, then see what the runs say. Kept on this device.
document.addEventListener("DOMContentLoaded", () => {
  const KEY = "course-votes";
  const WORDS = ["holds", "depends", "fails"];
  const votes = [...document.querySelectorAll(".vote")];
  if (!votes.length) return;

  function stored() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {}; // storage refused, or an older edition's
    }
  }

  function keep(given) {
    try {
      localStorage.setItem(KEY, JSON.stringify(given));
    } catch {
      // refused: the votes last as long as the page
    }
  }

  const given = stored();

  function show(vote) {
    const said = given[vote.id];
    for (const button of vote.querySelectorAll("[data-vote]")) {
      button.setAttribute("aria-pressed", String(button.dataset.vote === said));
    }
    if (!WORDS.includes(said)) return;
    const right = said === vote.dataset.answer;
    vote.querySelector("details").open = true;
    vote.querySelector(".vote-said").textContent = right
      ? `You said: ${said}. So do the runs.`
      : `You said: ${said}. The runs say: ${vote.dataset.answer}.`;
  }

  function score() {
    const cast = votes.filter((vote) => WORDS.includes(given[vote.id]));
    const right = cast.filter((vote) => given[vote.id] === vote.dataset.answer).length;
    document.querySelector(".votes-score").textContent =
      cast.length === votes.length
        ? `${right} of ${votes.length}. Guessing alone gets one in three.`
        : "";
  }

  for (const vote of votes) {
    const choices = vote.querySelector(".vote-choices");
    choices.hidden = false;
    choices.addEventListener("click", (event) => {
      const said = event.target.closest("[data-vote]")?.dataset.vote;
      if (!said) return;
      given[vote.id] = said;
      keep(given);
      show(vote);
      score();
    });
    show(vote);
  }
  score();
});
