// The smallest program that is a volume reader, for tests.
#include "agent/volume/volume_reader_main.h"

// Under the address sanitizer a child that crashes shall die of its signal, as without it, and not of the report that
// the sandbox does not let it write.
extern "C" const char* __asan_default_options() { return "handle_segv=0"; }

int main() { return hozen::VolumeReaderMain(); }
