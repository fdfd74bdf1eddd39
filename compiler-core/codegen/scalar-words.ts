/** What instructions on general registers, masks and tiles do, in one phrase. */

const conditions: Readonly<Record<string, string>> = {
  ...{ e: "equal", z: "zero", ne: "not equal", nz: "not zero", l: "less", le: "less or equal", g: "greater", ge: "greater or equal" },
  ...{
    b: "below (unsigned)",
    be: "below or equal (unsigned)",
    a: "above (unsigned)",
    ae: "above or equal (unsigned)",
    c: "carry",
    nc: "no carry",
  },
  ...{
    nb: "not below (unsigned)",
    nbe: "above (unsigned)",
    s: "negative",
    ns: "not negative",
    o: "overflow",
    no: "no overflow",
    p: "parity (a NaN was compared)",
    np: "no parity",
  },
};

const names: Readonly<Record<string, string>> = {
  ...{
    mov: "moves",
    movabs: "loads a 64-bit constant",
    movzx: "widens with zeros",
    movsx: "widens with the sign",
    movsxd: "widens with the sign",
    movbe: "moves, bytes reversed",
  },
  ...{
    lea: "computes an address, or a sum of products with 1, 2, 4 or 8",
    xchg: "swaps",
    push: "pushes on the stack",
    pop: "pops from the stack",
    leave: "gives the function's stack back",
  },
  ...{
    add: "adds",
    adc: "adds with the carry",
    sub: "subtracts",
    sbb: "subtracts with the carry",
    inc: "adds 1",
    dec: "subtracts 1",
    neg: "changes the sign",
  },
  ...{
    imul: "multiplies signed integers",
    mul: "multiplies unsigned integers",
    mulx: "multiplies unsigned integers",
    idiv: "divides signed integers",
    div: "divides unsigned integers",
  },
  ...{
    and: "and of bits",
    andn: "and of bits, the first inverted",
    or: "or of bits",
    xor: "exclusive or of bits",
    not: "inverts bits",
    test: "and of bits, only for the flags",
  },
  ...{
    cmp: "subtracts, only for the flags",
    sal: "shifts left",
    shl: "shifts left",
    sar: "shifts right, keeping the sign",
    shr: "shifts right",
    shlx: "shifts left",
  },
  ...{
    sarx: "shifts right, keeping the sign",
    shrx: "shifts right",
    rol: "rotates left",
    ror: "rotates right",
    rorx: "rotates right",
    shld: "shifts left, bits of another come in",
    shrd: "shifts right, bits of another come in",
  },
  ...{
    bt: "tests a bit",
    bts: "tests and sets a bit",
    btr: "tests and clears a bit",
    bsf: "place of the lowest bit",
    bsr: "place of the highest bit",
    tzcnt: "counts zeros below",
    lzcnt: "counts zeros above",
  },
  ...{
    popcnt: "counts ones",
    bzhi: "clears bits from a place on",
    blsr: "clears the lowest bit",
    bextr: "takes a field of bits",
    pext: "gathers bits",
    pdep: "spreads bits",
    bswap: "reverses the bytes",
  },
  ...{
    cqo: "sign of rax into rdx, before a division",
    cqto: "sign of rax into rdx, before a division",
    cltd: "sign of eax into edx, before a division",
    cltq: "widens eax to rax with the sign",
    cdq: "sign of eax into edx, before a division",
    cdqe: "widens eax to rax with the sign",
    cwde: "widens ax to eax with the sign",
  },
  ...{
    jmp: "jumps",
    call: "calls a function",
    ret: "returns",
    nop: "does nothing",
    pause: "rests for a moment in a loop that waits",
    ud2: "stops the program: never reached",
    endbr64: "marks where jumps may land",
  },
  ...{
    mfence: "waits for all loads and stores before it",
    sfence: "waits for all stores before it",
    lfence: "waits for all loads before it",
    rdtsc: "reads the clock of the processor",
    cpuid: "asks for the processor's features",
  },
  ...{
    cmpxchg: "stores if nobody has changed it",
    xadd: "adds and gives the old value",
    ldtilecfg: "sets the shapes of tiles",
    sttilecfg: "stores the shapes of tiles",
    tilerelease: "gives the tiles back",
  },
  ...{
    tilezero: "clears a tile",
    tileloadd: "loads a tile, row by row",
    tileloaddt1: "loads a tile that is used once",
    tilestored: "stores a tile, row by row",
    tdpbf16ps: "adds a product of tiles of bf16 to sums in f32",
    tdpfp16ps: "adds a product of tiles of f16 to sums in f32",
  },
  ...{ stosq: "stores rax", stosb: "stores al", movsq: "copies 8 bytes", movsb: "copies a byte" },
  ...{
    prefetcht0: "asks for a line of memory, for all caches",
    prefetcht1: "asks for a line of memory, from the second cache on",
    prefetcht2: "asks for a line of memory, from the third cache on",
    prefetchnta: "asks for a line of memory, used once",
    prefetchw: "asks for a line of memory, to write it",
  },
  ...{ ldmxcsr: "sets the rounding and the exceptions of floats", stmxcsr: "stores the rounding and the exceptions of floats" },
};

/** Whether a name may end in the size of its operand, as in AT&T syntax (`addq`). */
const sized = /^(mov|add|sub|cmp|test|lea|imul|idiv|xor|and|or|sal|shl|shr|sar|push|pop|neg|not|inc|dec)[bwlq]$/;

const masks: Readonly<Record<string, string>> = {
  ...{
    mov: "moves a mask",
    and: "and of masks",
    andn: "and of masks, the first inverted",
    or: "or of masks",
    xor: "exclusive or of masks",
    xnor: "exclusive or of masks, inverted",
    not: "inverts a mask",
  },
  ...{
    ortest: "tests whether a mask is empty or full",
    test: "tests masks",
    shiftl: "shifts a mask left",
    shiftr: "shifts a mask right",
    unpck: "joins two masks",
    add: "adds masks",
  },
};

const repeats: Readonly<Record<string, string>> = {
  rep: "as often as rcx says",
  repe: "while equal",
  repz: "while equal",
  repne: "until equal",
  repnz: "until equal",
};

/** @param prefix `rep`, `lock` … or empty */
export function scalarWords(prefix: string, name: string, operands: string): string | undefined {
  const words = plain(name, operands);
  if (words === undefined) return undefined;
  if (prefix === "lock") return `${words}, in one step for all threads`;
  return prefix.startsWith("rep") && name !== "nop" && name !== "ret" ? `${words}, ${repeats[prefix] ?? "repeated"}` : words;
}

function plain(name: string, operands: string): string | undefined {
  const known = names[name] ?? names[sized.exec(name)?.[1] ?? ""];
  if (name === "mov" && known !== undefined)
    return /^\S*(?:[A-Z]+ PTR )?\[|^[A-Z]+ PTR/.test(operands) ? "stores" : operands.includes("[") ? "loads" : known;
  if (name === "xor" && /^(\w+), \1$/.test(operands)) return "clears a register";
  if (known !== undefined) return known;
  const widens = /^mov([sz])[bwl][wlq]$/.exec(name)?.[1];
  if (widens !== undefined) return widens === "z" ? "widens with zeros" : "widens with the sign";
  const mask = /^k([a-z]+?)(?:bw|wd|dq|[bwdq])$/.exec(name)?.[1];
  if (mask !== undefined && masks[mask] !== undefined) return masks[mask];
  const tile = /^tdpb([su])([su])d$/.exec(name);
  if (tile) return `adds a product of tiles of ${tile[1]}8 and ${tile[2]}8 to sums in i32`;
  const [, kind = "", condition = ""] = /^(j|set|cmov)([a-z]+)$/.exec(name) ?? [];
  const when = conditions[condition];
  if (when === undefined) return undefined;
  return { j: `jumps if ${when}`, set: `1 if ${when}, else 0`, cmov: `moves if ${when}` }[kind];
}
