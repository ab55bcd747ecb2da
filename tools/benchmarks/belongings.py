"""A server's logs and its people's files, always the same ones, and what a day changes of them.

They are mounted over /var/log, /home and /srv in a namespace of mounts that nobody else sees, so that the machine itself
stays as it is; /etc/passwd names the people there."""

import gzip
import os
import pathlib
import random
import sqlite3
import subprocess

from benchmarks import measuring

_PEOPLE = 6
_DAYS = 14  # of rotated logs
_WORDS = ("accepted", "closed", "session", "opened", "for", "user", "from", "port", "failed", "password", "started",
          "stopped", "unit", "kernel", "device", "link", "up", "down", "timeout", "GET", "POST", "200", "404", "error")
# A day's worth of each log, as a share of all bytes of logs; audit and journal are one large file that is written on.
_LOGS = {"syslog": 0.012, "auth.log": 0.004, "kern.log": 0.002, "nginx/access.log": 0.02}
_JOURNAL = 0.25
_AUDIT = 0.2
_SERVICE_FILES = 20_000
_PEOPLES_BYTES = 512 << 20  # room for what does not grow with the size: people's files and the application


def _lines(rng, size, day):
    """Text as logs have it: mostly the same words, other numbers."""
    out, held = [], 0
    second = 0
    while held < size:
        second += rng.randrange(20)
        line = (f"2026-11-{day:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d} srv01 "
                f"{rng.choice(('sshd', 'cron', 'systemd', 'nginx', 'sudo'))}[{rng.randrange(30000)}]: "
                f"{' '.join(rng.choices(_WORDS, k=8))} 10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)} "
                f"{rng.randrange(1 << 32):08x}\n")
        out.append(line)
        held += len(line)
    return "".join(out).encode()


def _mount(folder, size_bytes):
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=755", "tmpfs", folder], check=True)


class Belongings:
    def __init__(self, size_bytes, seed=1):
        self.size_bytes = size_bytes
        self._rng = random.Random(seed)
        self._log, self._home, self._srv = map(pathlib.Path, ("/var/log", "/home", "/srv"))
        self._today = 24

    def make(self, work):
        """Only in a namespace of mounts of our own."""
        if not measuring.has_own_mounts():
            raise RuntimeError("this is everybody's namespace of mounts; nothing is mounted here")
        for folder in (self._log, self._home, self._srv):
            _mount(folder, self.size_bytes * 3 + _PEOPLES_BYTES)
        passwd = work / "passwd"
        people = "".join(f"person{i}:x:{5000 + i}:{5000 + i}::/home/person{i}:/bin/bash\n" for i in range(_PEOPLE))
        passwd.write_text(pathlib.Path("/etc/passwd").read_text() + people)
        subprocess.run(["mount", "--bind", passwd, "/etc/passwd"], check=True)
        self._make_logs()
        for i in range(_PEOPLE):
            self._make_person(self._home / f"person{i}", 5000 + i)
        for i in range(_SERVICE_FILES):
            path = self._srv / f"app{i // 2000}" / f"module{i // 100 % 20}" / f"file{i}.php"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._rng.randbytes(200))
        return self

    def _make_logs(self):
        for name, share in _LOGS.items():
            path = self._log / name
            path.parent.mkdir(exist_ok=True)
            size = int(self.size_bytes * share)
            path.write_bytes(_lines(self._rng, size, self._today))
            pathlib.Path(f"{path}.1").write_bytes(_lines(self._rng, size, self._today - 1))
            for day in range(2, _DAYS):
                text = _lines(self._rng, size, self._today - day)
                pathlib.Path(f"{path}.{day}.gz").write_bytes(gzip.compress(text, 6, mtime=day))
        (self._log / "audit").mkdir()
        for number in ("audit.log", "audit.log.1", "audit.log.2", "audit.log.3"):
            (self._log / "audit" / number).write_bytes(_lines(self._rng, int(self.size_bytes * _AUDIT / 4), 20))
        journal = self._log / "journal" / "0123456789abcdef0123456789abcdef"
        journal.mkdir(parents=True)
        for name in ("system.journal", "system@1.journal", "system@2.journal", "user-5000.journal"):
            (journal / name).write_bytes(self._journal_bytes(int(self.size_bytes * _JOURNAL / 4)))
        (self._log / "wtmp").write_bytes(self._rng.randbytes(384 * 300))
        (self._log / "btmp").write_bytes(self._rng.randbytes(384 * 3000))

    def _journal_bytes(self, size):
        """Objects with hashes and offsets between text."""
        out = bytearray()
        while len(out) < size:
            out += self._rng.randbytes(120) + _lines(self._rng, 400, self._today)
        return bytes(out[:size])

    def _make_person(self, home, uid):
        for folder in (".ssh", ".config/google-chrome/Default", ".mozilla/firefox/abc.default", "Downloads", "Documents"):
            (home / folder).mkdir(parents=True)
        (home / ".bash_history").write_bytes(_lines(self._rng, 60_000, 20))
        (home / ".viminfo").write_bytes(_lines(self._rng, 8_000, 20))
        (home / ".ssh/known_hosts").write_bytes(_lines(self._rng, 12_000, 20))
        for i in range(200):
            (home / "Downloads" / f"file {i}.pdf").write_bytes(self._rng.randbytes(20_000))
        for place, table in ((".config/google-chrome/Default/History", "urls"),
                             (".mozilla/firefox/abc.default/places.sqlite", "moz_places")):
            self._visit(home / place, table, 15_000)
        for path in [home, *home.rglob("*")]:
            os.chown(path, uid, uid)

    def _visit(self, database, table, count):
        with sqlite3.connect(database) as opened:
            opened.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, url TEXT, title TEXT, at INTEGER)")
            opened.execute(f"CREATE INDEX IF NOT EXISTS by_url ON {table} (url)")
            opened.executemany(f"INSERT INTO {table} (url, title, at) VALUES (?, ?, ?)",
                               [(f"https://{self._rng.choice(_WORDS)}.example/{self._rng.randrange(1 << 40):x}",
                                 " ".join(self._rng.choices(_WORDS, k=6)), i) for i in range(count)])
        opened.close()

    def live_a_day(self):
        """Logs are written and turned over, people work, an application is brought up to date."""
        self._today += 1
        for name, share in _LOGS.items():
            path = self._log / name
            for day in range(_DAYS - 1, 2, -1):
                os.replace(f"{path}.{day - 1}.gz", f"{path}.{day}.gz")
            yesterday = pathlib.Path(f"{path}.1")
            pathlib.Path(f"{path}.2.gz").write_bytes(gzip.compress(yesterday.read_bytes(), 6, mtime=2))
            os.replace(path, yesterday)
            path.write_bytes(_lines(self._rng, int(self.size_bytes * share), self._today))
        self._append(self._log / "audit" / "audit.log", 0.01)
        journal = self._log / "journal" / "0123456789abcdef0123456789abcdef"
        for name in ("system.journal", "user-5000.journal"):
            # Its header and hash tables are written in place, entries at its end.
            with open(journal / name, "r+b") as opened:
                opened.write(self._rng.randbytes(240))
                for _ in range(40):
                    opened.seek(self._rng.randrange(200_000))
                    opened.write(self._rng.randbytes(16))
            self._append(journal / name, 0.01)
        for name in ("wtmp", "btmp"):
            with open(self._log / name, "ab") as opened:
                opened.write(self._rng.randbytes(384 * 20))
        for home in sorted(self._home.iterdir()):
            with open(home / ".bash_history", "ab") as opened:
                opened.write(_lines(self._rng, 2_000, self._today))
            for i in range(5):
                (home / "Downloads" / f"day {self._today} {i}.pdf").write_bytes(self._rng.randbytes(20_000))
            self._visit(home / ".config/google-chrome/Default/History", "urls", 150)
            self._visit(home / ".mozilla/firefox/abc.default/places.sqlite", "moz_places", 150)
        for folder in sorted(self._srv.glob("app3/*")):
            for path in folder.iterdir():
                path.write_bytes(self._rng.randbytes(210))

    def _append(self, path, share):
        with open(path, "ab") as opened:
            opened.write(_lines(self._rng, int(self.size_bytes * share), self._today))

    def logs_bytes(self):
        return sum(path.stat().st_size for path in self._log.rglob("*") if path.is_file())
