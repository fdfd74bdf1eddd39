/** Icons as paths on a 16 px square, drawn with the colour of the text around them. */
import { svg } from "../dom.ts";

const paths = {
  check: "M3 8.5l3.2 3.2L13 4.8",
  dot: "M8 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z",
  minus: "M4 8h8",
  plus: "M8 3.5v9M3.5 8h9",
  cross: "M4 4l8 8M12 4l-8 8",
  skip: "M4 12L12 4M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11z",
  error: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM6 6l4 4M10 6l-4 4",
  warning: "M8 2.5L14.2 13.5H1.8zM8 6.5v3.2M8 11.4v.8",
  changed: "M2.5 9.5c2-5 3.5-5 5.5-1.5s3.5 3.5 5.5-1.5",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  play: "M5 3.5l7 4.5-7 4.5z",
  stop: "M4.5 4.5h7v7h-7z",
  pending: "M8 2.5a5.5 5.5 0 0 1 5.5 5.5",
  graph: "M5.5 2.5h5v3h-5zM2 10.5h5v3H2zM9 10.5h5v3H9zM8 5.5v2.5M4.5 10.5V8h7v2.5",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  memory: "M2 3h12M2 13h12M3.5 5.5h4v2h-4zM8.5 8.5h4v2h-4z",
  chart: "M2.5 2.5v11h11M5 11V8M8 11V4.5M11 11V6.5",
  external: "M9 2.5h4.5V7M13 3L7.5 8.5M11.5 9v4.5h-9v-9H7",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  flowDown: "M4.5 2.5h7v3h-7zM4.5 10.5h7v3h-7zM8 5.5v5M6.2 8.8L8 10.5l1.8-1.7",
  flowRight: "M2.5 4.5h3v7h-3zM10.5 4.5h3v7h-3zM5.5 8h5M8.8 6.2L10.5 8 8.8 9.8",
  upstream: "M8 13.5v-6M5.5 10L8 7.5 10.5 10M3.5 2.5h3v3h-3zM9.5 2.5h3v3h-3z",
  downstream: "M8 2.5v6M5.5 6L8 8.5 10.5 6M3.5 10.5h3v3h-3zM9.5 10.5h3v3h-3z",
  whyNot: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM6.4 6.4a1.7 1.7 0 1 1 2.3 1.7c-.5.2-.7.5-.7 1.1M8 11.3v.2",
  save: "M8 2.5v7M5 7l3 3 3-3M2.5 11v2.5h11V11",
  panelLeft: "M2.5 2.5h11v11h-11zM6.5 2.5v11",
  panelRight: "M2.5 2.5h11v11h-11zM9.5 2.5v11",
  fold: "M2.5 8h11M8 2v4M6 4.2L8 6l2-1.8M8 14v-4M6 11.8L8 10l2 1.8",
  palette:
    "M8 2.5a5.5 5.5 0 1 0 0 11c1.2 0 1.4-.8 1-1.5-.5-.9.1-1.7 1-1.7h1.6c1.2 0 1.9-.8 1.9-2.1C13.5 5 11 2.5 8 2.5zM5 8h.01M6.3 5.5h.01M9.4 5.3h.01",
  compare: "M2.5 3.5h4.5v9H2.5zM9 3.5h4.5v9H9z",
  help: "M6.1 6.2a1.9 1.9 0 1 1 2.8 1.8c-.6.3-.9.7-.9 1.4M8 11.7v.1",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  open: "M2.5 12.5v-9h4l1.5 2h5.5v2M2.5 12.5l2-5h10l-2 5z",
  heat: "M8 2c1 2.5 4 4 4 7.2A4 4 0 0 1 8 13.5a4 4 0 0 1-4-4.3C4 7.6 5 7 5.4 5.6 6.6 6 7 7 7 7.6 8 6.5 8.3 4.5 8 2z",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9",
  nest: "M2.5 2.5h11v11h-11zM5 5.5h6v2H5zM5 9.5h6v1.5H5z",
  bisect: "M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11z",
  scale: "M8 2.5v11M4.5 13.5h7M3 4.5h10M3 4.5L1.5 9h3.2zM13 4.5L11.3 9h3.2z",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
} as const;

export type IconName = keyof typeof paths;

/** An icon that says nothing to a screen reader: the text beside it does. */
export function icon(name: IconName): SVGElement {
  const shape = svg("path", {
    d: paths[name],
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 1.4,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });
  return svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, class: `icon icon-${name}`, "aria-hidden": "true" }, shape);
}
