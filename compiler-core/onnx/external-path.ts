/**
 * Which external data paths are acceptable by their text: relative to the model's folder and inside it. Links are checked where
 * the file is opened. See CVE-2022-25882 and CVE-2024-27318 for what happens otherwise.
 */

/** Why a location is refused, or undefined. */
export function refuseLocation(location: string): string | undefined {
  if (location === "") return "it is empty";
  if (location.includes("\0")) return "it contains a zero byte";
  if (location.startsWith("/") || location.startsWith("\\") || /^[A-Za-z]:/.test(location)) return "it is an absolute path";
  if (location.split(/[/\\]/).includes("..")) return "it leads out of the folder of the model";
  return undefined;
}
