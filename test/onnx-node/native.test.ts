/** The even half of the ONNX project's operator cases; the odd half is in the long suite, for the time of this one. */
import { operatorCases } from "./operator-cases.ts";

operatorCases(0);
