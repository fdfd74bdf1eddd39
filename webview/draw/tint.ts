/** Colours as numbers, for shades that must be opaque: what lies below may not shine through. */

type Rgb = readonly [number, number, number];

function parse(colour: string): Rgb | undefined {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(colour.trim())?.[1];
  if (hex && (hex.length === 3 || hex.length === 4))
    return [0, 1, 2].map((i) => parseInt((hex[i] as string).repeat(2), 16)) as unknown as Rgb;
  if (hex && hex.length >= 6) return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb;
  const numbers = /^rgba?\(([^)]+)\)/i
    .exec(colour.trim())?.[1]
    ?.split(/[\s,/]+/)
    .map(Number);
  return numbers && numbers.length >= 3 && numbers.every(Number.isFinite) ? [numbers[0]!, numbers[1]!, numbers[2]!] : undefined;
}

const known = new Map<string, string>();

/** `part` of one colour on another; the ground itself where a colour is written in a way that is not known here. */
export function tinted(ground: string, colour: string, part: number): string {
  const key = `${ground}|${colour}|${part}`;
  const made = known.get(key);
  if (made !== undefined) return made;
  const [a, b] = [parse(ground), parse(colour)];
  const text = a && b ? `rgb(${a.map((value, i) => Math.round(value + ((b[i] as number) - value) * part)).join(", ")})` : ground;
  known.set(key, text);
  return text;
}
