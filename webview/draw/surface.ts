/** What the drawing of graphs uses of a canvas. A canvas has all of it, and so has the sheet that writes SVG. */

type Used =
  | "save"
  | "restore"
  | "translate"
  | "scale"
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "arcTo"
  | "arc"
  | "rect"
  | "roundRect"
  | "bezierCurveTo"
  | "closePath"
  | "fill"
  | "stroke"
  | "setLineDash"
  | "fillText"
  | "fillRect"
  | "fillStyle"
  | "strokeStyle"
  | "lineWidth"
  | "lineJoin"
  | "lineCap"
  | "globalAlpha"
  | "font"
  | "textAlign"
  | "textBaseline";

export interface Surface extends Pick<CanvasRenderingContext2D, Used> {
  measureText(text: string): { readonly width: number };
  /** Sheets have hatching of their own; a canvas gets a tile. */
  readonly hatched?: (colour: string, back: boolean) => string;
}

/** Widths by font and text: the same few hundred texts are drawn in every frame. */
const widths = new Map<string, Map<string, number>>();
const fitted = new Map<string, string>();
/** Far more texts than any screen shows; a model with more of them starts afresh now and then. */
const mostTexts = 40_000;

/** Width of a text in the font that is set, at a zoom of 1. */
export function textWidth(ctx: Surface, text: string): number {
  let known = widths.get(ctx.font);
  if (!known || known.size > mostTexts) widths.set(ctx.font, (known = new Map<string, number>()));
  let width = known.get(text);
  if (width === undefined) known.set(text, (width = ctx.measureText(text).width));
  return width;
}

/** A text as far as it fits into a width, with an ellipsis where something is missing; in the font that is set. */
export function fitText(ctx: Surface, text: string, room: number): string {
  if (textWidth(ctx, text) <= room) return text;
  const key = `${ctx.font}|${Math.round(room)}|${text}`;
  const known = fitted.get(key);
  if (known !== undefined) return known;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  const made = low === 0 ? "" : `${text.slice(0, low).trimEnd()}…`;
  if (fitted.size > mostTexts) fitted.clear();
  fitted.set(key, made);
  return made;
}

/** Text is pressed together to this part of its width before it is cut: boxes are made for a font of the usual width. */
const pressed = 0.86;

/** Writes a text into a room: as it is, a little pressed together, or cut. */
export function writeIn(ctx: Surface, text: string, x: number, y: number, room: number): void {
  const width = textWidth(ctx, text);
  if (width <= room) ctx.fillText(text, x, y);
  else if (width * pressed <= room) ctx.fillText(text, x, y, room);
  else ctx.fillText(fitText(ctx, text, room), x, y);
}
