/** Many compiled models in one translation unit, for tests: how they are built. */
export { prefixOf, unitOf } from "../../compiler-core/codegen/together.ts";

/** The long suites build as for a user; the others, which ask what code computes, in half of the time. */
export const quickBuilds = process.env["FUSIONSCOPE_LONG"] === undefined;
