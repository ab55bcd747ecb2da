#include <malloc.h>

#include "agent/platform/heap.h"

namespace hozen {

void KeepOneHeap() { mallopt(M_ARENA_MAX, 1); }

}  // namespace hozen
