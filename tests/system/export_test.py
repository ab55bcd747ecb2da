"""Images as analysts take them away: forms, parts, standard output, kills and lost links. Others judge them."""

import filecmp
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import threading
import unittest
import zipfile
import zlib

import harness

FAILING_DISK = harness.binary("tests/system/failing_disk.so")
PYAFF4_JUDGE = harness.binary("tools/images/pyaff4_judge.py")
AFF4_JUDGE = harness.binary("tools/images/aff4_judge.py")


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

    def test_an_aff4_is_what_its_standard_wants_and_is_verified(self):
        disk, volumes = self.disk()
        fleet, home, acquisition = self.imaged(disk)
        image = self.folder / "case.aff4"
        fleet.must(["export", acquisition, "--format", "aff4", "--out", image], home)
        self.judge("unzip", "-tqq", image)
        self.assertIn("sound:", self.judge("python3", AFF4_JUDGE, image, disk))
        self.assertIn(sha256(disk), self.judge("unzip", "-p", image, "information.turtle"))
        self.assertLess(image.stat().st_size, disk.stat().st_size / 2)
        verified = self.verified(fleet, image)
        self.assertEqual(verified.status, 0, verified.err + verified.text)
        self.assertEqual(verified.documents()[0]["verified_bytes"], disk.stat().st_size)
        self.assertEqual(sorted(p.name for p in self.folder.glob("case*")), ["case.aff4", "case.aff4.json"],
                         "nothing is left of the way")
        # The first byte of a volume that a file has is damaged where it is packed, or exchanged for another.
        for change in (self.flip_a_packed_byte, self.exchange_a_sector):
            damaged = self.folder / f"{change.__name__}.aff4"
            offset = int(volumes["ext4"]) * 512 + 1024
            change(image, damaged, offset)
            shutil.copy(self.folder / "case.aff4.json", f"{damaged}.json")
            wrong = self.verified(fleet, damaged)
            self.assertEqual(wrong.status, 4, wrong.err + wrong.text)
            fault = wrong.documents()[0]["faults"][0]
            self.assertEqual(fault["path"], str(disk))
            self.assertLessEqual(fault["offset_bytes"], offset)
            self.assertGreater(fault["offset_bytes"], offset - (1 << 20))
        (self.folder / "case.aff4.json").unlink()
        self.assertIn("sidecar", self.verified(fleet, image).err)

    def test_an_aff4_of_a_disk_with_holes_and_bad_sectors(self):
        disk, rules = self.folder / "disk.img", self.folder / "rules"
        data = bytearray(random.randbytes(5 << 20) + bytes(4 << 20) + random.randbytes(3 << 20))
        disk.write_bytes(data)
        rules.write_text("bad 1049088 512\nbad 2097152 262144\nbad 10485760 1024\n")
        fleet = self.fleet()
        admin, home = fleet.customer(), fleet.responder()
        state, _ = fleet.enrol(fleet.token(admin))
        fleet.agent(state, environment={"LD_PRELOAD": FAILING_DISK, "HOZEN_FAILING_DISK": str(disk),
                                        "HOZEN_FAILING_RULES": str(rules),
                                        "ASAN_OPTIONS": "verify_asan_link_order=0"})
        done = fleet.must(["image", fleet.host(home), "--disk", disk, "--wait", "--json"], home, (3,))
        acquisition = done.documents()[-1]["acquisition_id"]
        image, media = self.folder / "case.aff4", self.folder / "media"
        fleet.must(["export", acquisition, "--format", "aff4", "--out", image], home)
        missing = json.loads((self.folder / "case.aff4.json").read_text())["unreadable"]
        self.assertEqual(sum(size for _, size, *_ in missing), 512 + 262144 + 1024)
        for offset, size, *_ in missing:
            data[offset:offset + size] = bytes(size)
        media.write_bytes(data)
        self.assertIn(f" {512 + 262144 + 1024} that nobody read", self.judge("python3", AFF4_JUDGE, image, media))
        verified = self.verified(fleet, image)
        self.assertEqual(verified.status, 0, verified.err + verified.text)
        # Where somebody has the library of AFF4's authors (see tools/images/pyaff4_judge.py), it judges too.
        if python := os.environ.get("HOZEN_PYAFF4_PYTHON"):
            self.assertIn("AFF4Hash, linear MD5 SHA1 SHA256", self.judge(python, PYAFF4_JUDGE, image))

    def chunk_of(self, image, offset):
        """Of the chunk that has this byte of the media: its bevy, its place there, its packed bytes, the byte's place in it."""
        with zipfile.ZipFile(image) as opened:
            names = opened.namelist()
            runs = struct.iter_unpack("<QQQI", opened.read(next(n for n in names if n.endswith("/map"))))
            at, _, target_at, _ = next(r for r in runs if r[3] == 0 and r[0] <= offset < r[0] + r[1])
            chunk, in_chunk = divmod(target_at + offset - at, 32768)
            bevy = next(n for n in names if n.endswith(f"/{chunk // 2048:08d}"))
            packed_at, size = list(struct.iter_unpack("<QI", opened.read(f"{bevy}.index")))[chunk % 2048]
            return bevy, packed_at, opened.read(bevy)[packed_at:packed_at + size], in_chunk

    def flip_a_packed_byte(self, image, damaged, offset):
        _, _, packed, _ = self.chunk_of(image, offset)
        content = bytearray(image.read_bytes())
        content[content.index(packed) + len(packed) // 2] ^= 0x40
        damaged.write_bytes(content)

    def exchange_a_sector(self, image, damaged, offset):
        bevy, packed_at, packed, in_chunk = self.chunk_of(image, offset)
        chunk = bytearray(packed if len(packed) == 32768 else zlib.decompress(packed))
        chunk[in_chunk] ^= 1
        changed = zlib.compress(bytes(chunk))
        with zipfile.ZipFile(image) as whole, zipfile.ZipFile(damaged, "w") as other:
            for name in whole.namelist():
                content = whole.read(name)
                if name == bevy:
                    content = content[:packed_at] + changed + content[packed_at + len(packed):]
                if name == f"{bevy}.index":
                    more = len(changed) - len(packed)
                    content = b"".join(struct.pack("<QI", at + (more if at > packed_at else 0),
                                                   len(changed) if at == packed_at else size)
                                       for at, size in struct.iter_unpack("<QI", content))
                other.writestr(name, content)

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
            aff4 = raw.with_suffix(".aff4")
            fleet.must(["export", acquisition, "--format", "aff4", "--partition", partition["number"], "--out", aff4],
                       home)
            self.assertIn("sound:", self.judge("python3", AFF4_JUDGE, aff4, raw))
            verified = self.verified(fleet, aff4)
            self.assertEqual(verified.status, 0, verified.err + verified.text)
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
