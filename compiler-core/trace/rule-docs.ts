/** What the rules of verdicts look at, and what can be done about their answers: docs/verdicts.md and the inspector show the same rows. */
import type { RuleDoc } from "../protocol/panel.ts";

export const ruleDocs: Readonly<Record<string, RuleDoc>> = {
  "low-precision/product": {
    what: "A product of two dequantised operands is computed on their bytes, with exact sums of 32 bits, where a kernel can have them.",
    remedy: "One scale for the left operand, one scale or one per column for the right one, and a right operand that is a matrix.",
  },
  "low-precision/convolution": {
    what: "A convolution of a dequantised image with a dequantised kernel is computed on their bytes, where the image can be unfolded for it.",
    remedy: "One scale for the image, one scale or one per output channel for a constant kernel.",
  },
  "bf16-products/product": {
    what: "With `--precision bf16`, and in bf16 models, a product with one matrix multiplies bf16 operands and sums in f32.",
    remedy: "An instruction set with bf16 products, a right operand that is a single matrix, and enough rows and columns.",
  },
  "fuse/point": {
    what: "An elementwise operator over the same elements as the nest of its producer is computed on each element while it is in a register.",
  },
  "fuse/row": {
    what: "Reductions over the last axis and what follows them run row by row: a row stays in the nearest cache from the first operator to the last.",
  },
  "fuse/tile": {
    what: "An elementwise operator behind a matrix product is computed on the register tile before it is stored: the product's epilogue.",
  },
  "fuse/block": {
    what: "An elementwise operator behind a convolution is computed on the block of the result that was just finished, while it is in cache.",
  },
  "fuse/forbidden": {
    what: "The pair was named with --forbid, or forbidden in the inspector.",
    remedy: "Take the pair out of the options to let the other rules decide.",
  },
  "fuse/first-run": {
    what: "Work on constants is done once, at the first run; the rest runs every time. The two do not share a nest.",
  },
  "fuse/view": {
    what: "Reshapes, transposes, slices and broadcasts that only rename elements have no code: their reader finds the elements itself.",
  },
  "fuse/behind-view": {
    what: "The producer is a view of what another nest makes. The consumer cannot be computed in that nest: usually because the two run over different extents.",
    remedy: "Where products follow, `merge-nests` and `chain-nests` may still make one nest of both.",
  },
  "fuse/hole": {
    what: "One side runs on ONNX Runtime. Values are handed over in memory.",
    remedy: "Look at the node that is not compiled: the reason is in its details.",
  },
  "fuse/same-hole": { what: "Neighbours that run on ONNX Runtime are one call: values between them never leave it." },
  "fuse/not-compiled": {
    what: "One side is not compiled, and nobody runs it: there is no nest to join.",
    remedy: "Look at the node that is not compiled: the reason is in its details.",
  },
  "fuse/own-nest": {
    what: "Matrix products, convolutions and operators with a loop nest of their own lead a group. One nest has one leader.",
  },
  "fuse/movement": {
    what: "The producer's template has no anchor, no place inside of its nest where another operator could be computed.",
  },
  "fuse/needs-row": {
    what: "A reduction needs a whole row of its operand, but a product or convolution finishes one tile at a time.",
  },
  "fuse/last-axis": {
    what: "A reduction over other than the last axis reads elements that lie apart: no row at a time is complete.",
    remedy: "A transpose in the model that brings the axis to the end may pay.",
  },
  "fuse/space": {
    what: "The nest of the producer and the consumer run over different elements. Joined, work would be done again or be missing.",
  },
  "fuse/same-row": {
    what: "The consumer reads results of other rows than the one the nest is at: they are not there yet.",
  },
  "fuse/order": {
    what: "Groups run in order, each after all groups it reads. Another operand of the consumer comes from a later group than this producer's.",
  },
  "fuse/other-group": {
    what: "A node is computed once. It joined the group of its latest producer, so the values of the others come through memory.",
    remedy: "Forbid the fusion it got, to see whether this one is possible instead.",
  },
  "fuse/parallelism": {
    what: "Whole rows on one thread leave fewer pieces of work than elements would. With few rows, threads would idle.",
    remedy: "Force the fusion to measure whether the saved memory traffic is worth more.",
  },
  "fuse/switched-off": {
    what: "The pass `fuse` is switched off: every operator has a nest of its own.",
    remedy: "Switch the pass on in the options.",
  },
  "merge-nests/product": {
    what: "Inside of an attention nest, a product is computed on the bytes its operands were dequantised from, or on bf16, where a kernel is as fast.",
    remedy: "One scale and zero point for each operand; `--precision bf16` for floats.",
  },
  "merge-nests/attention": {
    what: "Two products and the rows between them are one nest: a block of rows of scores is made, worked on and used up in scratch of the thread.",
    remedy: "Forbid the pair, or switch off the pass `merge-nests`, to compare.",
  },
  "merge-nests/matmul-rows": {
    what: "What is computed on whole rows of a product is done by the thread that made them, while they are in its cache.",
    remedy: "Forbid the pair, or switch off the pass `merge-nests`, to compare.",
  },
  "merge-nests/read-elsewhere": {
    what: "A value between nests that others read has to be in memory, so there is little to win by merging them.",
  },
  "merge-nests/forbidden": { what: "Two operators of the merged nest were named with --forbid." },
  "merge-nests/no-plan": { what: "There is nothing to divide: no rows." },
  "merge-nests/parallelism": {
    what: "Whole rows on a thread leave fewer pieces of work than tiles would: threads would idle.",
    remedy: "Force the pair to measure whether the saved memory traffic is worth more.",
  },
  "merge-nests/footprint": {
    what: "The rows of one register tile alone take more than half of the second-level cache.",
    remedy: "Force the pair to measure it.",
  },
  "merge-nests/read-in-place": {
    what: "A transpose or slice is not written out, because the nest that reads it takes rows at any distance.",
  },
  "merge-nests/view": {
    what: "A transpose or slice that was to be written out became a view of its operand, because the merged nest reads rows at any distance.",
  },
  "merge-nests/through-view": {
    what: "Only a view is between two nests that were merged: it has no code, and what is behind it and its reader are in one nest.",
  },
  "chain-nests/through-view": {
    what: "Only a view is between two layers of a chain: it has no code, and what is behind it and its reader are in one nest.",
  },
  "chain-nests/chain": {
    what: "Layers that are shared out by rows are one nest: each thread takes its rows through all of them, so no barrier stands in between.",
    remedy: "Forbid the pair, or switch off the pass `chain-nests`, to compare.",
  },
  "chain-nests/tuned": {
    what: "The machine profile has a block of rows and register tiles for this chain that were measured to be faster than the predicted ones.",
    remedy: "Compile without `--tuned` to compare.",
  },
  "chain-nests/columns": {
    what: "Sharing out columns saves more (weights are read by one thread each) than the barriers between the layers cost.",
  },
  "choose-tiles/threads": {
    what: "How a product is divided among threads: the share of the busiest thread, with the operands it has to bring in, is compared for every grid.",
  },
  "choose-tiles/depth": {
    what: "Where rows and columns do not fill the threads, the depth of a product can be divided, too: each thread sums a part of it, and the parts are added up behind a barrier, always in the same order.",
    remedy: "Sums are taken in another order than without: their last digits may differ.",
  },
  "choose-tiles/blocks": {
    what: "Register tile and cache blocks of a product: the point of the search space with the least time that the cost model predicts from the machine profile.",
    remedy: "`bench --tune` measures what the model predicts; `--tuned` compiles with what it found.",
  },
  "choose-tiles/tuned": {
    what: "The machine profile has parameters for this product that were measured to be faster than the predicted ones.",
    remedy: "Compile without `--tuned` to compare.",
  },
  "choose-tiles/gemm": {
    what: "Which kernel computes a product, and in which blocks: panels and blocks are chosen to stay in the caches.",
  },
  "choose-tiles/conv-last": {
    what: "A convolution with channels last is divided into blocks of rows and of output channels: the division with the least predicted time of the busiest thread.",
  },
  "propagate-layouts/channels-last": {
    what: "Whether an image has its channels first or last is chosen for all images together: the least bytes moved by unfolding, copies and turning, and by lanes without elements.",
    remedy: "Switch off the pass `propagate-layouts` to compare.",
  },
  "propagate-layouts/turned": {
    what: "Where an image is made with channels first and read with channels last, it is turned once, however many read it.",
  },
  "transform-convolutions/winograd": {
    what: "A convolution with 3 x 3 taps takes 16 products for four elements instead of 36, between sums and differences of image and kernel, where it saves more than those cost.",
    remedy: "Switch off the pass `transform-convolutions` to compare.",
  },
  "choose-tiles/conv": { what: "Which kernel computes a convolution, and in which blocks." },
  "pack-weights/panels": {
    what: "A weight is copied once into the panels that the kernel reads one after the other, where enough rows use it.",
  },
  "pack-weights/already-transposed": { what: "A small product reads the transposed weight as it is." },
  "pack-weights/blocks": {
    what: "Weights of 4 bits with a scale for each block are laid out as the kernel decodes them: they are never in memory as floats.",
    remedy: "Constant weights, and blocks that are a multiple of 32.",
  },
  "pack-weights/integers": { what: "Weights of 8-bit integers are interleaved by four rows, as the dot product of the CPU reads them." },
  "pack-convolutions/row-panels": { what: "The kernel of a convolution is copied once into panels of output channels." },
  "lower/padded-rows": {
    what: "Rows at a distance of a large power of two fall into the same few cache sets: 16 elements between them spread them out.",
  },
  "inline-control-flow/stays": {
    what: "A branch or loop is written out where its condition or trip count is known at compile time.",
    remedy: "Set the symbolic dimensions that the condition depends on.",
  },
  "cut-holes/call": {
    what: "Nodes that cannot be compiled run on ONNX Runtime, as they stand in the file.",
    remedy: "The reason says what would have to be known, or which operator is missing.",
  },
  "vectorise/lanes": { what: "An innermost loop becomes vectors when its iterations are independent and its elements lie together." },
  "join-nests/beside": {
    what: "Nests that do not depend on each other share one stretch of work without a barrier: together they are enough for all threads, and those with fewer shares than threads run beside each other.",
  },
  "join-nests/no-gain": {
    what: "Independent neighbours would not end sooner on the busiest thread if they were dealt out together: each fills the threads, or all of them are too small.",
  },
  "join-nests/depends": {
    what: "A nest can only run beside its neighbour when neither touches what the other one writes.",
  },
  "prefetch-weights/near": {
    what: "A thread that waits at a barrier brings near what its share of the next nest reads of a constant, as long as it waits and as much as half of its cache holds.",
  },
  "prefetch-weights/no-wait": {
    what: "All threads end the nests before a barrier at about the same time: nobody waits, so there is no time to bring anything near.",
  },
  "schedule-parallel/shared": { what: "A nest is shared out to the threads when each gets enough work to pay for meeting at a barrier." },
  "schedule-parallel/too-small": { what: "Threads meet at a barrier, which takes time: small nests run on fewer threads than there are." },
  "schedule-parallel/barrier": { what: "Threads wait for each other only where one reads what another wrote." },
  "drop-barriers/apart": {
    what: "A barrier goes where every thread finds its own rows or columns in the next nest, or where nests work on parts of a buffer that are apart.",
  },
  "drop-barriers/shares": {
    what: "A loop is cut into the shares of its neighbour, so that every thread goes on with what it made itself, where the shares left over cost less than a barrier.",
  },
  "drop-barriers/kept": {
    what: "A thread needs in the next nest what other threads wrote: other rows, all columns of a row, or elements whose place is not known.",
    remedy: "A product that is shared out by rows keeps rows on a thread; where columns are cheaper, `chain-nests` says by how much.",
  },
  "eliminate-dead-stores/never-read": { what: "A buffer that nobody reads any more is gone: its values stay in registers." },
  "shrink-buffers/slice": { what: "A buffer between two operators of one nest shrinks to what one iteration uses." },
  "place-slices/into": {
    what: "What a concat joins is written into its part of the result by whoever makes it: nothing is copied.",
    remedy: "Switch off the pass `place-slices` to compare.",
  },
  "place-slices/out-of": {
    what: "What a slice cuts out is read where it lies, rows at the distance of the whole: nothing is copied.",
    remedy: "Switch off the pass `place-slices` to compare.",
  },
  "place-slices/copied": {
    what: "A copy stays where the memory of its source cannot be part of the result: inputs, constants, what goes to two places, what a kernel reads without gaps.",
  },
  "plan-memory/place": {
    what: "Buffers that are not alive at the same time share memory; a result may take the place of the operand it is the last to read.",
  },
};
