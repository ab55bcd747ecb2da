"""tools/bench image: makes the disks, runs everything, says what came of it."""

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent import futures

import harness

from benchmarks import disks, files, machine, measuring, peers, report, scenarios

_FILLED = 0.86  # of the volume's room, by the files that both hosts have
_SYSTEM_BYTES = 12 << 20  # that even a small file system takes for itself
_OWN = 0.05  # of those, as the second host's own data
_RECIPE = "disks.json"
_BOUND = "tools/benchmarks/bound"


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Disk:
    """A disk that stands, and what every image of it must hash to."""

    def __init__(self, path):
        self.path = path
        self.sha256 = measuring.sha256_of(path)


def _compressed_bytes(folder):
    """What zstd -1 makes of all its files, one behind the other."""
    with subprocess.Popen(["zstd", "-1", "-q", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as zstd:
        with futures.ThreadPoolExecutor(1) as reader:
            size = reader.submit(lambda: sum(len(piece) for piece in iter(lambda: zstd.stdout.read(1 << 20), b"")))
            for _, source, _ in folder.files:
                with open(source, "rb") as opened:
                    shutil.copyfileobj(opened, zstd.stdin, 1 << 20)
            zstd.stdin.close()
            return size.result()


def _room_bytes(disk_bytes):
    return int((disks.volume_bytes(disk_bytes) - _SYSTEM_BYTES) * _FILLED)


def _make_disks(arguments, facts):
    """first.img, second.img, quarter.img; what was made is told in `facts`."""
    work, size = arguments.work, arguments.size
    quarter = max(size // 4 >> 20 << 20, 48 << 20)
    say(f"choosing {size >> 20} MiB worth of this system's files")
    common, common_bytes = files.choose(arguments.files, _room_bytes(size))
    few, _ = files.choose(arguments.files, _room_bytes(quarter))
    own = files.own_files(work / "own", int(common_bytes * _OWN), seed=2)
    facts.update(common_files=sum(len(f.files) for f in common), common_bytes=common_bytes,
                 own_compressed_bytes=_compressed_bytes(own))
    say(f"making the disks: {facts['common_files']} files, {common_bytes >> 20} MiB (minutes)")
    with futures.ThreadPoolExecutor(os.cpu_count()) as makers:
        made = [makers.submit(disks.make, work / name, bytes_, arguments.file_system, folders, host)
                for name, bytes_, folders, host in (("first.img", size, common, 1),
                                                    ("second.img", size, files.shuffled(common + [own], seed=3), 2),
                                                    ("quarter.img", quarter, few, 3))]
        for disk in made:
            disk.result()
    shutil.rmtree(work / "own")
    facts["moved_share"] = disks.moved_share(work / "first.img", work / "second.img", arguments.file_system, common)
    say(f"{facts['moved_share']:.0%} of the files lie elsewhere on the second disk")
    if facts["moved_share"] < 0.9:
        raise RuntimeError("the second disk is laid out like the first one")


def _disks(arguments):
    """The facts of the disks in the work folder, made where there are none of this size."""
    wanted = {"size_bytes": arguments.size, "file_system": arguments.file_system,
              "files": [str(folder) for folder in arguments.files]}
    recipe = arguments.work / _RECIPE
    if recipe.exists():
        facts = json.loads(recipe.read_text())
        if all(facts.get(name) == value for name, value in wanted.items()):
            say("taking the disks that stand there")
            return facts
    recipe.unlink(missing_ok=True)
    facts = dict(wanted)
    _make_disks(arguments, facts)
    recipe.write_text(json.dumps(facts, indent=1))
    return facts


def _bound(disk):
    measuring.settle(disk.path)
    out, cost = measuring.run_measured([harness.binary(_BOUND), str(disk.path)])
    return {**cost, **json.loads(out)}


def _peers(arguments):
    for name in arguments.peers:
        missing = peers.missing_programs(name)
        if missing:
            say(f"{name} is left out: no {', '.join(missing)}")
        else:
            yield name


def _run_once(arguments, first, second, quarter, own_compressed_bytes):
    folder = arguments.work / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    run = scenarios.first_again_second(folder / "fleet", first, second, say)
    say("bound")
    run["bound"] = _bound(first)
    for name in _peers(arguments):
        say(name)
        measuring.settle(first.path)
        run[name] = peers.measure(name, first.path, folder / name)
    say("resume")
    run["resume"] = scenarios.resume(folder / "resume", first, run["first"]["wire_bytes"])
    say("four at once")
    run["four"] = scenarios.four_at_once(folder / "four", quarter)
    run["own_compressed_bytes"] = own_compressed_bytes
    shutil.rmtree(folder)
    return run


def run(arguments):
    if measuring.in_namespace():
        measuring.bring_loopback_up()
    else:
        say("no network namespace (not root?): all of loopback's traffic is counted as ours")
    began = time.monotonic()
    facts = _disks(arguments)
    first, second, quarter = (Disk(arguments.work / name) for name in ("first.img", "second.img", "quarter.img"))
    runs = []
    for number in range(arguments.runs):
        say(f"run {number + 1} of {arguments.runs}")
        runs.append(_run_once(arguments, first, second, quarter, facts["own_compressed_bytes"]))
    result = {"machine": machine.facts(), "disk": facts, "wire": "namespace" if measuring.in_namespace() else "loopback",
              "bench_s": time.monotonic() - began, "runs": runs, "medians": report.medians(runs),
              "targets": report.targets(runs)}
    machine.publish(result, report.table(result), arguments.json)


def clean(arguments, own_folder):
    """Nothing stays but what was asked for."""
    shutil.rmtree(arguments.work / "run", ignore_errors=True)
    shutil.rmtree(arguments.work / "own", ignore_errors=True)
    if arguments.keep:
        say(f"the disks are in {arguments.work}")
        return
    for name in ("first.img", "second.img", "quarter.img", _RECIPE):
        (arguments.work / name).unlink(missing_ok=True)
    if own_folder:
        shutil.rmtree(arguments.work, ignore_errors=True)
