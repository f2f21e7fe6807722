// Pictures that can be enlarged and moved, and what the models drew laid over them. OpenSeadragon comes from our own server.
const OPACITY = { drawing: 0.75, picture: 1 };

export function startPictures(section) {
  const stage = section?.querySelector("[data-stage]");
  if (!stage || !window.OpenSeadragon) return null;
  const links = [...section.querySelectorAll("[data-picture]")];
  const caption = section.querySelector("[data-picture-caption]");
  const choice = section.querySelector("[data-overlay]");
  const overlays = new Map(); // picture → [{name, caption, sources, isPicture}]
  let shown = 0;
  let lastOverlay = "0"; // what switching on brings back

  stage.replaceChildren();
  withoutInlineStyle();
  const viewer = window.OpenSeadragon({
    element: stage,
    showNavigationControl: false,
    animationTime: 0.3,
    maxZoomPixelRatio: 8,
    minZoomImageRatio: 0.8,
    visibilityRatio: 0.6,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    drawer: "canvas",
  });
  const canvas = viewer.canvas;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "picture that can be enlarged");
  // Its own letters (turning, mirroring) are not wanted; the arrow keys are.
  viewer.addHandler("canvas-key", (event) => {
    event.preventDefaultAction = !event.originalEvent.key.startsWith("Arrow");
  });
  viewer.addHandler("open-failed", () => { caption.textContent = "This picture could not be loaded. Reload the page; tell your administrator if it recurs."; });

  const say = (text = "") => {
    const name = `${links[shown].dataset.name} (${shown + 1} of ${links.length})`;
    canvas.setAttribute("aria-label", name);
    caption.textContent = text ? `${name}. ${text}` : name;
  };
  const show = (index) => {
    shown = (index + links.length) % links.length;
    for (const link of links) link.removeAttribute("aria-current");
    links[shown].setAttribute("aria-current", "true");
    viewer.open({ type: "image", url: links[shown].href });
    say();
    offerOverlays();
  };
  const offerOverlays = () => {
    const list = overlays.get(links[shown].dataset.picture) ?? [];
    choice.replaceChildren(new Option("None", ""), ...list.map((overlay, index) => new Option(overlay.name, String(index))));
    choice.disabled = list.length === 0;
    lastOverlay = "0";
  };
  const lay = (value) => {
    while (viewer.world.getItemCount() > 1) viewer.world.removeItem(viewer.world.getItemAt(1));
    const overlay = value === "" ? null : overlays.get(links[shown].dataset.picture)?.[Number(value)];
    choice.value = overlay ? value : "";
    say(overlay?.caption);
    if (!overlay) return;
    lastOverlay = value;
    for (const url of overlay.sources) {
      viewer.addSimpleImage({
        url,
        x: 0,
        y: 0,
        width: 1,
        opacity: overlay.isPicture ? OPACITY.picture : OPACITY.drawing,
        error: () => say("This overlay could not be loaded, so what you see is incomplete."),
      });
    }
  };

  const acts = {
    "zoom-in": () => zoom(1.4),
    "zoom-out": () => zoom(1 / 1.4),
    fit: () => viewer.viewport.goHome(),
    next: () => show(shown + 1),
    previous: () => show(shown - 1),
  };
  const zoom = (by) => {
    viewer.viewport.zoomBy(by);
    viewer.viewport.applyConstraints();
  };
  for (const button of section.querySelectorAll("[data-do]")) button.addEventListener("click", acts[button.dataset.do]);
  links.forEach((link, index) => link.addEventListener("click", (event) => {
    event.preventDefault();
    show(index);
  }));
  choice.addEventListener("change", () => lay(choice.value));
  section.querySelector("[data-tools]").hidden = false;
  show(0);

  return {
    zoom,
    fit: acts.fit,
    turn: (by) => show(shown + by),
    focus: () => canvas.focus(),
    toggleOverlay: () => !choice.disabled && lay(choice.value === "" ? lastOverlay : ""),
    nextOverlay: () => !choice.disabled && lay(choice.value === "" ? lastOverlay : String((Number(choice.value) + 1) % (choice.options.length - 1))),
    readOverlays: (part) => {
      for (const finding of part.querySelectorAll("[data-finding]")) {
        overlays.set(finding.dataset.finding, [...finding.querySelectorAll("[data-overlay-name]")].map((item) => ({
          name: item.dataset.overlayName,
          caption: item.dataset.overlayCaption,
          isPicture: "overlayOpaque" in item.dataset,
          sources: [...item.querySelectorAll("[data-src]")].map((source) => source.dataset.src),
        })));
      }
      offerOverlays();
    },
  };
}

/**
 * OpenSeadragon adds a style sheet of its own, which our content security policy refuses, unless it finds an element marked like this.
 * Outside HTML's namespace it is no style sheet either.
 */
function withoutInlineStyle() {
  const marked = document.createElementNS("urn:skinclinic", "style");
  marked.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(marked);
}
