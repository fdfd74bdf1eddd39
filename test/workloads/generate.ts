/**
 * `npm run workloads -- NAME... [--out DIR] [--inputs] [--list] [--hashes]`: writes generated models. A name may be a group: `paper`,
 * `extra`, `net`, `nodes`. With `--inputs`, also NAME.data/input_*.pb. `--hashes` prints the hash table that the test compares with.
 */
import path from "node:path";
import { bigModelName } from "./big-model.ts";
import { workloads } from "./catalog.ts";
import { ensureWorkload, findWorkload, hashModel, workloadCache, writeInputs } from "./write.ts";

function main(args: readonly string[]): void {
  const out = args.includes("--out") ? (args[args.indexOf("--out") + 1] ?? ".") : workloadCache();
  const words = args.filter((arg, i) => !arg.startsWith("--") && args[i - 1] !== "--out");
  if (args.includes("--hashes")) {
    const rows = workloads.filter(({ isBig }) => !isBig).map(({ name, make }) => [name, hashModel(make())]);
    process.stdout.write(`${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`);
    return;
  }
  if (args.includes("--list") || words.length === 0) {
    for (const { name, group } of workloads) process.stdout.write(`${group.padEnd(8)} ${name}\n`);
    process.stdout.write(`${"big".padEnd(8)} ${bigModelName}\n`);
    return;
  }
  const names = words.flatMap((word) => {
    const members = workloads.filter(({ group }) => group === word).map(({ name }) => name);
    return members.length > 0 ? members : [word];
  });
  for (const name of names) {
    process.stdout.write(`${ensureWorkload(name, out)}\n`);
    if (args.includes("--inputs") && name !== bigModelName) writeInputs(findWorkload(name), path.join(out, `${name}.data`));
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
