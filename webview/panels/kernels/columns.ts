/** Which of the texts stand side by side: as many as can be read, or what the user chose. */
import type { TextKind } from "#protocol";

/** A text of the compilation, or a header of the native library in the place of the C++ that calls it. */
export type ColumnKind = TextKind | "header";

export const textKinds: readonly TextKind[] = ["ir", "cpp", "asm"];

/** Pixels in which some 35 letters of code find room: an editor of 1050 pixels, with its lists, has two texts side by side. */
const leastWidth = 290;
/** The first to give way is the last. */
const importance: readonly TextKind[] = ["cpp", "ir", "asm"];

/** @param chosen what the user wants to see; undefined: as many as fit @param width of all columns, in pixels */
export function columnsShown(width: number, chosen: readonly TextKind[] | undefined): readonly TextKind[] {
  const count = Math.min(3, Math.max(1, Math.floor(width / leastWidth)));
  const shown = chosen ?? importance.slice(0, count);
  return textKinds.filter((kind) => shown.includes(kind));
}

/** Pixels in which a text that somebody asked for finds room beside those that are there, however little. */
const tightWidth = 200;

/** When a text is asked for that is not shown: the others stay as far as there is room, the C++ first, because it links them. */
export function withText(shown: readonly TextKind[], kind: TextKind, width: number): readonly TextKind[] {
  const room = Math.max(1, Math.floor(width / tightWidth));
  const kept = importance.filter((one) => one !== kind && shown.includes(one)).slice(0, Math.max(shown.length < 2 ? 0 : 1, room - 1));
  return textKinds.filter((one) => one === kind || kept.includes(one));
}

/** After a click on a text's button. One text always stays. */
export function toggled(shown: readonly TextKind[], kind: TextKind): readonly TextKind[] {
  if (!shown.includes(kind)) return textKinds.filter((one) => one === kind || shown.includes(one));
  return shown.length === 1 ? shown : shown.filter((one) => one !== kind);
}
