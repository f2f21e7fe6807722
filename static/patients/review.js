// The dermatologist's working page without a mouse: pictures, overlays, the answer, its draft and its signature.
import { startPictures } from "./review-pictures.js";
import { startAnswer } from "./review-answer.js";
import { startKeys } from "./review-keys.js";

const pictures = startPictures(document.querySelector("[data-review-viewer]"));
const answer = startAnswer(document.querySelector("[data-answer]"));

const submit = (selector) => document.querySelector(selector)?.closest("form").requestSubmit();

startKeys({
  a: () => focusOn(document.querySelector("[data-answer] select, [data-signing] button") ?? document.querySelector("#answer")),
  s: () => answer?.check(),
  c: () => document.querySelector("[data-change]")?.click(),
  n: () => submit("[data-next] button"),
  t: () => submit("[data-take]"),
  "+": () => pictures?.zoom(1.4),
  "=": () => pictures?.zoom(1.4),
  "-": () => pictures?.zoom(1 / 1.4),
  0: () => pictures?.fit(),
  j: () => pictures?.turn(1),
  k: () => pictures?.turn(-1),
  o: () => pictures?.toggleOverlay(),
  l: () => pictures?.nextOverlay(),
}, () => pictures?.focus());

function focusOn(element) {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
}

const findings = document.querySelector("[data-findings]");
const cannotBeFetched = () => {
  const state = document.querySelector("[data-findings-state]");
  if (state) state.textContent = "The findings could not be fetched. You can look and answer without them; reload the page to try again.";
};
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) findings.addEventListener(failure, cannotBeFetched);
findings.addEventListener("htmx:afterSettle", () => pictures?.readOverlays(findings));
