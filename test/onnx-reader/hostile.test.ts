import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../compiler-core/messages.ts";
import { memorySource, type ByteSource } from "../../compiler-core/onnx/byte-source.ts";
import { readModel } from "../../compiler-core/onnx/reader.ts";
import { memoryStore, readTensor } from "../../compiler-core/onnx/tensor-data.ts";
import { defaultLimits } from "../../compiler-core/onnx/wire-reader.ts";

/** A field with content, or a number. */
function field(number: number, content: readonly number[] | number): number[] {
  if (typeof content === "number") return [...varint(number * 8), ...varint(content)];
  return [...varint(number * 8 + 2), ...varint(content.length), ...content];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}

const text = (value: string): number[] => [...Buffer.from(value)];

/** A model around the content of a graph. */
const modelOf = (graph: readonly number[]): number[] => [...field(1, 8), ...field(7, graph)];
const tensorOf = (...fields: readonly number[][]): number[] => modelOf(field(5, [...field(8, text("w")), ...fields.flat()]));

function codeOf(action: () => unknown): string {
  try {
    action();
    return "ok";
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.code;
  }
}

const read = (bytes: readonly number[]): string => codeOf(() => readModel(memorySource(Uint8Array.from(bytes)), "m"));
const readFirst = (bytes: readonly number[]): string =>
  codeOf(() => {
    const store = memoryStore(Uint8Array.from(bytes));
    const tensor = readModel(store.source, "m").graph.initializers[0];
    assert.ok(tensor !== undefined);
    readTensor(store, tensor);
  });

const big = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
const eleven = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

const cases: readonly (readonly [string, readonly number[], string])[] = [
  ["an empty file", [], "onnx-not-a-model"],
  ["text", text("This is not a model.\n"), "onnx-not-a-model"],
  ["a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\noid sha256:00"), "onnx-not-a-model"],
  ["a zip archive", [...text("PK"), 3, 4, 0, 0], "onnx-not-a-model"],
  ["a PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "onnx-not-a-model"],
  ["a model without a graph", field(1, 8), "onnx-not-a-model"],
  ["an empty graph", modelOf([]), "ok"],
  ["a length of 2^55", [...field(1, 8), 0x3a, ...big], "onnx-truncated"],
  ["a string longer than its message", [...modelOf([0x0a, 3, 0x1a, 50, 0x41]), ...field(2, text("x"))], "onnx-wire"],
  ["a number of 11 bytes", [...field(1, 8), 0x28, ...eleven], "onnx-wire"],
  ["field number 0", [...field(1, 8), 0x02, 0x00], "onnx-wire"],
  ["wire type 7", [...field(1, 8), 0x0f], "onnx-wire"],
  ["an end of group without a start", [...field(1, 8), 0x5c], "onnx-wire"],
  ["an unknown group", [...modelOf([]), 0xf3, 0x06, 0x08, 0x01, 0xf4, 0x06], "ok"],
  ["a group that is not ended", [...modelOf([]), 0xf3, 0x06, 0x08, 0x01], "ok-or-truncated"],
  [
    "unknown fields of every wire type",
    [...modelOf([]), ...field(500, 1), ...field(501, [1]), 0xb5, 0x1f, 0, 0, 0, 0, 0xb1, 0x1f, ...big],
    "ok",
  ],
  ["a known field of another wire type", [...modelOf([]), ...field(2, 5)], "ok"],
  ["a tensor with a negative dimension", tensorOf([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), "onnx-tensor-size"],
  ["a tensor of 2^60 elements", tensorOf(field(1, 2 ** 30), field(1, 2 ** 30)), "onnx-tensor-size"],
  ["a tensor in segments", tensorOf(field(3, field(1, 0))), "onnx-tensor-size"],
  [
    "an external offset that is no number",
    tensorOf(field(14, 1), field(13, [...field(1, text("offset")), ...field(2, text("0x10"))])),
    "onnx-tensor-size",
  ],
];

for (const [name, bytes, expected] of cases) {
  test(`${name}: ${expected}`, () => {
    const code = read(bytes);
    if (expected === "ok-or-truncated") assert.notEqual(code, "bug");
    else assert.equal(code, expected);
  });
}

const tensorCases: readonly (readonly [string, readonly number[], string])[] = [
  ["raw data of a byte too few", tensorOf(field(1, 2), field(2, 1), field(9, [0, 0, 0, 0, 0, 0, 0])), "onnx-tensor-size"],
  ["raw data of a byte too many", tensorOf(field(1, 1), field(2, 1), field(9, [0, 0, 0, 0, 0])), "onnx-tensor-size"],
  ["no data", tensorOf(field(1, 1), field(2, 1)), "onnx-tensor-size"],
  ["no data for no elements", tensorOf(field(1, 0), field(2, 1)), "ok"],
  ["a shape of 2^50 bytes", tensorOf(field(1, 2 ** 50), field(2, 3), field(5, [1, 2, 3])), "onnx-tensor-size"],
  ["too many values in a list", tensorOf(field(1, 2), field(2, 7), field(7, [1, 2, 3])), "onnx-tensor-size"],
  ["the list of another element type", tensorOf(field(1, 1), field(2, 1), field(7, [1])), "onnx-dtype"],
  ["element type 99", tensorOf(field(1, 1), field(2, 99), field(9, [1])), "onnx-dtype"],
  ["strings in raw data", tensorOf(field(1, 1), field(2, 8), field(9, [65])), "onnx-tensor-size"],
  [
    "external data without a file",
    tensorOf(field(1, 1), field(2, 2), field(14, 1), field(13, [...field(1, text("location")), ...field(2, text("w"))])),
    "external-missing",
  ],
];

for (const [name, bytes, expected] of tensorCases) {
  test(`${name}: ${expected}`, () => assert.equal(readFirst(bytes), expected));
}

test("subgraphs nested too deep are refused, before the stack is used up", () => {
  assert.equal(read(modelOf(nested(60))), "ok");
  assert.equal(read(modelOf(nested(500))), "onnx-too-deep");
  const groups = Array.from({ length: 100_000 }, (_, i) => (i % 2 === 0 ? 0xf3 : 0x06));
  assert.equal(read([...modelOf([]), ...groups]), "onnx-too-deep");
});

/** A graph in an attribute of a node of a graph, and so on. */
function nested(depth: number): number[] {
  return depth === 0 ? [] : field(1, field(5, field(6, nested(depth - 1))));
}

test("a file of nothing but empty messages is refused before it fills the memory", () => {
  const graph = new Uint8Array(4_000_000);
  for (let i = 0; i < graph.length; i += 2) graph[i] = 0x0a;
  const bytes = Uint8Array.from([...field(1, 8), 0x3a, ...varint(graph.length)]);
  const whole = Buffer.concat([bytes, graph]);
  const limits = { ...defaultLimits, heapBytes: 50 * 1024 * 1024 };
  assert.equal(
    codeOf(() => readModel(memorySource(whole), "m", limits)),
    "onnx-too-large",
  );
});

test("an error says where", () => {
  const bytes = Uint8Array.from([...field(1, 8), ...field(2, text("someone")), 0x0f]);
  assert.throws(
    () => readModel(memorySource(bytes), "broken.onnx"),
    (error: unknown) => error instanceof UserError && error.where.offset === 12 && error.line().includes("broken.onnx at byte 12"),
  );
});

test("the structure is read without the weights, from the end of a file beyond 4 GB too", () => {
  const weight = 5 * 2 ** 30;
  const tail = field(8, text("last"));
  const head = [...field(1, weight), ...field(2, 2), ...varint(9 * 8 + 2), ...varint(weight)];
  const tensorLength = head.length + weight + tail.length;
  const lengths = varint(tensorLength);
  const graphLength = 1 + lengths.length + tensorLength;
  const start = [...field(1, 8), 0x3a, ...varint(graphLength), 0x2a, ...lengths, ...head];
  let asked = 0;
  const source: ByteSource = {
    size: start.length + weight + tail.length,
    read: (offset, length) => {
      asked += length;
      return Uint8Array.from({ length }, (_, i) => {
        const at = offset + i;
        return start[at] ?? tail[at - start.length - weight] ?? 0;
      });
    },
  };
  const tensor = readModel(source, "huge.onnx").graph.initializers[0];
  assert.deepEqual(tensor?.data, { source: "file", offset: start.length, length: weight });
  assert.equal(tensor?.name, "last");
  assert.ok(asked < 1e6, `${asked} bytes were read`);
});
