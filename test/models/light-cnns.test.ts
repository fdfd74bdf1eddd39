/** One whole CNN of the ONNX project; all nine are in the long suite. */
import { lightCnn } from "./light-cnn-test.ts";

lightCnn("squeezenet", 2);
