// hozen-volume-reader: the sandboxed child that looks at disks. The agent starts it; it is of no use by itself.
#include "agent/volume/volume_reader_main.h"

int main() { return hozen::VolumeReaderMain(); }
