/** Where this user's builds, the runner and calibrations are kept between runs. */
import os from "node:os";
import path from "node:path";
import { environment } from "./environment.ts";

/** `$FUSIONSCOPE_CACHE`, else `$XDG_CACHE_HOME/fusionscope`, else `~/.cache/fusionscope`. It need not exist. */
export function cacheFolder(): string {
  const own = environment("FUSIONSCOPE_CACHE");
  if (own !== undefined) return path.resolve(own);
  const xdg = environment("XDG_CACHE_HOME");
  return path.join(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(os.homedir(), ".cache"), "fusionscope");
}
