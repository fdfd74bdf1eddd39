/** Help texts, made from the tables. */
import { commandNames, commandSpec, exitCodes, type CommandName } from "./command-table.ts";
import { optionTable, type OptionName, type OptionSpec } from "./option-table.ts";
import { alignColumns } from "./text/align.ts";

/** `--threads N`, `-o, --output PATH`. */
export function optionSignature(name: OptionName): string {
  const option: OptionSpec = optionTable[name];
  const short = option.short === undefined ? "" : `-${option.short}, `;
  return `${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`;
}

/** What an option means, with its choices and default. */
export function optionHelp(name: OptionName): string {
  const option: OptionSpec = optionTable[name];
  const choices = "choices" in option && option.choices !== undefined ? [option.choices.join(", ")] : [];
  const usual = option.usual === undefined ? [] : [`default: ${option.usual}`];
  const facts = [...choices, ...usual];
  return facts.length === 0 ? option.help : `${option.help} (${facts.join("; ")})`;
}

/** `fusionscope bench MODEL [options]`. */
function commandSignature(name: CommandName): string {
  const words = commandSpec(name).arguments.map((a) => (a.optional === true ? `[${a.name}]` : a.name));
  return ["fusionscope", name, ...words, "[options]"].join(" ");
}

/** The text of `fusionscope --help`. */
export function generalHelp(): string {
  return [
    "fusionscope: a deep-learning graph compiler you can look inside",
    "",
    "usage: fusionscope COMMAND [arguments] [options]",
    "",
    ...alignColumns(commandNames.map((n) => ["  " + n, commandSpec(n).summary])),
    "",
    "fusionscope COMMAND --help describes a command. Exit codes:",
    ...alignColumns(exitCodes.map(([code, what]) => [`  ${code}`, what])),
    "",
  ].join("\n");
}

/** The text of `fusionscope COMMAND --help`. */
export function commandHelp(name: CommandName): string {
  const spec = commandSpec(name);
  const lines = [`usage: ${commandSignature(name)}`, "", capital(spec.summary) + "."];
  if (spec.details !== undefined) lines.push(...spec.details.split("\n"));
  if (spec.arguments.length > 0) lines.push("", ...alignColumns(spec.arguments.map((a) => [`  ${a.name}`, a.help])));
  lines.push("", "options:", ...alignColumns(spec.options.map((o) => [`  ${optionSignature(o)}`, optionHelp(o)])));
  if (spec.no !== undefined) lines.push("", `exit code 1: ${spec.no}`);
  lines.push("", "examples:", ...spec.examples.map((e) => `  ${e}`), "");
  return lines.join("\n");
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
