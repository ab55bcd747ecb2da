"""Hunts: one plan on many hosts, as fast and as far as it was said, through everything that gets in between."""

import datetime
import json
import os
import unittest

import harness

OVER = ("complete", "stopped", "stopped_by_limit", "expired")


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class HuntTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.evidence = self.folder / "evidence"
        self.evidence.mkdir()
        (self.evidence / "small").write_text("small\n")
        (self.evidence / "random").write_bytes(os.urandom(200_000))

    def start_fleet(self, labels, run=True):
        """A fleet with a host for each label, in this order; their ids. Only where `run` says so are they there."""
        self.hosts, self.states, self.agents = [], [], []
        fleet = self.fleet()
        self.admin = fleet.customer()
        home = fleet.responder()
        for number, label in enumerate(labels):
            state, enrolled = fleet.enrol(fleet.token(self.admin, "--label", label), f"agent{number}")
            self.assertEqual(enrolled.status, 0, enrolled.err)
            known = {h["host_id"] for h in fleet.must(["hosts", "--json"], home).documents()}
            self.hosts.append((known - set(self.hosts)).pop())
            self.states.append(state)
            self.agents.append(fleet.agent(state) if run else None)
        if run:
            harness.wait_until(lambda: self.connected(fleet, home) == len(labels), "all hosts to connect")
        return fleet, home

    @staticmethod
    def connected(fleet, home):
        return sum(bool(h["connected"]) for h in fleet.must(["hosts", "--json"], home).documents())

    def begin(self, fleet, home, *options):
        started = fleet.must(["hunt", "start", "--path", f"{self.evidence}/**", "--json", *options], home)
        return started.documents()[0]["hunt_id"]

    @staticmethod
    def show(fleet, home, hunt):
        shown = json.loads(fleet.must(["hunt", "show", hunt, "--hosts", "--json"], home).text)
        return shown, {h["host_id"]: h for h in shown["by_host"]}

    def wait_for(self, fleet, home, hunt, condition, what):
        def asked():
            shown, hosts = self.show(fleet, home, hunt)
            return (shown, hosts) if condition(shown) else None
        try:
            return harness.wait_until(asked, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.show(fleet, home, hunt)}") from error

    def custody(self, fleet, home):
        return [p["entry"] for p in fleet.must(["custody", "--all", "--json"], home).documents() if "entry" in p]

    def assert_spaced(self, hosts, least_s):
        """No two starts are nearer to each other than the rate allows, by the times that were recorded."""
        starts = sorted(seconds(h["started"]) for h in hosts.values())
        for before, after in zip(starts, starts[1:]):
            self.assertGreaterEqual(round(after - before, 6), least_s, starts)

    def test_a_label_is_gone_over_at_its_rate_and_whoever_was_away_joins(self):
        fleet, home = self.start_fleet(["office", "office", "office", "lab", "office"])
        self.agents[4].stop()
        # Another customer with a host of the same label, which nothing of this may reach.
        other_admin = fleet.customer("other")
        other_home = fleet.responder("other")
        other_state, enrolled = fleet.enrol(fleet.token(other_admin, "--label", "office"), "other-agent")
        self.assertEqual(enrolled.status, 0, enrolled.err)
        fleet.agent(other_state)
        fleet.host(other_home)
        harness.wait_until(lambda: self.connected(fleet, home) == 4, "the host to go")

        hunt = self.begin(fleet, home, "--label", "office", "--rate", "2/s", "--reason", "IR-1")
        shown, hosts = self.wait_for(fleet, home, hunt, lambda s: s["hosts"]["complete"] == 3, "three hosts to end")
        self.assertEqual(set(hosts), {self.hosts[i] for i in (0, 1, 2, 4)})
        self.assertEqual((shown["state"], shown["hosts"]["waiting"], shown["hosts"]["away"]), ("running", 1, 1))
        self.assertEqual(hosts[self.hosts[4]]["state"], "waiting")
        self.assertEqual(shown["selection"], "--label office")
        self.assertEqual(shown["stream_bytes"], 3 * 200_006)

        fleet.agent(self.states[4])
        shown, hosts = self.wait_for(fleet, home, hunt, lambda s: s["state"] in OVER, "the hunt to end")
        self.assertEqual((shown["state"], shown["hosts"]["complete"]), ("complete", 4))
        self.assert_spaced(hosts, 0.5)
        for host in hosts.values():
            acquisition = fleet.show(host["acquisition_id"], home)
            self.assertEqual((acquisition["hunt_id"], acquisition["host_id"], acquisition["state"]),
                             (hunt, host["host_id"], "complete"))
        # What is taken is proved like any other, with the plan that all share.
        bundle = self.folder / "case.zip"
        one = hosts[self.hosts[4]]["acquisition_id"]
        fleet.must(["export", one, "--format", "zip", "--out", bundle], home)
        fleet.must(["verify", bundle, "--authority", fleet.authority()], self.folder / "nobody")
        listed = fleet.must(["acquisitions", "--hunt", hunt, "--json"], home).documents()
        self.assertEqual({a["acquisition_id"] for a in listed}, {h["acquisition_id"] for h in hosts.values()})
        self.assertEqual([h["hunt_id"] for h in fleet.must(["hunt", "list", "--json"], home).documents()], [hunt])
        watched = fleet.must(["hunt", "show", "last", "--watch"], home)
        self.assertIn("4/4", watched.text)
        kinds = [e["kind"] for e in self.custody(fleet, home)]
        self.assertEqual((kinds.count("hunt.started"), kinds.count("plan.submitted")), (1, 4))

        self.assertEqual(fleet.must(["hunt", "list", "--json"], other_home).documents(), [])
        for command in (["show", hunt], ["show", hunt, "--hosts"], ["stop", hunt], ["retry", hunt]):
            self.assertEqual(fleet.hozen(["hunt", *command], other_home).status, 7, command)
        self.assertEqual(fleet.must(["acquisitions", "--json"], other_home).documents(), [])
        # Nor can its hosts be named in a plan.
        theirs = fleet.must(["hosts", "--json"], other_home).documents()[0]["host_id"]
        self.assertEqual(fleet.hozen(["hunt", "start", "--host", theirs, "--path", "/etc/passwd"], home).status, 7)

    def test_too_many_failures_stop_it_and_a_retry_takes_up_what_is_mended(self):
        fleet, home = self.start_fleet(["office"] * 3)
        # Hosts have their turn from the newest enrolment on.
        self.agents[2].stop()
        (self.states[2] / "policy.textproto").write_text("approvals: 1\n")
        harness.wait_until(lambda: self.connected(fleet, home) == 2, "the host to be gone")
        self.agents[2] = fleet.agent(self.states[2])
        harness.wait_until(lambda: self.connected(fleet, home) == 3, "the host to come back")
        hunt = self.begin(fleet, home, "--system", "linux", "--at-once", "1", "--stop-after-failures", "1")
        shown, hosts = self.wait_for(fleet, home, hunt, lambda s: s["state"] in OVER, "the hunt to stop")
        self.assertEqual(shown["state"], "stopped_by_limit", shown)
        self.assertIn("1 host has failed", shown["detail"])
        self.assertEqual([hosts[h]["state"] for h in self.hosts], ["stopped", "stopped", "failed"])
        self.assertIn("approval", hosts[self.hosts[2]]["detail"])
        failed = json.loads(fleet.must(["hunt", "show", hunt, "--state", "failed", "--json"], home).text)["by_host"]
        self.assertEqual([h["host_id"] for h in failed], [self.hosts[2]])

        self.agents[2].stop()
        (self.states[2] / "policy.textproto").unlink()
        harness.wait_until(lambda: self.connected(fleet, home) == 2, "the host to be gone")
        self.agents[2] = fleet.agent(self.states[2])
        harness.wait_until(lambda: self.connected(fleet, home) == 3, "the host to come back")
        again = fleet.must(["hunt", "retry", "last", "--json"], home).documents()[0]
        self.assertEqual((again["hunt_id"], again["hosts_again"]), (hunt, 3))
        shown, hosts = self.wait_for(fleet, home, hunt, lambda s: s["state"] in OVER, "the hunt to end")
        self.assertEqual((shown["state"], shown["hosts"]["complete"]), ("complete", 3))
        self.assertEqual([hosts[h]["attempt"] for h in self.hosts], [1, 1, 2])
        self.assertEqual(hosts[self.hosts[2]]["acquisition_id"], failed[0]["acquisition_id"])
        fleet.must(["verify", failed[0]["acquisition_id"]], home)
        entries = self.custody(fleet, home)
        self.assertEqual([e["kind"] for e in entries if e["kind"].startswith("hunt.")],
                         ["hunt.started", "hunt.stopped", "hunt.retried"])
        self.assertEqual([e.get("attempt") for e in entries if e["kind"] == "plan.submitted"
                          and e["host_id"] == self.hosts[2]], [None, "2"])
        self.assertEqual(fleet.hozen(["hunt", "retry", hunt], home).status, 1, "none has failed")

    def test_a_collector_that_is_killed_in_the_middle_loses_no_hunt_and_starts_no_host_twice(self):
        fleet, home = self.start_fleet(["office"] * 5)
        hunt = self.begin(fleet, home, "--label", "office", "--rate", "60/min")
        self.wait_for(fleet, home, hunt, lambda s: s["hosts"]["waiting"] <= 3, "two hosts to begin")
        fleet.collector.kill()
        fleet.serve()
        shown, hosts = self.wait_for(fleet, home, hunt, lambda s: s["state"] in OVER, "the hunt to end")
        self.assertEqual((shown["state"], shown["hosts"]["complete"]), ("complete", 5), shown)
        self.assert_spaced(hosts, 1.0)
        self.assertEqual([hosts[h]["attempt"] for h in self.hosts], [1] * 5)
        self.assertEqual(len(fleet.must(["acquisitions", "--json"], home).documents()), 5)
        # An entry is written before what it tells, and again where the collector ended between the two.
        accepted = {(e["host_id"], e["acquisition_id"]) for e in self.custody(fleet, home)
                    if e["kind"] == "acquisition.accepted"}
        self.assertEqual(sorted(host for host, _ in accepted), sorted(self.hosts))

    def test_a_stop_keeps_others_from_beginning_and_ends_what_runs_where_asked(self):
        fleet, home = self.start_fleet(["office"] * 2)
        (self.evidence / "long").write_bytes(os.urandom(8 << 20))
        hunt = self.begin(fleet, home, "--label", "office", "--rate", "1/h", "--read-rate", "100K", "--at-once", "0")
        shown, _ = self.wait_for(fleet, home, hunt, lambda s: s["hosts"]["running"] == 1, "a host to begin")
        self.assertEqual(shown["hosts"]["waiting"], 1)

        credential = self.folder / "acme" / "analyst.credential"
        analyst = self.folder / "acme" / "analyst-home"
        fleet.must(["operator", "add", "analyst", "--role", "analyst", "--out", credential], self.admin)
        fleet.must(["login", credential], analyst)
        self.assertEqual(self.show(fleet, analyst, hunt)[0]["hunt_id"], hunt)
        for command in (["stop", hunt], ["retry", hunt], ["start", "--label", "office", "--path", "/etc/passwd"]):
            self.assertEqual(fleet.hozen(["hunt", *command], analyst).status, 5, command)

        stopped = fleet.must(["hunt", "stop", hunt, "--json"], home).documents()[0]
        self.assertEqual((stopped["state"], stopped["hosts"]["running"], stopped["hosts"]["stopped"]), ("stopped", 1, 1))
        self.assertEqual(fleet.hozen(["hunt", "stop", hunt], home).status, 1, "it has ended")
        cancelled = fleet.must(["hunt", "stop", hunt, "--cancel-running", "--json"], home).documents()[0]
        self.assertEqual(cancelled["cancelled"], 1)
        shown, hosts = self.wait_for(fleet, home, hunt, lambda s: s["hosts"]["running"] == 0, "the host to end")
        self.assertEqual(sorted(h["state"] for h in hosts.values()), ["complete_with_failures", "stopped"])
        self.assertEqual(fleet.hozen(["hunt", "show", hunt, "--watch"], home).status, 3)
        ended = [h for h in hosts.values() if h["state"] == "complete_with_failures"][0]
        manifest = fleet.show(ended["acquisition_id"], home)["manifest"]
        self.assertEqual(manifest["ended_by"]["cause"], "cancelled")

    def test_a_choice_that_fits_no_host_is_said(self):
        fleet, home = self.start_fleet(["office"], run=False)
        for options, status in ((["--label", "nowhere"], 7), ([], 2), (["--label", "office", "--rate", "fast"], 2),
                                (["--host", "nobody"], 7), (["--hosts-file", self.folder / "none"], 7)):
            result = fleet.hozen(["hunt", "start", "--path", "/etc/passwd", *options], home)
            self.assertEqual(result.status, status, result.err)
        self.assertEqual(fleet.hozen(["hunt", "start", "--label", "office"], home).status, 2, "nothing to collect")
        names = self.folder / "hosts"
        names.write_text(f"# the only one\n{self.hosts[0]}\n")
        hunt = self.begin(fleet, home, "--hosts-file", names)
        self.assertEqual(self.show(fleet, home, hunt)[0]["hosts"]["away"], 1)
        self.assertIn("waiting", fleet.must(["hunt", "show", "last", "--hosts"], home).text)


if __name__ == "__main__":
    harness.main()
