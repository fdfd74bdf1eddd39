/** The tensor passes in their order: from naive nests to scheduled vector code with its memory planned. */
import { dropBarriers } from "./drop-barriers.ts";
import { eliminateDeadStores } from "./eliminate-dead-stores.ts";
import { flattenIndices } from "./flatten-indices.ts";
import { forwardStores } from "./forward-stores.ts";
import { hoist } from "./hoist.ts";
import { joinNests } from "./join-nests.ts";
import { mergeLoops } from "./merge-loops.ts";
import { placeSlices } from "./place-slices.ts";
import { planMemory } from "./plan-memory.ts";
import { prefetchWeights } from "./prefetch-weights.ts";
import { scheduleParallel } from "./schedule-parallel.ts";
import { shrinkBuffers } from "./shrink-buffers.ts";
import { simplifyLoops } from "./simplify-loops.ts";
import { specialiseSizes } from "./specialise-sizes.ts";
import { splitLoops } from "./split-loops.ts";
import { vectorise } from "./vectorise.ts";

export const tensorPasses = [
  placeSlices, // first: a copy is still a nest of its own, and kernels' operands are as their templates wrote them
  simplifyLoops, // constant bounds, so that equal ranges look equal
  mergeLoops,
  forwardStores, // needs merged bodies: store and load of one element in one iteration
  eliminateDeadStores, // what forwarding left unread
  shrinkBuffers, // after them: only temporaries that must stay in memory are left
  specialiseSizes, // before splitLoops: makes bounds of inner loops constant
  splitLoops,
  hoist, // before vectorise: a scalar that is loaded once becomes one broadcast
  vectorise,
  joinNests, // before scheduleParallel, which looks at each nest alone
  scheduleParallel, // after the nests have their final shape: the work estimate counts it
  dropBarriers, // before flattenIndices: rows and columns are still told apart
  prefetchWeights, // after dropBarriers: only where somebody waits
  flattenIndices,
  simplifyLoops, // offsets of flattened indices
  planMemory, // last: lifetimes count the barriers of the final schedule
] as const;
