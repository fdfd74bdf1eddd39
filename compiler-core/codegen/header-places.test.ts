import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDisassembly } from "./asm-map.ts";
import { headerPlaces, instructionsOfLines } from "./header-places.ts";

const dump = `
0000000000001000 <_ZN2fs9gemm_tileEv>:
/usr/lib/avx512fintrin.h:252
 (inlined by) /opt/native/kernels/gemm_f32/gemm_f32.hpp:54
 (inlined by) /opt/native/kernels/gemm_f32/../gemm/tile.hpp:172
    1000:	vfmadd231ps zmm0,zmm1,zmm2
    1006:	nopw   0x0(%rax)
/build/model.cpp:41
 (inlined by) /opt/native/kernels/gemm/tile.hpp:200
    1010:	vmovups [rdx],zmm0
0000000000001020 <other>:
/opt/native/kernels/gemm/tile.hpp:3
    1020:	ret
`;

test("an instruction leads to the line of the kernel's loop; the epilogue's belong to the model; padding is left out", () => {
  const lines = [
    "_ZN2fs9gemm_tileEv:",
    ".L3:",
    "    vfmadd231ps zmm0, zmm1, zmm2",
    "    vmovups [rdx], zmm0",
    "other:",
    "    nop",
    "    ret",
    "    ret",
  ];
  const found = headerPlaces(lines, instructionsOfLines(lines, parseDisassembly(dump, "model.cpp")), "model.cpp");
  assert.deepEqual(found?.files, ["kernels/gemm/tile.hpp"]);
  assert.deepEqual([...found.line], [0, 0, 172, 0, 0, 0, 0, 0], "other has more lines than instructions");
});
