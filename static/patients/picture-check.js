// Is this picture good enough to be judged? Asked before it is sent, on the device that took it: advice, never a refusal.
//
// The figures are those of analysis/vision/quality.py that need no outline of the lesion, with its definitions, working size and limits;
// what needs an outline (how the lesion stands out, glare on it, whether the frame cuts it) is told after the analysis. Pixels are sRGB,
// 0 to 255. tests/browser/test_picture_check.py holds both to the same figures.

export const WORKING_PX = 256; // quality.WORKING_PX: longer side
const FIRST_PX = 2048; // a telephone's picture is made as small as this by the browser, exactly averaged from there on
const DARK_LEVEL = 45; // imaging.DARK_LEVEL: brightest channel below which a pixel is the black rim, not skin
const GLARE_LEVEL = 250; // quality.GLARE_LEVEL: darkest channel from which a pixel shows nothing
const MIN_SAMPLES = 25; // quality.MIN_SAMPLES
const FLAT = 0.05; // quality._sharpness_db: variance below which there is nothing to be sharp

// figure, limit of "good", limit of "usable", words, advice: quality.RULES. Below (or above) the first it could be better, beyond the
// second it should be taken again.
export const RULES = [
  ["sharpness_db", -18, -22, "Blurred", "Hold the camera still and let it focus on the lesion."],
  ["brightness", 125, 80, "Dark", "Use more light."],
  ["overexposed_share", 0.02, 0.2, "Overexposed", "Use less light, or switch the flash off."],
  ["dark_share", 0.3, 0.6, "Much of the frame is black", "Move closer, so that the round field fills it."],
  ["longer_side_px", 256, 128, "Few pixels", "Use the camera's full resolution."],
];
const NOTHING_THERE = ["Nothing to be seen", "Check lens and light."]; // quality.NOTHING_THERE
const ORDER = ["good", "usable", "retake"];

/** { verdict, words, figures } of an image file; null where this browser cannot show it. */
export async function check(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const figures = measure(small(bitmap), Math.max(bitmap.width, bitmap.height));
  bitmap.close();
  return { ...judge(figures), figures };
}

/** Whether a file is DICOM by its content: "DICM" after 128 bytes. */
export async function isDicom(file) {
  return (await file.slice(128, 132).text()) === "DICM";
}

export function judge(figures) {
  const found = RULES.map(([figure, usable, retake, words, advice]) => [verdictOf(figures[figure], usable, retake), words, advice]);
  if (figures.sharpness_db === null) found.push(["retake", ...NOTHING_THERE]);
  const verdict = ORDER[Math.max(...found.map(([one]) => ORDER.indexOf(one)))];
  const told = found.filter(([one]) => one !== "good").sort(([one], [other]) => ORDER.indexOf(other) - ORDER.indexOf(one));
  return { verdict, words: sentence(verdict, told) };
}

function verdictOf(value, usable, retake) {
  const sign = usable >= retake ? 1 : -1;
  if (value === null || sign * value >= sign * usable) return "good";
  return sign * value >= sign * retake ? "usable" : "retake";
}

function sentence(verdict, told) {
  if (verdict === "good") return "Sharp and well lit.";
  const [, words, advice] = told[0];
  const rest = told.slice(1).map(([, other, more]) => ` ${other}. ${more}`).join("");
  return verdict === "retake" ? `${words}: take it again. ${advice}${rest}` : `Usable, could be better. ${words}. ${advice}${rest}`;
}

/** { width, height, red, green, blue } with at most WORKING_PX on the longer side, as cv2.INTER_AREA makes it. */
function small(bitmap) {
  const first = Math.min(1, FIRST_PX / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * first)), height = Math.max(1, Math.round(bitmap.height * first));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return shrink(context.getImageData(0, 0, width, height), Math.max(1, Math.max(bitmap.width, bitmap.height) / WORKING_PX), bitmap);
}

function shrink({ data, width, height }, step, whole) {
  const to = { width: Math.max(1, Math.round(whole.width / step)), height: Math.max(1, Math.round(whole.height / step)) };
  const across = shares(width, to.width), down = shares(height, to.height);
  const channels = [0, 1, 2].map((channel) => averaged(data, width, channel, across, down));
  return { ...to, red: channels[0], green: channels[1], blue: channels[2] };
}

/** For every pixel of a row of `to`: which of the `from` pixels it covers, and how much of each. */
function shares(from, to) {
  const step = from / to;
  return Array.from({ length: to }, (_, index) => {
    const begin = index * step, end = Math.min((index + 1) * step, from);
    const covered = [];
    for (let at = Math.floor(begin); at < end; at += 1) covered.push([at, (Math.min(at + 1, end) - Math.max(at, begin)) / (end - begin)]);
    return covered;
  });
}

function averaged(data, width, channel, across, down) {
  const values = new Float32Array(across.length * down.length);
  down.forEach((rows, y) => across.forEach((columns, x) => {
    let sum = 0;
    for (const [row, share] of rows) for (const [column, part] of columns) sum += share * part * data[4 * (row * width + column) + channel];
    values[y * across.length + x] = Math.round(sum); // 8 bits, as the analysis has them
  }));
  return values;
}

export function measure(picture, longerSidePx) {
  const { red, green, blue } = picture;
  const brightest = red.map((value, at) => Math.max(value, green[at], blue[at]));
  const overexposed = red.filter((value, at) => Math.min(value, green[at], blue[at]) >= GLARE_LEVEL).length;
  const skin = [...brightest.keys()].filter((at) => brightest[at] >= DARK_LEVEL);
  return {
    sharpness_db: sharpness(picture, skin),
    brightness: median(skin.length >= MIN_SAMPLES ? skin.map((at) => brightest[at]) : [...brightest]),
    overexposed_share: overexposed / red.length,
    dark_share: 1 - skin.length / red.length,
    longer_side_px: longerSidePx,
  };
}

/** 10 log10 of the variance of the finest structures over that of coarser ones, of the green channel: both are bands of the Laplacian
 *  pyramid, so that contrast and colour cancel out. null for a flat picture. */
function sharpness({ green, width, height }, where) {
  if (where.length < MIN_SAMPLES) return null;
  const smooth = blurred(green, width, height, 1), smoother = blurred(green, width, height, 8);
  const fine = variance(where.map((at) => green[at] - smooth[at]));
  const coarse = variance(where.map((at) => smooth[at] - smoother[at]));
  return coarse > FLAT ? 10 * Math.log10((fine + 1e-3) / coarse) : null;
}

/** A Gaussian as cv2.GaussianBlur draws it for floats: four sigmas to each side, the edge mirrored without being repeated. */
function blurred(values, width, height, sigma) {
  const reach = 4 * sigma;
  const bell = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)));
  const whole = bell.reduce((sum, weight) => sum + weight);
  const weights = bell.map((weight) => weight / whole);
  return along(along(values, width, height, weights, 1, width), height, width, weights, width, 1);
}

/** Weighted sums along lines of `length` values that lie `step` apart; the lines themselves lie `stride` apart. */
function along(values, length, lines, weights, step, stride) {
  const reach = (weights.length - 1) / 2;
  const result = new Float32Array(values.length);
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < length; at += 1) {
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += weights[k] * values[line * stride + mirrored(at + k - reach, length) * step];
      result[line * stride + at * step] = sum;
    }
  }
  return result;
}

function mirrored(at, length) {
  if (length === 1) return 0;
  let inside = at;
  while (inside < 0 || inside >= length) inside = inside < 0 ? -inside : 2 * (length - 1) - inside;
  return inside;
}

function variance(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

function median(values) {
  const sorted = values.sort((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
}
