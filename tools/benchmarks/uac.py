"""UAC (Unix-like Artifacts Collector) beside us: a peer that its user has unpacked somewhere; none of it is ours."""

import collections
import os
import pathlib
import shutil
import tarfile

from benchmarks import measuring

_ROOT = "[root]"  # what stands before the paths of files in its archive


def check(folder):
    """The program in a folder that was named; an error for people where there is none."""
    program = pathlib.Path(folder) / "uac"
    if not os.access(program, os.X_OK):
        raise RuntimeError(f"{folder} is no unpacked UAC: there is no program {program}")
    return program


def measure(program, folder):
    """The numbers of `uac -p ir_triage`, and the paths on the host of the files that it took."""
    folder.mkdir()
    try:
        _, cost = measuring.run_measured([str(program), "-u", "-p", "ir_triage", str(folder)], folder=str(program.parent))
        (archive,) = folder.glob("uac-*.tar.gz")
        with tarfile.open(archive) as opened:
            taken = {member.name.partition(_ROOT)[2] for member in opened if member.isfile() and _ROOT in member.name}
        return {**cost, "stored_bytes": archive.stat().st_size, "files": len(taken)}, taken
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compared(theirs, ours):
    """What it took and we did not, by the folder in which most of that lies."""
    missed = sorted(theirs - ours)
    by_folder = collections.Counter("/".join(path.split("/")[:4]) for path in missed)
    return {"theirs": len(theirs), "ours": len(ours), "missed": len(missed), "missed_by_folder": dict(by_folder.most_common(20)),
            "missed_paths": missed[:1000]}
