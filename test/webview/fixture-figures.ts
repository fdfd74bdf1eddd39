/** Figures of the small network's groups and of its memory, as a compilation would have them. */
import { unforceable, type FusionGroup, type GroupInfo, type MemoryReport, type Verdict } from "#protocol";

/** One row for each group: the later ones are cheaper, save less, and one leaves threads idle. */
export function fusionOf(groups: readonly GroupInfo[], verdicts: readonly Verdict[]): readonly FusionGroup[] {
  return groups.map((group, i): FusionGroup => {
    const [computeNs, memoryNs] = [40_000 / (i + 1), 12_000 + 3000 * i];
    const [recomputeNs, launchNs] = [i === 1 ? 2500 : 0, i === 0 ? 0 : 400];
    const ids = new Set(group.members.map(({ node }) => node));
    const [scratch, blocks] = [1024 * i, 30_000 * (i + 1)];
    return {
      group: group.id,
      kind: group.template === "rows" ? "rows" : group.template,
      anchors: [...new Set(group.members.filter(({ node }) => node !== group.leader).map(({ anchor }) => anchor))],
      onnxNodes: group.members.map((_, k) => `#${2 * i + k}`),
      nests: [{ group: group.id, name: group.name, template: group.template, nodes: [...ids] }],
      mergedBy: [],
      flops: 1e6,
      savedBytes: 1_048_576 >> i,
      readBytes: 300_000,
      writtenBytes: 262_144 >> i,
      footprint: { bytes: scratch + blocks, scratch, blocks, level: scratch + blocks <= 32768 ? "L1" : "L2" },
      cost: {
        ns: Math.max(computeNs, memoryNs) + recomputeNs + launchNs,
        computeNs,
        memoryNs,
        recomputeNs,
        launchNs,
        pieces: i === 2 ? 1 : 8,
        threads: i === 2 ? 1 : 2,
        parallelism: i === 2 ? 0.5 : 1,
      },
      refused: verdicts.flatMap((verdict, index) => {
        if (verdict.subject !== "fusion" || verdict.accepted || !ids.has(verdict.nodes[0] ?? -1)) return [];
        const why = unforceable[verdict.rule];
        const into = groups.find(({ members }) => members.some(({ node }) => node === verdict.nodes[1]))?.id;
        return [
          {
            verdict: index,
            bytes: 524_288,
            apartNs: 4100,
            togetherNs: i === 0 ? 9300 : null,
            ...(into === undefined ? {} : { into }),
            ...(why === undefined ? {} : { why }),
          },
        ];
      }),
    };
  });
}

/** Of the buffers of the summary, which begin at steps 0 to 3. */
export function memoryOf(groups: readonly GroupInfo[]): MemoryReport {
  const alive = [262_144, 393_216, 136_192, 15_360];
  return {
    steps: alive.map((aliveBytes, i) => ({ name: `g${groups[i]?.id ?? i}`, aliveBytes, ...(groups[i] ? { group: groups[i].id } : {}) })),
    lowerBoundBytes: 393_216,
    peakStep: 1,
    culprits: [0, 1],
    scratchBytes: 0,
    firstRunOnly: [],
  };
}
