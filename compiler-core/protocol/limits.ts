/** How long a request of the page may take before it is called off, in seconds: the host's limit; the page itself waits a little longer. */
import type { RequestName } from "./panel.ts";

export const requestSeconds: Readonly<Record<RequestName, number>> = {
  compile: 20, // only starts it
  text: 240, // assembly needs a native build
  tensor: 60,
  tensorStats: 600, // reads all of a tensor
  saveTensor: 3600, // asks for a place
  probe: 3600, // asks for data, and builds
  compareValues: 3600, // asks for data, and builds
  loops: 60,
  body: 30,
  bench: 900,
  compareOptions: 20, // only starts it
  templateSpace: 20,
  benchRuns: 20,
  keepRun: 20,
  dropRuns: 20,
  openRun: 3600, // asks for a file
  openProfile: 3600, // asks for a file
  openDiff: 60,
  openText: 240,
  nativeSource: 240, // waits for a build before it
  openHeader: 60,
  elk: 20,
  saveState: 10,
  saveFile: 3600, // asks for a place
};

/** What the page gives the host beyond that, to say itself what is wrong. */
export const secondsBeyond = 5;
