/** The odd half of the ONNX project's operator cases. */
import { operatorCases } from "./operator-cases.ts";

operatorCases(1);
