/** What an x86-64 instruction does, in one phrase, from its name and operands (Intel syntax). Pure: tables of names, the widths are those of the operands. */
import { scalarWords } from "./scalar-words.ts";

type Words = (match: RegExpExecArray) => string;

const floats: Readonly<Record<string, string>> = { ps: "f32", pd: "f64", ph: "f16", ss: "f32", sd: "f64", sh: "f16" };
const integers: Readonly<Record<string, string>> = { b: "i8", w: "i16", d: "i32", q: "i64", dq: "128 bits" };
const converted: Readonly<Record<string, string>> = {
  ...{ ps: "f32", pd: "f64", ph: "f16", ss: "f32", sd: "f64", sh: "f16", phx: "f16", psx: "f32", neps: "f32", neebf16: "bf16" },
  ...{ dq: "i32", udq: "u32", qq: "i64", uqq: "u64", si: "an integer", usi: "an unsigned integer", w: "i16", uw: "u16" },
};
const compares: Readonly<Record<string, string>> = {
  ...{ eq: "equal", neq: "not equal", lt: "less", le: "less or equal", nlt: "not less", nle: "not less or equal" },
  ...{ gt: "greater", ge: "greater or equal", ngt: "not greater", nge: "not greater or equal", ord: "both numbers", unord: "either NaN" },
};
/** Which operands are multiplied, and which is added: the first is written. */
const orders: Readonly<Record<string, string>> = { 132: "a·c {} b", 213: "b·a {} c", 231: "b·c {} a" };

const arithmetic: Readonly<Record<string, string>> = {
  ...{ add: "adds", sub: "subtracts", mul: "multiplies", div: "divides", max: "greater of two", min: "lesser of two", sqrt: "square root" },
  ...{ rsqrt: "about 1/√x", rsqrt14: "1/√x to 14 bits", rcp: "about 1/x", rcp14: "1/x to 14 bits" },
  ...{ and: "and of bits", andn: "and of bits, the first inverted", or: "or of bits", xor: "exclusive or of bits" },
  ...{ hadd: "adds neighbours", scalef: "a times 2 to the power of b", getexp: "exponent", getmant: "mantissa", round: "rounds" },
  ...{
    rndscale: "rounds to so many binary places",
    reduce: "what rounding leaves",
    range: "greater or lesser by a selector",
    addsub: "subtracts and adds in turn",
  },
};

/** Names of vector instructions without `v`; the first row that matches. */
const vectorRows: readonly (readonly [RegExp, Words])[] = [
  [
    /^f(n?)m(add|sub)(132|213|231)([ps][sdh])$/,
    ([, n, kind, order = "", t]) =>
      `fused multiply-${kind === "add" ? "add" : "subtract"}, a = ${n ? "−" : ""}${orders[order]?.replace("{}", kind === "add" ? "+" : "−")}, ${floats[t ?? ""]}`,
  ],
  [/^dpbf16ps$/, () => "adds products of pairs of bf16 to sums in f32"],
  [
    /^pdpb(u|s)(s|u)d(s?)$/,
    ([, a, b, s]) => `adds products of four ${a}8 and ${b === "s" ? "s" : "u"}8 to sums in i32${s ? ", saturating" : ""}`,
  ],
  [/^pdpw(s|u)(s|u)d(s?)$/, ([, a, , s]) => `adds products of pairs of ${a}16 to sums in i32${s ? ", saturating" : ""}`],
  [/^pmaddubsw$/, () => "products of u8 and s8, neighbours added in i16, saturating"],
  [/^pmaddwd$/, () => "products of i16, neighbours added in i32"],
  [
    /^cmp(eq|neq|lt|le|nlt|nle|gt|ge|ngt|nge|ord|unord)?([ps][sdh])$/,
    ([, how, t]) => `compares ${floats[t ?? ""]}${how ? `: ${compares[how]}` : ""}`,
  ],
  [/^p(?:cmp)(eq|gt)([bwdq])$/, ([, how, t]) => `compares ${integers[t ?? ""]}: ${compares[how ?? ""]}`],
  [/^pcmp(u?)([bwdq])$/, ([, u, t]) => `compares ${u ? "u" : "i"}${(integers[t ?? ""] ?? "").slice(1)}, result in a mask`],
  [/^u?comi(s[sdh])$/, ([, t]) => `compares two ${floats[t ?? ""]}, result in the flags`],
  [
    /^(add|sub|mul|div|max|min|sqrt|rsqrt14|rsqrt|rcp14|rcp|andn|and|or|xor|hadd|scalef|getexp|getmant|rndscale|round|reduce|range|addsub)([ps][sdh])$/,
    ([, op, t]) => `${arithmetic[op ?? ""]}, ${floats[t ?? ""]}`,
  ],
  [
    /^cvt(t?)(neps|[a-z]+?)2(neebf16|bf16|ps|pd|ph|ss|sd|sh|phx|psx|udq|dq|uqq|qq|usi|si|w|uw)$/,
    ([, t, from = "", to = ""]) =>
      `converts ${from.startsWith("ne") ? "f32" : (converted[from] ?? from)} to ${to === "bf16" ? "bf16" : (converted[to] ?? to)}${t ? ", towards zero" : ""}`,
  ],
  [/^cvtne2?ps2bf16$/, () => "rounds f32 to bf16"],
  [
    /^mov(a|u|nt)?(ps|pd|dqa|dqu)(\d*)$/,
    ([, how, t, bits]) =>
      move(how === "nt" ? "without keeping it in the caches" : bits ? `${bits} bits per element` : t === "pd" ? "f64" : ""),
  ],
  [/^mov(?:nt)?dq[au]?(\d*)$/, () => move("")],
  [/^mov(nt)(?:ps|pd|dqa?)$/, () => move("without keeping it in the caches")],
  [/^mov([ps][sdh])$/, ([, t]) => `moves one ${floats[t ?? ""]}`],
  [/^mov([dq])$/, ([, t]) => `moves ${t === "d" ? 32 : 64} bits between registers of two kinds, or memory`],
  [/^mov(lh|hl|l|h)p[sd]$/, () => "moves half of 128 bits"],
  [/^mov(s[hl]|d)dup$/, () => "repeats every second element"],
  [/^movmskp[sd]$|^pmovmskb$/, () => "gathers the signs into a number"],
  [/^maskmov(ps|pd|dqu)$|^pmaskmov[dq]$/, () => "loads or stores where a mask says so"],
  [/^broadcast(s[sd]|[fi]\d+x\d+|[fi]128)$/, () => "repeats one value in all elements"],
  [/^pbroadcast([bwdq]|mb2q|mw2d)$/, ([, t]) => `repeats one ${integers[t ?? ""] ?? "value"} in all elements`],
  [/^blendm(?:p[sd])$|^p?blendm?[bwdq]?$|^blendv?p[sd]$|^pblendv?[bwd]?b?$/, () => "takes each element from one of two, by a mask"],
  [/^shuf[fi]\d+x\d+$/, () => "takes blocks of 128 bits from two, by a selector"],
  [/^shufp[sd]$|^pshuf[bdhl]w?$|^permilp[sd]$/, () => "reorders elements within 128 bits"],
  [/^perm[bwdq]$|^permp[sd]$/, () => "reorders elements across the register"],
  [/^perm[ti]2(?:[bwdq]|p[sd])$/, () => "takes elements of two registers by a table of positions"],
  [/^perm2[fi]128$/, () => "takes halves of two registers"],
  [/^p?unpck([lh])(?:p[sd]|bw|wd|dq|qdq)$/, ([, half]) => `interleaves the ${half === "l" ? "lower" : "upper"} halves of two`],
  [/^(?:p?align)[rdq]$/, () => "two registers side by side, shifted by elements"],
  [
    /^p?(extract|insert)(?:[fi]\d+x?\d*|p?[sdbwq]{1,2})$/,
    ([, how]) => (how === "extract" ? "takes a part of the register" : "puts a part into the register"),
  ],
  [/^p(add|sub)(u?s)?([bwdq])$/, ([, op, s, t]) => `${arithmetic[op ?? ""]}, ${integers[t ?? ""]}${s ? ", saturating" : ""}`],
  [
    /^pmul(l|h|hu|hrs|u|)([bwdq]|dq)$/,
    ([, part, t]) => `multiplies, ${t === "dq" ? "i32 to i64" : `${integers[t ?? ""]}, ${part === "l" ? "lower" : "upper"} half`}`,
  ],
  [
    /^p(max|min)([su])([bwdq])$/,
    ([, op, s, t]) => `${arithmetic[op ?? ""]}, ${s === "u" ? "u" : "i"}${(integers[t ?? ""] ?? "").slice(1)}`,
  ],
  [/^pabs([bwdq])$/, ([, t]) => `absolute value, ${integers[t ?? ""]}`],
  [/^psadbw$/, () => "sums of absolute differences of u8"],
  [/^p(andn|and|or|xor)([dq]?)$/, ([, op]) => arithmetic[op ?? ""] ?? ""],
  [/^pternlog[dq]$/, () => "any function of three bits, by a table"],
  [
    /^ps(ll|rl|ra)v?([wdq]|dq)$/,
    ([, way, t]) =>
      `shifts ${way === "ll" ? "left" : way === "rl" ? "right" : "right, keeping the sign"}, ${t === "dq" ? "by bytes" : integers[t ?? ""]}`,
  ],
  [/^pro[lr]v?([dq])$/, ([, t]) => `rotates, ${integers[t ?? ""]}`],
  [/^pack(u|s)s(wb|dw)$|^packs(s|u)(wb|dw)$/, () => "narrows two to one, saturating"],
  [
    /^pmov(z|s)x([bwd])([wdq])$/,
    ([, how, a, b]) => `widens ${how === "z" ? "u" : "i"}${(integers[a ?? ""] ?? "").slice(1)} to ${integers[b ?? ""]}`,
  ],
  [/^pmov(us|s|)([wdq])([bwd])$/, ([, s, a, b]) => `narrows ${integers[a ?? ""]} to ${integers[b ?? ""]}${s ? ", saturating" : ""}`],
  [/^pmov([bwdq])2m$|^pmovm2([bwdq])$/, () => "between a vector and a mask"],
  [/^ptestn?m([bwdq])$/, () => "mask of the elements with common bits"],
  [/^p?test(?:p[sd])?$/, () => "tests bits, result in the flags"],
  [/^p?gather[dq](?:p[sd]|[dq])$/, () => "loads elements from positions given by a vector"],
  [/^p?scatter[dq](?:p[sd]|[dq])$/, () => "stores elements to positions given by a vector"],
  [
    /^p?(compress|expand)(?:p[sd]|[bwdq])$/,
    ([, how]) => (how === "compress" ? "moves marked elements together" : "spreads elements to marked places"),
  ],
  [/^fixupimmp[sd]$/, () => "replaces special values by a table"],
  [/^fpclassp[sd]$/, () => "mask of special values"],
  [/^p(ex|in)(?:tr|sr)[bwdq]$/, ([, way]) => (way === "ex" ? "takes one element out" : "puts one element in")],
  [/^insertps$/, () => "puts one f32 into the register"],
  [/^zeroupper$/, () => "clears the upper halves, before code without AVX"],
  [/^(ld|st)mxcsr$/, ([, way]) => `${way === "ld" ? "sets" : "stores"} the rounding and the exceptions of floats`],
];

const wholeRegister = "moves a whole register";
const move = (how: string): string => `${wholeRegister}${how === "" ? "" : `, ${how}`}`;

const widths: readonly (readonly [string, number])[] = [
  ["zmm", 512],
  ["ymm", 256],
  ["xmm", 128],
];
const elementBits: Readonly<Record<string, number>> = {
  f32: 32,
  f64: 64,
  f16: 16,
  bf16: 16,
  i8: 8,
  u8: 8,
  i16: 16,
  u16: 16,
  i32: 32,
  u32: 32,
  i64: 64,
  u64: 64,
};

/** How many elements a form works on; `""` where it is one, or not known. Conversions do as many as the wider ones that fit. */
function lanes(words: string, name: string, form: string): string {
  const types = [...words.matchAll(/\b(?:[iuf](?:8|16|32|64)|bf16)\b/g)].map(([type]) => elementBits[type] ?? 0);
  const bits = widths.find(([width]) => form.toLowerCase().includes(width))?.[1];
  if (types.length === 0 || bits === undefined || /^(?!v?p).*s[sdh]$/.test(name) || /^[a-z]*mov[dq]$/.test(name)) return "";
  const count = bits / Math.max(...types);
  return count > 1 ? ` (${count} at a time)` : "";
}

/** What the instruction of a form does; undefined: it has no words here. */
export function instructionWords(form: string): string | undefined {
  const [, prefix = "", name = "", operands = ""] = /^((?:rep\w*|lock|bnd|notrack) )?(\S+)\s*(.*)$/.exec(form) ?? [];
  if (!/[xyz]mm\d/.test(operands) && !name.startsWith("v")) return scalarWords(prefix.trim(), name, operands);
  const stem = /^v(?!err|erw)/.test(name) ? name.slice(1) : name;
  for (const [pattern, words] of vectorRows) {
    const match = pattern.exec(stem);
    if (match === null) continue;
    const said = moved(words(match), name, operands);
    return said + lanes(said, name, form) + masked(operands);
  }
  return scalarWords(prefix.trim(), name, operands);
}

/** Moves from and to memory have words of their own; so has the idiom for zero. */
function moved(words: string, name: string, operands: string): string {
  if (/xor/.test(name) && /(?:^|, )([xyz]mm\d+), \1$/.test(operands)) return "clears a register";
  if (!words.startsWith(wholeRegister) || !operands.includes("[")) return words;
  return (/^[A-Z]+ PTR/.test(operands) ? "stores a register" : "loads a register") + words.slice(wholeRegister.length);
}

const masked = (operands: string): string =>
  /\{k\d\}/.test(operands) ? (operands.includes("{z}") ? "; where the mask is set, else 0" : "; where the mask is set") : "";
