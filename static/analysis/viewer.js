// Lays the chosen overlay over the image. Hovering or focusing a thumbnail previews it, choosing it keeps it.
// Pictures that stand for the image start opaque, drawings over it do not; a person's own setting is kept for each.
const START_OPACITY = { drawing: "70", picture: "100" };
const MISSING = "This picture could not be loaded, so what you see is incomplete. Reload the page; tell your administrator if it recurs.";

const cannotBeShown = (image) => image.complete && image.naturalWidth === 0;

function startViewer(viewer) {
  const base = viewer.querySelector(".viewer-stage .viewer-base");
  const layers = [...viewer.querySelectorAll("[data-layer]")];
  const choices = [...viewer.querySelectorAll("input[name=overlay]")];
  const caption = viewer.querySelector("[data-viewer-caption]");
  const opacity = viewer.querySelector("[data-viewer-opacity]");
  const opacityText = viewer.querySelector("[data-viewer-opacity-text]");

  const wished = { ...START_OPACITY };
  let shown = "drawing";

  const show = (choice) => {
    shown = "picture" in choice.dataset ? "picture" : "drawing";
    opacity.value = wished[shown];
    fade();
    const wanted = choice.dataset.layers.split(" ");
    for (const layer of layers) layer.hidden = !wanted.includes(layer.dataset.layer);
    const isIncomplete = [base, ...layers].some((image) => !image.hidden && cannotBeShown(image));
    caption.textContent = isIncomplete ? MISSING : choice.dataset.caption;
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
  for (const image of [base, ...layers]) image.addEventListener("error", showChosen);
  opacity.addEventListener("input", () => {
    wished[shown] = opacity.value;
    fade();
  });
  showChosen();
}

document.querySelectorAll("[data-viewer]").forEach(startViewer);
