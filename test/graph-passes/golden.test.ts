/**
 * Goldens of the graph passes: `<pass>/<case>.ir` holds the input graph, a line `---- after`, the fired rules as comments, and the expected
 * result. UPDATE=1 rewrites the expectation. Options of a case stand in a first comment: `// dims batch=4`.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { packageRoot } from "#core/io";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { parseGraph } from "../../compiler-core/graph/parse.ts";
import { printGraph } from "../../compiler-core/graph/print.ts";
import { verifyGraph } from "../../compiler-core/graph/verify.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import type { GraphPass, PassContext } from "../../compiler-core/passes/pass.ts";
import { graphPasses } from "./run-pass.ts";

const root = path.join(packageRoot(), "test/graph-passes");
const separator = "---- after\n";
const update = process.env["UPDATE"] === "1";
const silent: PassContext = {
  options: defaultOptions,
  machine: { name: "none", features: [], caches: { l1d: 32768, l2: 1048576, l3: 0 }, cores: 1 },
  hit: () => undefined,
  verdict: () => undefined,
};

/** A pass that writes into its argument fails. The constant store is the one thing that may grow. */
function frozen(graph: Graph): Graph {
  const freeze = (x: unknown): void => {
    if (typeof x !== "object" || x === null || x === graph.constants || Object.isFrozen(x)) return;
    Object.freeze(x);
    Object.values(x).forEach(freeze);
  };
  freeze(graph);
  return graph;
}

function run(pass: GraphPass, text: string): { readonly before: Graph; readonly after: Graph; readonly hits: readonly string[] } {
  const dims = Object.fromEntries(
    [...(/^\/\/ dims (.*)$/m.exec(text)?.[1] ?? "").matchAll(/([^\s=]+)=(\d+)/g)].map((m) => [m[1], Number(m[2])]),
  );
  const hits: string[] = [];
  const ctx: PassContext = {
    ...silent,
    options: { ...defaultOptions, dims },
    hit: (h) =>
      hits.push(
        `// ${h.rule}: ${h.before.map((n) => `#${n}`).join(" ")} -> ${h.after.map((n) => `#${n}`).join(" ")}${h.note === undefined ? "" : ` (${h.note})`}`,
      ),
  };
  const before = frozen(parseGraph(text));
  assert.deepEqual(verifyGraph(before), [], "the input is well-formed");
  return { before, after: pass.run(before, ctx), hits };
}

for (const [name, pass] of graphPasses) {
  const folder = path.join(root, name);
  const cases = fs.existsSync(folder)
    ? fs
        .readdirSync(folder)
        .filter((f) => f.endsWith(".ir"))
        .sort()
    : [];
  test(`${name} has goldens`, () => assert.ok(cases.length > 0));
  for (const file of cases) {
    test(`${name}/${file}`, () => {
      const whole = fs.readFileSync(path.join(folder, file), "utf8");
      const [input = "", expected = ""] = whole.split(separator);
      const { before, after, hits } = run(pass, input);
      assert.deepEqual(verifyGraph(after), [], "the result is well-formed");
      const text = after === before ? "// unchanged\n" : `${hits.map((h) => `${h}\n`).join("")}${printGraph(after, { sources: false })}`;
      if (update) fs.writeFileSync(path.join(folder, file), `${input}${separator}${text}`);
      else assert.equal(text, expected);
      if (after !== before) assert.equal(pass.run(after, silent), after, "a second run changes nothing");
    });
  }
}
