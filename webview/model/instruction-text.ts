/** What is said of an instruction: its units in a word, everything in a tooltip. */
import type { InstructionNote, InstructionNotes, InstructionPrice } from "#protocol";
import { t } from "../strings.ts";
import { digits, visible } from "./format.ts";

/** Units by their kind: those of one kind stand together. `FP2/3 LSU` */
export function unitsText(ports: InstructionPrice["ports"]): string {
  const kinds = new Map<string, string[]>();
  for (const { name } of ports) {
    const [, kind = name, number = ""] = /^(.*?[A-Za-z])(\d+)$/.exec(name) ?? /^(.*)\.\d+$/.exec(name) ?? [];
    kinds.set(kind, [...(kinds.get(kind) ?? []), ...(number === "" ? [] : [number])]);
  }
  return [...kinds].map(([kind, numbers]) => `${kind}${numbers.join("/")}`).join(" ");
}

/** Everything about an instruction, for its tooltip. */
export function noteText({ does, price }: InstructionNote, prices: InstructionNotes["prices"]): string {
  const lines = [does === undefined ? "" : `${does[0]?.toUpperCase() ?? ""}${does.slice(1)}.`];
  if (price !== undefined && prices.valid) {
    const busy = price.ports.map(({ name, cycles }) => `${name} ${digits(cycles)}`).join(", ");
    lines.push(
      t("Latency: {0} cycles. One every {1} cycles. Micro-operations: {2}.", price.latency, digits(price.throughput), price.operations),
    );
    if (busy !== "") lines.push(t("Units, and for how many cycles: {0}.", busy));
    lines.push(t("An estimate of {0} for {1}.", visible(prices.tool), visible(prices.model)));
  } else if (prices.valid) lines.push(t("{0} has no price for it.", visible(prices.tool)));
  return lines.filter((line) => line !== "").join("\n");
}
