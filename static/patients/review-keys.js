// Single keys. They are silent while somebody types, while Ctrl, Alt or Meta is held, and can be switched off for good (WCAG 2.1.4).
const REMEMBERED = "review-keys-off";
const TYPING = "input:not([type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";

/** `leave` is what Escape does in a field. */
export function startKeys(acts, leave) {
  const list = document.querySelector("[data-keys]");
  const opener = document.querySelector("[data-keys-open]");
  const isOn = list.querySelector("[data-keys-on]");
  isOn.checked = localStorage.getItem(REMEMBERED) === null;
  isOn.addEventListener("change", () => {
    if (isOn.checked) localStorage.removeItem(REMEMBERED);
    else localStorage.setItem(REMEMBERED, "1");
  });

  const toggle = () => {
    list.hidden = !list.hidden;
    opener.setAttribute("aria-expanded", String(!list.hidden));
    if (list.hidden) opener.focus();
    else {
      list.focus();
      list.scrollIntoView({ block: "nearest" });
    }
  };
  opener.hidden = false;
  opener.setAttribute("aria-expanded", "false");
  opener.setAttribute("aria-controls", list.id);
  opener.addEventListener("click", toggle);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.matches(TYPING)) {
      if (event.key === "Escape") leave();
      return;
    }
    const act = event.key === "?" ? toggle : acts[event.key];
    if (!act || !isOn.checked || event.repeat && !"+=-".includes(event.key)) return;
    event.preventDefault();
    act();
  }, { capture: true });
}
