#!/usr/bin/env bash
# Makes lib<name>_alone.a, in this folder, of static archives that shall share no symbol with the rest of the program.
#
# Debian's libewf holds, and exports, a libbfio and a dozen more libraries in the version of its own day; libvmdk uses
# the libbfio package; libtsk loads both, and libvhdi. In one process each of them calls into whichever was loaded first,
# whose structures may be others. Here everything but a library's own interface becomes local, and the functions of its
# libbfio get its name in front (ewf_libbfio_handle_initialize), so that each can be handed a handle of its own kind.
set -euo pipefail

name=$1
shift
objects=()
for archive in "$@"; do
  path=$("${CC:-gcc}" -print-file-name="$archive")
  [ -e "$path" ] || { echo "$archive is not installed" >&2; exit 1; }
  object=${archive%.a}.o
  ld -r --whole-archive "$path" -o "$object"
  nm --defined-only -g "$object" | awk '{ print $3 }' | grep -E "^lib(bfio|$name)_" > keep
  objcopy --keep-global-symbols=keep "$object"
  objects+=("$object")
done
ld -r "${objects[@]}" -o alone.o
nm --defined-only -g alone.o | awk -v name="$name" '$3 ~ /^libbfio_/ { print $3, name "_" $3 }' > rename
objcopy --redefine-syms=rename alone.o
rm -f "lib${name}_alone.a"
ar rcsD "lib${name}_alone.a" alone.o
rm -f "${objects[@]}" alone.o keep rename
