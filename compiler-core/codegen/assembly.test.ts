import assert from "node:assert/strict";
import { test } from "node:test";
import { readableAssembly } from "./assembly.ts";

const gcc = `	.file	"model.cpp"
	.text
.Ltext0:
	.file 0 "/build" "model.cpp"
	.file 1 "model.cpp"
	.file 2 "/usr/include/immintrin.h"
	.globl	fs_run
	.type	fs_run, @function
fs_run:
.LFB1:
	.loc 1 12 3
	.cfi_startproc
	xor	eax, eax
.L3:
	.loc 2 900 1
	vfmadd231ps	zmm0, zmm1, ZMMWORD PTR [rdi]
	.loc 1 14 7 is_stmt 0
	vmovups	ZMMWORD PTR [rsi], zmm0	# store
	jne	.L3
	ret
	.cfi_endproc
	.size	fs_run, .-fs_run
	.section	.rodata
.LC0:
	.long	1065353216
	.text
.Letext0:
	.section	.debug_info,"",@progbits
	.long	0x1
`;

test("keeps functions, used labels and instructions, with their C++ lines", () => {
  const { lines, source } = readableAssembly(gcc, "model.cpp");
  assert.deepEqual(
    lines.map((line) => line.trim().replace(/\s+/g, " ")),
    [
      "fs_run:",
      "xor eax, eax",
      ".L3:",
      "vfmadd231ps zmm0, zmm1, ZMMWORD PTR [rdi]",
      "vmovups ZMMWORD PTR [rsi], zmm0 # store",
      "jne .L3",
      "ret",
    ],
  );
  // An instruction out of a header's inline function belongs to the line that called it.
  assert.deepEqual([...source], [0, 12, 0, 12, 14, 14, 14]);
});

test("a file that names no source gives no lines", () =>
  assert.deepEqual([...readableAssembly(gcc, "other.cpp").source], [0, 0, 0, 0, 0, 0, 0]));

const cpp = ["FS_REGION_FUNCTION void mm(", "  fs::gemm_f32(1, [&](auto x) {", "    store(x);", "  });", "}"].join("\n");
const kernel = `	.file 1 "model.cpp"
	.file 2 "/opt/native/kernels/gemm/tile.hpp"
	.file 3 "/usr/include/immintrin.h"
	.type	mm, @function
mm:
	.loc 1 2 3
	call	_ZN2fs9gemm_tileEZL2mmEUlfE_
	.type	_ZN2fs9gemm_tileEZL2mmEUlfE_, @function
_ZN2fs9gemm_tileEZL2mmEUlfE_:
	mov	rax, rdi
.L4:
	.loc 2 134 26
	vbroadcastss	zmm1, [rax]
	.loc 3 900 1
	vfmadd231ps	zmm0, zmm1, [rsi]
	jne	.L4
	.loc 1 3 5
	.loc 3 77 1
	vmovups	[rdx], zmm0
	.loc 2 140 1
	ret
`;

test("the loop of a microkernel belongs to the call that it was made for", () => {
  const { lines, source } = readableAssembly(kernel, "model.cpp", cpp);
  const shown = lines.map((line, i) => `${line.trim().split(" ")[0]} ${source[i]}`);
  assert.deepEqual(shown.slice(2), [
    "_ZN2fs9gemm_tileEZL2mmEUlfE_: 0",
    "mov 2",
    ".L4: 0",
    "vbroadcastss 2",
    "vfmadd231ps 2",
    "jne 2",
    "vmovups 3",
    "ret 2",
  ]);
  const { headers } = readableAssembly(kernel, "model.cpp", cpp);
  assert.deepEqual(headers?.files, ["kernels/gemm/tile.hpp"]);
  assert.deepEqual([...headers.line], [0, 0, 0, 0, 0, 134, 134, 134, 0, 140], "an intrinsic stays with the line that calls it");
  assert.deepEqual(
    [...headers.file].map((file) => file < 0),
    [...headers.line].map((line) => line === 0),
  );
  const without = readableAssembly(kernel, "model.cpp").source;
  assert.deepEqual([...without].slice(3, 6), [0, 0, 0], "without the text no call is known");
});
