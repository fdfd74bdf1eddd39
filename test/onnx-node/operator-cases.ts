/**
 * The ONNX project's operator cases as native code, in two halves, of which the second is in the long suite. Uses the whole collection where it lies beside the
 * repository, else the selection in test/data.
 */
import fs from "node:fs";
import path from "node:path";
import { packageRoot } from "#core/io";
import { nativeCases } from "./native-cases.ts";

const whole = path.join(packageRoot(), "../shared/onnx-backend/node");
const hasAll = fs.existsSync(whole);

/** Half of the cases; of all of them more than nine in ten compile. */
export const operatorCases = (half: 0 | 1): void =>
  nativeCases(hasAll ? whole : path.join(packageRoot(), "test/data/onnx-node"), hasAll ? 450 : 12, { index: half, of: 2 });
