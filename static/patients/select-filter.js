// A search field above every long list marked with data-filter: typing leaves the entries that contain all the words.
// A "narrow" event leaves the given entries alone, until somebody types or asks for all.
// Without JavaScript the list itself is complete and works.

for (const select of document.querySelectorAll("select[data-filter]")) addFilter(select);

function addFilter(select) {
  const options = [...select.options];
  const { field, note, count, all } = controls(select);
  const show = (found, chosen, words) => {
    select.replaceChildren(...found);
    select.size = found.length < options.length ? Math.min(Math.max(found.length, 2), 8) : 0;
    select.value = chosen;
    count.textContent = words;
  };
  field.addEventListener("input", () => {
    const found = matching(options, field.value);
    all.hidden = true;
    show(found, found.length === 1 ? found[0].value : "", field.value ? `${found.length} found` : ""); // a choice is made by a person, unless only one is left
    select.dispatchEvent(new Event("change"));
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") select.focus();
    if (event.key === "Enter") event.preventDefault(); // the form is not finished by finding a site
  });
  select.addEventListener("narrow", ({ detail }) => {
    const found = detail.values.map((value) => options.find((option) => option.value === value));
    field.value = "";
    all.hidden = false;
    show(found, detail.values[0], detail.words);
  });
  all.addEventListener("click", () => {
    all.hidden = true;
    show(options, select.value, "");
    select.focus();
  });
  select.before(field);
  select.after(note);
}

function controls(select) {
  const field = Object.assign(document.createElement("input"), { type: "search", className: "select-filter", autocomplete: "off" });
  field.placeholder = select.dataset.filter;
  field.setAttribute("aria-label", select.dataset.filter);
  field.setAttribute("aria-controls", select.id);
  const note = Object.assign(document.createElement("div"), { className: "select-narrowed field-help" });
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  const all = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-link btn-sm", textContent: "Show all", hidden: true });
  note.append(count, all);
  return { field, note, count, all };
}

function matching(options, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter((option) => !words.length || (option.value && words.every((word) => option.text.toLowerCase().includes(word))));
}
