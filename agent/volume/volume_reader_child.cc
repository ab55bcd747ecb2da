// The smallest program that is a volume reader, for tests.
#include "agent/volume/volume_reader.h"

int main() { return hozen::VolumeReaderMain(); }
