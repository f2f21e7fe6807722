// The body map: choosing a region narrows the list of sites to those of the region, selects the one that stands for it, and sets the
// side. Without JavaScript every region is a link to the list, which is complete.

const TOWARDS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

for (const map of document.querySelectorAll("[data-bodymap]")) connect(map);

function connect(map) {
  const sites = document.getElementById(map.dataset.bodymap);
  const side = document.getElementById(map.dataset.bodymapSide);
  const regions = [...map.querySelectorAll("[data-region]")];
  map.querySelector("[data-bodymap-keys]").hidden = false;
  for (const region of regions) region.addEventListener("click", (event) => {
    event.preventDefault();
    choose(region, sites, side);
    mark(regions, sites, side);
  });
  for (const figure of map.querySelectorAll("svg")) oneTabStop([...figure.querySelectorAll("[data-region]")]);
  for (const field of [sites, side]) field.addEventListener("change", () => mark(regions, sites, side));
  mark(regions, sites, side);
}

function choose(region, sites, side) {
  const keys = region.dataset.sites.split(" ");
  const ask = region.dataset.side ? "" : " Choose the side.";
  const words = `${region.dataset.name}: ${keys.length === 1 ? "one site" : `${keys.length} sites`}.${ask}`;
  sites.dispatchEvent(new CustomEvent("narrow", { detail: { values: keys, words } }));
  side.value = region.dataset.side; // where the drawing does not tell the side, none is guessed
  sites.focus();
}

// Whatever the site in the list may lie in: one region for most, several for a general one.
function mark(regions, sites, side) {
  for (const region of regions) {
    const isSide = !region.dataset.side || !["L", "R"].includes(side.value) || region.dataset.side === side.value;
    const isChosen = isSide && sites.value !== "" && region.dataset.sites.split(" ").includes(sites.value);
    if (isChosen) region.setAttribute("aria-current", "true");
    else region.removeAttribute("aria-current");
  }
}

// A figure is one stop of the Tab key; arrow keys move inside it.
function oneTabStop(regions) {
  const stay = (region) => regions.forEach((one) => one.setAttribute("tabindex", one === region ? "0" : "-1"));
  stay(regions[0]);
  for (const region of regions) {
    region.addEventListener("focus", () => stay(region));
    region.addEventListener("keydown", (event) => {
      const direction = TOWARDS[event.key];
      if (!direction) return;
      event.preventDefault();
      nearest(region, regions, direction)?.focus();
    });
  }
}

// The closest region in a direction; what lies off that direction counts twice as far.
function nearest(from, regions, [x, y]) {
  const start = centre(from);
  const distances = regions.filter((region) => region !== from).map((region) => {
    const end = centre(region);
    const [dx, dy] = [end.x - start.x, end.y - start.y];
    const along = dx * x + dy * y;
    return { region, along, distance: along + 2 * Math.abs(dx * y + dy * x) };
  });
  const ahead = distances.filter((one) => one.along > 1);
  return ahead.sort((one, other) => one.distance - other.distance)[0]?.region;
}

function centre(region) {
  const box = region.querySelector("path").getBBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
