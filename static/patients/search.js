// The keyboard in a search: down goes from the field to the first patient found and on, up goes back.

for (const form of document.querySelectorAll("form[data-search]")) enable(form, document.getElementById(form.dataset.search));

function enable(form, found) {
  const field = form.elements.namedItem("words");
  const step = (event) => {
    const stops = [field, ...found.querySelectorAll("tbody a")];
    const at = stops.indexOf(document.activeElement);
    const next = stops[at + { ArrowDown: 1, ArrowUp: -1 }[event.key]];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  };
  field.addEventListener("keydown", step);
  found.addEventListener("keydown", step);
}
