/** `fusionscope doctor`: what this machine offers, each with why not. */
import { detectMachine, doctorItems, isaItems, localMachine, type DoctorItem } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { alignColumns, printable, textTable } from "../text/align.ts";
import { bytesText } from "../text/units.ts";

export const doctor: CommandRunner = async () => {
  const facts = detectMachine();
  const machine = localMachine();
  const items = await doctorItems();
  const isas = isaItems(machine);
  const { l1d, l2, l3 } = machine.caches;
  const siblings = facts.siblings?.filter((s) => s.length > 1) ?? [];
  const text = [
    ...alignColumns([
      ["CPU", `${printable(machine.name)}${facts.virtual ? " (virtual machine)" : ""}`],
      [
        "cores",
        `${machine.cores}, ${facts.cpus} CPUs usable${siblings.length > 0 ? `, ${siblings.length} cores with ${siblings[0]?.length ?? 0} threads` : ""}`,
      ],
      ["caches", `L1d ${bytesText(l1d)}, L2 ${bytesText(l2)}, L3 ${bytesText(l3)}`],
      ["features", machine.features.join(" ")],
    ]),
    "",
    ...textTable(
      [
        { title: "feature set", cell: (i: (typeof isas)[number]) => i.name },
        { title: "runs here", cell: (i) => (i.missing.length === 0 ? "yes" : `no: lacks ${i.missing.join(", ")}`) },
      ],
      isas,
    ),
    "",
    ...itemTable(items),
  ];
  const { cpus, siblings: cores, virtual } = facts;
  return { json: { machine, cpus, siblings: cores ?? null, virtual, isas, items }, text };
};

export function itemTable(items: readonly DoctorItem[]): string[] {
  return textTable<DoctorItem>(
    [
      { title: "item", cell: (i) => i.name },
      { title: "there", cell: (i) => (i.ok ? "yes" : "no") },
      { title: "found", cell: (i) => [i.value, i.why].filter((t) => t !== undefined && t !== "").join("; ") },
    ],
    items,
  );
}
