// Where things live that are fetched or built once and kept outside the checkout.
import { homedir } from "node:os";
import path from "node:path";

/** $FUSIONSCOPE_CACHE, or fusionscope/ in the user's cache folder. */
export function cacheFolder() {
  const { FUSIONSCOPE_CACHE, XDG_CACHE_HOME } = process.env;
  return path.resolve(FUSIONSCOPE_CACHE || path.join(XDG_CACHE_HOME || path.join(homedir(), ".cache"), "fusionscope"));
}

/** The folder of a VS Code server. @param {string} version of the npm package code-server */
export function serverFolder(version) {
  return path.join(cacheFolder(), "vscode", `server-${version}`);
}
