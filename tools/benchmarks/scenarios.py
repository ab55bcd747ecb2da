"""What is measured of Hozen, each scenario with its numbers as a dictionary."""

import time

import harness

from benchmarks import fleet, measuring

_KILLS = 2


def _numbers(began, ended, wire_bytes, agents, collectors):
    """Of watches that have stopped."""
    return {
        "wall_s": ended - began,
        "cpu_s": sum(w.cpu_s for w in agents + collectors),
        "agent_cpu_s": sum(w.cpu_s for w in agents),
        "collector_cpu_s": sum(w.cpu_s for w in collectors),
        "wire_bytes": wire_bytes,
        "agent_peak_bytes": max(w.peak_bytes for w in agents),
        "agent_with_children_peak_bytes": max(w.peak_with_children_bytes for w in agents),
        "collector_peak_bytes": max(w.peak_bytes for w in collectors),
    }


def _image(bench, host, disk):
    """One image, from the order to the receipt."""
    measuring.settle(disk.path)
    agent, collector = host.watch(), bench.watch()
    wire, began = measuring.wire_bytes(), time.monotonic()
    try:
        acquisition = host.order(disk.path)
        ended = host.finish(acquisition, disk.sha256)
    finally:
        wire = measuring.wire_bytes() - wire
        agent.stop()
        collector.stop()
    return _numbers(began, ended, wire, [agent], [collector])


def first_again_second(folder, first_disk, second_disk, say):
    with fleet.BenchFleet(folder) as bench:
        one = bench.host("acme", "one")
        say("first image")
        first = _image(bench, one, first_disk)
        say("the same again")
        again = _image(bench, one, first_disk)
        one.agent.stop()
        say("a second host")
        second = _image(bench, bench.host("acme", "two"), second_disk)
    return {"first": first, "again": again, "second": second}


def resume(folder, disk, first_wire_bytes):
    """Kills the agent when the wire has carried a third of what it carried without kills, and at two thirds."""
    with fleet.BenchFleet(folder) as bench:
        host = bench.host("acme", "one")
        measuring.settle(disk.path)
        watches, collector = [host.watch()], bench.watch()
        wire, began, kills = measuring.wire_bytes(), time.monotonic(), 0
        try:
            acquisition = host.order(disk.path)
            for kill in range(1, _KILLS + 1):
                threshold = wire + first_wire_bytes * kill // (_KILLS + 1)
                harness.wait_until(lambda t=threshold: measuring.wire_bytes() > t, "the image to be under way", 1800)
                watches[-1].stop()
                host.agent.kill()
                kills += 1
                host.start()
                watches.append(host.watch())
            ended = host.finish(acquisition, disk.sha256)
        finally:
            wire = measuring.wire_bytes() - wire
            for watch in [*watches, collector]:
                watch.stop()
        numbers = _numbers(began, ended, wire, watches, [collector])
    twice = max(0, numbers["wire_bytes"] - first_wire_bytes)
    return {**numbers, "kills": kills, "sent_twice_per_kill_bytes": twice / kills}


def four_at_once(folder, disk):
    """Of four customers, so that none profits from what another has sent."""
    with fleet.BenchFleet(folder) as bench:
        hosts = [bench.host(f"customer{i}", f"host{i}") for i in range(4)]
        measuring.settle(disk.path)
        agents, collector = [host.watch() for host in hosts], bench.watch()
        wire, began = measuring.wire_bytes(), time.monotonic()
        try:
            acquisitions = [host.order(disk.path) for host in hosts]
            ended = max(host.finish(a, disk.sha256) for host, a in zip(hosts, acquisitions))
        finally:
            wire = measuring.wire_bytes() - wire
            for watch in [*agents, collector]:
                watch.stop()
        return _numbers(began, ended, wire, agents, [collector])
