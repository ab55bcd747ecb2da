"""The targets of a triage, and the numbers as a table."""

from benchmarks import quantity, report

_ROWS = {"first": "first triage", "again": "the same again", "day": "after a day", "uac": "UAC, ir_triage"}


def targets(run):
    def judged(name, unit, value, target, more_is_better=False):
        return report.judged(name, unit, [] if value is None else [value], target, more_is_better)

    uac, idle = run.get("uac"), run.get("idle")
    ours = max(run[row]["agent_with_children_peak_bytes"] for row in ("first", "again", "day") if row in run) / 2**20
    return [
        judged("its time, as a share of UAC's", "%", uac and 100 * run["first"]["wall_s"] / uac["wall_s"], 12.5),
        judged("files that UAC has and we have not", "files", run["files"]["missed"] if uac else None, 0),
        judged("after a day: share of the first one's wire", "%",
               100 * run["day"]["wire_bytes"] / run["first"]["wire_bytes"] if "day" in run else None, 10),
        judged("agent's peak memory, with its children", "MiB", ours, 64),
        judged("agent at rest: memory", "MiB", idle and idle["resident_bytes"] / 2**20, 20),
        judged("agent at rest: growth by a day's heartbeats", "MiB", idle and idle["growth_by_day_bytes"] / 2**20, 1),
        judged("agent at rest: of a core", "%", idle and 100 * idle["core_share"], 0.1),
    ]


def _idle(idle):
    return (f"At rest: {idle['heartbeats']} heartbeats, one a second, and {idle['still_s']:.0f} s without any; "
            f"{idle['heartbeat_us']:,.0f} us of a core each, {idle['still_us_per_s']:,.0f} us a second without, so at one in "
            f"{idle['interval_s']} s {100 * idle['core_share']:.4f} % of a core.")


def _files(files):
    lines = [f"UAC took {files['theirs']} files, the triage {files['ours']}; {files['missed']} of UAC's are not among ours."]
    lines += [f"  {count:6}  {folder}" for folder, count in files["missed_by_folder"].items()]
    return "\n".join(lines)


def table(result):
    run = result["run"]
    rows = [("", "wall s", "CPU s", "wire or stored", "items", "bytes of files", "agent peak", "with children",
             "collector peak")]
    for row, name in _ROWS.items():
        if row not in run:
            continue
        numbers = run[row]
        out = numbers.get("wire_bytes", numbers.get("stored_bytes"))
        rows.append((name, quantity.seconds(numbers["wall_s"]), quantity.seconds(numbers["cpu_s"]),
                     quantity.mebibytes(out), f"{numbers.get('items', numbers.get('files')):,}",
                     *map(quantity.mebibytes, (numbers.get("stream_bytes"), numbers.get("agent_peak_bytes"),
                                               numbers.get("agent_with_children_peak_bytes"),
                                               numbers.get("collector_peak_bytes")))))
    parts = [report.aligned(rows)]
    if "listing" in run:
        listing = run["listing"]
        parts.append(f"The body file alone: {listing['names']:,} names, {quantity.mebibytes(listing['bytes'])}, "
                     f"{listing['wall_s']:.1f} s, agent's peak {quantity.mebibytes(listing['agent_peak_bytes'])}.")
    if "idle" in run:
        parts.append(_idle(run["idle"]))
    if "files" in run:
        parts.append(_files(run["files"]))
    parts.append(report.goals(result["targets"]))
    disturbed = [f"{name} ({run[row]['others_cores']:.1f} cores)" for row, name in _ROWS.items()
                 if run.get(row, {}).get("others_cores", 0) > 0.1 * result["machine"]["cores"]]
    if disturbed:
        parts.append(f"Disturbed by other programs, so that their times are not to be relied on: {'; '.join(disturbed)}.")
    return "\n\n".join(parts)
