/** Tests of values from the other side of a line, which are not trusted to be what the protocol says. Small, to be put together. */

/** True for a value of that shape. */
export type Shape = (value: unknown) => boolean;

/** A whole number from `least` to `most`. */
export const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Shape =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

export const text =
  (longest: number): Shape =>
  (value) =>
    typeof value === "string" && value.length <= longest;

export const oneOf =
  (...choices: readonly unknown[]): Shape =>
  (value) =>
    choices.includes(value);

export const listOf =
  (item: Shape, most: number): Shape =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(item);

/** A record with at most `most` entries. */
export const recordOf =
  (item: Shape, most: number): Shape =>
  (value) =>
    isRecord(value) && Object.keys(value).length <= most && Object.values(value).every(item);

/** An object with these members; others are not looked at. */
export const members =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    isRecord(value) && Object.entries(shapes).every(([name, shape]) => shape(Object.hasOwn(value, name) ? value[name] : undefined));

export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value);

export const either =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value));

export const bytes =
  (most: number): Shape =>
  (value) =>
    value instanceof Uint8Array && value.length <= most;

/** Any JSON value of at most that many characters. */
export const json =
  (longest: number): Shape =>
  (value) => {
    try {
      return (JSON.stringify(value) ?? "").length <= longest;
    } catch {
      return false; // it contains itself
    }
  };

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
