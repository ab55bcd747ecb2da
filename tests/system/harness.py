"""Real processes on loopback: a collector, agents and the operators' command line, in a folder of a test's own."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree

DEADLINE_S = 60


def binary(path):
    """Where Bazel put a program that the test depends on."""
    for base in (os.environ.get("TEST_SRCDIR", "") + "/hozen", os.getcwd(), os.getcwd() + "/bazel-bin"):
        if os.access(f"{base}/{path}", os.X_OK):
            return os.path.abspath(f"{base}/{path}")
    raise FileNotFoundError(path)


HOZEN = binary("tools/hozen/hozen")
AGENT = binary("agent/app/hozen-agent")
COLLECTOR = binary("collector/app/hozen-collector")
MAKE_DISK = binary("tools/make-disk")


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + deadline_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"waited {deadline_s} s for {what}")
        time.sleep(0.02)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def order(name):
    """Options of `hozen image` for an order of reading; none where there is only one order yet."""
    return ["--order", name] if "--order" in run([HOZEN, "image", "--help"]).text else []


class Result:
    """What a command answered."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr.decode(errors="replace")

    @property
    def text(self):
        return self.out.decode(errors="replace")

    def documents(self):
        """The JSON documents of its output; lists, and objects that only hold one, are taken apart."""
        decoder = json.JSONDecoder()
        text, found, at = self.text.strip(), [], 0
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            if isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value.values())), list):
                value = next(iter(value.values()))
            found.extend(value if isinstance(value, list) else [value])
            while at < len(text) and text[at].isspace():
                at += 1
        return found


def run(arguments, home=None, timeout_s=180, environment=None):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    if home:
        env["HOZEN_HOME"] = str(home)
    env.update(environment or {})
    return Result(subprocess.run([str(a) for a in arguments], capture_output=True, timeout=timeout_s, env=env,
                                 stdin=subprocess.DEVNULL, check=False))


class Process:
    """One of ours, with its log. Killed at the end of the test by its own pid, whatever happens."""

    def __init__(self, arguments, log, environment=None):
        self.log = pathlib.Path(log)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        env.update(environment or {})
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([str(a) for a in arguments], stdout=out, stderr=out, env=env,
                                            stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)

    def stop(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self.process.returncode


class Fleet:
    """A collector with one customer, its admin's and responder's credentials, and agents as they are asked for."""

    def __init__(self, folder, serve_options=()):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "collector"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"  # a bare system knows no localhost
        self.serve_options = list(serve_options)
        self.collector = None
        self.processes = []

    def init(self):
        result = run([COLLECTOR, "init", "--data", self.data, "--address", self.address, "--name", "localhost"])
        assert result.status == 0, result.err + result.text
        return self

    def serve(self):
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        self.collector = Process([COLLECTOR, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}",
                                  "--port-file", port_file, *self.serve_options], self.folder / "collector.log")
        self.processes.append(self.collector)

        def ready():
            if not self.collector.alive():
                raise RuntimeError("the collector ended:\n" + self.collector.log.read_text(errors="replace"))
            return port_file.exists()

        wait_until(ready, "the collector's port file")
        return self

    def customer(self, name="acme"):
        """Adds a customer; returns the home of its admin. Credentials and public key are files in self.folder / name."""
        place = self.folder / name
        place.mkdir()
        home = place / "home"
        self.must(["login", self.data / "admin.credential"], home)
        self.must(["customer", "add", name, "--admin", "admin", "--out-dir", place], home)
        return home

    def responder(self, customer="acme"):
        """A home logged in as a responder of the customer."""
        credential = self.folder / customer / "responder.credential"
        home = self.folder / customer / "responder-home"
        self.must(["operator", "add", "responder", "--role", "responder", "--out", credential],
                  self.folder / customer / "home")
        self.must(["login", credential], home)
        return home

    def authority(self, customer="acme"):
        return self.folder / customer / f"{customer}-authority.pub"

    def token(self, home, *options):
        return self.must(["token", "create", "--json", *options], home).documents()[0]["token"]

    def enrol(self, token, name="agent"):
        state = self.folder / name
        return state, run([AGENT, "enroll", "--collector", self.address, "--token", token, "--state", state])

    def agent(self, state, prefix=(), options=(), environment=None):
        process = Process([*prefix, AGENT, "run", "--state", state, *options], self.folder / f"{state.name}.log",
                          environment)
        self.processes.append(process)
        return process

    def host(self, home):
        """The id of the one connected host."""
        def connected():
            hosts = [h for h in self.hozen(["hosts", "--json"], home).documents() if h.get("connected")]
            return hosts[0]["host_id"] if hosts else None
        return wait_until(connected, "the host to connect")

    def hozen(self, arguments, home, timeout_s=180):
        return run([HOZEN, *arguments], home, timeout_s)

    def must(self, arguments, home, statuses=(0,), timeout_s=180):
        result = self.hozen(arguments, home, timeout_s)
        assert result.status in statuses, f"hozen {arguments}: {result.status}\n{result.text}\n{result.err}"
        return result

    def show(self, acquisition, home):
        return self.must(["show", acquisition, "--json"], home).documents()[0]

    def items(self, acquisition, home, *options):
        """The acquisition's items, then what came of the plan's targets."""
        listed = self.must(["items", acquisition, *options, "--json"], home).documents()
        return [i for i in listed if i["kind"] != "target"], [t for t in listed if t["kind"] == "target"]

    def close(self):
        for process in self.processes:
            if process.alive():
                process.kill()


class SystemTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hozen-test-", dir=os.environ.get("TEST_TMPDIR")))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def fleet(self, *serve_options):
        fleet = Fleet(self.folder, serve_options).init().serve()
        self.addCleanup(fleet.close)
        return fleet

    def fleet_with_agent(self, *serve_options):
        """A fleet, a responder's home and the id of a connected host."""
        fleet = self.fleet(*serve_options)
        admin = fleet.customer()
        home = fleet.responder()
        state, enrolled = fleet.enrol(fleet.token(admin))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        fleet.agent_process = fleet.agent(state)
        return fleet, home, fleet.host(home)

    def disk(self, size_mib=96, table="gpt"):
        """A disk image with an ext4 and an NTFS volume; the volumes' offsets by name."""
        path = self.folder / "disk.img"
        made = run([MAKE_DISK, "--size-mib", size_mib, "--table", table, path],
                   environment={"TMPDIR": str(self.folder)})
        self.assertEqual(made.status, 0, made.err)
        return path, {line.split()[0]: line.split()[1] for line in made.text.splitlines()}


class _JUnitResult(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.cases = []

    def _add(self, test, kind=None, text=""):
        self.cases.append((test.id(), kind, text))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._add(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._add(test, "failure", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self._add(test, "error", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._add(test, "skipped", reason)


def main():
    """unittest.main that also writes the file from which Bazel counts."""
    program = unittest.main(module="__main__", exit=False, verbosity=2,
                            testRunner=unittest.TextTestRunner(resultclass=_JUnitResult, verbosity=2))
    if os.environ.get("XML_OUTPUT_FILE"):
        suite = xml.etree.ElementTree.Element("testsuite", name="system", tests=str(len(program.result.cases)))
        for name, kind, text in program.result.cases:
            case = xml.etree.ElementTree.SubElement(suite, "testcase", name=name)
            if kind:
                xml.etree.ElementTree.SubElement(case, kind).text = "".join(
                    c if c.isprintable() or c == "\n" else "?" for c in text)
        xml.etree.ElementTree.ElementTree(suite).write(os.environ["XML_OUTPUT_FILE"], encoding="utf-8")
    raise SystemExit(0 if program.result.wasSuccessful() else 1)
