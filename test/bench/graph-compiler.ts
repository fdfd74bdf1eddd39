/**
 * What oneDNN Graph Compiler itself reaches on the 44 cases: oneDNN 3.5.3 with its graph compiler backend, on a Sapphire Rapids machine of two CPUs with
 * AVX-512 and AMX. Its ratios to ONNX Runtime 1.30.0 and to oneDNN's primitives with post-ops, each measured in turns on that machine, are the
 * yardstick here: milliseconds of another machine are not.
 */
export interface PeerRatios {
  /** Time of ONNX Runtime over its own. */
  readonly ort: number;
  /** Time of oneDNN's primitives over its own. */
  readonly onednn: number;
}

type Pair = readonly [ort: number, onednn: number];

/** By case: at one thread, at two threads. The largest attention cases were not measured there. */
const measured: Readonly<Record<string, readonly [Pair, Pair?]>> = {
  mlp1_b32_f32: [
    [1.78, 1.06],
    [2.42, 1.15],
  ],
  mlp1_b32_int8: [
    [14.35, 2.0],
    [21.39, 2.52],
  ],
  mlp1_b64_f32: [
    [1.19, 1.0],
    [1.59, 0.96],
  ],
  mlp1_b64_int8: [
    [15.39, 1.49],
    [18.2, 1.91],
  ],
  mlp1_b128_f32: [
    [1.18, 1.0],
    [1.66, 0.99],
  ],
  mlp1_b128_int8: [
    [8.86, 1.24],
    [12.18, 0.91],
  ],
  mlp1_b256_f32: [
    [1.24, 1.02],
    [1.72, 0.84],
  ],
  mlp1_b256_int8: [
    [6.61, 1.12],
    [6.51, 1.14],
  ],
  mlp1_b512_f32: [
    [1.21, 1.08],
    [1.64, 0.96],
  ],
  mlp1_b512_int8: [
    [7.87, 1.08],
    [14.25, 1.2],
  ],
  mlp2_b32_f32: [
    [1.82, 1.21],
    [1.56, 1.12],
  ],
  mlp2_b32_int8: [
    [2.07, 1.59],
    [1.98, 1.2],
  ],
  mlp2_b64_f32: [[1.11, 1.1]],
  mlp2_b64_int8: [[2.08, 1.29]],
  mlp2_b128_f32: [
    [0.88, 0.94],
    [1.25, 0.96],
  ],
  mlp2_b128_int8: [
    [2.16, 1.27],
    [2.21, 0.49],
  ],
  mlp2_b256_f32: [[1.04, 1.17]],
  mlp2_b256_int8: [[2.63, 1.3]],
  mlp2_b512_f32: [
    [1.08, 1.13],
    [1.25, 0.96],
  ],
  mlp2_b512_int8: [
    [0.91, 0.47],
    [2.06, 1.0],
  ],
  mha1_b32_f32: [
    [1.49, 1.16],
    [1.69, 2.98],
  ],
  mha1_b32_int8: [
    [4.06, 1.67],
    [4.1, 2.03],
  ],
  mha1_b64_f32: [[1.58, 1.42]],
  mha1_b64_int8: [[4.58, 1.65]],
  mha1_b128_f32: [[1.82, 1.19]],
  mha1_b128_int8: [[4.3, 2.13]],
  mha2_b32_f32: [
    [1.7, 1.31],
    [2.0, 1.47],
  ],
  mha2_b32_int8: [
    [3.93, 1.73],
    [4.14, 2.42],
  ],
  mha2_b64_f32: [[1.78, 1.27]],
  mha2_b64_int8: [[4.54, 1.95]],
  mha2_b128_f32: [[1.75, 1.1]],
  mha2_b128_int8: [[4.21, 2.3]],
  mha3_b32_f32: [[1.48, 1.25]],
  mha3_b32_int8: [[5.8, 1.41]],
  mha3_b64_f32: [[1.63, 1.25]],
  mha3_b64_int8: [[6.32, 1.95]],
  mha3_b128_f32: [[1.23, 1.16]],
  mha4_b32_f32: [[1.72, 1.48]],
  mha4_b32_int8: [[4.38, 1.23]],
};

/** Undefined where it was not measured. */
export function graphCompilerRatios(name: string, threads: number): PeerRatios | undefined {
  const pair = measured[name]?.[threads - 1];
  return pair === undefined ? undefined : { ort: pair[0], onednn: pair[1] };
}
