// Where the skin that one picture shows lies in another: 2×3 matrices [[a, b, c], [d, e, f]] between places in widths of the pictures,
// which is how OpenSeadragon measures. No page, no viewer: arithmetic.

export const moved = ([[a, b, c], [d, e, f]], { x, y }) => ({ x: a * x + b * y + c, y: d * x + e * y + f });

/** The way back. */
export function inverse([[a, b, c], [d, e, f]]) {
  const size = a * e - b * d;
  return [[e / size, -b / size, (b * f - c * e) / size], [-d / size, a / size, (c * d - a * f) / size]];
}

/** How many times larger, and turned by how many degrees clockwise, things lie in the second picture than in the first. */
export const enlargement = ([[a, b], [d, e]]) => Math.hypot(a + e, d - b) / 2;
export const turn = ([[a, b], [d, e]]) => (Math.atan2(d - b, a + e) * 180) / Math.PI;

/** The smallest upright rectangle of the first picture's plane that holds both frames; an aspect is a height over its width. */
export function both(matrix, aspect, otherAspect) {
  const back = inverse(matrix);
  const corners = (height) => [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: height }, { x: 1, y: height }];
  const all = [...corners(aspect), ...corners(otherAspect).map((corner) => moved(back, corner))];
  const [xs, ys] = [all.map(({ x }) => x), all.map(({ y }) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** Where the second picture lies in the first one's plane: upper left corner and width before it is turned about its middle. */
export function placed(matrix, otherAspect) {
  const back = inverse(matrix);
  const width = enlargement(back);
  const middle = moved(back, { x: 0.5, y: otherAspect / 2 });
  return { x: middle.x - width / 2, y: middle.y - (width * otherAspect) / 2, width, degrees: turn(back) };
}
