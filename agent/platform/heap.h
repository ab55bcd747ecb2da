// How much memory the allocator keeps beyond what is in use.
#ifndef HOZEN_AGENT_PLATFORM_HEAP_H_
#define HOZEN_AGENT_PLATFORM_HEAP_H_

namespace hozen {

// One heap for all threads in place of one for each: what one thread frees another uses, and what nobody uses goes back
// to the system. Chunks are made on one thread and freed on others, so heaps of their own would each keep what they
// once held. Call it before other threads start. Where the system has no such choice it does nothing.
void KeepOneHeap();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_HEAP_H_
