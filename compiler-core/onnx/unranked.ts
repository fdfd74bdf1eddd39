/** Inputs of which the file does not even say the rank: the rank that the nodes reading them are most likely to want. */
import type { OnnxNode } from "./model.ts";

const ofPictures =
  /^(Conv|ConvInteger|QLinearConv|ConvTranspose|.*Pool|BatchNormalization|InstanceNormalization|DepthToSpace|SpaceToDepth|LRN)$/;
const ofSequences = /^(LSTM|GRU|RNN|Attention)$/;

function wantedRank({ opType, attributes }: OnnxNode): number | undefined {
  const perm = attributes.find((a) => a.name === "perm");
  if (opType === "Transpose" && perm?.kind === "ints") return perm.value.length;
  if (ofPictures.test(opType)) return 4;
  if (ofSequences.test(opType)) return 3;
  return /^(Gemm|MatMul|MatMulInteger|QLinearMatMul|LayerNormalization|Softmax)$/.test(opType) ? 2 : undefined;
}

/** The highest rank that a reader of this value asks for; 1 when none says anything. */
export function likelyRank(name: string, nodes: readonly OnnxNode[]): number {
  return nodes.reduce((rank, n) => (n.inputs.includes(name) ? Math.max(rank, wantedRank(n) ?? 1) : rank), 1);
}
