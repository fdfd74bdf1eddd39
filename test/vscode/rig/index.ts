// The door to a real VS Code for tests: start a session, open windows in it, find the inspector's page.
export { writeEmptyEditor } from "./empty-editor.ts";
export { runInExtensionHost, type HostRun, type HostRunOptions } from "./extension-tests.ts";
export { compiled, paintedStage, settled, showTexts, stagePainted, stepTo } from "./inspector-page.ts";
export { untilSeen, type Repeat } from "./repeat.ts";
export { launchChromium, startSession, type Session, type SessionOptions } from "./session.ts";
export { webviewFrame, type FrameOptions } from "./webview-frame.ts";
export { resultsFolder, themes, type ThemeKind, VscodeWindow, type WindowOptions } from "./window.ts";
export type { LogEntry } from "./window-log.ts";
