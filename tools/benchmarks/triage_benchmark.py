"""tools/bench triage: a triage of this machine, again, after a day, beside UAC, and the agent at rest."""

import shutil
import sys
import time

from benchmarks import belongings, fleet, machine, measuring, scenarios, triage_report, uac

_SET = "@linux-triage"
_DAY_HEARTBEATS = 2880  # one in 30 s
_INTERVAL_S = 30


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _collect(bench, host, *what):
    """The numbers of one acquisition from the order to the receipt; it is then the last one."""
    measuring.settle()
    agent, collector = host.watch(), bench.watch()
    span = measuring.Span()
    try:
        ended = host.collect(*what)
    finally:
        span.stop()
        agent.stop()
        collector.stop()
    manifest = ended["manifest"]
    return {**scenarios.numbers(span, [agent], [collector]), "items": manifest["items"],
            "failed_items": manifest["failed_items"], "stream_bytes": manifest["stream_bytes"],
            "sent_bytes": manifest["sent_bytes"], "state": ended["state"]}


def _paths(host):
    """Of the files whose contents the last acquisition has."""
    items, _ = host.fleet.items("last", host.home)
    return {item["path"] for item in items if item["kind"] == "file" and item.get("sha256")}


def _triages(arguments, run, server):
    with fleet.BenchFleet(arguments.work / "fleet") as bench:
        host = bench.host("acme", "one")
        say("first triage")
        run["first"] = _collect(bench, host, "--artifacts", _SET)
        taken = _paths(host) if arguments.uac else set()
        say("the same again")
        run["again"] = _collect(bench, host, "--artifacts", _SET)
        if server:
            server.live_a_day()
            say("after a day")
            run["day"] = _collect(bench, host, "--artifacts", _SET)
    return taken


def _listing(arguments, run):
    with fleet.BenchFleet(arguments.work / "listing") as bench:
        say("the body file alone")
        host = bench.host("acme", "one")
        numbers = _collect(bench, host, "--bodyfile")
        (item,), _ = host.fleet.items("last", host.home)
        body = host.fleet.must(["cat", "last", str(item["index"])], host.home).out
        run["listing"] = {**numbers, "bytes": item["size_bytes"], "names": body.count(b"\n"),
                          "failure": item.get("failure", {}).get("detail", "")}


def _rest(pid, seconds):
    """Nanoseconds on a core while it is left alone."""
    before, began = measuring.running_ns(pid), time.monotonic()
    time.sleep(seconds)
    return (measuring.running_ns(pid) - before) / (time.monotonic() - began)


def _at_rest(arguments, run):
    """The cost of a heartbeat from many of them, one a second; that of none from a time without; a day's is told by both."""
    count, still_s = arguments.heartbeats, max(10, arguments.heartbeats // 4)
    with fleet.BenchFleet(arguments.work / "still", ["--heartbeat-s", "600"]) as bench:
        say(f"the agent at rest: {still_s} s without heartbeats")
        still_ns = _rest(bench.host("acme", "one").agent.pid, still_s)
    with fleet.BenchFleet(arguments.work / "rest", ["--heartbeat-s", "1"]) as bench:
        pid = bench.host("acme", "one").agent.pid
        say(f"the agent at rest: {count} heartbeats")
        settled = max(1, count // 4)
        _rest(pid, settled)  # what the first ones allocate for good
        before = measuring.resident_bytes(pid)
        beating_ns = _rest(pid, count - settled)
        after = measuring.resident_bytes(pid)
    heartbeat_ns = max(0, beating_ns - still_ns)
    run["idle"] = {"heartbeats": count, "still_s": still_s, "interval_s": _INTERVAL_S, "resident_bytes": after,
                   "growth_by_day_bytes": max(0, after - before) / (count - settled) * _DAY_HEARTBEATS,
                   "heartbeat_us": heartbeat_ns / 1000, "still_us_per_s": still_ns / 1000,
                   "core_share": (still_ns + heartbeat_ns / _INTERVAL_S) / 1e9}


def run(arguments):
    server = None
    if measuring.in_namespace():
        measuring.bring_loopback_up()
        if arguments.size:
            say(f"a server's logs and people, {arguments.size >> 20} MiB, mounted where only this run sees them")
            server = belongings.Belongings(arguments.size).make(arguments.work)
    else:
        say("no namespace (not root?): this machine as it is, no day's change, and all of loopback's traffic is counted")
    program = uac.check(arguments.uac) if arguments.uac else None
    run_ = {}
    _listing(arguments, run_)
    theirs = None
    if program:
        say("UAC")
        measuring.settle()
        run_["uac"], theirs = uac.measure(program, arguments.work / "uac")
    taken = _triages(arguments, run_, server)
    if theirs is not None:
        run_["files"] = uac.compared(theirs, taken)
    if arguments.heartbeats:
        _at_rest(arguments, run_)
    result = {"machine": machine.facts(), "size_bytes": arguments.size, "run": run_, "targets": triage_report.targets(run_)}
    machine.publish(result, triage_report.table(result), arguments.json)


def clean(arguments, own_folder):
    for name in ("fleet", "listing", "still", "rest", "uac"):
        shutil.rmtree(arguments.work / name, ignore_errors=True)
    (arguments.work / "passwd").unlink(missing_ok=True)
    if own_folder:
        shutil.rmtree(arguments.work, ignore_errors=True)
