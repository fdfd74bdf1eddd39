/** All nine CNNs of the ONNX project. */
import { lightCnn } from "./light-cnn.ts";

const names = ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512"];
for (const name of names) lightCnn(name, 1);
