// The answer's form: fields that depend on others, text blocks, and a draft that is kept while somebody types.
const EVERY_MS = 3000;
const NOT_KEPT = "Your text is not being kept at the moment. The connection may be down; do not close this page.";
const LOGGED_OUT = "You are logged out, so your text is not being kept. Log in again in another tab; this page then goes on by itself.";

export function startAnswer(form) {
  if (!form) return null;
  const field = (name) => form.elements.namedItem(name);
  const row = (name) => field(name).closest(".field");

  const adapt = () => {
    row("other_diagnosis").hidden = field("diagnosis").value !== "OTHER";
    row("follow_up_months").hidden = field("management").value !== "follow_up";
  };
  field("diagnosis").addEventListener("change", () => {
    suggestCode(field("icd10"), field("diagnosis").value);
    adapt();
  });
  field("management").addEventListener("change", adapt);
  adapt();
  startBlocks(form, field("text"));
  keepDraft(form);

  return { check: () => form.requestSubmit(form.querySelector("[data-sign]")) };
}

/** A code that somebody wrote themselves stays. */
function suggestCode(input, diagnosis) {
  const codes = JSON.parse(input.dataset.suggestions);
  const isOurs = input.value === "" || Object.values(codes).some(([code]) => code === input.value);
  if (isOurs) input.value = codes[diagnosis]?.[0] ?? "";
}

function startBlocks(form, text) {
  const area = form.querySelector("[data-blocks]");
  const block = area.querySelector("[data-block]");
  text.closest(".field").after(area);
  area.hidden = false;
  area.querySelector("[data-insert]").addEventListener("click", () => {
    if (!block.value) return block.focus();
    const gap = text.selectionStart > 0 && !/\s$/.test(text.value.slice(0, text.selectionStart)) ? "\n" : "";
    text.setRangeText(gap + block.value, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
}

function keepDraft(form) {
  const state = form.querySelector("[data-draft-state]");
  const alarm = form.querySelector("[data-draft-error]");
  const typed = () => new URLSearchParams(new FormData(form)).toString();
  let kept = typed();
  let isOver = false;
  let isBusy = false;
  let isLoggedOut = false;

  const complain = (sentence) => {
    if (alarm.textContent !== sentence) alarm.textContent = sentence;
    alarm.hidden = sentence === "";
  };
  const save = async (isLeaving = false) => {
    const body = typed();
    if (isOver || body === kept || (isBusy && !isLeaving)) return;
    isBusy = true;
    try {
      if (isLoggedOut && !(await renewToken())) return;
      const answer = await send(form, isLeaving);
      if (answer.ok) {
        kept = body;
        state.textContent = `Draft kept at ${new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}.`;
      }
      isOver = answer.status === 409;
      isLoggedOut = [401, 403].includes(answer.status); // 403: the token is that of an earlier session
      complain(answer.ok ? "" : await reason(answer));
    } catch {
      complain(NOT_KEPT);
    } finally {
      isBusy = false;
    }
  };
  setInterval(save, EVERY_MS);
  form.addEventListener("submit", () => { isOver = true; });
  addEventListener("pagehide", () => save(true));
  document.addEventListener("visibilitychange", () => document.hidden && save(true));
}

function send(form, isLeaving) {
  return fetch(form.dataset.draftUrl, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    keepalive: isLeaving,
  });
}

async function reason(answer) {
  if (answer.status === 401) return LOGGED_OUT;
  const document_ = await answer.json().catch(() => null);
  return document_?.error?.message ?? NOT_KEPT;
}

/** After a new log-in in another tab the forms of this page carry the token of the session that has ended. Whether there is a new one. */
async function renewToken() {
  const page = await fetch(location.href, { redirect: "manual" });
  if (!page.ok) return false;
  const found = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("[name=csrfmiddlewaretoken]");
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = found?.value ?? field.value;
  return true;
}
