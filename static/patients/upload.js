// Uploading images of a lesion: several at once, each seen, judged and named before it is sent, with progress and one answer for each.
// Without JavaScript the form sends one image the ordinary way.
import { listItem, element } from "./upload-item.js";

for (const form of document.querySelectorAll("form[data-upload]")) enhance(form);

function enhance(form) {
  const input = form.elements.namedItem("image");
  const kind = form.elements.namedItem("modality");
  const list = form.querySelector("[data-list]");
  const chosen = new Map(); // list item → file
  input.multiple = true;
  input.required = false; // what counts is the list
  kind.required = false; // and what each picture in it says
  form.querySelector(`label[for=${kind.id}]`).textContent = "Modality of all";
  for (const hint of form.querySelectorAll("[data-scripted]")) hint.hidden = false;

  const add = (files, stated = kind.value) => {
    for (const file of files) {
      const item = listItem(file, kind, stated, () => remove(item));
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
  kind.addEventListener("change", () => {
    for (const select of list.querySelectorAll("select:not([data-own])")) select.value = kind.value;
  });
  enableCamera(form, (files) => add(files, kind.value || "macroscopic")); // what a phone's own camera takes
  enableDrop(form, add);
  enablePaste(add);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!chosen.size) say(form, "Choose an image first.");
    else if (allNamed(form, [...chosen.keys()])) sendAll(form, chosen);
  });
}

/** Whether every picture says what it is; otherwise leads to the first that does not. */
function allNamed(form, items) {
  const selects = items.map((item) => item.querySelector("select"));
  for (const select of selects) select.classList.toggle("is-missing", !select.value);
  const missing = selects.find((select) => !select.value);
  if (!missing) return true;
  say(form, "Say of each picture whether it is dermoscopic or macroscopic.");
  missing.focus();
  return false;
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

/** A picture copied elsewhere; pasting text into a field stays what it is. */
function enablePaste(add) {
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    add(files);
  });
}

async function sendAll(form, chosen) {
  const button = form.querySelector("button.btn-primary");
  const answers = [];
  const count = chosen.size;
  button.disabled = true;
  for (const [item, file] of chosen) {
    say(form, `Sending image ${answers.length + 1} of ${count} …`);
    const answer = await sendOne(form, item, file);
    if (answer) {
      answers.push(answer);
      chosen.delete(item);
    }
  }
  const paired = await pairUp(form, answers);
  button.disabled = false;
  if (count === 1 && answers.length === 1 && !answers[0].notice) location.assign(answers[0].page_url);
  else {
    say(form, answers.length === count ? `All images are sent. ${paired}` : `${answers.length} of ${count} images were sent. See above for what to do. ${paired}`);
    if (answers.length) form.querySelector("[data-status]").append(link(location.pathname, "Show them with the others"));
  }
}

/** One dermoscopic and one macroscopic picture sent together show the same place. What was here before is left as it is. */
async function pairUp(form, answers) {
  const fresh = (kind) => answers.filter((answer) => answer.modality === kind && !answer.duplicate);
  const [[closeUp, ...more], [overview, ...others]] = [fresh("dermoscopic"), fresh("macroscopic")];
  if (!closeUp || !overview || more.length || others.length) return "";
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
  body.set("overview", overview.image_id);
  const answer = await fetch(closeUp.pair_url, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? "The two are kept as a pair. " : "They could not be paired; pair them in the timeline below. ";
}

/** Resolves to the server's answer, or to null after the refusal is shown beside the image. */
async function sendOne(form, item, file) {
  const note = item.querySelector(".upload-note");
  const bar = element("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  note.replaceChildren(bar);
  note.classList.remove("is-refused");
  try {
    const answer = await post(form, item, file, (share) => { bar.value = share; });
    note.replaceChildren(alreadyHere(answer), element("strong", "", answer.notice), " ", link(answer.page_url, "Open the result"));
    for (const control of item.querySelectorAll("button, .upload-kind")) control.remove();
    return answer;
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
async function post(form, item, file, onProgress) {
  if (file.size > maxBytes(form)) throw new Error(`This file has more than ${Math.floor(maxBytes(form) / 2 ** 20)} MB. Export the picture as JPEG and add that file.`);
  const body = new FormData(form);
  body.set("image", file, "image"); // names of files may name people
  body.set("modality", item.querySelector("select").value);
  if (body.get("modality") !== "dermoscopic") body.delete("dermatoscope");
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
