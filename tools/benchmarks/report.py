"""The targets, and the numbers as a table."""

import statistics

from benchmarks import quantity

_SCENARIOS = {"first": "first image", "again": "the same again", "second": "second host, 5 % its own",
              "resume": "resumed after two kills", "four": "four at once, a quarter each", "bound": "bound of these cores",
              "pipe": "pipe, verified", "ewfacquire": "ewfacquire", "borg": "borg", "restic": "restic"}


def _ratio(numerator, denominator):
    return numerator / denominator if numerator is not None and denominator else None


# Name, unit, how to get it of one run, the target, whether more is better.
def _targets():
    def wall(of, name="wall_s"):
        return lambda run: _ratio(run.get(of, {}).get(name), run["first" if name == "wall_s" else "again"]["wall_s"])
    return [
        ("as fast as the verified pipe", "x", wall("pipe"), 3, True),
        ("as fast as ewfacquire", "x", wall("ewfacquire"), 4.5, True),
        ("share of the bound", "x", wall("bound"), 0.8, True),
        ("again: share of the first one's wire", "%",
         lambda run: 100 * run["again"]["wire_bytes"] / run["first"]["wire_bytes"], 1, False),
        ("again: as fast as borg again", "x", wall("borg", "again_wall_s"), 1, True),
        ("again: as fast as restic again", "x", wall("restic", "again_wall_s"), 1, True),
        ("second host: wire beyond its own data, share of the first one's", "%",
         lambda run: 100 * (run["second"]["wire_bytes"] - run["own_compressed_bytes"]) / run["first"]["wire_bytes"],
         6, False),
        ("agent's peak memory, with its children", "MiB",
         lambda run: max(run[s]["agent_with_children_peak_bytes"] for s in ("first", "again", "second", "resume")) / 2**20,
         128, False),
        ("collector's peak memory, four at once", "MiB", lambda run: run["four"]["collector_peak_bytes"] / 2**20, 384,
         False),
        ("sent twice per kill", "MiB", lambda run: run["resume"]["sent_twice_per_kill_bytes"] / 2**20, 16, False),
    ]


def targets(runs):
    """Each ratio is taken within a run; of several runs the median counts."""
    return [judged(name, unit, [value for value in map(value_of, runs) if value is not None], target, more_is_better)
            for name, unit, value_of, target, more_is_better in _targets()]


def judged(name, unit, values, target, more_is_better):
    """A target and the median of what was measured; None where nothing was."""
    if not values:
        return {"name": name, "unit": unit, "target": target, "value": None, "reached": None}
    value = statistics.median(values)
    return {"name": name, "unit": unit, "value": value, "target": target,
            "at_least": more_is_better, "reached": value >= target if more_is_better else value <= target}


def medians(runs):
    """Of each number of each scenario."""
    return {scenario: {name: statistics.median(run[scenario][name] for run in runs) for name in runs[0][scenario]}
            for scenario in _SCENARIOS if scenario in runs[0]}


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
                     .rstrip() for row in rows)


def _disturbed(result):
    """The rows during which other programs kept a tenth of the cores busy, or more."""
    for scenario, numbers in result["medians"].items():
        for name, row in (("others_cores", ""), ("again_others_cores", " again")):
            if numbers.get(name, 0) > 0.1 * result["machine"]["cores"]:
                yield f"{_SCENARIOS[scenario]}{row} ({numbers[name]:.1f} cores)"


def _warning(result):
    rows = list(_disturbed(result))
    if rows:
        yield (f"Disturbed by other programs, so that their times are not to be relied on: {'; '.join(rows)}.\n"
               "CPU seconds are less disturbed than wall seconds.")


def table(result):
    rows = [("", "wall s", "CPU s", "wire or stored", "agent peak", "with children", "collector peak")]
    for scenario, numbers in result["medians"].items():
        out = numbers.get("wire_bytes", numbers.get("stored_bytes"))
        rows.append((_SCENARIOS[scenario], quantity.seconds(numbers["wall_s"]), quantity.seconds(numbers["cpu_s"]),
                     *map(quantity.mebibytes, (out, numbers.get("agent_peak_bytes"),
                                               numbers.get("agent_with_children_peak_bytes"),
                                               numbers.get("collector_peak_bytes")))))
        if "again_wall_s" in numbers:
            rows.append((f"{_SCENARIOS[scenario]} again", quantity.seconds(numbers["again_wall_s"]),
                         quantity.seconds(numbers["again_cpu_s"]), quantity.mebibytes(numbers["again_stored_bytes"]),
                         "", "", ""))
    return "\n\n".join([aligned(rows), goals(result["targets"]), *_warning(result)])


def goals(judged_targets):
    """What was wanted, what was measured, and whether that is enough."""
    rows = [("target", "measured", "wanted", "")]
    for goal in judged_targets:
        if goal["value"] is None:
            rows.append((goal["name"], "-", "", "not measured"))
            continue
        sign = ">=" if goal["at_least"] else "<="
        rows.append((goal["name"], f"{goal['value']:.2f} {goal['unit']}", f"{sign} {goal['target']} {goal['unit']}",
                     "reached" if goal["reached"] else "NOT REACHED"))
    return aligned(rows)
