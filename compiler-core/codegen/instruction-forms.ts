/** Instructions by form: what they do and cost depends on the operation and the kinds of its operands, not on which register or address. Pure; Intel syntax. */

const registers = {
  vector: /\b([xyz]mm)\d+\b/g,
  mask: /\bk[1-7]\b/g,
};

/** A line of readable assembly that is an instruction (labels stand at the margin). */
export const isInstruction = (line: string): boolean => /^\s+[a-z]/.test(line);

/**
 * The form of an instruction: vector and mask registers counted in the order of their appearance, addresses as `[rax]` (of a gather with its
 * index register), targets as `.L`, other numbers than 0 and 1 as 2. Registers that appear twice stay equal, because that may make it an idiom (`vxorps zmm0, zmm0, zmm0`).
 */
export function instructionForm(line: string): string {
  const text = line.replace(/\s*(?:#|;|\/\/).*$/, "").trim();
  const [, prefix = "", op = "", operands = ""] = /^((?:rep\w*|lock|bnd|notrack)\s+)?(\S+)\s*(.*)$/.exec(text) ?? [];
  const name = prefix.replace(/\s+/g, " ") + op;
  if (/^(?:j[a-z]+|call)$/.test(op)) return `${name} .L`;
  const plain = op === "lea" ? leaForm(operands) : numbersLeft(addressesLeft(operands));
  return `${name} ${renamed(renamed(plain, registers.vector, 0), registers.mask, 1)}`.trim();
}

/** `ZMMWORD PTR fs_table[rip+64]` as `ZMMWORD PTR [rax]`. */
function addressesLeft(operands: string): string {
  return operands
    .replace(/((?:[A-Z]+ PTR )?)[^\s,[\]]*\[([^\]]*)\]/g, (_, width: string, inside: string) => {
      const index = /[xyz]mm\d+/.exec(inside)?.[0];
      return `${width}[rax${index === undefined ? "" : `+${index}*4`}]`;
    })
    .replace(/((?:[A-Z]+ PTR) )(?:fs:|gs:)?[\w.$@]+(?=[,\s]|$)(?!\s*\[)/g, "$1[rax]");
}

/** How an address is made up says what computing it costs. */
function leaForm(operands: string): string {
  const [target = "", address = ""] = operands.split(/,\s*/, 2);
  const inside = /\[([^\]]*)\]/.exec(address)?.[1] ?? "";
  if (/\brip\b/.test(inside)) return `${target}, [rip+8]`;
  const scale = /\*([248])/.exec(inside)?.[1];
  const parts = inside.split(/(?=[+-])/);
  const names = parts.filter((part) => /[a-z]/.test(part)).length;
  const shift = parts.some((part) => /^[+-]?\d+$/.test(part)) || !address.startsWith("[") ? "+8" : "";
  return `${target}, [${names > 1 ? `rax+rcx*${scale ?? 1}` : scale === undefined ? "rax" : `rax*${scale}`}${shift}]`;
}

const numbersLeft = (operands: string): string =>
  operands
    .replace(/OFFSET FLAT:[^,\s]+/g, "2")
    .replace(/(?<![\w.*{])-?(?:0x[0-9a-f]+|\d+)(?![\w}])/gi, (n) => (/^(?:0x)?[01]$/i.test(n) ? n : "2"));

function renamed(operands: string, which: RegExp, from: number): string {
  const names = new Map<string, number>();
  return operands.replace(which, (name) => {
    const kind = name.replace(/\d+$/, "");
    // Width does not make another register of it.
    const key = kind === "k" ? name : name.slice(3);
    if (!names.has(key)) names.set(key, names.size + from);
    return `${kind}${names.get(key)}`;
  });
}
