/** The registry of commands: one line each. */
import { userError } from "#core";
import type { CommandRunner } from "../command.ts";
import type { CommandName } from "../command-table.ts";
import { cache } from "./cache.ts";
import { doctor } from "./doctor.ts";
import { knobs } from "./knobs.ts";
import { schema } from "./schema.ts";

const later =
  (what: string): CommandRunner =>
  () =>
    userError("not-offered", {}, { what, instead: "use the commands that `fusionscope --help` lists" });

export const commandRunners: Readonly<Record<CommandName, CommandRunner>> = {
  compile: later("compile"),
  run: later("run"),
  check: later("check"),
  bench: later("bench"),
  explain: later("explain"),
  ablate: later("ablate"),
  inspect: later("inspect"),
  passes: later("passes"),
  ops: later("ops"),
  knobs,
  doctor,
  cache,
  schema,
  docs: later("docs"),
};
