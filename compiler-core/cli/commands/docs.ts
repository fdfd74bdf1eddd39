/** `fusionscope docs [DIR]`: writes the generated pages, or says which are out of step. */
import fs from "node:fs";
import path from "node:path";
import { packageRoot, writeText } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { documentationPages } from "../docs.ts";

export const docs: CommandRunner = ({ arguments: [folder = path.join(packageRoot(), "docs")], options }) => {
  const pages = documentationPages().map((page) => {
    const file = path.join(folder, page.name);
    const inStep = fs.existsSync(file) && fs.readFileSync(file, "utf8") === page.text;
    if (!inStep && options.check !== true) writeText(file, page.text);
    return { path: file, inStep: inStep || options.check !== true };
  });
  const stale = pages.filter((p) => !p.inStep);
  return {
    json: { pages },
    text: pages.map((p) => `${p.path}: ${p.inStep ? "in step" : "out of step, run npm run docs"}`),
    exit: stale.length === 0 ? 0 : 1,
  };
};
