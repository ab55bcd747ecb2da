"""Makes a search index several times as large by SQL, quicker than its own writer can.

What is written has the form that docs/formats/search-index.md describes. Copies come in pairs: an odd one is another
acquisition of the same hosts, with three in ten of the hosts' own files changed for others; an even one is of other hosts,
all of whose own files are others. Files of the system are the same on all of them; of own files paths and hashes differ, and
of all files the times.
"""

import contextlib
import hashlib
import re
import sqlite3

_OWN = re.compile(rb"^(/home/|/var/log/journal/|C:\\Users\\)")
_NUMBER = re.compile(rb"-([0-9a-f]{7})")
_DAY_NS = 86_400 * 10**9


def _other_path(path, copy):
    """An own file's path, with another number in its name."""
    number = _NUMBER.search(path)
    if number is None:
        return path + b"-%07x" % copy
    other = (int(number.group(1), 16) + copy * 0x9E3779) & 0xFFFFFFF
    return path[:number.start()] + b"-%07x" % other + path[number.end():]


def _name(path):
    return re.split(rb"/" if path.startswith(b"/") else rb"[/\\]", path)[-1]


def _trigram_text(path):
    return path.decode("latin-1").replace("\0", "\u0100")


def _add_paths(connection, copy):
    """A table `other` of the own paths that are others in this copy: (was, becomes)."""
    last = connection.execute("SELECT max(id) FROM paths").fetchone()[0]
    own = [(number, path) for number, path in connection.execute("SELECT id, path FROM first_paths")
           if _OWN.match(path) and (copy % 2 == 0 or number % 10 < 3)]
    others = sorted((_other_path(path, copy), was) for was, path in own)
    connection.execute("CREATE TEMP TABLE other (was INTEGER PRIMARY KEY, becomes INTEGER)")
    for place, (path, was) in enumerate(others):
        added = connection.execute("INSERT OR IGNORE INTO paths VALUES (?, ?, ?)", (last + 1 + place, path, _name(path)))
        if added.rowcount == 0:
            continue  # two numbers that became the same; then it stays as it was
        connection.execute("INSERT INTO trigrams (rowid, path) VALUES (?, ?)", (last + 1 + place, _trigram_text(path)))
        connection.execute("INSERT INTO other VALUES (?, ?)", (was, last + 1 + place))


def _add_copy(connection, copy, first):
    """The `copy`th copy of the first entries; acquisitions and hosts first."""
    hosts_by = first["hosts"] * (copy // 2)
    values = {"hosts_by": hosts_by, "acquisitions_by": first["acquisitions"] * copy, "entries_by": first["entries"] * copy,
              "first_entries": first["entries"], "first_acquisitions": first["acquisitions"], "copy": copy,
              "first_hosts": first["hosts"], "by_ns": copy * 5 * _DAY_NS + copy * 12_345_678_901}
    connection.execute("INSERT OR IGNORE INTO hosts SELECT number + :hosts_by, printf('%08x%08x', :copy, number) FROM hosts "
                       "WHERE number <= :first_hosts", values)
    connection.execute("INSERT INTO acquisitions SELECT number + :acquisitions_by, printf('%08x%08x', :copy << 16, number), "
                       "host + :hosts_by, next_item, next_byte, done, first_entry + :entries_by, last_entry + :entries_by "
                       "FROM acquisitions WHERE number <= :first_acquisitions", values)
    _add_paths(connection, copy)
    connection.execute("""
        INSERT INTO entries SELECT e.id + :entries_by, acquisition + :acquisitions_by, item, listing,
          coalesce(o.becomes, e.path), kind, state, allocation, file_name_times, size_bytes,
          CASE WHEN o.becomes IS NULL OR size_bytes = 0 OR sha256 IS NULL THEN sha256 ELSE other_hash(sha256, :copy) END,
          CASE WHEN o.becomes IS NULL THEN modified ELSE modified - :by_ns END, accessed - :by_ns,
          CASE WHEN o.becomes IS NULL AND :copy % 2 = 1 THEN changed ELSE changed - :by_ns END,
          CASE WHEN o.becomes IS NULL AND :copy % 2 = 1 THEN born ELSE born - :by_ns END, mode, uid, gid, address
        FROM entries e LEFT JOIN other o ON o.was = e.path WHERE e.id <= :first_entries""", values)
    connection.execute("DROP TABLE other")


def _fill_lists(connection, first):
    """What is derived of the entries, in the order of its keys."""
    rows = "FROM entries WHERE id > :entries"
    connection.execute(f"INSERT INTO places SELECT path, acquisition, id {rows} ORDER BY path, acquisition, id", first)
    connection.execute(f"INSERT INTO hashes SELECT hash_start(sha256), acquisition, id {rows} AND sha256 IS NOT NULL "
                       "ORDER BY 1, 2, 3", first)
    times = " UNION ALL ".join(f"SELECT acquisition, {column} AS at, path, id, {kind} AS kind {rows} AND {column} <> 0"
                               for column, kind in (("modified", 1), ("accessed", 2), ("changed", 4), ("born", 8)))
    connection.execute(f"INSERT INTO events SELECT a.host, t.at, t.path, t.id, sum(t.kind), t.acquisition FROM ({times}) t "
                       "JOIN acquisitions a ON a.number = t.acquisition GROUP BY a.host, t.at, t.path, t.id", first)


def multiply(index, times):
    """The index's entries, `times` as many. Nobody else may have the file open."""
    with contextlib.closing(sqlite3.connect(index, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-524288")
        connection.create_function("other_hash", 2, lambda was, copy: hashlib.sha256(was + bytes([copy])).digest(),
                                   deterministic=True)
        connection.create_function("hash_start", 1, lambda sha256: int.from_bytes(sha256[:8], "big", signed=True),
                                   deterministic=True)
        first = {name: connection.execute(f"SELECT max({key}) FROM {name}").fetchone()[0]
                 for name, key in (("hosts", "number"), ("acquisitions", "number"), ("entries", "id"))}
        connection.execute("CREATE TEMP TABLE first_paths AS SELECT id, path FROM paths")
        connection.execute("BEGIN")
        for copy in range(1, times):
            _add_copy(connection, copy, first)
        _fill_lists(connection, first)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
