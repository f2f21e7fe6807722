// One chosen picture before it is sent: its preview, what it is, and whether it is good enough.
import { check, isDicom } from "./picture-check.js";

let count = 0;
let looking = Promise.resolve(); // one after the other: a decoded picture takes up to 160 MB

/** `kind` is the form's own choice of dermoscopic or macroscopic, `stated` what this picture begins with. */
export function listItem(file, kind, stated, onRemove) {
  const item = element("li", "upload-item");
  const text = element("div");
  const verdict = element("p", "upload-verdict", "Looking at the picture …");
  text.append(element("p", "", file.name), element("p", "upload-note", megabytes(file.size)), verdict, kindOf(file, kind, stated));
  const button = element("button", "btn btn-sm btn-outline-primary", "Remove");
  button.type = "button";
  button.setAttribute("aria-label", `Remove ${file.name}`);
  button.addEventListener("click", onRemove);
  item.append(preview(file), text, button);
  looking = looking.then(() => tell(file, verdict));
  return item;
}

/** Every picture says for itself what it is; until somebody chooses, it follows the form. */
function kindOf(file, kind, stated) {
  const box = element("div", "upload-kind");
  const label = element("label", "", "This picture is");
  const select = element("select");
  select.id = `upload-kind-${count += 1}`;
  label.htmlFor = select.id;
  select.setAttribute("aria-label", `This picture is (${file.name})`);
  select.append(...[...kind.options].map((option) => new Option(option.text.toLowerCase(), option.value)));
  select.value = stated;
  if (stated !== kind.value) select.dataset.own = "";
  select.addEventListener("change", () => {
    select.dataset.own = "";
    select.classList.remove("is-missing");
  });
  box.append(label, select);
  return box;
}

async function tell(file, place) {
  const found = await check(file).catch(() => null);
  if (found) {
    place.textContent = found.words;
    place.classList.add(`is-${found.verdict}`);
  } else if (await isDicom(file)) place.textContent = "A DICOM file: it can be neither shown nor judged before it is sent.";
  else place.textContent = "This browser cannot show the file, so it is not judged before it is sent.";
}

function preview(file) {
  const image = element("img");
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.addEventListener("error", () => image.replaceWith(element("div", "no-image", "No preview")));
  return image;
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function megabytes(bytes) {
  return bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
