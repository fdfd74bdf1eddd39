/** What a layout needs to know of boxes. Texts are measured by mean advances: a layout must not depend on the machine's fonts. */
import type { Boxes } from "../model/boxes.ts";
import type { LayoutInput } from "./types.ts";

/** Mean advances at 10 px mono, and at 11 px bold and plain; the longest tag that is written. */
const tagAdvance = 6.1;
const titleAdvance = 7;
const smallAdvance = 6.2;
const longestTag = 132;
const tagLine = 12;

export function layoutInput(boxes: Boxes, direction: "down" | "right", hint?: Float64Array): LayoutInput {
  const { count, w, h, from, to, value, frames, frameOf } = boxes;
  const [tagW, tagH] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i += 1) {
    const tag = boxes.tag[i];
    if (!tag) continue;
    const lines = tag.split("\n");
    for (const line of lines) tagW[i] = Math.max(tagW[i] as number, Math.min(longestTag, line.length * tagAdvance));
    tagH[i] = lines.length * tagLine;
  }
  return {
    ...{ count, w, h, from, to, value, tagW, tagH, direction, frameOf },
    frameParent: Int32Array.from(frames, ({ parent }) => parent),
    frameTitleW: Float64Array.from(frames, ({ title, subtitle }) => title.length * titleAdvance + subtitle.length * smallAdvance + 34),
    ...(hint ? { hint } : {}),
  };
}
