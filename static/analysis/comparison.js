// Two pictures side by side in OpenSeadragon. Linked, whoever is moved leads and the other follows: to the same place of the skin where
// the pictures were laid over one another, else to the same part of its frame. Without JavaScript the pictures stand there as they are.
/* global OpenSeadragon */
import { startBlinking } from "./blink.js";
import { both, enlargement, inverse, moved, turn } from "./same_place.js";

const STEP = 1.5;
const SMALLEST = 0.2; // of whole, where one picture may show five times as much skin as the other
const MISSING = "This picture could not be loaded. Reload the page; tell your administrator if it recurs.";
const NOT_OURS = ["r", "f", "w", "a", "s", "d"]; // turning and mirroring one of two pictures would make them incomparable; letters are no arrows
const NUDGE_PX = 40;
const along = (x, y) => (port) => port.panBy(port.deltaPointsFromPixels(new OpenSeadragon.Point(x * NUDGE_PX, y * NUDGE_PX)));
const enlarge = (port) => port.zoomBy(1.1);
/** OpenSeadragon's own go along the picture instead of the screen where that is turned, and lose presses that follow quickly. */
const KEYS = {
  ArrowLeft: along(-1, 0),
  ArrowRight: along(1, 0),
  ArrowUp: along(0, -1),
  ArrowDown: along(0, 1),
  "+": enlarge,
  "=": enlarge, // the key of plus
  "-": (port) => port.zoomBy(1 / 1.1),
};
const ACTS = ["canvas-press", "canvas-scroll", "canvas-key", "canvas-pinch", "canvas-double-click"];

/** OpenSeadragon would write a style into the page, which our Content-Security-Policy refuses; it does not where one is marked as its. */
function keepStylesOut() {
  const mark = document.createElementNS("", "style");
  mark.setAttribute("data-openseadragon-mobile-css", "");
  document.head.append(mark);
}

function start(section) {
  const laid = section.dataset.laid && JSON.parse(section.dataset.laid);
  const linked = section.querySelector("[data-linked]");
  const sides = [...section.querySelectorAll("[data-window]")].map((place) => open(place, laid ? SMALLEST : undefined));
  const [earlier, later] = sides;
  const areOpen = () => sides.every((side) => side.isOpen());
  if (laid) [earlier.from, later.from] = [inverse(laid), laid];
  let leader = earlier;

  const lead = (side) => {
    leader = side;
    if (linked.checked && areOpen()) for (const other of sides) if (other !== side) follow(other, side);
  };
  const whole = (immediately) => {
    if (!laid || !linked.checked || !areOpen()) return eachLed((port) => port.goHome());
    const { x, y, width, height } = both(laid, earlier.aspect(), later.aspect());
    leader = earlier;
    earlier.viewer.viewport.fitBounds(new OpenSeadragon.Rect(x, y, width, height), immediately);
  };
  const link = () => {
    if (laid && later.isOpen()) later.viewer.viewport.setRotation(linked.checked ? -turn(laid) : 0, true);
    lead(leader);
  };
  const begin = () => {
    link();
    whole(true);
    startBlinking(section, earlier, later, laid);
  };
  const eachLed = (act) => {
    for (const side of linked.checked ? [leader] : sides) if (side.isOpen()) act(side.viewer.viewport);
  };
  for (const side of sides) {
    for (const act of ACTS) side.viewer.addHandler(act, () => { leader = side; });
    side.viewer.addHandler("viewport-change", () => {
      side.say();
      if (side === leader) lead(side);
    });
    if (laid) side.viewer.addHandler("open", () => { if (areOpen()) begin(); });
  }
  linked.addEventListener("change", link);
  section.querySelector("[data-zoom-in]").addEventListener("click", () => eachLed((port) => port.zoomBy(STEP).applyConstraints()));
  section.querySelector("[data-zoom-out]").addEventListener("click", () => eachLed((port) => port.zoomBy(1 / STEP).applyConstraints()));
  section.querySelector("[data-whole]").addEventListener("click", () => whole());
  for (const part of section.querySelectorAll("[data-controls], [data-hint]")) part.hidden = false;
}

/** The viewer in place of the plain picture. */
function open(place, minZoomImageRatio = 0.9) {
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
    minZoomImageRatio,
    maxZoomPixelRatio: 6,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  });
  const isOpen = () => viewer.world.getItemCount() > 0;
  viewer.addHandler("open-failed", () => place.replaceChildren(Object.assign(document.createElement("p"), { className: "compare-missing", textContent: MISSING })));
  viewer.addHandler("canvas-key", (event) => press(viewer.viewport, event));
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", place.dataset.label);
  const say = () => { enlarged.textContent = isOpen() ? `· ${(viewer.viewport.getZoom() / viewer.viewport.getHomeZoom()).toFixed(1)}×` : ""; };
  viewer.addHandler("open", say);
  const aspect = () => viewer.world.getHomeBounds().height; // of the picture, whose width is 1
  return { viewer, isOpen, say, aspect, source: place.dataset.source };
}

function press(port, event) {
  const { key, ctrlKey, altKey, metaKey } = event.originalEvent;
  const act = KEYS[key];
  if (ctrlKey || altKey || metaKey || !(act || NOT_OURS.includes(key.toLowerCase()))) return;
  event.preventDefaultAction = true;
  if (!act) return;
  event.originalEvent.preventDefault(); // or the page would scroll
  act(port);
  port.applyConstraints();
}

/** To where its leader is. */
function follow(side, leader) {
  const from = leader.viewer.viewport, to = side.viewer.viewport;
  const middle = from.getCenter(true);
  const [zoom, place] = side.from ? sameSkin(side.from, from, to, middle) : samePart(side, leader, from, to, middle);
  to.zoomTo(zoom, null, true);
  to.panTo(new OpenSeadragon.Point(place.x, place.y), true);
}

/** The same place of the skin, as large on the screen. */
function sameSkin(matrix, from, to, middle) {
  const screens = from.getContainerSize().x / to.getContainerSize().x;
  return [(from.getZoom(true) * screens) / enlargement(matrix), moved(matrix, middle)];
}

/** The same part of its own frame, enlarged as much. */
function samePart(side, leader, from, to, middle) {
  const zoom = to.getHomeZoom() * (from.getZoom(true) / from.getHomeZoom());
  return [zoom, { x: middle.x, y: middle.y * (side.aspect() / leader.aspect()) }];
}

keepStylesOut();
document.querySelectorAll("[data-compare]").forEach(start);
