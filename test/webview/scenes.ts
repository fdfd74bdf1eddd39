/** Pictures of the page: what is shown in each, and how one gets there. For the gallery and for the documents. */
import { passInfos } from "#core";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import type { PanelOptions, ToPage } from "#protocol";
import { asOther, compiledFixture } from "./compiled-fixture.ts";
import { mlp, type Fixture } from "./fixture.ts";
import { insideModel } from "./inside-model.ts";
import { layerFixture, quantisedFixture } from "./traces.ts";
import { choose, type OpenOptions } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";

const vectorise = passInfos.find(({ name }) => name === "vectorise")?.index ?? NaN;

export interface Scene {
  readonly name: string;
  /** What there is to see. */
  readonly what: string;
  readonly options: () => Pick<OpenOptions, "messages" | "texts" | "replies">;
  readonly act: (page: Page) => Promise<void>;
}

const press = async (page: Page, keys: readonly string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
  await page.waitForTimeout(1200);
};
const stepTo = (page: Page, times: number): Promise<void> =>
  press(
    page,
    Array.from({ length: times }, () => "j"),
  );
const groupOne = async (page: Page): Promise<void> => {
  await stepTo(page, 7);
  await page.click("#tab-groups");
  await page.click("#group-1");
  await page.waitForTimeout(400);
};

/** Shows what there is after a pass. */
async function showStage(page: Page, stage: number): Promise<void> {
  await page.evaluate(`window.postMessage({ type: "command", command: { name: "show-stage", stage: ${stage} } }, "*")`);
  await page.waitForTimeout(1200);
}

const example = (changed: Partial<PanelOptions>): Fixture =>
  compiledFixture("example-mlp.onnx", readFileSync("test/data/example-mlp.onnx"), [], { isa: "avx512", ...changed });

/** Shows the graph after the fusion pass. */
async function fused(page: Page): Promise<void> {
  const stage = (await page.evaluate(
    "Number([...document.querySelectorAll('.row.pass')].find((row) => /fuse/.test(row.innerText))?.querySelector('.pass-index')?.innerText ?? 9)",
  )) as number;
  await showStage(page, stage);
}

const bert = (): Fixture => (known.bert ??= layerFixture(3));
const quantised = (): Fixture => (known.quantised ??= quantisedFixture());
const known: { bert?: Fixture; quantised?: Fixture } = {};

export const scenes: readonly Scene[] = [
  { name: "01-imported", what: "A model as it was read", options: () => mlp(), act: (page) => press(page, []) },
  { name: "02-rewrite", what: "What a pass changed and removed, in one picture", options: () => mlp(), act: (page) => stepTo(page, 4) },
  {
    name: "03-before-after",
    what: "The same as two pictures with linked cameras",
    options: () => mlp(),
    act: async (page) => {
      await stepTo(page, 4);
      await page.click("text=Before | After");
      await page.waitForTimeout(1200);
    },
  },
  { name: "04-fusion", what: "Fusion groups, one selected; edges that were not fused", options: () => mlp(), act: groupOne },
  { name: "05-encoder", what: "An encoder after fusion", options: bert, act: fused },
  {
    name: "06-flops",
    what: "Colours by work",
    options: bert,
    act: async (page) => {
      await fused(page);
      await choose(page, "Colour by", "flops");
    },
  },
  {
    name: "07-dtype",
    what: "Colours by element type, of a quantised network",
    options: quantised,
    act: (page) => choose(page, "Colour by", "dtype"),
  },
  {
    name: "08-follow",
    what: "A tensor followed downstream",
    options: bert,
    act: async (page) => {
      await page.focus(".graph-frame");
      await press(page, ["ArrowDown", "ArrowDown", "d"]);
    },
  },
  {
    name: "09-right",
    what: "Data flowing to the right",
    options: bert,
    act: async (page) => {
      await page.click('button[aria-label^="Data flows downwards"]');
      await page.waitForTimeout(1500);
    },
  },
  { name: "10-blocks", what: "Equal blocks folded", options: bert, act: (page) => choose(page, "Fold", "repetition") },
  {
    name: "11-kernels",
    what: "Loops, C++ and assembly of one group",
    options: () => mlp(),
    act: async (page) => {
      await groupOne(page);
      await press(page, ["2"]);
      await page.hover("#cpp-9", { position: { x: 80, y: 8 } });
      await page.waitForTimeout(300);
    },
  },
  {
    name: "12-buffers",
    what: "The arena over time",
    options: () => mlp(),
    act: async (page) => {
      await press(page, ["3"]);
      await page.click("#buffer-0");
      await page.waitForTimeout(300);
    },
  },
  {
    name: "25-memory-brushed",
    what: "Memory of an encoder: steps brushed, what is alive then lit on the graph",
    options: bert,
    act: async (page) => {
      await press(page, ["3"]);
      await page.focus(".arena");
      await press(page, ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"]);
    },
  },
  {
    name: "26-fusion-groups",
    what: "Every loop nest of an encoder with its price, and what was left apart",
    options: bert,
    act: async (page) => {
      await press(page, ["5"]);
      await page.click(".fusion-tools .segment >> text=Time");
      await page.click(".fusion-row >> nth=0");
      await page.waitForTimeout(800);
    },
  },
  {
    name: "27-what-if",
    what: "What if two operators were not in one nest: compiled that way as well, and compared",
    options: () => {
      const [own, other] = [example({}), example({ forbid: [["#0", "#1"]] })];
      const { options } = other.messages.find(({ type }) => type === "generation") as Extract<ToPage, { type: "generation" }>;
      const compare = { id: 1, kind: "options", title: "apart: #0 + #1", ownTitle: "as the rules decide", options } as const;
      return { ...own, messages: [...own.messages, ...asOther(other, compare)] };
    },
    act: (page) => press(page, ["5"]),
  },
  {
    name: "13-benchmark",
    what: "A measurement against ONNX Runtime",
    options: () => mlp(),
    act: async (page) => {
      await press(page, ["4"]);
      await page.click("text=Run benchmark");
      await page.waitForTimeout(500);
    },
  },
  {
    name: "14-failed-pass",
    what: "A pass that failed; what came before stays",
    options: () => mlp({ failAt: 8 }),
    act: (page) => press(page, ["End", "j", "j", "j", "j", "j", "j", "j"]),
  },
  {
    name: "15-options",
    what: "Passes switched off",
    options: () => mlp(),
    act: async (page) => {
      await page.click("text=All passes on");
      await page.waitForTimeout(300);
    },
  },
  {
    name: "16-menu",
    what: "The menu of the graph",
    options: () => mlp(),
    act: async (page) => {
      await page.focus(".graph-frame");
      await press(page, ["ArrowDown", "ContextMenu"]);
    },
  },
  {
    name: "17-cannot-be-read",
    what: "A file that is no model",
    options: () => ({ messages: [...mlp().messages.slice(0, 2), unreadable] }),
    act: (page) => page.waitForTimeout(300),
  },
  { name: "18-large", what: "4,000 nodes", options: () => ({ messages: syntheticMessages(4000) }), act: (page) => press(page, ["j"]) },
  {
    name: "19-large-from-afar",
    what: "4,000 nodes, nothing folded, from far away",
    options: () => ({ messages: syntheticMessages(4000) }),
    act: async (page) => {
      await choose(page, "Fold", "none");
      await page.focus(".graph-frame");
      await press(page, ["-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]);
    },
  },
  {
    name: "20-search",
    what: "A search for a structure: what was found is listed, marked, walked through",
    options: () => mlp(),
    act: (page) => press(page, ["Control+f", ..."MatMul -> * -> Div", "Enter", "Enter"]),
  },
  { name: "21-rule-hit", what: "One firing of a rule", options: () => mlp(), act: (page) => press(page, ["n", "n", "n"]) },
  {
    name: "22-loops",
    what: "What a pass changed in the loops",
    options: () => example({}),
    act: async (page) => {
      await showStage(page, vectorise);
      await press(page, ["n"]);
    },
  },
  {
    name: "23-loops-before-after",
    what: "The same, before and after",
    options: () => example({}),
    act: async (page) => {
      await showStage(page, vectorise);
      await page.click("text=Before | After");
      await press(page, ["n"]);
    },
  },
  {
    name: "24-comparison",
    what: "Two compilations of one model",
    options: () => {
      const [own, other] = [example({}), example({ without: ["fuse"] })];
      const { options } = own.messages.find(({ type }) => type === "generation") as Extract<ToPage, { type: "generation" }>;
      const compare = { id: 1, kind: "options", title: "without fuse", ownTitle: "all passes", options } as const;
      return { ...own, messages: [...own.messages, ...asOther(other, compare)] };
    },
    act: (page) => press(page, []),
  },
  {
    name: "28-inspector",
    what: "A chain found in an encoder after fusion, its lineage and the edges that were not fused",
    options: bert,
    act: async (page) => {
      await fused(page);
      await press(page, ["Control+f", ..."op:matmul -> add", "Enter"]);
    },
  },
  {
    name: "29-hole",
    what: "An operator that nobody knows: why it is not compiled, and what is",
    options: () => compiledFixture("inside.onnx", insideModel(), ["#1/then_branch", "#1/else_branch"]),
    act: async (page) => {
      await page.click("#list-nodes .row:has-text('Mystery')");
      await page.waitForTimeout(800);
    },
  },
];

const unreadable: ToPage = {
  type: "failed",
  generation: 1,
  error: { code: "onnx-truncated", message: "The file ends in the middle of a node.", next: "Copy it again, and check its size." },
};
