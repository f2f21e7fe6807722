// Marks a rectangle on a picture: drawn, moved and resized with mouse, pen or finger, or typed into the four fields, which are what is
// sent. Without JavaScript the fields alone do it. All lengths are pixels of the picture unless they say CSS.
const NAMES = ["left", "top", "width", "height"];
const GRIP_CSS_PX = 24; // as near as this a finger has hit a corner
const HANDLE_CSS_PX = 7;
const SLIP_CSS_PX = 8; // a shorter stroke is a slip, no rectangle
const BIG_STEP = 10;

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function startMarking(form) {
  const stage = form.querySelector("[data-region-stage]");
  const status = form.querySelector("[data-region-status]");
  const fields = NAMES.map((name) => form.elements.namedItem(name));
  const base = stage.querySelector("img");
  const picture = { width: Number(base.getAttribute("width")), height: Number(base.getAttribute("height")) };
  const drawing = startDrawing(form.querySelector("[data-region-svg]"), picture);
  const scale = () => picture.width / Math.max(stage.clientWidth, 1); // nothing is laid out yet: 0

  const typed = () => {
    const numbers = fields.map((field) => field.valueAsNumber);
    return numbers.every(Number.isFinite) && numbers[2] > 0 && numbers[3] > 0 ? asRectangle(numbers) : null;
  };
  const show = (rectangle) => drawing.show(rectangle, HANDLE_CSS_PX * scale());
  const write = (rectangle) => {
    NAMES.forEach((name, index) => { fields[index].value = rectangle ? rectangle[name] : ""; });
    show(rectangle);
  };
  const tell = (rectangle) => { status.textContent = rectangle ? sentence(rectangle, fields) : "Nothing is marked."; };

  for (const field of fields) {
    field.addEventListener("input", () => show(typed()));
    field.addEventListener("change", () => tell(typed()));
    field.addEventListener("keydown", (event) => stepByTen(event, field));
  }
  enableDrawing(stage, { picture, scale, typed, write, tell });
  new ResizeObserver(() => show(typed())).observe(stage);
  form.querySelector("[data-region-help]").hidden = false;
  enableStart(form, picture, (rectangle) => { write(rectangle); tell(rectangle); });
  show(typed());
}

function enableStart(form, picture, put) {
  const button = form.querySelector("[data-region-start]");
  const width = Math.round(picture.width / 2), height = Math.round(picture.height / 2);
  button.hidden = false;
  button.addEventListener("click", () => {
    put({ left: Math.round((picture.width - width) / 2), top: Math.round((picture.height - height) / 2), width, height });
    form.elements.namedItem("left").focus();
  });
}

function enableDrawing(stage, { picture, scale, typed, write, tell }) {
  let stroke = null; // { change(point) → rectangle, before, from }

  const point = (event) => {
    const box = stage.getBoundingClientRect();
    return {
      x: clamp(Math.round((event.clientX - box.left) * scale()), 0, picture.width),
      y: clamp(Math.round((event.clientY - box.top) * scale()), 0, picture.height),
    };
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    const from = point(event), before = typed();
    stroke = { from, before, change: changeFor(from, before, picture, GRIP_CSS_PX * scale()) };
  });
  stage.addEventListener("pointermove", (event) => {
    if (stroke) write(stroke.change(point(event)));
  });
  const end = (event) => {
    if (!stroke) return;
    const to = point(event);
    const isSlip = Math.hypot(to.x - stroke.from.x, to.y - stroke.from.y) < SLIP_CSS_PX * scale();
    const rectangle = isSlip || event.type === "pointercancel" ? stroke.before : stroke.change(to);
    stroke = null;
    write(rectangle);
    tell(rectangle);
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
}

/** What moving the pointer does: at a corner it resizes, inside it moves, elsewhere it draws anew. */
function changeFor(from, rectangle, picture, grip) {
  const corner = rectangle && nearestCorner(from, rectangle, grip);
  if (corner) return (to) => between(corner.opposite, to);
  if (rectangle && isInside(from, rectangle)) {
    return (to) => ({
      ...rectangle,
      left: clamp(rectangle.left + to.x - from.x, 0, picture.width - rectangle.width),
      top: clamp(rectangle.top + to.y - from.y, 0, picture.height - rectangle.height),
    });
  }
  return (to) => between(from, to);
}

function nearestCorner(point, rectangle, grip) {
  const away = (corner) => Math.hypot(corner.at.x - point.x, corner.at.y - point.y);
  const reach = Math.min(grip, Math.min(rectangle.width, rectangle.height) / 3); // so that the middle can still be taken hold of
  const found = corners(rectangle).sort((one, other) => away(one) - away(other))[0];
  return away(found) <= Math.max(reach, grip / 3) ? found : null;
}

function corners({ left, top, width, height }) {
  const all = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]].map(([x, y]) => ({ x, y }));
  return all.map((at, index) => ({ at, opposite: all[(index + 2) % 4] }));
}

const isInside = ({ x, y }, { left, top, width, height }) => x >= left && x <= left + width && y >= top && y <= top + height;

const between = (one, other) => ({
  left: Math.min(one.x, other.x),
  top: Math.min(one.y, other.y),
  width: Math.abs(one.x - other.x),
  height: Math.abs(one.y - other.y),
});

const asRectangle = ([left, top, width, height]) => ({ left, top, width, height });

function sentence({ left, top, width, height }, fields) {
  const marked = `Marked: ${width} × ${height} pixels, ${left} from the left, ${top} from the top.`;
  const least = [fields[2].min, fields[3].min];
  return width < least[0] || height < least[1] ? `${marked} Too small: mark at least ${least[0]} × ${least[1]}.` : marked;
}

function stepByTen(event, field) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!direction || !event.shiftKey) return;
  event.preventDefault();
  field.value = clamp((field.valueAsNumber || 0) + direction * BIG_STEP, Number(field.min), Number(field.max));
  field.dispatchEvent(new Event("input"));
  field.dispatchEvent(new Event("change"));
}

/** Darkens what is not marked, and draws the rectangle with its corners. */
function startDrawing(svg, picture) {
  const shade = svgElement(svg, "path", "rectangle-shade");
  const shapes = ["rectangle-halo", "rectangle"].map((name) => svgElement(svg, "rect", name));
  const handles = [0, 1, 2, 3].map(() => svgElement(svg, "circle", "rectangle-handle"));
  shade.setAttribute("fill-rule", "evenodd");
  return {
    show(rectangle, handleRadius) {
      svg.classList.toggle("is-empty", !rectangle);
      if (!rectangle) return;
      const { left, top, width, height } = rectangle;
      shade.setAttribute("d", `M0 0H${picture.width}V${picture.height}H0ZM${left} ${top}h${width}v${height}h${-width}Z`);
      for (const shape of shapes) setAttributes(shape, { x: left, y: top, width, height });
      corners(rectangle).forEach(({ at }, index) => setAttributes(handles[index], { cx: at.x, cy: at.y, r: handleRadius }));
    },
  };
}

function svgElement(svg, name, className) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  made.setAttribute("class", className);
  svg.append(made);
  return made;
}

function setAttributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}

document.querySelectorAll("[data-region]").forEach(startMarking);
