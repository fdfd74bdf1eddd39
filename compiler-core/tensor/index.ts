/** The door to the Tensor IR. */
export * from "./ir.ts";
export * from "./semantics.ts";
export { printModule, printModuleWithLines, printExpr, type PrintedModule } from "./print.ts";
export { parseModule } from "./parse.ts";
export { countStatements, buffersById, visitStmts } from "./rewrite.ts";
export { verifyModule } from "./verify.ts";
export { evalBuffers, evalModule, evalPiece, type ModuleData } from "./eval.ts";
