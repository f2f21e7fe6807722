// A search field above every long list marked with data-filter: typing leaves the entries that contain all the words.
// Without JavaScript the list itself is complete and works.

for (const select of document.querySelectorAll("select[data-filter]")) addFilter(select);

function addFilter(select) {
  const options = [...select.options];
  const field = document.createElement("input");
  field.type = "search";
  field.className = "select-filter";
  field.placeholder = select.dataset.filter;
  field.autocomplete = "off";
  field.setAttribute("aria-label", select.dataset.filter);
  field.setAttribute("aria-controls", select.id);
  const count = document.createElement("p");
  count.className = "field-help";
  count.setAttribute("role", "status");
  select.before(field);
  select.after(count);
  field.addEventListener("input", () => {
    const found = matching(options, field.value);
    select.replaceChildren(...found);
    select.size = field.value ? Math.min(Math.max(found.length, 2), 8) : 0;
    select.value = found.length === 1 ? found[0].value : ""; // a choice is made by a person, unless only one is left
    count.textContent = field.value ? `${found.length} found` : "";
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") select.focus();
    if (event.key === "Enter") event.preventDefault(); // the form is not finished by finding a site
  });
}

function matching(options, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter((option) => !words.length || (option.value && words.every((word) => option.text.toLowerCase().includes(word))));
}
