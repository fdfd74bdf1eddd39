import type { App } from "../../app.ts";
export const startBench = (_app: App): void => undefined;
