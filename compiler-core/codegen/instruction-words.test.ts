import assert from "node:assert/strict";
import { test } from "node:test";
import { instructionWords } from "./instruction-words.ts";

const said: readonly (readonly [string, string])[] = [
  ["vfmadd231ps zmm0, zmm1, ZMMWORD PTR [rax]", "fused multiply-add, a = b·c + a, f32 (16 at a time)"],
  ["vfnmadd213sd xmm0, xmm1, xmm2", "fused multiply-add, a = −b·a + c, f64"],
  ["vpdpbusd ymm0, ymm1, ymm2", "adds products of four u8 and s8 to sums in i32 (8 at a time)"],
  ["vdpbf16ps zmm0, zmm1, zmm2", "adds products of pairs of bf16 to sums in f32 (16 at a time)"],
  ["vcvtqq2ps ymm0, ZMMWORD PTR [rax]", "converts i64 to f32 (8 at a time)"],
  ["vcvttps2dq zmm0, zmm1", "converts f32 to i32, towards zero (16 at a time)"],
  ["vpmovzxbd zmm0, XMMWORD PTR [rax]", "widens u8 to i32 (16 at a time)"],
  ["vpmovusdb XMMWORD PTR [rax], zmm0", "narrows i32 to i8, saturating (16 at a time)"],
  ["vmovups zmm0{k1}{z}, ZMMWORD PTR [rax]", "loads a register; where the mask is set, else 0"],
  ["vmovups ZMMWORD PTR [rax]{k1}, zmm0", "stores a register; where the mask is set"],
  ["vxorps xmm0, xmm0, xmm0", "clears a register"],
  ["vpxord zmm0, zmm1, zmm2", "exclusive or of bits"],
  ["vaddss xmm0, xmm0, DWORD PTR [rax]", "adds, f32"],
  ["vcmpgess xmm0, xmm1, DWORD PTR [rax]", "compares f32: greater or equal"],
  ["mov rax, QWORD PTR [rax]", "loads"],
  ["mov DWORD PTR [rax], 2", "stores"],
  ["mov rax, rcx", "moves"],
  ["xor edx, edx", "clears a register"],
  ["lock xadd DWORD PTR [rax], ecx", "adds and gives the old value, in one step for all threads"],
  ["rep stosq", "stores rax, as often as rcx says"],
  ["jbe .L", "jumps if below or equal (unsigned)"],
  ["kortestw k0, k0", "tests whether a mask is empty or full"],
  ["tdpbusd tmm0, tmm1, tmm2", "adds a product of tiles of u8 and s8 to sums in i32"],
];

test("what an instruction does, in one phrase", () => {
  for (const [form, words] of said) assert.equal(instructionWords(form), words, form);
});

test("an instruction without words has none, rather than wrong ones", () => {
  for (const form of ["vfoo zmm0, zmm1", "bar rax", "jxx .L", "vpclmulqdq zmm0, zmm1, zmm2, 2"])
    assert.equal(instructionWords(form), undefined, form);
});
