/** What verdicts of fusion have in common, whoever shows them. */
import type { Verdict } from "#protocol";

/** Nothing was refused: one end is a view without code. Such verdicts say so in their first words. */
export const isNothingToFuse = ({ because }: Pick<Verdict, "because">): boolean => because.startsWith("nothing to fuse");

/** Both sides of a view came into one nest later. */
export const isThroughView = ({ rule }: Pick<Verdict, "rule">): boolean => rule.endsWith("/through-view");

/** Other decisions (a barrier, a buffer) may name the same two nodes; two values may go from one node to another. */
export const edgeKey = ({ nodes, value }: Pick<Verdict, "nodes" | "value">): string => `${nodes.join("-")}-${value}`;

/** Why forcing the pair would change nothing; rules without a row weigh a cost, which the user may overrule. */
export const unforceable: Readonly<Record<string, string>> = {
  "fuse/hole": "one side runs on ONNX Runtime, outside of any nest",
  "fuse/own-nest": "one nest has one leader, and both ends lead",
  "fuse/movement": "the producer's nest has no anchor to join at",
  "fuse/needs-row": "no whole row is finished at any anchor of the producer's nest",
  "fuse/last-axis": "no anchor has the elements that the reduction needs together",
  "fuse/space": "the two run over different elements",
  "fuse/behind-view": "the nest behind the view cannot take it in, whatever the options say",
  "fuse/same-row": "the rows that are read are not there yet",
  "fuse/order": "an operand is made only after the producer's nest",
  "fuse/other-group": "the consumer is computed once, in another group: forbid that fusion first",
  "fuse/switched-off": "the pass fuse is switched off",
  "merge-nests/forbidden": "another pair of the nest is forbidden",
  "merge-nests/no-plan": "there are no rows to divide",
  "merge-nests/read-elsewhere": "others read the value, so it has to be in memory",
  "chain-nests/columns": "the layers are shared out by columns",
};

/** Why a refusal stays whatever the options say; undefined: forcing the pair may change it. */
export const whyUnforceable = ({ rule }: Pick<Verdict, "rule">): string | undefined => unforceable[rule];
