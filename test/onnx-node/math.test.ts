/** Reductions, products and quantisation against ONNX Runtime. */
import { againstRuntime } from "./against-runtime.ts";
import { mathCases } from "./math-cases.ts";

againstRuntime("math operators", mathCases);
