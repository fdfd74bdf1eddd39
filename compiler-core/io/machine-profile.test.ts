import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { detectMachine } from "./machine-detect.ts";
import { keepCalibration, localMachine } from "./machine-profile.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-profile-"));
const before = process.env["FUSIONSCOPE_CACHE"];
process.env["FUSIONSCOPE_CACHE"] = folder;
after(() => {
  fs.rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env["FUSIONSCOPE_CACHE"];
  else process.env["FUSIONSCOPE_CACHE"] = before;
});

const { profile } = detectMachine();
const measured = {
  peaks: { f32GflopsPerCore: 100 },
  bandwidths: { l1d: { core: 200, all: 400 } },
  teamCosts: [{ threads: 1, barrierNs: 2, launchNs: 2 }],
} as const;

test("a calibration is this machine's profile from then on", () => {
  assert.equal(localMachine().peaks, undefined);
  keepCalibration({ ...profile, ...measured });
  assert.deepEqual(localMachine(), { ...profile, ...measured });
});

test("that of another machine, or a damaged one, is not", () => {
  keepCalibration({ ...profile, ...measured, cores: profile.cores + 1 });
  assert.deepEqual(localMachine(), profile);
  keepCalibration({ ...profile, ...measured, features: profile.features.slice(1) });
  if (profile.features.length > 0) assert.deepEqual(localMachine(), profile);
  fs.writeFileSync(path.join(folder, "machine.json"), "{");
  assert.deepEqual(localMachine(), profile);
});
