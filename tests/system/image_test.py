"""A disk image: bit for bit, through kills, bad bits, full disks."""

import filecmp
import os
import pathlib
import random
import subprocess
import time
import unittest

import harness

WINDOW_BYTES = 16 << 20


class ImageTest(harness.SystemTest):

    def image(self, fleet, home, host, disk, *options):
        done = fleet.must(["image", host, "--disk", disk, "--wait", "--json", *options], home, (0, 3))
        return done.documents()[-1]["acquisition_id"]

    def export_raw(self, fleet, home, acquisition):
        raw = self.folder / "image.raw"
        raw.unlink(missing_ok=True)
        fleet.must(["export", acquisition, "--format", "raw", "--out", raw], home)
        return raw

    def fleet_with_noise(self, size):
        """An agent that may be killed, and a disk that cannot be deduplicated or compressed: every byte is on the wire."""
        fleet = self.fleet()
        admin = fleet.customer()
        home = fleet.responder()
        state, _ = fleet.enrol(fleet.token(admin))
        agent = fleet.agent(state)
        disk = self.folder / "disk.img"
        with open(disk, "wb") as out:
            for _ in range(size >> 20):
                out.write(random.randbytes(1 << 20))
        return fleet, home, state, agent, fleet.host(home), disk

    def test_the_export_equals_the_disk(self):
        fleet, home, host = self.fleet_with_agent()
        disk, volumes = self.disk()
        acquisition = self.image(fleet, home, host, disk)
        self.assertEqual(fleet.show(acquisition, home)["state"], "complete")
        raw = self.export_raw(fleet, home, acquisition)
        self.assertTrue(filecmp.cmp(disk, raw, shallow=False))
        self.assertLess(raw.stat().st_blocks, disk.stat().st_size // 512, "holes stay holes")
        for offset in volumes.values():
            listed = [subprocess.run(["fls", "-r", "-o", offset, str(p)], capture_output=True, check=True).stdout
                      for p in (disk, raw)]
            self.assertEqual(*listed)
            self.assertIn(b"deleted-evidence.txt", listed[0])
        self.assertEqual(fleet.must(["verify", raw, "--authority", fleet.authority()], self.folder / "nobody").status, 0)
        disk_item = [i for i in fleet.must(["items", acquisition, "--json"], home).documents() if i["kind"] == "disk"][0]
        self.assertEqual({p["file_system"] for p in disk_item["disk"]["partitions"] if p.get("file_system")},
                         {"ext4", "ntfs"})

    def test_a_wrong_byte_in_the_exported_image_is_placed(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _ = self.disk()
        raw = self.export_raw(fleet, home, self.image(fleet, home, host, disk))
        with open(raw, "r+b") as opened:
            opened.seek(1_234_567)
            byte = opened.read(1)
            opened.seek(1_234_567)
            opened.write(bytes([byte[0] ^ 1]))
        refused = fleet.hozen(["verify", raw, "--authority", fleet.authority()], self.folder / "nobody")
        self.assertEqual(refused.status, 4)
        self.assertIn(str(disk), refused.text + refused.err)

    def test_an_mbr_disk_and_its_listing(self):
        fleet, home, host = self.fleet_with_agent()
        disk, volumes = self.disk(table="dos")
        acquisition = self.image(fleet, home, host, disk)
        body = self.folder / "body"
        fleet.must(["export", acquisition, "--format", "bodyfile", "--out", body], home)
        text = body.read_text(errors="replace")
        self.assertIn("deleted-evidence.txt", text)
        lines = sum(len(subprocess.run(["fls", "-r", "-m", "/", "-o", o, str(disk)], capture_output=True,
                                       check=True).stdout.splitlines()) for o in volumes.values())
        listed = [line for line in text.splitlines() if f"|{disk}|" not in line]  # the disk itself has a line too
        self.assertEqual(len(listed), lines)

    def test_the_same_disk_again_sends_next_to_nothing(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _ = self.disk()
        first = fleet.show(self.image(fleet, home, host, disk), home)["manifest"]["sent_bytes"]
        second = fleet.show(self.image(fleet, home, host, disk), home)["manifest"]["sent_bytes"]
        self.assertLess(second, first / 100)

    def test_a_flipped_bit_in_a_pack_is_named_and_never_exported(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _ = self.disk()
        acquisition = self.image(fleet, home, host, disk)
        pack = max(fleet.data.glob("customers/*/store/*.pack"), key=lambda p: p.stat().st_size)
        with open(pack, "r+b") as opened:
            offset = pack.stat().st_size // 2
            opened.seek(offset)
            byte = opened.read(1)
            opened.seek(offset)
            opened.write(bytes([byte[0] ^ 16]))
        verified = fleet.hozen(["verify", acquisition], home)
        self.assertEqual(verified.status, 4, verified.text + verified.err)
        self.assertIn(str(disk), verified.text + verified.err)
        raw = self.folder / "bad.raw"
        exported = fleet.hozen(["export", acquisition, "--format", "raw", "--out", raw], home)
        self.assertNotEqual(exported.status, 0)
        self.assertFalse(raw.exists())

    def test_kill_9_of_agent_and_collector_in_the_middle(self):
        size = 96 << 20
        fleet, home, state, agent, host, disk = self.fleet_with_noise(size)
        ordered = fleet.must(["image", host, "--disk", disk, "--json", "--send-rate", "24MiB", "--no-listing"],
                             home).documents()[-1]
        acquisition = ordered["acquisition_id"]

        def sent():
            progress = fleet.show(acquisition, home).get("progress") or {}
            return progress.get("sent_bytes", 0)

        kills = 0
        for threshold in (20 << 20, 40 << 20):
            harness.wait_until(lambda t=threshold: sent() > t, "the image to be under way")
            agent.kill()
            kills += 1
            agent = fleet.agent(state)
        harness.wait_until(lambda: sent() > 60 << 20, "the image to go on")
        fleet.collector.kill()
        kills += 1
        fleet.serve()
        fleet.must(["watch", acquisition], home, (0, 3))
        shown = fleet.show(acquisition, home)
        self.assertEqual(shown["state"], "complete")
        self.assertTrue(filecmp.cmp(disk, self.export_raw(fleet, home, acquisition), shallow=False))
        twice = shown["manifest"]["sent_bytes"] - size
        self.assertLess(twice, kills * WINDOW_BYTES + (2 << 20), f"{twice} bytes sent twice")
        self.assertGreaterEqual(shown["manifest"]["resumed"], 2)
        fleet.must(["verify", acquisition], home)

    def test_ten_kills_at_random_points_of_one_image(self):
        size = 96 << 20
        fleet, home, state, agent, host, disk = self.fleet_with_noise(size)
        acquisition = fleet.must(["image", host, "--disk", disk, "--json", "--send-rate", "8MiB", "--no-listing"],
                                 home).documents()[-1]["acquisition_id"]
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        victims = ["agent", "collector"] * 5
        chance.shuffle(victims)
        for number, victim in enumerate(victims):
            # Wherever it stands then: before it has begun, between two acknowledgements, while it connects again.
            time.sleep(chance.uniform(0.05, 1.0))
            if victim == "agent":
                agent.kill()
                agent = fleet.agent(state)
            else:
                fleet.collector.kill()
                fleet.serve()
            state_now = fleet.show(acquisition, home)["state"]
            self.assertNotIn(state_now, ("complete", "failed"), f"kill {number} of seed {seed} came too late")
        fleet.must(["watch", acquisition], home, (0, 3))
        shown = fleet.show(acquisition, home)
        self.assertEqual(shown["state"], "complete", f"seed {seed}")
        self.assertTrue(filecmp.cmp(disk, self.export_raw(fleet, home, acquisition), shallow=False), f"seed {seed}")
        twice = shown["manifest"]["sent_bytes"] - size
        # By the agent's own count, of which each kill forgets a little; tools/bench counts on the wire.
        print(f"ten kills, seed {seed}: {twice} of {size} bytes counted twice, "
              f"resumed {shown['manifest']['resumed']} times, {victims}")
        self.assertLess(twice, len(victims) * WINDOW_BYTES, f"seed {seed}")
        fleet.must(["verify", acquisition], home)

    def test_a_disk_that_is_not_there(self):
        fleet, home, host = self.fleet_with_agent()
        for path in (self.folder / "no-disk", self.folder):
            result = fleet.hozen(["image", host, "--disk", path, "--wait", "--json"], home)
            self.assertEqual(result.status, 3, result.err)
            acquisition = result.documents()[-1]["acquisition_id"]
            failed = fleet.must(["items", acquisition, "--failed", "--json"], home).documents()
            self.assertEqual(failed[0]["path"], str(path))
            self.assertTrue(failed[0]["failure"]["cause"])

    def test_cancel_keeps_what_was_taken(self):
        fleet, home, host = self.fleet_with_agent()
        disk = self.folder / "disk.img"
        with open(disk, "wb") as out:
            for _ in range(48):
                out.write(random.randbytes(1 << 20))
        ordered = fleet.must(["image", host, "--disk", disk, "--json", "--send-rate", "4MiB", "--no-listing"], home)
        acquisition = ordered.documents()[-1]["acquisition_id"]
        harness.wait_until(lambda: (fleet.show(acquisition, home).get("progress") or {}).get("sent_bytes", 0) > 1 << 20,
                           "the image to be under way")
        fleet.must(["cancel", acquisition], home)
        self.assertEqual(fleet.hozen(["watch", acquisition], home).status, 3)
        failed = fleet.must(["items", acquisition, "--failed", "--json"], home).documents()
        self.assertEqual(failed[0]["failure"]["cause"], "cancelled")
        self.assertGreater(failed[0]["size_bytes"], 0)
        fleet.must(["verify", acquisition], home)

    def test_a_deadline_always_fires(self):
        fleet, home, host = self.fleet_with_agent()
        disk = self.folder / "disk.img"
        with open(disk, "wb") as out:
            for _ in range(32):
                out.write(random.randbytes(1 << 20))
        done = fleet.hozen(["image", host, "--disk", disk, "--wait", "--json", "--send-rate", "1MiB", "--no-listing",
                            "--deadline", "5s"], home)
        self.assertEqual(done.status, 3, done.err)
        acquisition = done.documents()[-1]["acquisition_id"]
        self.assertEqual(fleet.show(acquisition, home)["manifest"]["ended_by"]["cause"], "deadline")

    def test_a_full_store_pauses_and_goes_on_by_itself(self):
        fleet, home, host = self.fleet_with_agent("--quota-mib", "8")
        disk = self.folder / "disk.img"
        with open(disk, "wb") as out:
            for _ in range(24):
                out.write(random.randbytes(1 << 20))
        ordered = fleet.must(["image", host, "--disk", disk, "--json", "--no-listing"], home).documents()[-1]
        acquisition = ordered["acquisition_id"]

        def paused():
            return (fleet.show(acquisition, home).get("progress") or {}).get("paused")
        harness.wait_until(paused, "the agent to say that it is paused")
        # Room again: the same collector with a larger quota. Nobody tells the agent.
        self.assertEqual(fleet.collector.stop(), 0)
        fleet.serve_options = ["--quota-mib", "1024"]
        fleet.serve()
        fleet.must(["watch", acquisition], home)
        shown = fleet.show(acquisition, home)
        self.assertEqual(shown["state"], "complete")
        self.assertLess(shown["manifest"]["sent_bytes"], (24 << 20) + 3 * WINDOW_BYTES)


if __name__ == "__main__":
    harness.main()
