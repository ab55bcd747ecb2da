"""Disks with one volume, filled file by file in a given order, without mounts."""

import os
import random
import subprocess

VOLUME_OFFSET_BYTES = 1 << 20
_GPT_END_BYTES = 1 << 20
_TYPES = {"ext4": "L", "ntfs": "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"}
_SAMPLE = 400
_ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


def volume_bytes(disk_bytes):
    return (disk_bytes - VOLUME_OFFSET_BYTES - _GPT_END_BYTES) >> 20 << 20


def _run(arguments, **options):
    """Standard output. debugfs always ends well and says more than its version where it failed."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, env=_ENVIRONMENT, check=False, **options)
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if not line.startswith("debugfs ")]
    if done.returncode or (arguments[0] == "debugfs" and said):
        raise RuntimeError(f"{arguments[0]} failed: {' '.join(said)[:500]}")
    return done.stdout.decode(errors="surrogateescape")


def make(disk, size_bytes, file_system, folders, host):
    """`host` tells one installation from another: identifiers, and nothing else, come from it."""
    disk.unlink(missing_ok=True)
    with open(disk, "wb") as made:
        made.truncate(size_bytes)
    sectors = volume_bytes(size_bytes) // 512
    _run(["sfdisk", "-q", "--label", "gpt", disk],
         input=f"start={VOLUME_OFFSET_BYTES // 512}, size={sectors}, type={_TYPES[file_system]}\n".encode())
    {"ext4": _make_ext4, "ntfs": _make_ntfs}[file_system](disk, size_bytes, folders, host)


def _script(folders):
    """What debugfs is told: it writes in this order, and lays out in the order in which it writes."""
    made = {"/"}
    for folder in folders:
        parents = folder.path.strip("/").split("/")
        for depth in range(1, len(parents) + 1):
            path = "/" + "/".join(parents[:depth])
            if path not in made:
                made.add(path)
                yield "cd /"  # where debugfs takes "/usr" to be, whatever it is called
                yield f'mkdir "{path}"'
        yield f'cd "{folder.path}"'
        for path, source, mtime in folder.files:
            name = os.path.basename(path)
            yield f'write "{source}" "{name}"'
            yield f'sif "{name}" mtime @{mtime}'


def _debugfs(disk, lines, *options):
    script = disk.with_suffix(".debugfs")
    script.write_text("\n".join(lines) + "\n", errors="surrogateescape")
    try:
        return _run(["debugfs", *options, "-f", script, f"{disk}?offset={VOLUME_OFFSET_BYTES}"])
    finally:
        script.unlink()


def _make_ext4(disk, size_bytes, folders, host):
    identity = f"00000000-0000-4000-8000-{host:012}"
    _run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-U", identity, "-E",
          f"offset={VOLUME_OFFSET_BYTES},hash_seed={identity}", disk, f"{volume_bytes(size_bytes) >> 10}k"])
    _debugfs(disk, _script(folders), "-w")


def _make_ntfs(disk, size_bytes, folders, host):
    """Through ntfs-3g's own mount: its ntfscp would start anew for each file."""
    if os.geteuid() != 0 or not os.access("/dev/fuse", os.W_OK):
        raise RuntimeError("--file-system ntfs mounts with ntfs-3g: it needs root and /dev/fuse")
    volume, mount = disk.with_suffix(".ntfs"), disk.with_suffix(".mount")
    with open(volume, "wb") as made:
        made.truncate(volume_bytes(size_bytes))
    _run(["mkntfs", "-q", "-F", "-f", "-s", "512", "-S", "63", "-H", "255", "-p", VOLUME_OFFSET_BYTES // 512,
          "-L", f"HOST{host}", volume])
    mount.mkdir()
    _run(["ntfs-3g", "-o", "big_writes,noatime", volume, mount])
    try:
        _copy_into(mount, folders)
    finally:
        _run(["umount", mount])
        mount.rmdir()
    _run(["dd", f"if={volume}", f"of={disk}", "bs=1M", f"seek={VOLUME_OFFSET_BYTES >> 20}", "conv=notrunc,sparse",
          "status=none"])
    volume.unlink()


def _copy_into(mount, folders):
    for folder in folders:
        os.makedirs(f"{mount}{folder.path}", exist_ok=True)
        for path, source, mtime in folder.files:
            target = f"{mount}{path}"
            with open(source, "rb") as read, open(target, "wb") as written:
                while piece := read.read(1 << 20):
                    written.write(piece)
            os.utime(target, (mtime, mtime))


def moved_share(first, second, file_system, folders):
    """How many of a sample of files begin at another block of the second disk, as debugfs or istat see them."""
    paths = [path for folder in folders for path, source, _ in folder.files if os.path.getsize(source) >= 4096]
    sample = random.Random(1).sample(paths, min(len(paths), _SAMPLE if file_system == "ext4" else _SAMPLE // 10))
    starts = {"ext4": _ext4_starts, "ntfs": _ntfs_starts}[file_system]
    pairs = list(zip(starts(first, sample), starts(second, sample)))
    missing = sum(1 for pair in pairs if not all(pair))
    if missing > len(pairs) // 50:
        raise RuntimeError(f"{missing} of {len(pairs)} files are not on both disks")
    return sum(1 for a, b in pairs if a != b) / max(len(pairs), 1)


def _ext4_starts(disk, paths):
    answers = _debugfs(disk, [f'bmap "{path}" 0' for path in paths]).splitlines()
    return [line for line in answers if not line.startswith("debugfs")]


def _ntfs_starts(disk, paths):
    offset = str(VOLUME_OFFSET_BYTES // 512)
    starts = []
    for path in paths:
        inode = _run(["ifind", "-o", offset, "-n", path, disk]).strip()
        words = _run(["istat", "-o", offset, disk, inode]).rpartition("\n$DATA")[2] if inode.isdigit() else ""
        starts.append(words.split("size:")[-1].split()[-1:] or "")
    return starts
