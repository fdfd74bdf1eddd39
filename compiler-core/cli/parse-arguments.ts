/** Words of a command line -> command, arguments and typed options, by the two tables. Every mistake is a usage error that says what was meant. */
import { userError } from "#core";
import { commandNames, commandSpec, type ArgumentSpec, type CommandName } from "./command-table.ts";
import { optionTable, type OptionName, type OptionSpec, type OptionValues } from "./option-table.ts";
import { didYouMean } from "#core/io";

export interface ParsedLine {
  /** Undefined: only `--help` or `--version` can follow. */
  readonly command: CommandName | undefined;
  readonly arguments: readonly string[];
  readonly options: OptionValues;
  readonly version: boolean;
}

const names = Object.keys(optionTable) as OptionName[];
const spec = (name: OptionName): OptionSpec => optionTable[name];
const byShort = new Map(names.flatMap((n) => (spec(n).short === undefined ? [] : [[spec(n).short, n] as const])));

/** Parses the words after the program's name. */
export function parseArguments(words: readonly string[]): ParsedLine {
  const state: State = { words, at: 0, command: undefined, positionals: [], options: {}, version: false };
  while (state.at < words.length) takeWord(state, words[state.at++] ?? "");
  const help = state.options.help === true || state.version;
  // Without any word: help is what is wanted.
  if (state.command === undefined && !help && words.length > 0) usage("", "no command given");
  if (state.command !== undefined && !help) checkArguments(state.command, state.positionals);
  return { command: state.command, arguments: state.positionals, options: state.options as OptionValues, version: state.version };
}

interface State {
  readonly words: readonly string[];
  at: number;
  command: CommandName | undefined;
  readonly positionals: string[];
  readonly options: { [name: string]: unknown };
  version: boolean;
}

function usage(command: CommandName | "", what: string): never {
  userError("usage", {}, { what, help: command === "" ? "--help" : `${command} --help` });
}

function takeWord(state: State, word: string): void {
  if (word === "--") {
    for (const rest of state.words.slice(state.at)) takePositional(state, rest);
    state.at = state.words.length;
  } else if (word === "--version" && state.command === undefined) state.version = true;
  else if (/^-[A-Za-z]$/.test(word)) takeShort(state, word);
  else if (word.startsWith("--")) takeLong(state, word);
  else takePositional(state, word);
}

function takePositional(state: State, word: string): void {
  if (state.command !== undefined) {
    state.positionals.push(word);
    return;
  }
  const known = commandNames.find((n) => n === word);
  if (known === undefined) usage("", `there is no command ${JSON.stringify(word)}${didYouMean(word, commandNames)}`);
  for (const given of Object.keys(state.options)) requireAllowed(known, given as OptionName, `--${given}`);
  state.command = known;
}

function takeShort(state: State, word: string): void {
  const name = byShort.get(word.slice(1));
  if (name === undefined) usage(state.command ?? "", `unknown option ${word}`);
  takeOption(state, name, word, undefined);
}

function takeLong(state: State, word: string): void {
  const equals = word.indexOf("=");
  const shown = equals < 0 ? word : word.slice(0, equals);
  const name = names.find((n) => `--${n}` === shown);
  const allowed = state.command === undefined ? names : commandSpec(state.command).options;
  if (name === undefined) usage(state.command ?? "", `unknown option ${shown}${didYouMean(shown.slice(2), allowed, "--")}`);
  takeOption(state, name, shown, equals < 0 ? undefined : word.slice(equals + 1));
}

function requireAllowed(command: CommandName, name: OptionName, shown: string): void {
  if (!commandSpec(command).options.includes(name)) usage(command, `${command} has no option ${shown}`);
}

function takeOption(state: State, name: OptionName, shown: string, attached: string | undefined): void {
  const command = state.command ?? "";
  if (state.command !== undefined) requireAllowed(state.command, name, shown);
  const option = spec(name);
  if (option.kind === "flag") {
    if (attached !== undefined) usage(command, `${shown} takes no value`);
    state.options[name] = true;
    return;
  }
  const text = attached ?? state.words[state.at++];
  if (text === undefined) usage(command, `${shown} needs a value: ${shown} ${option.value ?? "VALUE"}`);
  const parsed = parseValue(option, text);
  if ("wrong" in parsed) usage(command, `${shown} ${JSON.stringify(text)}: ${parsed.wrong}`);
  state.options[name] = merge(state.options[name], parsed.value);
}

/** Repeated options add up, others keep the last value given. */
function merge(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) return [...(before as unknown[]), ...(value as unknown[])];
  if (isRecord(before) && isRecord(value)) return { ...before, ...value };
  return value;
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);

type Parsed = { readonly value: unknown } | { readonly wrong: string };

/** A node reference can hold commas and plus signs: what separates is the sign before the start of another reference. */
const betweenNodes = (sign: string): RegExp => new RegExp(`\\${sign}(?=#|name:|out:)`);

/** The value of an option from its text, or what is wrong with the text. */
function parseValue(option: OptionSpec, text: string): Parsed {
  switch (option.kind) {
    case "flag":
      return { value: true };
    case "text":
      return text === "" ? { wrong: "is empty" } : { value: text };
    case "choice":
      return oneOf(option.choices, text);
    case "integer":
    case "number":
      return parseNumber(text, option.kind === "integer", option.min, option.max);
    case "list":
      return parseList(option.choices, text.split(","));
    case "nodes":
      return parseList(undefined, text.split(betweenNodes(",")));
    case "pairs":
      return parsePair(text);
    case "dims":
      return parseDim(text);
    case "texts":
      return text === "" ? { wrong: "is empty" } : { value: [text] };
    case "files":
      return parseFile(text);
  }
}

function oneOf(choices: readonly string[], text: string): Parsed {
  return choices.includes(text) ? { value: text } : { wrong: `choose ${choices.join(", ")}${didYouMean(text, choices)}` };
}

function parseNumber(text: string, whole: boolean, min: number, max: number | undefined): Parsed {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(number) || (whole && !Number.isSafeInteger(number))) return { wrong: `is not a ${whole ? "whole " : ""}number` };
  if (number < min) return { wrong: `must be at least ${min}` };
  if (max !== undefined && number > max) return { wrong: `must be at most ${max}` };
  return { value: number };
}

function parseList(choices: readonly string[] | undefined, words: readonly string[]): Parsed {
  if (words.some((w) => w === "")) return { wrong: "has an empty item" };
  for (const word of words) {
    const item = choices === undefined ? { value: word } : oneOf(choices, word);
    if ("wrong" in item) return item;
  }
  return { value: words };
}

function parsePair(text: string): Parsed {
  const [a, b, ...more] = text.split(betweenNodes("+"));
  if (a === undefined || b === undefined || a === "" || more.length > 0) return { wrong: "write two node references, such as '#3+#4'" };
  return { value: [[a, b]] };
}

function parseDim(text: string): Parsed {
  const at = text.lastIndexOf("=");
  if (at <= 0) return { wrong: "write NAME=N" };
  const size = parseNumber(text.slice(at + 1), true, 0, 2 ** 31 - 1);
  return "wrong" in size ? { wrong: `the size ${size.wrong}` } : { value: { [text.slice(0, at)]: size.value } };
}

/** A name can hold the sign: the last one separates, as no path begins with it. */
function parseFile(text: string): Parsed {
  const at = text.lastIndexOf("=");
  return at <= 0 || at === text.length - 1 ? { wrong: "write NAME=FILE" } : { value: { [text.slice(0, at)]: text.slice(at + 1) } };
}

function checkArguments(command: CommandName, given: readonly string[]): void {
  const wanted: readonly ArgumentSpec[] = commandSpec(command).arguments;
  const missing = wanted[given.length];
  if (missing !== undefined && missing.optional !== true) {
    const hint = missing.name === "NODE" ? " (quote it: a shell takes a bare # for a comment)" : "";
    usage(command, `${command} needs ${missing.name}: ${missing.help}${hint}`);
  }
  const extra = given[wanted.length];
  if (extra !== undefined)
    usage(
      command,
      `${command} takes ${wanted.length === 0 ? "no arguments" : wanted.map((a) => a.name).join(" ")}, not also ${JSON.stringify(extra)}`,
    );
  wanted.forEach((argument, i) => {
    const word = given[i];
    if (word === undefined || argument.choices === undefined) return;
    const choice = oneOf(argument.choices, word);
    if ("wrong" in choice) usage(command, `${argument.name} ${JSON.stringify(word)}: ${choice.wrong}`);
  });
}
