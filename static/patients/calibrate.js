// Two points on a ruler: clicked, dragged, or typed into the four fields, which are what is sent. Without JavaScript the fields alone do
// it. All lengths are pixels of the upright picture, however large it is shown, unless they say CSS.
const NAMES = ["from_x_px", "from_y_px", "to_x_px", "to_y_px"];
const GRIP_CSS_PX = 24; // as near as this a finger has hit a point
const CROSS_CSS_PX = 11;
const BIG_STEP = 10;

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function start(form) {
  const stage = form.querySelector("[data-stage]");
  const base = stage.querySelector("img");
  const picture = { width: Number(base.getAttribute("width")), height: Number(base.getAttribute("height")) };
  const fields = NAMES.map((name) => form.elements.namedItem(name));
  const length = form.elements.namedItem("length_mm");
  const drawing = startDrawing(form.querySelector("[data-drawing]"));
  const scale = () => picture.width / Math.max(stage.clientWidth, 1);

  const points = () => [0, 2].map((at) => {
    const [x, y] = [fields[at].valueAsNumber, fields[at + 1].valueAsNumber];
    return Number.isFinite(x) && Number.isFinite(y) ? { x, y } : null;
  });
  const show = () => drawing.show(points(), CROSS_CSS_PX * scale());
  const tell = () => { form.querySelector("[data-status]").textContent = sentence(points(), length.valueAsNumber, Number(form.dataset.leastPx)); };
  const put = (index, point) => {
    fields[2 * index].value = point ? Math.round(point.x * 10) / 10 : "";
    fields[2 * index + 1].value = point ? Math.round(point.y * 10) / 10 : "";
    show();
  };

  for (const field of fields) field.addEventListener("keydown", (event) => stepOnPixels(event, field));
  for (const field of [...fields, length]) {
    field.addEventListener("input", show);
    field.addEventListener("change", tell);
  }
  enablePointing(stage, { picture, scale, points, put, tell });
  enableZoom(form, stage);
  new ResizeObserver(show).observe(stage);
  for (const hint of form.querySelectorAll("[data-scripted]")) hint.hidden = false;
  show();
}

/** The first press sets the first point, the next the second one; whoever presses on a point moves it. */
function enablePointing(stage, { picture, scale, points, put, tell }) {
  let moving = null; // { index, before, newest }
  let newest = 1;
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return {
      x: clamp((event.clientX - box.left) * scale(), 0, picture.width),
      y: clamp((event.clientY - box.top) * scale(), 0, picture.height),
    };
  };
  const hit = (place) => {
    const away = points().map((point) => (point ? Math.hypot(point.x - place.x, point.y - place.y) : Infinity));
    const nearest = away[0] <= away[1] ? 0 : 1;
    return away[nearest] <= GRIP_CSS_PX * scale() ? nearest : null;
  };
  const next = () => {
    const missing = points().indexOf(null);
    return missing >= 0 ? missing : 1 - newest; // both are set: the older one is given up
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    const index = hit(at(event)) ?? next();
    moving = { index, before: points()[index], newest };
    newest = index;
    put(index, at(event));
  });
  stage.addEventListener("pointermove", (event) => { if (moving) put(moving.index, at(event)); });
  stage.addEventListener("pointerup", () => {
    moving = null;
    tell();
  });
  stage.addEventListener("pointercancel", () => { // the finger scrolls: it meant no point
    if (moving) put(moving.index, moving.before);
    newest = moving?.newest ?? newest;
    moving = null;
  });
}

function enableZoom(form, stage) {
  const zoom = form.querySelector("[data-zoom]");
  const text = form.querySelector("[data-zoom-text]");
  const view = stage.parentElement;
  zoom.addEventListener("input", () => {
    const middle = [(view.scrollLeft + view.clientWidth / 2) / stage.clientWidth, (view.scrollTop + view.clientHeight / 2) / stage.clientHeight];
    stage.style.width = `${100 * zoom.value}%`;
    view.scrollTo(middle[0] * stage.clientWidth - view.clientWidth / 2, middle[1] * stage.clientHeight - view.clientHeight / 2);
    text.textContent = `${zoom.value}×`;
  });
}

function stepOnPixels(event, field) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!direction) return;
  event.preventDefault();
  const step = event.shiftKey ? BIG_STEP : 1;
  field.value = clamp((field.valueAsNumber || 0) + direction * step, Number(field.min), Number(field.max));
  field.dispatchEvent(new Event("input"));
  field.dispatchEvent(new Event("change"));
}

function sentence([from, to], lengthMm, leastPx) {
  if (!from || !to) return from || to ? "One point is set. Click the second mark of the ruler." : "No point is set.";
  const apart = Math.hypot(to.x - from.x, to.y - from.y);
  const measured = `The points are ${apart.toFixed(0)} pixels apart.`;
  if (apart < leastPx) return `${measured} Too close together: choose marks that are at least ${leastPx} pixels apart.`;
  return lengthMm > 0 ? `${measured} One pixel would be ${(lengthMm / apart).toFixed(4)} mm.` : `${measured} Give the millimetres between them.`;
}

/** A white line on a black one, so that it stands out from skin and from rulers, and a cross at each end. */
function startDrawing(svg) {
  const lines = ["ruler-halo", "ruler-line"].map((name) => element(svg, "path", name));
  const numbers = [1, 2].map((number) => {
    const text = element(svg, "text", "ruler-number");
    text.textContent = number;
    return text;
  });
  return {
    show(points, arm) {
      const crosses = points.filter(Boolean).map(({ x, y }) => `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}`);
      const between = points.every(Boolean) ? `M${points[0].x} ${points[0].y}L${points[1].x} ${points[1].y}` : "";
      for (const line of lines) line.setAttribute("d", crosses.join("") + between);
      numbers.forEach((text, index) => {
        const point = points[index];
        text.style.visibility = point ? "visible" : "hidden";
        if (!point) return;
        text.setAttribute("x", point.x + arm * 0.4);
        text.setAttribute("y", point.y - arm * 0.5);
        text.setAttribute("font-size", arm * 1.4);
      });
    },
  };
}

function element(svg, name, className) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  made.setAttribute("class", className);
  svg.append(made);
  return made;
}

document.querySelectorAll("[data-calibrate]").forEach(start);
