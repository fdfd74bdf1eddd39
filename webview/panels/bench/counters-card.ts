/** Counters: what was counted in all, by fusion group and by thread; what could not be counted is gathered under its reason. */
import type { BenchRegion, CounterValue } from "#protocol";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { commandIn, countersWithValues, derivedRates, missingCounters } from "../../model/bench-text.ts";
import { countText, digits, timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { facts, type Fact } from "../details/blocks.ts";
import { card, commandLine, dataTable, more, note, type Dashboard } from "./parts.ts";

/** Columns of the table by group: the first ones that are there. */
const mostColumns = 5;
const mostRows = 60;
/** With more rows than this the table is closed at first. */
const fewRows = 9;

export function countersCard(board: Dashboard): HTMLElement {
  const { counters } = board.run.result;
  const counted = countersWithValues(counters);
  const rates = derivedRates(counters);
  return card(
    "counters",
    "Counters per run",
    rates.length > 0 ? facts(rates) : undefined,
    counted.length > 0
      ? facts(counted.map(([name, value, scale]): Fact => [visible(name), countedText(name, value, scale)]))
      : note(t("Nothing could be counted.")),
    byGroup(board),
    ...missingCounters(counters).map(missingPart),
  );
}

/** Counters that are nanoseconds. */
const clocks: readonly string[] = ["task-clock", "cpu-clock", "cpu-time-ns"];
const valueText = (name: string, value: number): string => (clocks.includes(name) ? timeText(value / 1e6) : countText(value));

const countedText = (name: string, value: number, scale: number): string =>
  scale > 1.001 ? t("{0} (counted {1} % of the time)", valueText(name, value), digits(100 / scale)) : valueText(name, value);

/** One line per reason: why, how many, and which. */
function missingPart({ why, names }: ReturnType<typeof missingCounters>[number]): HTMLElement {
  const command = commandIn(why);
  return el(
    "div",
    { class: "missing-counters" },
    el(
      "p",
      {},
      el("b", {}, names.length === 1 ? visible(names[0] ?? "") : t("{0} counters", names.length)),
      ` ${t("missing: {0}", visible(why))}`,
    ),
    command === undefined ? undefined : commandLine(command),
    names.length === 1 ? undefined : more(t("which"), el("p", { class: "counter-names" }, names.map(visible).join(", "))),
  );
}

/** Groups and their threads as rows. */
function byGroup({ run: { result }, ownGroups, groupName, pickGroup }: Dashboard): HTMLElement | undefined {
  const withCounters = result.regions.filter(
    ({ counters, threads }) => hasValues(counters) || threads?.some((thread) => hasValues(thread.counters)),
  );
  if (withCounters.length === 0) return undefined;
  const names = [
    ...new Set(
      withCounters.flatMap(({ counters, threads = [] }) =>
        [counters, ...threads.map((thread) => thread.counters)].flatMap((c) => countersWithValues(c ?? {}).map(([name]) => name)),
      ),
    ),
  ].slice(0, mostColumns);
  const cells = (counters: BenchRegion["counters"]): string[] =>
    names.map((name) => (counters?.[name]?.valid === true && counters[name].value !== null ? valueText(name, counters[name].value) : "–"));
  const sorted = [...withCounters].sort((a, b) => b.ns - a.ns);
  const rows = sorted.slice(0, mostRows).flatMap(({ group, counters, threads = [] }) => {
    const label = ownGroups ? groupName(group) : t("group {0}", group);
    const head = ownGroups ? linkButton(label, () => pickGroup(group)) : el("span", {}, label);
    const each =
      threads.length > 1
        ? threads.map((thread, i) => [el("span", { class: "muted indented" }, t("thread {0}", i)), ...cells(thread.counters)])
        : [];
    return [[head, ...cells(counters ?? (threads.length === 1 ? threads[0]?.counters : undefined))], ...each];
  });
  const table = dataTable(
    "Counters by fusion group and thread",
    [{ title: "Group" }, ...names.map((name) => ({ title: name, numeric: true }))],
    rows,
  );
  const rest = sorted.length > mostRows ? note(t("The {0} slowest groups.", mostRows)) : undefined;
  const fold = more(t("By fusion group and thread"), table, rest);
  fold.open = rows.length <= fewRows;
  return fold;
}

const hasValues = (counters: Readonly<Record<string, CounterValue>> | undefined): boolean =>
  counters !== undefined && countersWithValues(counters).length > 0;
