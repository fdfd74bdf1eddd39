/** Every panel of the page, by place. */
import type { Panel } from "../app.ts";
import { graphPanel } from "./graph/index.ts";
import { passesPanel } from "./passes/index.ts";

/** Left column, from top to bottom. */
export const sidePanels: readonly Panel[] = [passesPanel];
/** The views in the middle, one at a time. Their ids are those of `View`. */
export const viewPanels: readonly Panel[] = [graphPanel];
/** Right column. */
export const detailPanels: readonly Panel[] = [];
/** Above everything. */
export const topPanels: readonly Panel[] = [];
