"""Images as analysts take them away: forms, parts, standard output, kills and lost links. Others judge them."""

import filecmp
import hashlib
import json
import random
import subprocess
import threading
import unittest

import harness


def sha256(path):
    return subprocess.run(["sha256sum", str(path)], capture_output=True, check=True).stdout.split()[0].decode()


class ExportTest(harness.SystemTest):

    def imaged(self, disk, *serve_options):
        fleet, home, host = self.fleet_with_agent(*serve_options)
        done = fleet.must(["image", host, "--disk", disk, "--wait", "--json"], home, (0, 3))
        return fleet, home, done.documents()[-1]["acquisition_id"]

    def noise(self, mib):
        disk = self.folder / "disk.img"
        with open(disk, "wb") as out:
            for _ in range(mib):
                out.write(random.randbytes(1 << 20))
        return disk

    def judge(self, *arguments):
        done = subprocess.run([str(a) for a in arguments], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def verified(self, fleet, path):
        return fleet.hozen(["verify", path, "--authority", fleet.authority(), "--json"], self.folder / "nobody")

    def test_an_e01_satisfies_its_readers(self):
        disk, volumes = self.disk()
        fleet, home, acquisition = self.imaged(disk)
        image = self.folder / "case.E01"
        done = fleet.must(["export", acquisition, "--format", "e01", "--out", image, "--segment-size", "1M", "--json"], home)
        self.assertEqual(done.documents()[0]["sha256"], sha256(disk))
        self.assertTrue((self.folder / "case.E02").exists())
        self.assertIn("SUCCESS", self.judge("ewfverify", "-q", "-d", "sha1", image))
        self.assertIn(acquisition, self.judge("ewfinfo", image))
        self.assertIn(str(disk.stat().st_size), self.judge("img_stat", image))
        self.assertEqual(self.judge("mmls", image).splitlines()[3:], self.judge("mmls", disk).splitlines()[3:])
        for offset in volumes.values():
            self.assertEqual(self.judge("fls", "-r", "-o", offset, image), self.judge("fls", "-r", "-o", offset, disk))
        verified = self.verified(fleet, image)
        self.assertEqual(verified.status, 0, verified.err + verified.text)
        self.assertEqual(sorted(p.name for p in self.folder.glob("case*")),
                         sorted(["case.E01.json", *(f"case.E{n:02}" for n in range(
                             1, len(list(self.folder.glob("case.E??"))) + 1))]), "nothing is left of the way")
        with open(self.folder / "case.E02", "r+b") as opened:
            middle = (self.folder / "case.E02").stat().st_size // 2
            opened.seek(middle)
            byte = opened.read(1)
            opened.seek(middle)
            opened.write(bytes([byte[0] ^ 1]))
        self.assertEqual(self.verified(fleet, image).status, 4)

    def test_an_aff4_is_a_sound_zip_with_the_right_hash(self):
        disk, _ = self.disk()
        fleet, home, acquisition = self.imaged(disk)
        image = self.folder / "case.aff4"
        fleet.must(["export", acquisition, "--format", "aff4", "--out", image], home)
        self.judge("unzip", "-tqq", image)
        self.assertIn(sha256(disk), self.judge("unzip", "-p", image, "information.turtle"))
        self.assertLess(image.stat().st_size, disk.stat().st_size / 2)

    def test_a_partition_and_a_range(self):
        disk, volumes = self.disk()
        fleet, home, acquisition = self.imaged(disk)
        item = [i for i in fleet.must(["items", acquisition, "--json"], home).documents() if i["kind"] == "disk"][0]
        content = disk.read_bytes()
        for partition in item["disk"]["partitions"]:
            if not partition.get("file_system"):
                continue
            raw = self.folder / f"part{partition['number']}.raw"
            fleet.must(["export", acquisition, "--format", "raw", "--partition", partition["number"], "--out", raw], home)
            begin = partition["offset_bytes"]
            self.assertEqual(raw.read_bytes(), content[begin:begin + partition["size_bytes"]])
            self.assertIn(str(begin // 512), volumes.values())
            if partition["file_system"].startswith("ext"):
                self.judge("/usr/sbin/fsck.ext4", "-n", "-f", raw)
            verified = self.verified(fleet, raw)
            self.assertEqual(verified.status, 0, verified.err + verified.text)
            self.assertNotIn("unproven_bytes", verified.documents()[0])
        streamed = fleet.must(["export", acquisition, "--format", "raw", "--range", "3s+1M", "--stdout"], home)
        self.assertEqual(streamed.out, content[1536:1536 + (1 << 20)])
        custody = fleet.must(["custody", acquisition, "--json"], home).text
        self.assertIn('"range_offset_bytes"', custody)

    def test_what_cannot_be_is_said(self):
        disk = self.noise(2)
        fleet, home, acquisition = self.imaged(disk)
        for options, status, words in (
                (["--format", "raw", "--partition", "77"], 7, "77"),
                (["--format", "raw", "--range", "1M+2M"], 1, "behind the end"),
                (["--format", "raw", "--range", "1M"], 2, "OFFSET+SIZE"),
                (["--format", "raw", "--range", "0+1M", "--partition", "1"], 2, "partition"),
                (["--format", "raw", "--item", "99"], 7, "no such disk"),
                (["--format", "zip", "--range", "0+1M"], 2, "--range"),
                (["--format", "e01", "--stdout"], 2, "need a file"),
                (["--format", "e01", "--segment-size", "1K"], 2, "segment"),
                (["--format", "raw", "--out", disk], 1, "is there already")):
            result = fleet.hozen(["export", acquisition, *options], home)
            self.assertEqual(result.status, status, f"{options}: {result.err}")
            self.assertIn(words, result.err)
        self.assertEqual(disk.stat().st_size, 2 << 20)

    def test_kill_9_of_hozen_and_going_on(self):
        disk = self.noise(160)
        fleet, home, acquisition = self.imaged(disk)
        for form, name in (("raw", "a.raw"), ("e01", "b.E01")):
            image = self.folder / name
            part, record = self.folder / f"{name}.part", self.folder / f"{name}.part.json"
            command = ["export", acquisition, "--format", form, "--out", image]

            def synced():
                try:
                    return json.loads(record.read_text())["synced_bytes"]
                except (OSError, ValueError):
                    return 0
            for threshold in (16 << 20, 64 << 20):
                exporting = harness.Process([harness.HOZEN, *command], self.folder / "export.log", {"HOZEN_HOME": str(home)})
                harness.wait_until(lambda t=threshold: synced() >= t, "the export to be under way")
                exporting.kill()
                self.assertFalse(image.exists())
            self.assertTrue(part.exists())
            other = fleet.hozen(["export", acquisition, "--format", form, "--range", "0+1M", "--out", image], home)
            self.assertEqual(other.status, 1, "a part of something else is not gone on with")
            had = synced()
            result = fleet.must(command, home)
            self.assertIn("going on behind", result.err)
            self.assertFalse(part.exists() or record.exists())
            if form == "raw":
                self.assertTrue(filecmp.cmp(disk, image, shallow=False))
            else:
                self.assertIn("SUCCESS", self.judge("ewfverify", "-q", image))
            self.assertEqual(self.verified(fleet, image).status, 0)
            entries = [e["entry"] for e in fleet.must(["custody", acquisition, "--json"], home).documents()]
            last = [e for e in entries if e["kind"] == "evidence.export-started"][-2]
            self.assertEqual(int(last["range_offset_bytes"]), had, "only the rest was asked for")

    def test_the_collector_dies_and_the_export_goes_on_by_itself(self):
        disk = self.noise(160)
        fleet, home, acquisition = self.imaged(disk)
        # Standard output is read slowly, so the export is under way for as long as we like.
        exporting = subprocess.Popen([harness.HOZEN, "export", acquisition, "--format", "raw", "--stdout"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env={"HOZEN_HOME": str(home), "LANG": "C.UTF-8"})
        self.addCleanup(exporting.kill)
        notes = []
        reading = threading.Thread(target=lambda: notes.append(exporting.stderr.read()))
        reading.start()
        got = hashlib.sha256(exporting.stdout.read(8 << 20))
        fleet.collector.kill()
        fleet.serve()
        while piece := exporting.stdout.read(1 << 20):
            got.update(piece)
        self.assertEqual(exporting.wait(harness.DEADLINE_S), 0)
        reading.join(harness.DEADLINE_S)
        self.assertIn(b"The link broke off", notes[0])
        self.assertEqual(got.hexdigest(), sha256(disk))


if __name__ == "__main__":
    harness.main()
