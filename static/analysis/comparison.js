// Two pictures side by side in OpenSeadragon. Linked, both show the same part of their frame: whoever is moved leads, the other follows.
// Without JavaScript the pictures stand there as they are.
/* global OpenSeadragon */
const STEP = 1.5;
const MISSING = "This picture could not be loaded. Reload the page; tell your administrator if it recurs.";
const NOT_OURS = ["r", "R", "f"]; // turning and mirroring one of two pictures would make them incomparable
const ACTS = ["canvas-press", "canvas-scroll", "canvas-key", "canvas-pinch", "canvas-double-click"];

/** OpenSeadragon would write a style into the page, which our Content-Security-Policy refuses; it does not where one is marked as its. */
function keepStylesOut() {
  const mark = document.createElementNS("", "style");
  mark.setAttribute("data-openseadragon-mobile-css", "");
  document.head.append(mark);
}

function start(section) {
  const linked = section.querySelector("[data-linked]");
  const sides = [...section.querySelectorAll("[data-window]")].map(open);
  let leader = sides[0];

  const lead = (side) => {
    leader = side;
    if (linked.checked) for (const other of sides) if (other !== side) follow(other, side);
  };
  for (const side of sides) {
    for (const act of ACTS) side.viewer.addHandler(act, () => { leader = side; });
    side.viewer.addHandler("viewport-change", () => {
      side.say();
      if (side === leader) lead(side);
    });
  }
  linked.addEventListener("change", () => lead(leader));
  const both = (act) => () => {
    for (const side of linked.checked ? [leader] : sides) if (side.isOpen()) act(side.viewer.viewport);
  };
  section.querySelector("[data-zoom-in]").addEventListener("click", both((port) => port.zoomBy(STEP).applyConstraints()));
  section.querySelector("[data-zoom-out]").addEventListener("click", both((port) => port.zoomBy(1 / STEP).applyConstraints()));
  section.querySelector("[data-whole]").addEventListener("click", both((port) => port.goHome()));
  for (const part of section.querySelectorAll("[data-controls], [data-hint]")) part.hidden = false;
}

/** The viewer in place of the plain picture. */
function open(place) {
  const picture = place.querySelector("img");
  const enlarged = place.closest("figure").querySelector("[data-enlarged]");
  place.classList.add("is-live");
  picture.remove();
  const viewer = OpenSeadragon({
    element: place,
    tileSources: { type: "image", url: place.dataset.source },
    drawer: "canvas",
    showNavigationControl: false,
    animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.4,
    visibilityRatio: 0.5,
    maxZoomPixelRatio: 6,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  });
  const isOpen = () => viewer.world.getItemCount() > 0;
  viewer.addHandler("open-failed", () => place.replaceChildren(Object.assign(document.createElement("p"), { className: "compare-missing", textContent: MISSING })));
  viewer.addHandler("canvas-key", (event) => { if (NOT_OURS.includes(event.originalEvent.key)) event.preventDefaultAction = true; });
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", place.dataset.label);
  const say = () => { enlarged.textContent = isOpen() ? `· ${(viewer.viewport.getZoom() / viewer.viewport.getHomeZoom()).toFixed(1)}×` : ""; };
  viewer.addHandler("open", say);
  return { viewer, isOpen, say };
}

/** To the same part of its own frame, enlarged as much. */
function follow(side, leader) {
  if (!side.isOpen() || !leader.isOpen()) return;
  const from = leader.viewer.viewport, to = side.viewer.viewport;
  const middle = from.getCenter(true);
  const height = (viewer) => viewer.world.getHomeBounds().height;
  to.zoomTo(to.getHomeZoom() * (from.getZoom(true) / from.getHomeZoom()), null, true);
  to.panTo(new OpenSeadragon.Point(middle.x, middle.y * (height(side.viewer) / height(leader.viewer))), true);
}

keepStylesOut();
document.querySelectorAll("[data-compare]").forEach(start);
