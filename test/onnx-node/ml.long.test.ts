/** Operators of ai.onnx.ml against ONNX Runtime. */
import { againstRuntime } from "./against-runtime.ts";
import { mlCases } from "./ml-cases.ts";

againstRuntime("features, trees and linear models", mlCases);
