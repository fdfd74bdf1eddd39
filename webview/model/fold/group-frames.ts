/** Frames around fusion groups, inside of the frames of open clusters: a group that reaches over several has a part in each. */
import type { GroupInfo } from "#protocol";
import { BoxKind, type Boxes, type Frame } from "../boxes.ts";
import { isHoleGroup } from "../holes.ts";
import { groupTitle } from "./folding.ts";

/** The same boxes with frames for groups; the boxes themselves when there are none. */
export function groupFrames(boxes: Boxes, groups: readonly GroupInfo[]): Boxes {
  if (groups.length === 0) return boxes;
  const frames: Frame[] = [...boxes.frames];
  const frameOf = boxes.frameOf.slice();
  groups.forEach((group, order) => {
    const parts = new Map<number, number[]>();
    for (const { node } of group.members) {
      const i = boxes.indexOf.get(node);
      if (i === undefined || boxes.kind[i] === BoxKind.Cluster) continue;
      const around = boxes.frameOf[i] as number;
      if (frames[around]?.group === group.id) continue;
      const part = parts.get(around);
      if (part) part.push(i);
      else parts.set(around, [i]);
    }
    for (const [parent, members] of parts) {
      const shown = members.length < group.members.length && parts.size > 1 ? `${members.length} of ${group.members.length} ops` : "";
      const frame = frames.push({
        key: -1 - group.id,
        id: `group:${group.id}`,
        kind: "group",
        parent,
        title: groupTitle(group),
        subtitle: shown,
        group: group.id,
        order,
        hole: isHoleGroup(group),
      });
      for (const i of members) frameOf[i] = frame - 1;
    }
  });
  return frames.length === boxes.frames.length ? boxes : { ...boxes, frames, frameOf };
}
