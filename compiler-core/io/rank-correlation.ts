/** Ranks from 1; equal values share the mean of their ranks. */
export function ranksOf(values: readonly number[]): readonly number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Array<number>(values.length).fill(0);
  for (let i = 0; i < order.length;) {
    let end = i + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[i] ?? 0]) end++;
    for (let j = i; j < end; j++) ranks[order[j] ?? 0] = (i + 1 + end) / 2;
    i = end;
  }
  return ranks;
}

/** Spearman's rank correlation: Pearson's of the ranks. Null where one of the two does not vary. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  const [a, b] = [ranksOf(x), ranksOf(y)];
  const mean = (a.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((rank, i) => {
    const [p, q] = [rank - mean, (b[i] ?? mean) - mean];
    ab += p * q;
    aa += p * p;
    bb += q * q;
  });
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}
