/** Loops, C++ and assembly of two kernels of the small network, with what their lines came from. */
import type { LineOrigin, NativeSource, TextReply } from "#protocol";
import type { FixtureGraph } from "./delta-writer.ts";

const irText = [
  "func g1_fc1(x: f32[128,784], w: f32[13,32,64,16], b: f32[512]) -> f32[128,512] {",
  "  parallel m in 0..4 step 32 {",
  "    for n in 0..512 step 64 {",
  "      let acc: f32[32,64] = alloc register",
  "      brgemm(acc, x[m,0], w[0,n], batch = 13, k = 64)",
  "      for i in 0..32 {",
  "        for j in 0..64 step 16 {",
  "          let v: f32x16 = load acc[i,j]",
  "          let s: f32x16 = v + load b[n + j]",
  "          let e: f32x16 = erf(s * 0.70710677)",
  "          store y[m + i, n + j] = 0.5 * s * (1.0 + e)",
  "        }",
  "      }",
  "    }",
  "  }",
  "}",
  "",
  "func g5_softmax(x: f32[128,10]) -> f32[128,10] {",
  "  parallel r in 0..128 {",
  "    let m: f32 = reduce_max(x[r, 0..10])",
  "    let s: f32 = reduce_sum(exp(x[r, 0..10] - m))",
  "    store y[r, 0..10] = exp(x[r, 0..10] - m) / s",
  "  }",
  "}",
];

const cppText = [
  "// group 1: matmul + add + gelu",
  "static void g1_fc1(const float* __restrict x, const float* __restrict w, const float* __restrict b, float* __restrict y, int task) {",
  "  const int m = task * 32;",
  "  for (int n = 0; n < 512; n += 64) {",
  "    alignas(64) float acc[32 * 64];",
  "    fs::brgemm_f32<32, 64, 64>(acc, x + m * 784, w + n * 64, 13);",
  "    for (int i = 0; i < 32; ++i) {",
  "      for (int j = 0; j < 64; j += 16) {",
  "        __m512 v = _mm512_load_ps(acc + i * 64 + j);",
  "        __m512 s = _mm512_add_ps(v, _mm512_loadu_ps(b + n + j));",
  "        __m512 e = fs::erf_ps(_mm512_mul_ps(s, _mm512_set1_ps(0.70710677f)));",
  "        __m512 g = _mm512_mul_ps(_mm512_mul_ps(s, _mm512_set1_ps(0.5f)), _mm512_add_ps(e, _mm512_set1_ps(1.0f)));",
  "        _mm512_storeu_ps(y + (m + i) * 512 + n + j, g);",
  "      }",
  "    }",
  "  }",
  "}",
  "",
  "// group 5: softmax over rows",
  "static void g5_softmax(const float* __restrict x, float* __restrict y, int r) {",
  "  const __mmask16 k = 0x3ff;",
  "  __m512 v = _mm512_maskz_loadu_ps(k, x + r * 10);",
  "  float m = _mm512_mask_reduce_max_ps(k, v);",
  "  __m512 e = fs::exp_ps(_mm512_sub_ps(v, _mm512_set1_ps(m)));",
  "  float s = _mm512_mask_reduce_add_ps(k, e);",
  "  _mm512_mask_storeu_ps(y + r * 10, k, _mm512_div_ps(e, _mm512_set1_ps(s)));",
  "}",
];

const asmText: readonly (readonly [string, number])[] = [
  ["g1_fc1:", 2],
  ["  imul   r8d, r8d, 32", 3],
  ["  xor    r11d, r11d", 4],
  [".L3:", 4],
  ["  call   brgemm_f32_32_64_64", 6],
  [".L5:", 8],
  ["  vmovaps zmm0, zmmword ptr [rsp + rax]", 9],
  ["  vaddps zmm0, zmm0, zmmword ptr [rdx + rax]", 10],
  ["  vmulps zmm1, zmm0, dword ptr [rip + .LC0]{1to16}", 11],
  ["  call   erf_ps", 11],
  ["  vmulps zmm0, zmm0, dword ptr [rip + .LC1]{1to16}", 12],
  ["  vfmadd213ps zmm1, zmm0, zmm0", 12],
  ["  vmovups zmmword ptr [rcx + rax], zmm1", 13],
  ["  add    rax, 64", 8],
  ["  cmp    rax, 256", 8],
  ["  jne    .L5", 8],
  ["  jmp    .L3", 4],
  ["  ret", 17],
  ["g5_softmax:", 20],
  ["  kmovw  k1, dword ptr [rip + .LC2]", 21],
  ["  vmovups zmm0{k1}{z}, zmmword ptr [rdi]", 22],
  ["  vextractf64x4 ymm1, zmm0, 1", 23],
  ["  vmaxps zmm1, zmm0, zmm1", 23],
  ["  call   exp_ps", 24],
  ["  vdivps zmm0, zmm0, zmm2", 26],
  ["  vmovups zmmword ptr [rsi]{k1}, zmm0", 26],
  ["  ret", 27],
];

/** What the host says of the product that the C++ calls. */
export const productSource: NativeSource = {
  file: "kernels/gemm/tile.hpp",
  lines: [
    "template <int MR, int NR, int K>",
    "FS_INLINE void brgemm_f32(float* acc, const float* a, const float* b, int n) {",
    "  for (int p = 0; p < n * K; p++) step(p);",
    "}",
  ],
  line: 2,
  loop: { file: "kernels/gemm/tile.hpp", lines: [3, 3] },
};

/** Replies to requests for texts, by `kind:stage`. */
export function textsOf(last: FixtureGraph, end: number): Record<string, TextReply> {
  const id = (name: string): number => last.nodes.find((node) => node.name === name)?.id ?? -1;
  const [matmul, add, act, softmax] = [
    id("/fc1/MatMul"),
    id("/fc1/Add"),
    id("/fc1/act/Gelu"),
    last.nodes.filter(({ name }) => name.startsWith("/head/Softmax")).map((node) => node.id),
  ];
  const origin = (line: number, stmt: number, nodes: readonly number[]): LineOrigin => ({ line, stmt, nodes });
  const ir = [
    origin(2, 1, [matmul]),
    origin(3, 2, [matmul]),
    origin(4, 3, [matmul]),
    origin(5, 4, [matmul]),
    origin(6, 5, [add, act]),
    origin(7, 6, [add, act]),
    origin(8, 7, [add]),
    origin(9, 8, [add]),
    origin(10, 9, [act]),
    origin(11, 10, [act]),
    origin(19, 11, softmax),
    origin(20, 12, softmax.slice(0, 1)),
    origin(21, 13, softmax.slice(1, 4)),
    origin(22, 14, softmax.slice(4)),
  ];
  const cpp = [
    origin(3, 1, [matmul]),
    origin(4, 2, [matmul]),
    origin(5, 3, [matmul]),
    origin(6, 4, [matmul]),
    origin(7, 5, [add, act]),
    origin(8, 6, [add, act]),
    origin(9, 7, [add]),
    origin(10, 8, [add]),
    origin(11, 9, [act]),
    origin(12, 10, [act]),
    origin(13, 10, [act]),
    origin(22, 12, softmax.slice(0, 1)),
    origin(23, 12, softmax.slice(0, 1)),
    origin(24, 13, softmax.slice(1, 4)),
    origin(25, 13, softmax.slice(1, 4)),
    origin(26, 14, softmax.slice(4)),
  ];
  const texts: Record<string, TextReply> = {};
  for (let stage = 0; stage <= end; stage += 1) texts[`ir:${stage}`] = { language: "fusionscope-ir", lines: irText, origins: ir };
  texts[`cpp:${end}`] = { language: "cpp", lines: cppText, origins: cpp };
  texts[`asm:${end}`] = {
    language: "asm",
    lines: asmText.map(([line]) => line),
    origins: [],
    source: Int32Array.from(asmText, ([, line]) => line),
    headers: {
      files: [productSource.file],
      file: Int32Array.from(asmText, ([text]) => (text.includes("brgemm") ? 0 : -1)),
      line: Int32Array.from(asmText, ([text]) => (text.includes("brgemm") ? 3 : 0)),
    },
  };
  return texts;
}
