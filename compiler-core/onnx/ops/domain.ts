/** The domain ai.onnx is written "" in files, by either name. */
export const standardDomain = (domain: string): boolean => domain === "" || domain === "ai.onnx";
