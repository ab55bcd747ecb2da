"""What a process costs, and what goes over the wire."""

import array
import fcntl
import hashlib
import os
import pathlib
import resource
import socket
import subprocess
import threading
import time

_NAMESPACE = "HOZEN_BENCH_NAMESPACE"
_MOUNTS_BEFORE = "HOZEN_BENCH_MOUNTS"  # the namespace of mounts from which this program was started again
_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_S = 0.05
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def in_namespace():
    return os.environ.get(_NAMESPACE) == "1"


def enter_namespace(arguments, mounts=False):
    """Starts this program again where loopback carries nothing else, with `mounts` also where what is mounted is seen by
    nobody else. Returns only where that cannot be had."""
    unshare = ["unshare", "--net", *(["--mount", "--propagation", "private"] if mounts else [])]
    can = os.geteuid() == 0 and subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    if can:
        os.execvpe("unshare", [*unshare, *arguments],
                   {**os.environ, _NAMESPACE: "1", _MOUNTS_BEFORE: os.readlink("/proc/self/ns/mnt")})


def has_own_mounts():
    """Whether what is mounted here is seen by nobody else."""
    return os.environ.get(_MOUNTS_BEFORE, os.readlink("/proc/self/ns/mnt")) != os.readlink("/proc/self/ns/mnt")


def bring_loopback_up():
    """A new namespace's loopback is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = array.array("b", b"lo".ljust(16, b"\0") + bytes(24))
        fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
        flags = int.from_bytes(request[16:18].tobytes(), "little") | _IFF_UP
        request[16:18] = array.array("b", flags.to_bytes(2, "little"))
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def wire_bytes():
    """All bytes that loopback has carried, both directions, with their headers."""
    for line in pathlib.Path("/proc/self/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[8])
    raise RuntimeError("there is no loopback interface")


def _busy_s():
    """Of all cores, whoever keeps them busy; a hypervisor's other guests count as busy too."""
    user, nice, system, _, _, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS


class Span:
    """From now to stop: time, the wire, and what other programs did meanwhile."""

    def __init__(self):
        self._busy_s, self._wire_bytes, self._began = _busy_s(), wire_bytes(), time.monotonic()

    def so_far_wire_bytes(self):
        return wire_bytes() - self._wire_bytes

    def stop(self):
        self.wall_s = time.monotonic() - self._began
        self.wire_bytes = self.so_far_wire_bytes()
        self.busy_s = _busy_s() - self._busy_s
        return self

    def numbers(self, cpu_s):
        """Of what took `cpu_s` of it."""
        return {"wall_s": self.wall_s, "cpu_s": cpu_s,
                "others_cores": max(0.0, self.busy_s - cpu_s) / max(self.wall_s, 1 / _TICKS)}


def settle(*paths):
    """Lets what was written reach the disk and what will be read be in the page cache, so that neither is measured."""
    os.sync()
    for path in paths:
        with open(path, "rb", buffering=0) as opened:
            buffer = bytearray(1 << 20)
            while opened.readinto(buffer):
                pass


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as opened:
        buffer = bytearray(1 << 20)
        while size := opened.readinto(buffer):
            digest.update(memoryview(buffer)[:size])
    return digest.hexdigest()


def _cpu_s(pid):
    """Of the process and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(f) for f in fields[11:15]) / _TICKS


def _peak_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0  # a process that has ended and was not waited for


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def running_ns(pid):
    """What all its threads have been on a core, to the nanosecond; clock ticks are too coarse for a process at rest."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def _children(pid):
    found = []
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (thread / "children").read_text().split()]
    return found


class Watch:
    """Of one long-lived process and its children, from start to stop: CPU, and peaks of memory.

    The kernel keeps each process's own peak, so that one is exact. That of all together is the sum of the peaks of those
    that were seen at the same time: never less than it was, as long as a child lives for two samples."""

    def __init__(self, pid):
        self.pid = pid
        try:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # from here on: a new peak
        except OSError:
            pass  # not ours to reset; then it is the peak since the process began, which is no less
        self.peak_bytes = 0
        self.peak_with_children_bytes = 0
        self.cpu_s = 0
        self._cpu_before_s = _cpu_s(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_stopped)
        self._thread.start()

    def _sample_until_stopped(self):
        while not self._ended.wait(_SAMPLE_S):
            self._sample()

    def _sample(self):
        try:
            own = _peak_bytes(self.pid)
            peaks = [own]
            for child in _children(self.pid):
                try:
                    peaks.append(_peak_bytes(child))
                except OSError:
                    pass  # it has ended meanwhile
            self.cpu_s = _cpu_s(self.pid) - self._cpu_before_s
        except OSError:
            return  # the process itself has ended; what was seen last stands
        self.peak_bytes = max(self.peak_bytes, *peaks)
        self.peak_with_children_bytes = max(self.peak_with_children_bytes, sum(peaks))

    def stop(self):
        self._ended.set()
        self._thread.join()
        self._sample()
        return self


def run_measured(*commands, environment=None, folder=None):
    """Runs commands side by side until all have ended; the first one's output, and what they cost together."""
    span = Span()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = [subprocess.Popen(command, stdout=subprocess.PIPE if i == 0 else subprocess.DEVNULL,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment, cwd=folder)
               for i, command in enumerate(commands)]
    ended = [process.communicate() for process in started]
    span.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for process, (_, errors) in zip(started, ended):
        if process.returncode:
            said = errors.decode(errors="replace").strip()[-500:]
            raise RuntimeError(f"{process.args[0]} failed ({process.returncode}): {said}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ended[0][0].decode(errors="replace"), span.numbers(cpu_s)
