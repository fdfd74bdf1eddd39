/** Convolutions, pooling and image normalisation against ONNX Runtime. */
import { againstRuntime } from "./against-runtime.ts";
import { convCases } from "./conv-cases.ts";

againstRuntime("convolutions and pooling", convCases);
