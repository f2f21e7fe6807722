// Moves through the steps of the level set; without this script the last one is shown.
function startEvolution(panel) {
  const frames = [...panel.querySelectorAll("[data-step]")];
  const slider = panel.querySelector("[data-evolution-step]");
  const text = panel.querySelector("[data-evolution-text]");

  const show = () => {
    frames.forEach((frame, index) => frame.toggleAttribute("hidden", index !== Number(slider.value)));
    text.textContent = frames[slider.value].dataset.step;
    slider.setAttribute("aria-valuetext", `step ${text.textContent}`);
  };
  slider.addEventListener("input", show);
  slider.value = slider.max;
  panel.querySelector("[data-evolution-control]").hidden = false;
  show();
}

document.querySelectorAll("[data-evolution]").forEach(startEvolution);
