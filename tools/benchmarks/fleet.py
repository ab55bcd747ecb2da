"""A collector and agents to be measured: the tests' own, with a watch on each."""

import json
import shutil

import harness

from benchmarks import measuring

_TIMEOUT_S = 3600


class BenchFleet:
    """In a folder of its own, which is deleted behind it."""

    def __init__(self, folder, serve_options=()):
        folder.mkdir()
        self.folder = folder
        self.fleet = harness.Fleet(folder, serve_options).init().serve()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.fleet.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def host(self, customer, name):
        """A new host, of a new customer if there is none of that name."""
        if not (self.folder / customer).exists():
            self.fleet.customer(customer)
            self.fleet.responder(customer)
        state, enrolled = self.fleet.enrol(self.fleet.token(self.folder / customer / "home"), name)
        if enrolled.status:
            raise RuntimeError(f"an agent could not enrol: {enrolled.err}")
        return Host(self.fleet, state, self.folder / customer / "responder-home")

    def watch(self):
        return measuring.Watch(self.fleet.collector.pid)


class Host:
    """An enrolled agent that runs, and who may order of it."""

    def __init__(self, fleet, state, home):
        self.fleet = fleet
        self.state = state
        self.home = home
        said = harness.run([harness.AGENT, "status", "--state", state, "--json"])
        self.host_id = json.loads(said.text)["host_id"]
        self.start()

    def start(self):
        """At the priority of its peers, which do not step back behind anything either."""
        self.agent = self.fleet.agent(self.state, options=["--normal-priority"])
        harness.wait_until(self._connected, "the host to connect")

    def _connected(self):
        hosts = self.fleet.must(["hosts", "--json"], self.home).documents()
        return any(host["host_id"] == self.host_id and host["connected"] for host in hosts)

    def watch(self):
        return measuring.Watch(self.agent.pid)

    def order(self, disk):
        """Its acquisition, which may not have begun."""
        ordered = self.fleet.must(["image", self.host_id, "--disk", disk, "--json"], self.home).documents()[-1]
        return ordered["acquisition_id"]

    def wait(self, acquisition):
        self.fleet.must(["watch", acquisition, "--json"], self.home, timeout_s=_TIMEOUT_S)

    def collect(self, *what):
        """A triage that has ended, with or without failures."""
        done = self.fleet.must(["collect", self.host_id, *what, "--wait", "--json"], self.home, (0, 3), _TIMEOUT_S)
        return done.documents()[-1]

    def check(self, acquisition, sha256):
        """Content only with all of the disk's bytes."""
        items, _ = self.fleet.items(acquisition, self.home)
        taken = [item.get("sha256") for item in items if item["kind"] == "disk"]
        if taken != [sha256]:
            raise RuntimeError(f"the image's SHA-256 is {taken}, the disk's is {sha256}")
