"""What is measured of Hozen, each scenario with its numbers as a dictionary."""

import harness

from benchmarks import fleet, measuring

_KILLS = 2


def numbers(span, agents, collectors):
    """Of what has stopped."""
    return {
        **span.numbers(sum(w.cpu_s for w in agents + collectors)),
        "agent_cpu_s": sum(w.cpu_s for w in agents),
        "collector_cpu_s": sum(w.cpu_s for w in collectors),
        "wire_bytes": span.wire_bytes,
        "agent_peak_bytes": max(w.peak_bytes for w in agents),
        "agent_with_children_peak_bytes": max(w.peak_with_children_bytes for w in agents),
        "collector_peak_bytes": max(w.peak_bytes for w in collectors),
    }


def _image(bench, host, disk):
    """One image, from the order to the receipt."""
    measuring.settle(disk.path)
    agent, collector = host.watch(), bench.watch()
    span = measuring.Span()
    try:
        acquisition = host.order(disk.path)
        host.wait(acquisition)
    finally:
        span.stop()
        agent.stop()
        collector.stop()
    host.check(acquisition, disk.sha256)
    return numbers(span, [agent], [collector])


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
        span, kills = measuring.Span(), 0
        try:
            acquisition = host.order(disk.path)
            for kill in range(1, _KILLS + 1):
                threshold = first_wire_bytes * kill // (_KILLS + 1)
                harness.wait_until(lambda t=threshold: span.so_far_wire_bytes() > t, "the image to be under way", 1800)
                watches[-1].stop()
                host.agent.kill()
                kills += 1
                host.start()
                watches.append(host.watch())
            host.wait(acquisition)
        finally:
            span.stop()
            for watch in [*watches, collector]:
                watch.stop()
        host.check(acquisition, disk.sha256)
        measured = numbers(span, watches, [collector])
    twice = max(0, measured["wire_bytes"] - first_wire_bytes)
    return {**measured, "kills": kills, "sent_twice_per_kill_bytes": twice / kills}


def four_at_once(folder, disk):
    """Of four customers, so that none profits from what another has sent."""
    with fleet.BenchFleet(folder) as bench:
        hosts = [bench.host(f"customer{i}", f"host{i}") for i in range(4)]
        measuring.settle(disk.path)
        agents, collector = [host.watch() for host in hosts], bench.watch()
        span = measuring.Span()
        try:
            acquisitions = [host.order(disk.path) for host in hosts]
            for host, acquisition in zip(hosts, acquisitions):
                host.wait(acquisition)
        finally:
            span.stop()
            for watch in [*agents, collector]:
                watch.stop()
        for host, acquisition in zip(hosts, acquisitions):
            host.check(acquisition, disk.sha256)
        return numbers(span, agents, [collector])
