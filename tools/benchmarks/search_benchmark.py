"""tools/bench search: runs the measuring program, shows its numbers."""

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from benchmarks import multiply

_PROGRAM = "collector/search/bench/search_bench"


def _program(root):
    for base in (os.environ.get("TEST_SRCDIR", "") + "/hozen", f"{root}/bazel-bin"):
        if os.access(f"{base}/{_PROGRAM}", os.X_OK):
            return f"{base}/{_PROGRAM}"
    raise FileNotFoundError(f"{_PROGRAM} is not built")


def _write_names(folders, file):
    """The paths of all files below the folders, each ended by a NUL byte. Names are bytes, whatever they are."""
    with open(file, "wb") as out:
        for folder in folders:
            for parent, _, names in os.walk(os.fsencode(folder)):
                out.writelines(os.path.join(parent, name) + b"\0" for name in names)


def _measure(program, options):
    return json.loads(subprocess.run([program, json.dumps(options)], stdout=subprocess.PIPE, check=True).stdout)


def _sizes(index):
    """What is in an index's file, and how large it is."""
    with contextlib.closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
        tables = dict(connection.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC"))
        counts = {name: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                  for name, table in (("entries", "entries"), ("paths", "paths"), ("all_acquisitions", "acquisitions"),
                                      ("all_hosts", "hosts"))}
    return {"tables": tables, "all_bytes": index.stat().st_size, **counts}


def _table(numbers):
    commit, index = numbers["commit"], numbers["index"]
    mib = 2**20
    lines = [f"{index['entries']:,} items, {index['all_acquisitions']} acquisitions of {index['all_hosts']} hosts, "
             f"{index['paths']:,} different paths",
             "",
             f"committed, no index       {commit['without_index_items_per_s']:>12,.0f} items/s   (of {commit['items']:,})",
             f"committed while indexing  {commit['while_indexing_items_per_s']:>12,.0f} items/s",
             f"index behind by then      {commit['lag_at_the_last_commit_s']:>12,.1f} s",
             f"a row out of the catalog  {commit['row_fetched_ms']:>12,.3f} ms",
             f"indexed                   {index['items_per_s']:>12,.0f} items/s   (of {numbers['items']:,})",
             f"index                     {index['all_bytes'] / mib:>12,.0f} MiB, "
             f"{index['all_bytes'] / index['entries']:.0f} bytes an item",
             f"memory, building          {index['memory_building_bytes'] / mib:>12,.0f} MiB",
             f"memory, answering         {index['memory_answering_bytes'] / mib:>12,.0f} MiB",
             ""]
    lines += [f"  {name:24}{size / mib:>12,.0f} MiB" for name, size in index["tables"].items()
              if size > index["all_bytes"] / 100]
    lines += ["",
              f"{'':54}{'warm: computed, ms':>18}{'elapsed, ms':>18}{'cold, ms':>9}",
              f"{'search':54}{'median':>9}{'p99':>9}{'median':>9}{'p99':>9}{'median':>9}{'rows':>8}"]
    for search in numbers["searches"]:
        warm, cold = search["warm"], search.get("cold")
        figures = [warm["cpu"]["median_ms"], warm["cpu"]["p99_ms"], warm["median_ms"], warm["p99_ms"]]
        figures.append(cold["median_ms"] if cold else float("nan"))
        lines.append(f"{search['search']:54}" + "".join(f"{figure:>9.2f}" for figure in figures) + f"{warm['rows']:>8.0f}")
    return "\n".join(lines)


def run(arguments, root):
    """Measures and prints. What it made is removed."""
    program = _program(root)
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hozen-bench-", dir=arguments.work) as folder:
        names = os.path.join(folder, "names")
        _write_names(arguments.files or ["/usr", "/etc", "/var", "/opt", os.path.expanduser("~")], names)
        options = {"folder": folder, "paths": names, "items": -(-arguments.items // arguments.times),
                   "commit_items": arguments.commit_items, "acquisition_items": arguments.acquisition_items,
                   "hosts": arguments.hosts, "repeats": arguments.repeats, "cold_repeats": arguments.cold_repeats}
        numbers = _measure(program, {**options, "fill_only": True})
        index = max(pathlib.Path(folder).glob("customers/*/search.sqlite"), key=lambda file: file.stat().st_size)
        print(f"bench: {arguments.times} times as many by SQL", file=sys.stderr)
        multiply.multiply(index, arguments.times)
        numbers["index"].update(_sizes(index))
        answered = _measure(program, {**options, "ask_only": True})
        numbers["index"].update(answered["index"])
        numbers["searches"] = answered["searches"]
    if arguments.json and str(arguments.json) == "-":
        json.dump(numbers, sys.stdout, indent=2)
        print()
        return
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(numbers, indent=2) + "\n")
    print(_table(numbers))
