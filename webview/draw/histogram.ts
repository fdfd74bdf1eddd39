/** How often values lie in equally wide ranges, as bars over an axis. */
import { axisBottom, max, scaleLinear, scaleSymlog, select } from "d3";
import { svg } from "../dom.ts";

export interface HistogramOptions {
  readonly width: number;
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
}

const height = 72;
const axisHeight = 18;
const side = 14;

/** Heights are logarithmic from 1 on: a few outliers stay visible beside millions of zeros. */
export function histogram(counts: readonly number[], { width, min: from, max: to, format }: HistogramOptions): SVGElement {
  const text = `Histogram of ${counts.reduce((sum, count) => sum + count, 0)} values from ${format(from)} to ${format(to)}`;
  const root = svg("svg", { width, height: height + axisHeight, role: "img", "aria-label": text, class: "histogram" });
  const x = scaleLinear(from === to ? [from - 0.5, to + 0.5] : [from, to], [side, width - side]);
  const y = scaleSymlog([0, max(counts) ?? 1], [0, height - 2]);
  const step = (width - 2 * side) / Math.max(1, counts.length);
  counts.forEach((count, i) => {
    if (count === 0) return;
    const tall = Math.max(1, y(count));
    const bar = svg("rect", { x: side + i * step, y: height - tall, width: Math.max(1, step - 1), height: tall });
    const low = from + ((to - from) * i) / counts.length;
    bar.append(svg("title", {}, document.createTextNode(`${count} from ${format(low)} to ${format(low + (to - from) / counts.length)}`)));
    root.append(bar);
  });
  const axis = svg("g", { transform: `translate(0,${height})`, class: "axis" });
  const ticks = from === to ? [from] : [from, ...(from < 0 && to > 0 ? [0] : []), to];
  select(axis as SVGGElement).call(
    axisBottom(x)
      .tickValues(ticks.filter((tick, i) => i === 0 || i === ticks.length - 1 || (x(tick) > width * 0.3 && x(tick) < width * 0.7)))
      .tickSizeOuter(0)
      .tickFormat((value) => format(Number(value))),
  );
  const labels = axis.querySelectorAll("text");
  labels[0]?.setAttribute("text-anchor", from === to ? "middle" : "start");
  if (labels.length > 1) labels[labels.length - 1]?.setAttribute("text-anchor", "end");
  labels.forEach((label, i) => {
    if (from !== to && (i === 0 || i === labels.length - 1)) label.setAttribute("dx", i === 0 ? `-${side - 2}` : `${side - 2}`);
  });
  root.append(axis);
  return root;
}
