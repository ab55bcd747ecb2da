#include "agent/platform/heap.h"

namespace hozen {

// Windows' heap is one for all threads already.
void KeepOneHeap() {}

}  // namespace hozen
