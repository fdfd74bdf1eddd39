/** What was measured on, and reasons to doubt the numbers. */
import type { BenchMachine, BenchWarning } from "#protocol";
import { icon } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, digits, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { facts, type Fact } from "../details/blocks.ts";
import { card } from "./parts.ts";

export function warningList(warnings: readonly BenchWarning[]): HTMLElement | undefined {
  if (warnings.length === 0) return undefined;
  const rows = warnings.map(({ text, kind }) => {
    const sign = el("span", { class: "warning-sign" });
    sign.append(icon("warning"));
    return el("li", { data: { warning: kind } }, sign, el("span", {}, visible(text)));
  });
  return el("ul", { class: "bench-warnings", attrs: { "aria-label": t("Reasons to doubt the numbers") } }, ...rows);
}

export function machineCard(machine: BenchMachine | undefined): HTMLElement | undefined {
  if (!machine) return undefined;
  const { cpu, caches, ghz, load, governor, system, virtual, smt, cores, cpus, versions } = machine;
  const fromTo = ({ before, after }: { readonly before: number | null; readonly after: number | null }, unit: string): string =>
    before === null && after === null
      ? t("not known")
      : `${before === null ? "?" : digits(before)} → ${after === null ? "?" : digits(after)} ${unit}`.trim();
  const cache = [
    ["L1", caches.l1d],
    ["L2", caches.l2],
    ["L3", caches.l3],
  ] as const;
  const rows: Fact[] = [
    [t("Processor"), `${visible(cpu)}${virtual ? ` (${t("virtual machine")})` : ""}`],
    [t("Cores"), `${t("{0}, {1} CPUs may be used", cores, cpus)}${smt === true ? `, ${t("two share a core")}` : ""}`],
    [t("Caches"), cache.map(([name, bytes]) => `${name} ${bytes > 0 ? bytesText(bytes) : "?"}`).join(", ")],
    [t("Frequency"), fromTo(ghz, "GHz")],
    [t("Load"), fromTo(load, "")],
    [t("Governor"), governor === null ? t("not known") : visible(governor)],
    [t("System"), visible(system)],
    [
      t("Versions"),
      Object.entries(versions)
        .map(([name, version]) => `${visible(name)} ${visible(version)}`)
        .join(", "),
    ],
  ];
  return card("machine", "Machine", facts(rows));
}
