/** What verdicts of fusion have in common, whoever shows them. */
import { unforceable, type Verdict } from "#protocol";

/** Nothing was refused: one end is a view without code. Such verdicts say so in their first words. */
export const isNothingToFuse = ({ because }: Pick<Verdict, "because">): boolean => because.startsWith("nothing to fuse");

/** Both sides of a view came into one nest later. */
export const isThroughView = ({ rule }: Pick<Verdict, "rule">): boolean => rule.endsWith("/through-view");

/** Other decisions (a barrier, a buffer) may name the same two nodes; two values may go from one node to another. */
export const edgeKey = ({ nodes, value }: Pick<Verdict, "nodes" | "value">): string => `${nodes.join("-")}-${value}`;

/** Why a refusal stays whatever the options say; undefined: forcing the pair may change it. */
export const whyUnforceable = ({ rule }: Pick<Verdict, "rule">): string | undefined => unforceable[rule];
