/** Folding: which nodes are gathered in one box, and what is open. */
export { nodesOfKeys, foldedBoxes } from "./folded-boxes.ts";
export { firstFolding, foldingOf, turnedBetween, type Folding } from "./folding.ts";
export { clusterId, clusterKey } from "./keys.ts";
