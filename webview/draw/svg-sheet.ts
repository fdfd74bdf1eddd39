/** A surface that writes SVG: the same drawing as on the canvas, with real text and all colours as they are now. */
import type { Surface } from "./surface.ts";

/** A text that was written, with the box it takes, in pixels of the sheet. */
export interface WrittenText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Transform {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

/** What XML cannot hold at all, and characters that turn text around, become a replacement character. */
const unfit = /[\p{Cc}\p{Cs}\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for an element or an attribute. */
export const escapeXml = (text: string): string =>
  text.replaceAll(unfit, "\ufffd").replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? letter);

const short = (value: number): string => String(Math.round(value * 100) / 100);

export class SvgSheet implements Surface {
  fillStyle: string | CanvasGradient | CanvasPattern = "#000";
  strokeStyle: string | CanvasGradient | CanvasPattern = "#000";
  lineWidth = 1;
  lineJoin: CanvasLineJoin = "miter";
  lineCap: CanvasLineCap = "butt";
  globalAlpha = 1;
  font = "12px sans-serif";
  textAlign: CanvasTextAlign = "left";
  textBaseline: CanvasTextBaseline = "alphabetic";
  readonly texts: WrittenText[] = [];
  private readonly parts: string[] = [];
  private readonly patterns = new Map<string, string>();
  private readonly stack: Transform[] = [];
  private at: Transform = { k: 1, x: 0, y: 0 };
  private path: string[] = [];
  private pen: readonly [number, number] = [0, 0];
  private dash: readonly number[] = [];

  /** @param measure width of a text in a font, in pixels; the sheet has no fonts of its own */
  constructor(private readonly measure: (font: string, text: string) => number) {}

  save(): void {
    this.stack.push(this.at);
  }

  restore(): void {
    this.at = this.stack.pop() ?? this.at;
  }

  translate(x: number, y: number): void {
    this.at = { k: this.at.k, x: this.at.x + x * this.at.k, y: this.at.y + y * this.at.k };
  }

  scale(k: number): void {
    this.at = { ...this.at, k: this.at.k * k };
  }

  private point(x: number, y: number): string {
    return `${short(this.at.x + x * this.at.k)} ${short(this.at.y + y * this.at.k)}`;
  }

  beginPath(): void {
    this.path = [];
  }

  moveTo(x: number, y: number): void {
    this.pen = [x, y];
    this.path.push(`M${this.point(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    if (this.path.length === 0) return this.moveTo(x, y);
    this.pen = [x, y];
    this.path.push(`L${this.point(x, y)}`);
  }

  bezierCurveTo(ax: number, ay: number, bx: number, by: number, x: number, y: number): void {
    this.pen = [x, y];
    this.path.push(`C${this.point(ax, ay)} ${this.point(bx, by)} ${this.point(x, y)}`);
  }

  closePath(): void {
    this.path.push("Z");
  }

  /** A rounded corner: a line to its beginning, and a curve that the corner pulls. */
  arcTo(x1: number, y1: number, x2: number, y2: number, radius: number): void {
    const [x0, y0] = this.pen;
    const [before, after] = [Math.hypot(x0 - x1, y0 - y1), Math.hypot(x2 - x1, y2 - y1)];
    const r = Math.min(radius, before / 2, after / 2);
    if (r < 0.01) return this.lineTo(x1, y1);
    const from = [x1 + ((x0 - x1) * r) / before, y1 + ((y0 - y1) * r) / before] as const;
    const to = [x1 + ((x2 - x1) * r) / after, y1 + ((y2 - y1) * r) / after] as const;
    this.lineTo(from[0], from[1]);
    this.path.push(`Q${this.point(x1, y1)} ${this.point(to[0], to[1])}`);
    this.pen = to;
  }

  /** Whole circles only: nothing else is drawn. */
  arc(x: number, y: number, r: number, _from: number, _to: number, back = false): void {
    const size = short(r * this.at.k);
    const half = (dx: number): string => `A${size} ${size} 0 1 ${back ? 0 : 1} ${this.point(x + dx, y)}`;
    this.path.push(`M${this.point(x + r, y)}${half(-r)}${half(r)}Z`);
    this.pen = [x + r, y];
  }

  rect(x: number, y: number, w: number, h: number): void {
    this.path.push(`M${this.point(x, y)}L${this.point(x + w, y)}L${this.point(x + w, y + h)}L${this.point(x, y + h)}Z`);
  }

  roundRect(x: number, y: number, w: number, h: number, radii?: number | DOMPointInit | Iterable<number | DOMPointInit>): void {
    const list = typeof radii === "number" ? [radii] : [...((radii ?? [0]) as Iterable<number>)];
    const [a = 0, b = a, c = a, d = b] = list.map((r) => Math.max(0, Math.min(r, w / 2, h / 2)));
    this.moveTo(x + a, y);
    const corner = (cx: number, cy: number, ex: number, ey: number): void => {
      this.path.push(`Q${this.point(cx, cy)} ${this.point(ex, ey)}`);
    };
    this.lineTo(x + w - b, y);
    if (b > 0) corner(x + w, y, x + w, y + b);
    this.lineTo(x + w, y + h - c);
    if (c > 0) corner(x + w, y + h, x + w - c, y + h);
    this.lineTo(x + d, y + h);
    if (d > 0) corner(x, y + h, x, y + h - d);
    this.lineTo(x, y + a);
    if (a > 0) corner(x, y, x + a, y);
    this.closePath();
  }

  setLineDash(dash: Iterable<number>): void {
    this.dash = [...dash];
  }

  private get alpha(): string {
    return this.globalAlpha < 1 ? ` opacity="${short(this.globalAlpha)}"` : "";
  }

  private add(element: string): void {
    this.parts.push(element);
  }

  fill(): void {
    if (this.path.length > 0) this.add(`<path d="${this.path.join("")}" fill="${this.ink(this.fillStyle)}"${this.alpha}/>`);
  }

  stroke(): void {
    if (this.path.length === 0) return;
    const dash = this.dash.length > 0 ? ` stroke-dasharray="${this.dash.map((length) => short(length * this.at.k)).join(" ")}"` : "";
    const width = short(this.lineWidth * this.at.k);
    this.add(
      `<path d="${this.path.join("")}" fill="none" stroke="${this.ink(this.strokeStyle)}" stroke-width="${width}"${dash}${this.alpha}/>`,
    );
  }

  fillRect(x: number, y: number, w: number, h: number): void {
    const size = `width="${short(w * this.at.k)}" height="${short(h * this.at.k)}"`;
    const [px, py] = [this.at.x + x * this.at.k, this.at.y + y * this.at.k];
    this.add(`<rect x="${short(px)}" y="${short(py)}" ${size} fill="${this.ink(this.fillStyle)}"${this.alpha}/>`);
  }

  fillText(text: string, x: number, y: number, most = Infinity): void {
    const parts = /^(?:(\d{3}|bold)\s+)?([\d.]+)px\s+(.+)$/s.exec(this.font);
    if (text === "" || !parts) return;
    const [weight, family] = [parts[1], (parts[3] ?? "sans-serif").replaceAll(/\s+/g, " ")];
    const size = Number(parts[2]) * this.at.k;
    const [px, py] = [this.at.x + x * this.at.k, this.at.y + y * this.at.k];
    // Readers of SVG disagree about baselines in the middle: a third of the height is the same for all.
    const base = this.textBaseline === "middle" ? py + 0.35 * size : this.textBaseline === "top" ? py + 0.8 * size : py;
    const anchor = this.textAlign === "center" ? "middle" : this.textAlign === "right" ? "end" : "start";
    const natural = this.measure(this.font, text);
    const width = Math.min(natural, most) * this.at.k;
    const left = anchor === "middle" ? px - width / 2 : anchor === "end" ? px - width : px;
    this.texts.push({ text, x: left, y: base - 0.8 * size, width, height: size });
    const style = `${weight ? ` font-weight="${weight}"` : ""}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}`;
    const press = natural > most ? ` textLength="${short(width)}" lengthAdjust="spacingAndGlyphs"` : "";
    this.add(
      `<text x="${short(px)}" y="${short(base)}" font-size="${short(size)}" font-family="${escapeXml(family)}"${style}${press} fill="${this.ink(this.fillStyle)}"${this.alpha} xml:space="preserve">${escapeXml(text)}</text>`,
    );
  }

  measureText(text: string): { readonly width: number } {
    return { width: this.measure(this.font, text) };
  }

  hatched = (colour: string, back: boolean): string => {
    const key = `${colour}|${back}`;
    const id = this.patterns.get(key) ?? `hatch${this.patterns.size}`;
    this.patterns.set(key, id);
    return `url(#${id})`;
  };

  private ink(style: string | CanvasGradient | CanvasPattern): string {
    return typeof style === "string" ? escapeXml(style) : "none";
  }

  /** The whole document. */
  document(width: number, height: number, background: string, title: string): string {
    const patterns = [...this.patterns].map(([key, id]) => {
      const [colour = "", back] = key.split("|");
      const d = back === "true" ? "M-8 0L8 16M0 0L8 8M0 -8L16 8" : "M-8 8L8 -8M0 8L8 0M0 16L16 0";
      return `<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse"><path d="${d}" stroke="${escapeXml(colour)}" stroke-width="1.2" fill="none"/></pattern>`;
    });
    const size = `width="${short(width)}" height="${short(height)}" viewBox="0 0 ${short(width)} ${short(height)}"`;
    return [
      `<?xml version="1.0" encoding="UTF-8"?>`,
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escapeXml(title)}">`,
      `<title>${escapeXml(title)}</title>`,
      ...(patterns.length > 0 ? [`<defs>${patterns.join("")}</defs>`] : []),
      `<rect width="100%" height="100%" fill="${escapeXml(background)}"/>`,
      ...this.parts,
      `</svg>`,
      "",
    ].join("\n");
  }
}
