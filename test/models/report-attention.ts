/** Of transformer models: how many attentions become one nest each, without scores in memory, or why none does. */

export interface Attention {
  readonly nests: number;
  /** Where there is no nest. */
  readonly why: string;
}

/** What is asked of the answer of `compile --only-until chain-nests --json`. */
export interface CompiledNests {
  readonly groups?: readonly { readonly template: string }[];
  readonly verdicts?: readonly { readonly rule: string; readonly because: string; readonly accepted: boolean }[];
  readonly unsupported?: readonly { readonly opType: string; readonly reason: string }[];
  readonly error?: { readonly message: string };
}

/** Files that are looked into. */
export const isTransformer = (file: string): boolean => /attention|bert|bart_|gpt|whisper|tiny-llm|qwen|phi-|transformer__/i.test(file);

/** Verdicts that keep a product and the softmax behind it apart, the plainest first. */
const tellings: readonly ((v: NonNullable<CompiledNests["verdicts"]>[number]) => boolean)[] = [
  (v) => v.rule.startsWith("merge-nests/") && v.rule !== "merge-nests/view",
  (v) => v.because.includes("not over the last axis"),
];

export function attentionOf({ groups = [], verdicts = [], unsupported = [], error }: CompiledNests): Attention {
  const nests = groups.filter((g) => g.template === "attention").length;
  if (nests > 0) return { nests, why: "" };
  const refused = tellings.flatMap((fits) => verdicts.find((v) => !v.accepted && fits(v)) ?? []);
  const [left] = unsupported;
  const why = error?.message ?? refused[0]?.because ?? (left === undefined ? undefined : `${left.opType}: ${left.reason}`);
  return { nests, why: why ?? "no product of the softmax of a product" };
}
