"""The real files that the disks are filled with."""

import os
import random
import stat

ROOTS = ("/usr", "/opt", "/var/lib", "/srv", "/home")
BLOCK_BYTES = 4096
# debugfs searches a folder from its beginning for each new name, so a folder of 20,000 would take minutes.
_MOST_IN_A_FOLDER = 2000


class Folder:
    """A folder's files, in the order in which they will be written."""

    def __init__(self, path):
        self.path = path
        self.files = []  # (path on the disk, path to read, mtime)


def blocks_bytes(size):
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


def _usable(path):
    """Names that debugfs can be told of, one a line."""
    return not any(c in path for c in '"\\\n\r')


def choose(extra_roots, wanted_bytes):
    """Folders with files of at least `wanted_bytes` together: always the same ones on the same system."""
    folders, total, seen = [], 0, set()
    for root in [*ROOTS, *map(str, extra_roots)]:
        for path, below, names in os.walk(root):
            below.sort()
            folder = Folder(path)
            for name in sorted(names)[:_MOST_IN_A_FOLDER]:
                full = os.path.join(path, name)
                facts = os.lstat(full)
                known = (facts.st_dev, facts.st_ino) in seen  # a hard link, or a root below another
                if known or not stat.S_ISREG(facts.st_mode) or not _usable(full) or not os.access(full, os.R_OK):
                    continue
                if blocks_bytes(facts.st_size) > wanted_bytes - total:
                    continue  # what is left has room for smaller ones
                seen.add((facts.st_dev, facts.st_ino))
                folder.files.append((full, full, int(facts.st_mtime)))
                total += blocks_bytes(facts.st_size)
            if folder.files:
                folders.append(folder)
            if total > wanted_bytes * 0.995:
                return folders, total
    raise RuntimeError(f"{', '.join([*ROOTS, *map(str, extra_roots)])} have only {total >> 20} MiB of files for the "
                       f"{wanted_bytes >> 20} MiB that the disk needs; name more with --files DIR, or take a smaller "
                       "--size. Copies of the same files would not be real.")


def own_files(place, total_bytes, seed):
    """Files that no other host has: random bytes, from 4 KiB to 4 MiB."""
    chance = random.Random(seed)
    place.mkdir(parents=True, exist_ok=True)
    folder = Folder("/own")
    while total_bytes > 0:
        size = min(total_bytes, int(BLOCK_BYTES * 2 ** chance.uniform(0, 10)))
        path = place / f"{len(folder.files):06}.bin"
        path.write_bytes(chance.randbytes(size))
        folder.files.append((f"/own/{path.name}", str(path), 1_600_000_000))
        total_bytes -= blocks_bytes(size)
    return folder


def shuffled(folders, seed):
    """The same files in another order, as another installation would have written them."""
    chance = random.Random(seed)
    others = []
    for folder in folders:
        other = Folder(folder.path)
        other.files = chance.sample(folder.files, len(folder.files))
        others.append(other)
    chance.shuffle(others)
    return others
