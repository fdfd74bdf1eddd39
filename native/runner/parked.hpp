// Threads of libraries that spin for a while after their work: others are timed only once they have stopped.
#pragma once

namespace runner {

// Waits until no other thread of this process wants the CPU, at most a tenth of a second.
void wait_for_other_threads();

}  // namespace runner
