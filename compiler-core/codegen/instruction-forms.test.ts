import assert from "node:assert/strict";
import { test } from "node:test";
import { instructionForm, isInstruction } from "./instruction-forms.ts";

const forms: readonly (readonly [string, string])[] = [
  ["    vfmadd231ps zmm12, zmm3, ZMMWORD PTR [rcx+rdx*4+128]", "vfmadd231ps zmm0, zmm1, ZMMWORD PTR [rax]"],
  ["    vfmadd231ps zmm12, zmm3, DWORD PTR [rsi]{1to16}", "vfmadd231ps zmm0, zmm1, DWORD PTR [rax]{1to16}"],
  ["    vxorps xmm5, xmm5, xmm5", "vxorps xmm0, xmm0, xmm0"],
  ["    vmovaps zmm7{k3}{z}, ZMMWORD PTR .LC4[rip]", "vmovaps zmm0{k1}{z}, ZMMWORD PTR [rax]"],
  ["    vextractf128 xmm3, ymm3, 0x1", "vextractf128 xmm0, ymm0, 0x1"],
  ["    vpsrld zmm9, zmm9, 16", "vpsrld zmm0, zmm0, 2"],
  ["    vgatherdps zmm4{k2}, DWORD PTR [rax+zmm9*4]", "vgatherdps zmm0{k1}, DWORD PTR [rax+zmm1*4]"],
  ["    jne .L12", "jne .L"],
  ["    call _ZN2fs4expfEf@PLT", "call .L"],
  ["    lea rdx, 64[rsp+rax*8]", "lea rdx, [rax+rcx*8+8]"],
  ["    lea rdx, .LC0[rip]", "lea rdx, [rip+8]"],
  ["    lea eax, [rdi-1]", "lea eax, [rax+8]"],
  ["    mov rax, QWORD PTR fs:40", "mov rax, QWORD PTR [rax]"],
  ["    mov edi, OFFSET FLAT:.LC3", "mov edi, 2"],
  ["    mov eax, 1", "mov eax, 1"],
  ["    sub rsp, -128", "sub rsp, 2"],
  ["    lock add DWORD PTR [rbx], 1", "lock add DWORD PTR [rax], 1"],
  ["    vzeroupper", "vzeroupper"],
  ["    vpsrld\tzmm9, zmm1, 16   # a comment, 3", "vpsrld zmm0, zmm1, 2"],
];

test("the form of an instruction leaves out which register and where in memory", () => {
  for (const [line, form] of forms) assert.equal(instructionForm(line), form, line);
  for (const [, form] of forms.filter(([, one]) => !one.startsWith("lea"))) assert.equal(instructionForm(form), form);
});

test("labels and blank lines are no instructions", () =>
  assert.deepEqual(["f:", ".L3:", "", "    ret"].map(isInstruction), [false, false, false, true]));
