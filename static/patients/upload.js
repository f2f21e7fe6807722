// Uploading images of a lesion: several at once, seen before they are sent, with progress and one answer for each.
// Without JavaScript the form sends one image the ordinary way.

for (const form of document.querySelectorAll("form[data-upload]")) enhance(form);

function enhance(form) {
  const input = form.elements.namedItem("image");
  const list = form.querySelector("[data-list]");
  const chosen = new Map(); // list item → file
  input.multiple = true;
  input.required = false; // what counts is the list

  const add = (files) => {
    for (const file of files) {
      const item = listItem(file, () => remove(item));
      chosen.set(item, file);
      list.append(item);
    }
    say(form, "");
  };
  const remove = (item) => {
    chosen.delete(item);
    item.remove();
    input.focus();
  };

  input.addEventListener("change", () => {
    add(input.files);
    input.value = ""; // the same file can be chosen again after it was removed
  });
  enableCamera(form, (files) => {
    add(files);
    form.elements.namedItem("modality").value ||= "macroscopic"; // what a phone's own camera takes
  });
  enableDrop(form, add);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (chosen.size) sendAll(form, chosen);
    else say(form, "Choose an image first.");
  });
}

function enableCamera(form, add) {
  const camera = form.querySelector("[data-camera]");
  if (!matchMedia("(pointer: coarse)").matches) return;
  camera.hidden = false;
  const input = camera.querySelector("input");
  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
}

function enableDrop(form, add) {
  const area = form.querySelector("[data-drop]");
  const over = (isOver) => area.classList.toggle("is-over", isOver);
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  area.addEventListener("dragleave", () => over(false));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    add(event.dataTransfer.files);
  });
}

function listItem(file, onRemove) {
  const item = element("li", "upload-item");
  const text = element("div");
  text.append(element("p", "", file.name), element("p", "upload-note", megabytes(file.size)));
  const button = element("button", "btn btn-sm btn-outline-primary", "Remove");
  button.type = "button";
  button.setAttribute("aria-label", `Remove ${file.name}`);
  button.addEventListener("click", onRemove);
  item.append(preview(file), text, button);
  return item;
}

function preview(file) {
  const image = element("img");
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.addEventListener("error", () => image.replaceWith(element("div", "no-image", "No preview")));
  return image;
}

async function sendAll(form, chosen) {
  const button = form.querySelector("button.btn-primary");
  const pages = [];
  const count = chosen.size;
  button.disabled = true;
  for (const [item, file] of chosen) {
    say(form, `Sending image ${pages.length + 1} of ${count} …`);
    const page = await sendOne(form, item, file);
    if (page) {
      pages.push(page);
      chosen.delete(item);
    }
  }
  button.disabled = false;
  if (count === 1 && pages.length === 1) location.assign(pages[0]);
  else {
    say(form, pages.length === count ? "All images are sent. " : `${pages.length} of ${count} images were sent. See above for what to do. `);
    if (pages.length) form.querySelector("[data-status]").append(link(location.pathname, "Show them with the others"));
  }
}

/** Resolves to the address of the result's page, or to null after the refusal is shown beside the image. */
async function sendOne(form, item, file) {
  const note = item.querySelector(".upload-note");
  const bar = element("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  note.replaceChildren(bar);
  note.classList.remove("is-refused");
  try {
    const answer = await post(form, file, (share) => { bar.value = share; });
    note.replaceChildren(alreadyHere(answer), link(answer.page_url, "Open the result"));
    item.querySelector("button")?.remove();
    return answer.page_url;
  } catch (error) {
    note.textContent = error.message;
    note.classList.add("is-refused");
    return null;
  }
}

function alreadyHere(answer) {
  if (!answer.duplicate) return "";
  const day = new Date(answer.uploaded_at).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return `Already here since ${day}. `;
}

/** fetch() tells nothing about how much has been sent, XMLHttpRequest does. */
async function post(form, file, onProgress) {
  if (file.size > maxBytes(form)) throw new Error(`This file has more than ${Math.floor(maxBytes(form) / 2 ** 20)} MB. Export the picture as JPEG and add that file.`);
  const body = new FormData(form);
  body.set("image", file, "image"); // names of files may name people
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) onProgress(event.loaded / event.total); });
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("error", () => reject(new Error("The connection broke off. Check the network and send it again.")));
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.send(body);
  });
}

function maxBytes(form) {
  return Number(form.elements.namedItem("image").dataset.maxBytes);
}

function settle(request, resolve, reject) {
  const answer = request.response;
  if (request.status === 202 && answer?.page_url) resolve(answer);
  else reject(new Error(answer?.error?.message ?? "The server did not accept this image. Reload the page and try again."));
}

function say(form, sentence) {
  form.querySelector("[data-status]").textContent = sentence;
}

function link(address, text) {
  const anchor = element("a", "", text);
  anchor.href = address;
  return anchor;
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function megabytes(bytes) {
  return bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
