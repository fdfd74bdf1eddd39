/** The even half of the ONNX project's operator cases. */
import { operatorCases } from "./operator-cases.ts";

operatorCases(0);
