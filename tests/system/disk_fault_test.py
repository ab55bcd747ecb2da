"""Disks that fail, shrink, vanish and lie: the image is taken, and says exactly what it lacks."""

import json
import os
import random
import struct
import unittest

import harness

SECTOR_BYTES = 512
DISK_BYTES = 8 << 20
SHIM = harness.binary("tests/system/failing_disk.so")


def runs_of(sectors):
    """Numbers of sectors as [offset, size] of what lies side by side."""
    runs = []
    for sector in sorted(sectors):
        if runs and sum(runs[-1]) == sector * SECTOR_BYTES:
            runs[-1][1] += SECTOR_BYTES
        else:
            runs.append([sector * SECTOR_BYTES, SECTOR_BYTES])
    return runs


def with_zeros(data, runs):
    data = bytearray(data)
    for offset, size in runs:
        data[offset:offset + size] = bytes(size)
    return bytes(data)


class DiskFaultTest(harness.SystemTest):
    """What its tests share: ordering an image, taking it away, judging it."""

    def image(self, fleet, home, host, disk, *options, status):
        done = fleet.must(["image", host, "--disk", disk, "--wait", "--json", *options], home, (status,))
        return done.documents()[-1]["acquisition_id"]

    def export_raw(self, fleet, home, acquisition):
        """The bytes and the sidecar. The bundle verifies, whatever it lacks."""
        raw = self.folder / "image.raw"
        exported = fleet.must(["export", acquisition, "--format", "raw", "--out", raw, "--json"], home).documents()[0]
        fleet.must(["verify", raw, "--authority", fleet.authority()], self.folder / "nobody")
        with open(exported["sidecar"], encoding="utf-8") as sidecar:
            return raw.read_bytes(), json.load(sidecar)

    def disk_item(self, fleet, home, acquisition):
        return [i for i in fleet.items(acquisition, home)[0] if i["kind"] == "disk"][0]


class FailingDiskTest(DiskFaultTest):
    """A disk whose reads fail as a preloaded library wants."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "disk.img"
        self.data = random.Random(7).randbytes(DISK_BYTES)
        self.path.write_bytes(self.data)
        self.rules_file = self.folder / "rules"
        self.rules()

    def rules(self, *lines):
        """From now on. In one step, because the agent may be reading them."""
        new = self.folder / "rules.new"
        new.write_text("".join(line + "\n" for line in lines))
        os.replace(new, self.rules_file)

    def failing_fleet(self):
        fleet = self.fleet()
        admin, home = fleet.customer(), fleet.responder()
        state, enrolled = fleet.enrol(fleet.token(admin))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        fleet.agent(state, environment={"LD_PRELOAD": SHIM, "HOZEN_FAILING_DISK": str(self.path),
                                        "HOZEN_FAILING_RULES": str(self.rules_file),
                                        "ASAN_OPTIONS": "verify_asan_link_order=0"})
        return fleet, home, fleet.host(home)

    def judge(self, fleet, home, acquisition, missing, state="partial"):
        """What is missing is `missing`, [offset, size] each, and all the rest is there."""
        self.assertEqual(fleet.show(acquisition, home)["state"], "complete_with_failures")
        raw, sidecar = self.export_raw(fleet, home, acquisition)
        self.assertEqual([run[:2] for run in sidecar["unreadable"]], missing)
        self.assertEqual({run[2] for run in sidecar["unreadable"]}, {"IO_ERROR"})
        item = self.disk_item(fleet, home, acquisition)
        self.assertEqual(item["state"], state)
        self.assertEqual(item["unreadable_bytes"], sum(size for _, size in missing))
        self.assertEqual(item["size_bytes"], len(self.data))
        self.assertTrue(raw == with_zeros(self.data, missing), "the image differs where the disk could be read")

    def check_bad_sectors(self, sectors, *more_rules, state="partial"):
        runs = runs_of(sectors)
        self.rules(*(f"bad {offset} {size}" for offset, size in runs), *more_rules)
        fleet, home, host = self.failing_fleet()
        acquisition = self.image(fleet, home, host, self.path, "--no-listing", status=3)
        self.judge(fleet, home, acquisition, runs, state)
        failed = fleet.items(acquisition, home, "--failed")[0]
        self.assertEqual([item["path"] for item in failed], [str(self.path)])

    def test_a_single_bad_sector(self):
        self.check_bad_sectors([5001])

    def test_a_range_across_chunks(self):
        self.check_bad_sectors(range(2000, 2100))

    def test_the_first_and_the_last_sector(self):
        self.check_bad_sectors([0, DISK_BYTES // SECTOR_BYTES - 1])

    def test_many_ranges(self):
        self.check_bad_sectors(random.Random(3).sample(range(DISK_BYTES // SECTOR_BYTES), 300))

    def test_a_system_that_gives_the_bytes_before_the_bad_ones(self):
        self.check_bad_sectors([1, 2047, 2048, 9000, 9001], "partial")

    def test_a_disk_without_a_good_sector(self):
        self.check_bad_sectors(range(DISK_BYTES // SECTOR_BYTES), state="failed")

    def test_a_disk_whose_size_is_no_multiple_of_a_sector(self):
        self.data += b"tail" * 25
        self.path.write_bytes(self.data)
        self.rules(f"bad {DISK_BYTES} 100")
        fleet, home, host = self.failing_fleet()
        acquisition = self.image(fleet, home, host, self.path, "--no-listing", status=3)
        self.judge(fleet, home, acquisition, [[DISK_BYTES, 100]])

    def test_a_disk_that_has_shrunk(self):
        end = (5 << 20) + 3 * SECTOR_BYTES
        self.rules(f"until {end}")
        fleet, home, host = self.failing_fleet()
        acquisition = self.image(fleet, home, host, self.path, "--no-listing", *harness.order("linear"), status=3)
        self.judge(fleet, home, acquisition, [[end, DISK_BYTES - end]])

    def test_a_disk_that_vanishes_in_the_middle(self):
        self.rules(f"gone_from {5 << 20}")
        fleet, home, host = self.failing_fleet()
        # As it is: a look whether it is a container would touch the end, and the disk be gone from then on.
        acquisition = self.image(fleet, home, host, self.path, "--no-listing", "--container", "raw",
                                 *harness.order("linear"), status=3)
        self.assertEqual(fleet.show(acquisition, home)["state"], "complete_with_failures")
        raw, sidecar = self.export_raw(fleet, home, acquisition)
        missing = [run[:2] for run in sidecar["unreadable"]]
        self.assertEqual(sum(missing[-1]), DISK_BYTES)
        self.assertGreater(missing[0][0], 0, "what had been read before is not given up")
        self.assertTrue(raw == with_zeros(self.data, missing))

    def test_a_disk_that_is_pulled_while_it_is_read(self):
        self.rules("delay_ms 1000")
        fleet, home, host = self.failing_fleet()
        ordered = fleet.must(["image", host, "--disk", self.path, "--json", "--no-listing"], home).documents()[-1]
        acquisition = ordered["acquisition_id"]
        harness.wait_until(lambda: (fleet.show(acquisition, home).get("progress") or {}).get("read_bytes", 0) > 0,
                           "the image to be under way")
        self.rules("gone")
        self.assertEqual(fleet.hozen(["watch", acquisition], home).status, 3)
        raw, sidecar = self.export_raw(fleet, home, acquisition)
        missing = [run[:2] for run in sidecar["unreadable"]]
        self.assertGreater(sum(size for _, size in missing), 0)
        self.assertLess(sum(size for _, size in missing), DISK_BYTES)
        self.assertTrue(raw == with_zeros(self.data, missing))


class LyingDiskTest(DiskFaultTest):
    """Disks whose structures cannot be true. Their bytes are all there, so all of them are taken."""

    def patched(self, offset, patch):
        """A disk with an ext4 and an NTFS volume, and `patch` at a place."""
        disk, volumes = self.disk(size_mib=48)
        with open(disk, "r+b") as opened:
            opened.seek(offset({name: int(start) * SECTOR_BYTES for name, start in volumes.items()}))
            opened.write(patch)
        return disk

    def take(self, disk):
        """The disk's item, and the failed items. Every byte was taken."""
        fleet, home, host = self.fleet_with_agent()
        done = fleet.must(["image", host, "--disk", disk, "--wait", "--json"], home, (0, 3))
        acquisition = done.documents()[-1]["acquisition_id"]
        raw, _ = self.export_raw(fleet, home, acquisition)
        self.assertTrue(raw == disk.read_bytes())
        item = self.disk_item(fleet, home, acquisition)
        self.assertEqual(item["state"], "complete")
        failed, _ = fleet.items(acquisition, home, "--failed")
        self.assertEqual(bool(failed), done.status == 3)
        return item["disk"], failed

    def assert_told(self, taken):
        """That something is wrong is a partition's note or a failed listing."""
        disk, failed = taken
        notes = [p["note"] for p in disk["partitions"] if p.get("note")]
        self.assertTrue(notes or failed, disk)

    def blank(self, *patches):
        disk = self.folder / "blank.img"
        with open(disk, "wb") as out:
            out.truncate(DISK_BYTES)
            for offset, patch in patches:
                out.seek(offset)
                out.write(patch)
        return disk

    def test_a_cyclic_extended_partition_table(self):
        def table(*entries):
            rows = b"".join(struct.pack("<B3sB3sII", 0, bytes(3), kind, bytes(3), start, size)
                            for kind, start, size in entries)
            return bytes(446) + rows.ljust(64, b"\0") + b"\x55\xaa"
        # The second table in the chain says that the third one is itself.
        self.assert_told(self.take(self.blank((0, table((5, 64, 8192))),
                                              (64 * SECTOR_BYTES, table((0x83, 8, 64), (5, 0, 8192))))))

    def test_a_gpt_with_absurd_counts(self):
        protective = bytes(446) + struct.pack("<B3sB3sII", 0, bytes(3), 0xEE, bytes(3), 1, 0xFFFFFFFF)
        header = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 2**63, 34, 2**64 - 1, bytes(16),
                             2**60, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        self.assert_told(self.take(self.blank((0, protective.ljust(510, b"\0") + b"\x55\xaa"),
                                              (SECTOR_BYTES, header))))

    def test_an_ext4_that_says_it_is_larger_than_the_disk(self):
        disk, _ = self.take(self.patched(lambda at: at["ext4"] + 1024 + 4, struct.pack("<I", 0xFFFFFFF0)))
        self.assertTrue(disk["partitions"])  # libtsk reads what there is of it

    def test_an_ext4_with_inodes_of_no_size(self):
        disk, _ = self.take(self.patched(lambda at: at["ext4"] + 1024 + 88, struct.pack("<H", 0)))
        self.assertTrue(disk["partitions"])  # libtsk takes them to be as small as they were once

    def test_an_ntfs_that_says_it_is_larger_than_the_disk(self):
        disk, _ = self.take(self.patched(lambda at: at["ntfs"] + 40, struct.pack("<Q", 2**62)))
        self.assertTrue(disk["partitions"])

    def test_an_ntfs_whose_mft_lies_behind_the_end(self):
        self.assert_told(self.take(self.patched(lambda at: at["ntfs"] + 48, struct.pack("<Q", 2**40))))

    def test_extents_behind_the_end(self):
        volume, disk = self.folder / "volume.img", self.folder / "disk.img"
        with open(volume, "wb") as out:
            out.truncate(DISK_BYTES)
        tree = self.folder / "tree"
        tree.mkdir()
        (tree / "far").write_bytes(b"x" * 9000)
        for command in (["mke2fs", "-q", "-t", "ext4", "-d", tree, volume],
                        ["debugfs", "-w", "-R", "sif /far block[5] 0xfffffff0", volume]):  # where its one extent starts
            self.assertEqual(harness.run(command).status, 0)
        os.rename(volume, disk)
        taken, _ = self.take(disk)
        self.assertEqual([p["file_system"] for p in taken["partitions"]], ["ext4"])

    @unittest.skipUnless(os.environ.get("HOZEN_TESTDATA"), "HOZEN_TESTDATA is not set")
    def test_an_image_that_crashes_libtsk(self):
        source = os.path.join(os.environ["HOZEN_TESTDATA"], "hostile", "fls_ntfs_fuzzer-5124116049166336")
        disk = self.folder / "hostile.img"
        with open(source, "rb") as hostile:
            disk.write_bytes(hostile.read())
        self.assert_told(self.take(disk))


if __name__ == "__main__":
    harness.main()
