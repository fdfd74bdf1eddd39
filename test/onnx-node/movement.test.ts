/** Data movement and indexing against ONNX Runtime. */
import { againstRuntime } from "./against-runtime.ts";
import { movementCases } from "./movement-cases.ts";

againstRuntime("movement operators", movementCases);
