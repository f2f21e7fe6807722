/**
 * The end of a session must not cost anybody what they typed. Before a form is sent the server is asked whether the session is
 * still open and whose it is. If it has ended, a dialog says so, the person logs in in another tab, and the form is sent from here.
 *
 * The page's <body> says whose session it is and when it ends (skinclinic/sessions.py); without that, nobody is logged in.
 */

const clock = document.body.dataset;
const sending = new WeakSet(); // forms the server is being asked about
const passed = new WeakSet(); // forms that may go now
let token = ""; // logging in again changes it
let renewedAt = Date.now();
let dialog = null;

if (clock.sessionPerson) {
  window.addEventListener("submit", guardForm, { capture: true });
  document.body.addEventListener("htmx:confirm", guardRequest);
  document.body.addEventListener("htmx:configRequest", (event) => { if (token) event.detail.headers["X-CSRFToken"] = token; });
  document.body.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) tellItEnded(); });
  for (const kind of ["input", "keydown"]) document.addEventListener(kind, stayWhileTyping, { passive: true });
  watch(Number(clock.sessionLeftS));
}

// --- Before something is sent ---

async function guardForm(event) {
  const form = event.target;
  const method = event.submitter?.getAttribute("formmethod") ?? form.getAttribute("method") ?? "get";
  if (method.toLowerCase() !== "post" || "unguarded" in form.dataset || passed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (sending.has(form)) return;
  sending.add(form);
  const submitter = event.submitter;
  const mayGo = await sessionIsTheirs();
  sending.delete(form);
  if (!mayGo) return;
  passed.add(form);
  form.requestSubmit(submitter);
  passed.delete(form);
}

/** Buttons and fields that send by themselves; forms have been looked at before htmx sees them. */
async function guardRequest(event) {
  if (event.detail.verb === "get" || event.detail.elt instanceof HTMLFormElement) return;
  event.preventDefault();
  if (await sessionIsTheirs()) event.detail.issueRequest(false);
}

async function sessionIsTheirs() {
  for (;;) {
    const answer = await ask();
    if (answer?.open && answer.person === clock.sessionPerson) return true;
    if (!(await offer(whatIsWrong(answer)))) return false;
  }
}

function whatIsWrong(answer) {
  if (answer === null) {
    return { title: "The server does not answer", text: "Nothing was sent, and what you typed is still here. Check the network, then send it again.", go: "Send again" };
  }
  if (answer.open) {
    return {
      title: "Somebody else is logged in now",
      text: "In this browser another person has logged in meanwhile. Nothing was sent, so that it is not saved under their name. Log in as yourself in a new tab, then send it again.",
      go: "Send again",
    };
  }
  return { title: "Your session has ended", text: "Nothing was sent, and what you typed is still here. Log in in a new tab, come back to this one, and send it again.", login: true, go: "Send again" };
}

// --- The clock ---

function watch(leftS) {
  const noticeS = Number(clock.sessionNoticeS);
  setTimeout(lookAtTheClock, Math.max(1, leftS - noticeS) * 1000);
}

/** Another tab may have kept the session open meanwhile. */
async function lookAtTheClock() {
  const answer = await ask();
  if (answer === null) watch(Number(clock.sessionNoticeS) + 30);
  else if (!answer.open) tellItEnded();
  else if (answer.left_s > Number(clock.sessionNoticeS) + 5) watch(answer.left_s);
  else offerToStay(answer.left_s);
}

async function offerToStay(leftS) {
  const end = setTimeout(() => { dismiss(); tellItEnded(); }, (leftS + 1) * 1000);
  const minutes = Math.max(1, Math.round(leftS / 60));
  const stays = await offer({ title: "Are you still there?", text: `Your session ends in ${minutes} minute${minutes > 1 ? "s" : ""}, because nothing was done for a while.`, go: "Stay logged in", alone: true });
  if (!stays) return; // the end will be told
  clearTimeout(end);
  await stay();
  lookAtTheClock();
}

function stayWhileTyping() {
  if (Date.now() - renewedAt < Number(clock.sessionIdleS) * 250) return; // a quarter of the idle time
  renewedAt = Date.now();
  stay();
}

async function stay() {
  const answer = await ask();
  if (answer?.open && answer.person === clock.sessionPerson) await ask("POST");
}

async function tellItEnded() {
  if (dialog) return;
  for (;;) {
    const isBack = await offer({ title: "Your session has ended", text: "What you typed on this page is still here. Log in in a new tab and come back to this one.", login: true, go: "I have logged in" });
    if (!isBack) return;
    const answer = await ask();
    if (answer?.open && answer.person === clock.sessionPerson) { watch(answer.left_s); return; }
  }
}

// --- Talking to the server and to the person ---

async function ask(method = "GET") {
  try {
    const response = await fetch(clock.sessionUrl, { method, headers: { Accept: "application/json", "X-CSRFToken": token }, cache: "no-store" });
    const answer = response.ok ? await response.json() : null;
    if (answer?.csrf_token) refreshToken(answer.csrf_token);
    return answer;
  } catch {
    return null;
  }
}

function refreshToken(fresh) {
  token = fresh;
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = fresh;
}

/** Resolves to true for the button `go`, to false for "Not now" and Escape. */
function offer({ title, text, go, login = false, alone = false }) {
  dismiss();
  const box = document.createElement("dialog");
  box.className = "session-dialog";
  box.setAttribute("aria-labelledby", "session-title");
  box.setAttribute("aria-describedby", "session-text");
  box.append(element("h2", title, "session-title"), element("p", text, "session-text"), actions(box, go, login, alone));
  document.body.append(box);
  dialog = box;
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      if (dialog === box) dialog = null;
      resolve(box.returnValue === "go");
    });
  });
}

/** The event of closing comes later; whoever asks in between must not find the old dialog. */
function dismiss() {
  const open = dialog;
  dialog = null;
  open?.close("cancel");
}

function actions(box, go, login, alone) {
  const row = document.createElement("div");
  row.className = "session-actions";
  if (login) {
    const link = element("a", "Log in in a new tab");
    Object.assign(link, { href: clock.sessionLogin, target: "_blank", className: "btn btn-primary" });
    row.append(link);
  }
  row.append(button(box, go, "go", login ? "btn btn-outline-primary" : "btn btn-primary"));
  if (!alone) row.append(button(box, "Not now", "cancel", "btn btn-outline-primary"));
  return row;
}

function button(box, text, value, className) {
  const made = element("button", text);
  Object.assign(made, { type: "button", className });
  made.addEventListener("click", () => box.close(value));
  return made;
}

function element(name, text, id = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (id) made.id = id;
  return made;
}
