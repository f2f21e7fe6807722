// The later picture over the earlier one in the earlier one's viewer, faded in and out, or swapped at one's own pace: what has changed
// catches the eye then. Nothing blinks by itself.
import { placed } from "./same_place.js";

const MISSING = "The later picture could not be loaded.";

export function startBlinking(section, earlier, later, laid) {
  const isOn = section.querySelector("[data-blink]");
  const blend = section.querySelector("[data-blend]");
  const opacity = section.querySelector("[data-opacity]");
  const text = section.querySelector("[data-opacity-text]");
  let isAsked = false;
  let over = null; // the later picture, once it lies there

  const show = () => {
    over?.setOpacity(isOn.checked ? opacity.value / 100 : 0);
    text.textContent = `${opacity.value} %`;
  };
  const lay = () => {
    isAsked = true;
    earlier.viewer.world.setAutoRefigureSizes(false); // whole stays what the earlier picture shows
    earlier.viewer.addTiledImage({
      tileSource: { type: "image", url: later.source },
      ...placed(laid, later.aspect()),
      success: ({ item }) => { over = item; show(); },
      error: () => { isAsked = false; text.textContent = MISSING; },
    });
  };
  isOn.addEventListener("change", () => {
    blend.hidden = !isOn.checked;
    if (isOn.checked && !isAsked) lay();
    show();
  });
  opacity.addEventListener("input", show);
  section.querySelector("[data-swap]").addEventListener("click", () => {
    opacity.value = opacity.value > 50 ? 0 : 100;
    show();
  });
  section.querySelector("[data-blinking]").hidden = false;
}
