/** The registry of commands: one line each. */
import type { CommandRunner } from "../command.ts";
import type { CommandName } from "../command-table.ts";
import { ablate } from "./ablate.ts";
import { bench } from "./bench.ts";
import { cache } from "./cache.ts";
import { check } from "./check.ts";
import { compile } from "./compile.ts";
import { doctor } from "./doctor.ts";
import { explain } from "./explain.ts";
import { extract } from "./extract.ts";
import { inspect } from "./inspect.ts";
import { knobs } from "./knobs.ts";
import { ops } from "./ops.ts";
import { passes } from "./passes.ts";
import { probe } from "./probe.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";

export const commandRunners: Readonly<Record<CommandName, CommandRunner>> = {
  compile,
  run,
  check,
  bench,
  explain,
  extract,
  probe,
  ablate,
  inspect,
  passes,
  ops,
  knobs,
  doctor,
  cache,
  schema,
};
