// Lays the chosen overlay over the image. Hovering or focusing a thumbnail previews it, choosing it keeps it.
const START_OPACITY = "70";

function startViewer(viewer) {
  const layers = [...viewer.querySelectorAll("[data-layer]")];
  const choices = [...viewer.querySelectorAll("input[name=overlay]")];
  const caption = viewer.querySelector("[data-viewer-caption]");
  const opacity = viewer.querySelector("[data-viewer-opacity]");
  const opacityText = viewer.querySelector("[data-viewer-opacity-text]");

  const show = (choice) => {
    const wanted = choice.dataset.layers.split(" ");
    for (const layer of layers) layer.hidden = !wanted.includes(layer.dataset.layer);
    caption.textContent = choice.dataset.caption;
  };
  const showChosen = () => show(choices.find((choice) => choice.checked));
  const fade = () => {
    for (const layer of layers) layer.style.opacity = opacity.value / 100;
    opacityText.textContent = `${opacity.value} %`;
  };

  for (const choice of choices) {
    const thumbnail = choice.closest("label");
    choice.addEventListener("change", showChosen);
    choice.addEventListener("focus", () => show(choice));
    choice.addEventListener("blur", showChosen);
    thumbnail.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(choice));
    thumbnail.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && showChosen());
  }
  opacity.addEventListener("input", fade);
  opacity.value = START_OPACITY;
  fade();
  showChosen();
}

document.querySelectorAll("[data-viewer]").forEach(startViewer);
