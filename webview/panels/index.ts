/** Every panel of the page, by place. */
import type { Panel } from "../app.ts";
import { benchPanel } from "./bench/index.ts";
import { buffersPanel } from "./buffers/index.ts";
import { comparePanel } from "./compare/index.ts";
import { detailsPanel } from "./details/index.ts";
import { fusionPanel } from "./fusion/index.ts";
import { graphPanel } from "./graph/index.ts";
import { kernelsPanel } from "./kernels/index.ts";
import { listsPanel } from "./lists/index.ts";
import { optionsPanel } from "./options/index.ts";
import { passesPanel } from "./passes/index.ts";
import { valuesPanel } from "./values/index.ts";

/** Left column, from top to bottom. */
export const sidePanels: readonly Panel[] = [passesPanel, listsPanel];
/** The views in the middle, one at a time. Their ids are those of `View`. */
export const viewPanels: readonly Panel[] = [graphPanel, kernelsPanel, buffersPanel, benchPanel, fusionPanel, valuesPanel, comparePanel];
/** Right column. */
export const detailPanels: readonly Panel[] = [detailsPanel];
/** Above everything. */
export const topPanels: readonly Panel[] = [optionsPanel];
