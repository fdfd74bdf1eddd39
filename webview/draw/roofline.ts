/**
 * Roofline: work per second over work per byte, both axes logarithmic, under the measured ceilings of the machine. Each region is a dot as large as its share
 * of the time; hollow dots joined by a line are earlier runs of the same thing.
 */
import { scaleLog, type ScaleLogarithmic } from "d3";
import { svg } from "../dom.ts";
import { axisAtLeft, axisBelow, label, roundTicks, textWidth, tip } from "./chart.ts";
import type { Theme } from "./theme.ts";

export interface Ceiling {
  readonly name: string;
  readonly kind: "compute" | "bandwidth";
  /** Gflop/s or GB/s. */
  readonly value: number;
  /** Not of the arithmetic that ran: drawn faintly. */
  readonly other?: boolean;
}

export interface RoofPoint {
  readonly label: string;
  readonly tip: string;
  readonly flops: number;
  readonly bytes: number;
  readonly ns: number;
  /** Of the time of all, 0 to 1. */
  readonly share: number;
  readonly whole?: boolean;
  readonly pick?: () => void;
}

export interface RooflineOptions {
  readonly width: number;
  readonly height: number;
  readonly ceilings: readonly Ceiling[];
  readonly points: readonly RoofPoint[];
  /** Earlier runs of the whole, oldest first. */
  readonly trail: readonly RoofPoint[];
  readonly format: (value: number) => string;
}

const margin = { left: 56, right: 14, top: 12, bottom: 42 };

interface Frame {
  readonly x: ScaleLogarithmic<number, number>;
  readonly y: ScaleLogarithmic<number, number>;
  readonly options: RooflineOptions;
  readonly theme: Theme;
  /** Where texts are already. */
  readonly taken: Box[];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Of a point: flop per byte, and Gflop/s. */
export const placeOf = ({ flops, bytes, ns }: Pick<RoofPoint, "flops" | "bytes" | "ns">): readonly [number, number] => [
  flops / bytes,
  flops / ns,
];

const isPlaced = (point: RoofPoint): boolean => placeOf(point).every((value) => value > 0 && Number.isFinite(value));

/** @returns undefined when there is nothing with work, bytes and a time */
export function rooflinePlot(options: RooflineOptions, theme: Theme): SVGElement | undefined {
  const points = options.points.filter(isPlaced);
  const trail = options.trail.filter(isPlaced);
  if (points.length === 0) return undefined;
  const { width, height, ceilings, format } = options;
  const [xs, ys] = domains([...points, ...trail], ceilings);
  const x = scaleLog(xs, [margin.left, width - margin.right]);
  const y = scaleLog(ys, [height - margin.bottom, margin.top]);
  const spoken = points.map((point) => point.tip).join("; ");
  const root = svg("svg", {
    width,
    height,
    role: "group",
    "aria-label": `Roofline. ${ceilings.map(ceilingText(format)).join(", ")}. ${spoken}`,
    class: "roofline",
  });
  const [plotWidth, plotHeight] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  root.append(
    axisBelow(x, { at: height - margin.bottom, ticks: roundTicks(...xs, plotWidth, 46), format, grid: plotHeight }),
    axisAtLeft(y, { at: margin.left, ticks: roundTicks(...ys, plotHeight, 26), format, grid: plotWidth }),
    label("flop per byte", margin.left + plotWidth / 2, height - 6, "middle"),
  );
  const side = label("Gflop/s", 0, 0, "middle");
  side.setAttribute("transform", `translate(12,${margin.top + plotHeight / 2}) rotate(-90)`);
  root.append(side);
  const frame: Frame = { x, y, options, theme, taken: [...points, ...trail].map((point) => boxOf(x, y, point)) };
  root.append(...roofs(frame), ...trailOf(frame, trail, points), ...points.map((point) => dot(frame, point)));
  // Names come last: the large ones find a place first.
  root.append(
    ...[...points]
      .sort((a, b) => Number(b.whole ?? false) - Number(a.whole ?? false) || b.share - a.share)
      .flatMap((point) => named(frame, point)),
  );
  return root;
}

const ceilingText =
  (format: (value: number) => string) =>
  ({ name, kind, value }: Ceiling): string =>
    `${name} ${format(value)} ${kind === "compute" ? "Gflop/s" : "GB/s"}`;

/** Everything that is drawn, and a place where the ceilings meet. */
function domains(points: readonly RoofPoint[], ceilings: readonly Ceiling[]): readonly [[number, number], [number, number]] {
  const of = (kind: Ceiling["kind"]): number[] => ceilings.filter((c) => c.kind === kind && !c.other).map(({ value }) => value);
  const [compute, bandwidth] = [of("compute"), of("bandwidth")];
  const places = points.map(placeOf);
  const ridges = compute.flatMap((gflops) => bandwidth.map((gbs) => gflops / gbs));
  const xs = [...places.map(([at]) => at), ...ridges];
  const ys = [...places.map(([, rate]) => rate), ...compute];
  const low = Math.min(...xs) / 2.5;
  const fromBelow = Math.min(...ys, ...bandwidth.map((gbs) => gbs * low * 1.6)) / 1.6;
  return [
    [low, Math.max(...xs) * 3],
    [Math.max(fromBelow, Math.min(...ys) / 30), Math.max(...ys) * 1.9],
  ];
}

function roofs({ x, y, options, theme, taken }: Frame): SVGElement[] {
  const { ceilings, format } = options;
  const [x0, x1] = x.domain() as [number, number];
  const [y0] = y.domain() as [number, number];
  const bandwidths = ceilings.filter(({ kind }) => kind === "bandwidth").map(({ value }) => value);
  const top =
    Math.max(...ceilings.filter(({ kind, other }) => kind === "compute" && !other).map(({ value }) => value), 0) ||
    (y.domain()[1] as number);
  const text = ceilingText(format);
  const slope = Math.atan2(y(10) - y(100), x(100) - x(10));
  const [sin, cos, angle] = [Math.sin(slope), Math.cos(slope), (slope * 180) / Math.PI];
  return [...ceilings]
    .sort((a, b) => Number(a.other ?? false) - Number(b.other ?? false))
    .flatMap((ceiling) => {
      const { kind, value, other } = ceiling;
      const stroke = kind === "compute" ? theme.warning : (theme.groups[0] as string);
      const from = kind === "compute" ? Math.max(x0, value / Math.max(...bandwidths, 1e-9)) : Math.max(x0, y0 / value);
      const to = kind === "compute" ? x1 : Math.min(x1, top / value);
      if (from >= to || (kind === "compute" && y(value) < margin.top)) return [];
      const end = kind === "compute" ? value : value * to;
      const start = kind === "compute" ? value : value * from;
      const line = svg(
        "line",
        {
          x1: x(from),
          y1: y(start),
          x2: x(to),
          y2: y(end),
          stroke,
          "stroke-width": other ? 1 : 1.8,
          "stroke-dasharray": other ? "2 4" : "none",
          "stroke-opacity": other ? 0.7 : 1,
        },
        tip(text(ceiling)),
      );
      const words = text(ceiling);
      if (kind === "compute") {
        // At the right end, else where no dot is in the way.
        const w = textWidth(words);
        const places = [x(x1) - 2, (x(from) + x(x1) + w) / 2, x(from) + w + 4].map((right): Box => ({
          x: right - w,
          y: y(value) - 16,
          w,
          h: 13,
        }));
        const free = (place: Box): boolean => place.x >= margin.left && place.x + w <= x(x1) && taken.every((other) => !meet(other, place));
        const box = places.find(free);
        if (!box) return [line];
        taken.push(box);
        return [line, label(words, box.x + w, y(value) - 5, "end")];
      }
      const length = Math.hypot(x(to) - x(from), y(start) - y(end));
      const room = length - textWidth(words) - 12;
      if (room < 0) return [line];
      const along = (offset: number): readonly [number, number] => [x(from) + offset * cos, y(start) - offset * sin];
      const boxes = (offset: number): Box[] =>
        Array.from({ length: Math.ceil(textWidth(words) / 12) + 1 }, (_, i) => {
          const [bx, by] = along(offset + 12 * i);
          return { x: bx - 2, y: by - 16 * cos - 2, w: 12, h: 14 };
        });
      // Where no dot is in the way, from the lower end on.
      const offset =
        [0, 0.2, 0.4, 0.6, 0.8, 1]
          .map((part) => 6 + part * room)
          .find((each) => boxes(each).every((box) => taken.every((other) => !meet(other, box)))) ?? 6;
      taken.push(...boxes(offset));
      const [nx, ny] = along(offset);
      const name = label(words, 0, 0);
      name.setAttribute("transform", `translate(${nx - 5 * sin},${ny - 5 * cos}) rotate(${-angle})`);
      return [line, name];
    });
}

const meet = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

const radius = ({ share, whole }: RoofPoint): number => (whole ? 8 : 3.5 + 7 * Math.sqrt(Math.min(1, Math.max(0, share))));

function boxOf(x: Frame["x"], y: Frame["y"], point: RoofPoint): Box {
  const [at, rate] = placeOf(point);
  const r = radius(point);
  return { x: x(at) - r, y: y(rate) - r, w: 2 * r, h: 2 * r };
}

function dot({ x, y, theme }: Frame, point: RoofPoint): SVGElement {
  const [at, rate] = placeOf(point);
  const r = radius(point);
  const [cx, cy] = [x(at), y(rate)];
  const shape = point.whole
    ? svg("path", {
        d: `M${cx} ${cy - r}L${cx + r} ${cy}L${cx} ${cy + r}L${cx - r} ${cy}Z`,
        fill: theme.foreground,
        stroke: theme.background,
        "stroke-width": 1.5,
      })
    : svg("circle", { cx, cy, r, fill: theme.added, "fill-opacity": 0.8, stroke: theme.background, "stroke-width": 1.2 });
  shape.append(tip(point.tip));
  if (!point.pick) return shape;
  const { pick } = point;
  const pickable = svg("g", { class: "roof-point", role: "button", tabindex: 0, "aria-label": point.tip }, shape);
  pickable.addEventListener("click", pick);
  pickable.addEventListener("keydown", (event) => {
    const { key } = event as KeyboardEvent;
    if (key !== "Enter" && key !== " ") return;
    event.preventDefault();
    pick();
  });
  return pickable;
}

function named({ x, y, options, taken }: Frame, point: RoofPoint): SVGElement[] {
  const [at, rate] = placeOf(point);
  const r = radius(point);
  const [w, h] = [textWidth(point.label), 13];
  const [cx, cy] = [x(at), y(rate)];
  const places: readonly Box[] = [
    { x: cx + r + 4, y: cy - h / 2, w, h },
    { x: cx - r - 4 - w, y: cy - h / 2, w, h },
    { x: cx - w / 2, y: cy - r - h - 2, w, h },
    { x: cx - w / 2, y: cy + r + 2, w, h },
  ];
  const inside = (box: Box): boolean =>
    box.x > margin.left &&
    box.x + box.w < options.width - margin.right &&
    box.y > margin.top &&
    box.y + box.h < options.height - margin.bottom;
  const place = places.find((box) => inside(box) && taken.every((other) => !meet(box, other)));
  if (!place) return []; // its tooltip and the table have it
  taken.push(place);
  return [label(point.label, place.x + w / 2, place.y + h - 3, "middle", point.whole ? "strong" : "")];
}

function trailOf({ x, y, theme }: Frame, trail: readonly RoofPoint[], points: readonly RoofPoint[]): SVGElement[] {
  const now = points.find(({ whole }) => whole) ?? points[0];
  if (trail.length === 0 || !now) return [];
  const places = [...trail, now].map(placeOf).map(([at, rate]) => `${x(at).toFixed(1)},${y(rate).toFixed(1)}`);
  const line = svg("polyline", { points: places.join(" "), fill: "none", stroke: theme.muted, "stroke-width": 1.4, class: "trail" });
  const dots = trail.map((point) => {
    const [at, rate] = placeOf(point);
    return svg(
      "circle",
      { cx: x(at), cy: y(rate), r: 3.5, fill: theme.background, stroke: theme.muted, "stroke-width": 1.6 },
      tip(point.tip),
    );
  });
  return [line, ...dots];
}
