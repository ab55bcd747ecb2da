"""What people use instead, each in a folder of its own, which is deleted behind it."""

import argparse
import os
import pathlib
import shutil
import subprocess

from benchmarks import measuring

_NEEDS = {
    "pipe": ("dd", "tee", "sha256sum", "zstd", "socat", "openssl"),
    "ewfacquire": ("ewfacquire",),
    "borg": ("borg",),
    "restic": ("restic",),
}


def parse_names(text):
    names = [] if text == "none" else [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in _NEEDS:
            raise argparse.ArgumentTypeError(f"{name!r} is no peer; there are {', '.join(_NEEDS)}, none")
    return names


def missing_programs(name):
    return [program for program in _NEEDS[name] if not shutil.which(program)]


def measure(name, disk, folder):
    """The peer's numbers: of borg and restic also of the second time, as `again_...`."""
    folder.mkdir()
    try:
        return {"pipe": _pipe, "ewfacquire": _ewfacquire, "borg": _borg, "restic": _restic}[name](disk, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bytes_below(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _certificates(folder):
    """Two self-signed ones, each trusted by the other side alone."""
    for name in ("sender", "receiver"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt", "-days", "2", "-subj",
                        f"/CN={name}", "-addext", "subjectAltName=DNS:receiver"], check=True, capture_output=True)
        (folder / f"{name}.pem").write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text())


_SEND = """set -euo pipefail
mkfifo hashed
sha256sum < hashed > sender.sha256 &
dd if="$0" bs=1M status=none | tee hashed | zstd -1 -T2 -q -c | socat -u - "$1"
wait $!
"""

_VERIFY = """set -euo pipefail
unzstd -q -c received.zst | sha256sum > receiver.sha256
cmp sender.sha256 receiver.sha256
"""


def _listening(port):
    """Whether someone does, without connecting: the receiver takes one connection only."""
    listening = pathlib.Path("/proc/self/net/tcp").read_text()
    return any(f":{port:04X} 00000000:0000 0A" in line for line in listening.splitlines())


def _pipe(disk, folder):
    import harness
    _certificates(folder)
    port = harness.free_port()
    common = "openssl-min-proto-version=TLS1.3"
    receiver = subprocess.Popen(
        ["socat", "-u", f"OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,cert=receiver.pem,cafile=sender.crt,verify=1,"
         + common, "CREATE:received.zst"], cwd=folder, stderr=subprocess.DEVNULL)
    harness.wait_until(lambda: _listening(port), "socat to listen")
    target = (f"OPENSSL:127.0.0.1:{port},cert=sender.pem,cafile=receiver.crt,verify=1,commonname=receiver," + common)
    span = measuring.Span()
    _, sending = measuring.run_measured(["bash", "-c", _SEND, disk, target], folder=folder)
    _, status, usage = os.wait4(receiver.pid, 0)
    receiver.returncode = os.waitstatus_to_exitcode(status)
    if receiver.returncode:
        raise RuntimeError(f"the pipe's receiver failed ({receiver.returncode})")
    wire, sent_s = span.so_far_wire_bytes(), span.stop().wall_s
    _, verifying = measuring.run_measured(["bash", "-c", _VERIFY], folder=folder)
    span.stop()
    cpu_s = sending["cpu_s"] + usage.ru_utime + usage.ru_stime + verifying["cpu_s"]
    return {**span.numbers(cpu_s), "unverified_wall_s": sent_s, "wire_bytes": wire}


def _ewfacquire(disk, folder):
    _, cost = measuring.run_measured(["ewfacquire", "-u", "-q", "-c", "deflate:fast", "-d", "sha256", "-f", "encase6",
                                      "-t", folder / "image", disk])
    return {**cost, "stored_bytes": _bytes_below(folder)}


def _twice(back_up, repository):
    """A backup, and one more of what is all there already."""
    first, before = back_up("first"), _bytes_below(repository)
    again = back_up("again")
    return {**first, "stored_bytes": before, "again_wall_s": again["wall_s"], "again_cpu_s": again["cpu_s"], "again_others_cores": again["others_cores"],
            "again_stored_bytes": _bytes_below(repository) - before}


def _borg(disk, folder):
    environment = {**os.environ, "BORG_BASE_DIR": str(folder), "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    repository = folder / "repository"
    measuring.run_measured(["borg", "init", "-e", "none", repository], environment=environment)

    def back_up(name):  # a disk has no time that says that it is the same: it is read again
        return measuring.run_measured(["borg", "create", "-C", "zstd,1", "--files-cache", "disabled",
                                       f"{repository}::{name}", disk], environment=environment)[1]
    return _twice(back_up, repository)


def _restic(disk, folder):
    environment = {**os.environ, "RESTIC_PASSWORD": "benchmark", "RESTIC_CACHE_DIR": str(folder / "cache")}
    repository = folder / "repository"
    measuring.run_measured(["restic", "-q", "-r", repository, "init"], environment=environment)

    def back_up(_):
        return measuring.run_measured(["restic", "-q", "-r", repository, "backup", "--force", disk],
                                      environment=environment)[1]
    return _twice(back_up, repository)
