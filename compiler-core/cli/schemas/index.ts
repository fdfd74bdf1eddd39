/** The JSON Schema of every command's `--json` object. `fusionscope schema COMMAND` prints it; the tests hold real outputs against it. */
import type { CommandName } from "../command-table.ts";
import { schemaVersion } from "../main.ts";
import { record, text, whole, type Schema } from "./build.ts";
import { compileMembers, explainMembers } from "./compilation.ts";
import { cacheMembers, doctorMembers, inspectMembers, knobsMembers, opsMembers, passesMembers, schemaMembers } from "./lists.ts";
import { benchMembers } from "./bench.ts";
import { ablateMembers, checkMembers, runMembers } from "./results.ts";
import { extractMembers } from "./parts.ts";
import { probeMembers } from "./probe.ts";

/** Members of an object: the required ones, then the optional ones. */
export interface Members {
  readonly required: Readonly<Record<string, Schema>>;
  readonly optional?: Readonly<Record<string, Schema>>;
  /** Of another object that the command may print instead. */
  readonly or?: Members;
}

const membersOf = {
  compile: compileMembers,
  run: runMembers,
  check: checkMembers,
  bench: benchMembers,
  explain: explainMembers,
  extract: extractMembers,
  probe: probeMembers,
  ablate: ablateMembers,
  inspect: inspectMembers,
  passes: passesMembers,
  ops: opsMembers,
  knobs: knobsMembers,
  doctor: doctorMembers,
  cache: cacheMembers,
  schema: schemaMembers,
} as const satisfies Record<CommandName, Members>;

/** What is printed instead of a result when a command fails. */
const failureSchema: Schema = record({
  schema: { const: schemaVersion },
  error: record({ code: text, message: text, next: text, exit: whole }),
});

/** The schema of what `fusionscope COMMAND --json` prints on success. */
export function resultSchema(command: CommandName): Schema {
  const { required, optional, or }: Members = membersOf[command];
  const whole = (m: Members): Schema =>
    record({ schema: { const: schemaVersion }, command: { const: command }, ...m.required }, m.optional);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:fusionscope:schema:${schemaVersion}:${command}`,
    title: `fusionscope ${command} --json`,
    ...(or === undefined ? whole({ required, optional }) : { anyOf: [whole({ required, optional }), whole(or)] }),
  };
}

/** Success or failure: everything that can be printed. */
export function commandSchema(command: CommandName): Schema {
  const { $schema, $id, title, ...result } = resultSchema(command);
  return { $schema, $id, title, anyOf: [result, failureSchema] };
}
