/** All nine CNNs of the ONNX project. */
import { lightCnns } from "./light-cnn.ts";
import { lightCnn } from "./light-cnn-test.ts";

for (const name of lightCnns) lightCnn(name, 1);
