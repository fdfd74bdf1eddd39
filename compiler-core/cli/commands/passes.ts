/** `fusionscope passes`: the pipeline, in order. */
import { passInfos } from "#core";
import type { PassInfo } from "#protocol";
import type { CommandRunner } from "../command.ts";
import { textTable } from "../text/align.ts";

export const passes: CommandRunner = () => ({
  json: { passes: passInfos },
  text: textTable<PassInfo>(
    [
      { title: "#", align: "right", cell: (p) => String(p.index) },
      { title: "pass", cell: (p) => p.name },
      { title: "level", cell: (p) => p.level },
      { title: "optional", cell: (p) => (p.optional ? "yes" : "") },
      { title: "why", cell: (p) => p.why },
    ],
    passInfos,
  ),
});
