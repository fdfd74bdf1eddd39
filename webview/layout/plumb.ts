/** Tall graphs lean: every block pushes the next a little to one side. Takes that slow drift out, layer by layer. */
import type { Chains } from "./chains.ts";

/** Layers averaged over to see where a tall graph drifts to. */
const plumbWindow = 60;

/** Changes the middles of all items. */
export function plumb(chains: Chains, layers: number, x: Float64Array): void {
  if (layers < 2 * plumbWindow) return;
  const sum = new Float64Array(layers + 1);
  const seen = new Float64Array(layers + 1);
  for (let item = 0; item < chains.count; item += 1) {
    sum[(chains.layerOf[item] as number) + 1]! += x[item] as number;
    seen[(chains.layerOf[item] as number) + 1]! += 1;
  }
  for (let l = 0; l < layers; l += 1) {
    sum[l + 1]! += sum[l] as number;
    seen[l + 1]! += seen[l] as number;
  }
  for (let item = 0; item < chains.count; item += 1) {
    const layer = chains.layerOf[item] as number;
    const [from, to] = [Math.max(0, layer - plumbWindow), Math.min(layers, layer + plumbWindow + 1)];
    x[item]! -= ((sum[to] as number) - (sum[from] as number)) / Math.max(1, (seen[to] as number) - (seen[from] as number));
  }
}
