/** Options of the commands that build and run, as the session takes them. */
import type { BuildSettings, HostSettings } from "#core/io";
import type { CommandContext } from "./command.ts";

/** Seconds that one build or one request to the runner may take when `--timeout` is not given. */
const usualTimeout = 120;

export function nativeSettings({ options, signal }: CommandContext): BuildSettings & HostSettings {
  return { cache: options["no-cache"] !== true, timeoutSeconds: options.timeout ?? usualTimeout, signal };
}
