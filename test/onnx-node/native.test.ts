/**
 * The ONNX project's operator cases as native code. Uses the whole collection where it lies beside the repository, else the selection in
 * test/data.
 */
import fs from "node:fs";
import path from "node:path";
import { packageRoot } from "#core/io";
import { nativeCases } from "./native-cases.ts";

const whole = path.join(packageRoot(), "../shared/onnx-backend/node");
const hasAll = fs.existsSync(whole);
nativeCases(hasAll ? whole : path.join(packageRoot(), "test/data/onnx-node"), hasAll ? 300 : 25);
