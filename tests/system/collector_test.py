"""The collector as its operator meets it: start, stop, what it refuses, and a log that others can check."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import unittest

import harness


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def tree_hash(leaves):
    """RFC 6962 section 2.1, as it stands there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


class CollectorTest(harness.SystemTest):

    def serve_once(self, *options):
        return harness.run([harness.COLLECTOR, "serve", *options], timeout_s=60)

    def test_two_servers_on_one_data_folder(self):
        fleet = self.fleet()
        second = self.serve_once("--data", fleet.data, "--listen", "127.0.0.1:0")
        self.assertNotEqual(second.status, 0)
        self.assertIn(str(fleet.data), second.err)
        self.assertTrue(fleet.collector.alive())

    def test_a_port_in_use(self):
        fleet = self.fleet()
        other = harness.Fleet(self.folder / "other")
        other.folder.mkdir()
        other.init()
        result = self.serve_once("--data", other.data, "--listen", f"127.0.0.1:{fleet.port}")
        self.assertNotEqual(result.status, 0)
        self.assertIn(str(fleet.port), result.err)

    def test_a_data_folder_that_is_not_one_or_is_newer(self):
        empty = self.folder / "empty"
        empty.mkdir()
        result = self.serve_once("--data", empty, "--listen", "127.0.0.1:0")
        self.assertNotEqual(result.status, 0)
        self.assertIn("init", result.err)
        fleet = harness.Fleet(self.folder).init()
        (fleet.data / "format").write_text("999\n")
        result = self.serve_once("--data", fleet.data, "--listen", "127.0.0.1:0")
        self.assertNotEqual(result.status, 0)
        self.assertIn("newer", result.err)

    def test_init_leaves_an_initialised_folder_alone(self):
        fleet = harness.Fleet(self.folder).init()
        before = (fleet.data / "admin.credential").read_bytes()
        again = harness.run([harness.COLLECTOR, "init", "--data", fleet.data])
        self.assertNotEqual(again.status, 0)
        self.assertEqual((fleet.data / "admin.credential").read_bytes(), before)
        self.assertEqual((fleet.data / "admin.credential").stat().st_mode & 0o777, 0o600)

    def test_sigterm_stops_it_with_status_0(self):
        fleet = self.fleet()
        self.assertEqual(fleet.collector.stop(), 0)

    def test_the_custody_log_holds_under_another_merkle_tree(self):
        fleet, home, host = self.fleet_with_agent()
        acquisition = fleet.must(["collect", host, "--path", "/etc/passwd", "--wait", "--json"], home,
                                 (0, 3)).documents()[-1]["acquisition_id"]
        fleet.must(["cat", acquisition, "0"], home)
        log = next(fleet.data.glob("customers/*/custody"))
        origin, size, root = (log / "checkpoint").read_text().splitlines()[:3]
        self.assertTrue(origin)
        bundle, entries = b"", []
        for path in sorted((log / "tile/entries").glob("**/*")):
            if path.is_file():
                bundle = path.read_bytes()
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            entries.append(bundle[2:2 + length])
            bundle = bundle[2 + length:]
        self.assertEqual(len(entries), int(size))
        self.assertEqual(base64.b64encode(tree_hash(entries)).decode(), root)
        kinds = [json.loads(e)["kind"] for e in entries]
        for kind in ("host.enrolled", "plan.submitted", "acquisition.committed", "evidence.read"):
            self.assertIn(kind, kinds)
        shown = fleet.must(["custody", acquisition, "--json"], home)
        self.assertIn("acquisition.committed", shown.text)

    def test_a_truncated_pack_costs_what_it_held_and_no_more(self):
        fleet, home, host = self.fleet_with_agent()
        first = self.folder / "first"
        first.write_bytes(os.urandom(300_000))
        second = self.folder / "second"
        second.write_bytes(os.urandom(300_000))
        ids = [fleet.must(["collect", host, "--path", str(p), "--wait", "--json"], home).documents()[-1]["acquisition_id"]
               for p in (first, second)]
        fleet.agent_process.stop()
        self.assertEqual(fleet.collector.stop(), 0)
        pack = next(fleet.data.glob("customers/*/store/*.pack"))
        os.truncate(pack, pack.stat().st_size - 150_000)
        fleet.serve()
        self.assertEqual(fleet.hozen(["verify", ids[0]], home).status, 0)
        damaged = fleet.hozen(["verify", ids[1]], home)
        self.assertEqual(damaged.status, 4, damaged.text + damaged.err)
        self.assertIn(pack.name, fleet.collector.log.read_text())

    def test_the_index_of_chunks_can_be_lost(self):
        fleet, home, host = self.fleet_with_agent()
        acquisition = fleet.must(["collect", host, "--path", "/etc/passwd", "--wait", "--json"],
                                 home).documents()[-1]["acquisition_id"]
        fleet.agent_process.stop()
        self.assertEqual(fleet.collector.stop(), 0)
        for index in fleet.data.glob("customers/*/store/index.db*"):
            index.unlink()
        fleet.serve()
        fleet.must(["verify", acquisition], home)


class CommandLineTest(harness.SystemTest):

    def test_help_is_there_for_every_command_and_in_japanese(self):
        top = harness.run([harness.HOZEN, "--help"]).text
        for command in ("login", "customer", "operator", "token", "hosts", "artifacts", "collect", "image", "acquisitions",
                        "show", "watch", "cancel", "items", "search", "cat", "export", "verify", "custody", "completion"):
            self.assertIn(command, top)
            helped = harness.run([harness.HOZEN, command, "--help"])
            self.assertEqual(helped.status, 0, command)
            self.assertNotIn("\033[", helped.text)
        fleet = self.fleet()
        told = harness.run([harness.HOZEN, "hosts"], self.folder / "nobody", environment={"LANG": "ja_JP.UTF-8"})
        self.assertNotEqual(told.status, 0)
        self.assertRegex(told.err, "[ぁ-んァ-ン一-龥]")
        self.assertTrue(fleet.collector.alive())

    def test_bad_usage_is_status_2(self):
        for arguments in ([], ["nonsense"], ["collect"], ["export", "x", "--format", "exe", "--out", "y"]):
            self.assertEqual(harness.run([harness.HOZEN, *arguments], self.folder).status, 2, arguments)

    def test_an_unreachable_collector_is_status_6(self):
        fleet = self.fleet()
        home = fleet.customer()
        self.assertEqual(fleet.collector.stop(), 0)
        result = fleet.hozen(["hosts"], home, timeout_s=60)
        self.assertEqual(result.status, 6, result.err)
        self.assertIn(str(fleet.port), result.err)

    def test_completion_is_valid_bash(self):
        script = harness.run([harness.HOZEN, "completion", "bash"])
        self.assertEqual(script.status, 0)
        subprocess.run(["bash", "-n"], input=script.out, check=True)


if __name__ == "__main__":
    harness.main()
