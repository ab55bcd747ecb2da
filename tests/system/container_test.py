"""Disks in containers: what comes out at the far end is the disk, bit for bit."""

import hashlib
import subprocess
import unittest

import harness


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as opened:
        while piece := opened.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


class ContainerTest(harness.SystemTest):

    def tool(self, *arguments):
        subprocess.run([str(a) for a in arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def containers(self, disk):
        """The first file of each kind, made by other people's tools."""
        convert = ("qemu-img", "convert", "-f", "raw")
        self.tool("ewfacquire", "-u", "-q", "-l", "/dev/null", "-C", "case", "-D", "what", "-e", "who", "-E", "1",
                  "-N", "none", "-m", "fixed", "-M", "physical", "-f", "encase6", "-c", "fast", "-b", "64",
                  "-S", 4 << 20, "-t", self.folder / "case", disk)
        self.tool(*convert, "-O", "qcow2", "-c", disk, self.folder / "disk.qcow2")
        self.tool(*convert, "-O", "vpc", "-o", "force_size=on", disk, self.folder / "disk.vhd")
        self.tool(*convert, "-O", "vmdk", disk, self.folder / "disk.vmdk")
        self.tool("split", "-b", "10M", "-d", "-a", "3", "--numeric-suffixes=1", disk, f"{self.folder}/pieces.")
        self.assertTrue((self.folder / "case.E02").exists(), "more than one segment")
        return {"ewf": self.folder / "case.E01", "qcow": self.folder / "disk.qcow2", "vhd": self.folder / "disk.vhd",
                "vmdk": self.folder / "disk.vmdk", "split": self.folder / "pieces.001"}

    def image(self, fleet, home, host, path, *options, statuses=(0,)):
        done = fleet.must(["image", host, "--disk", path, "--wait", "--json", *options], home, statuses)
        return done.documents()[-1]["acquisition_id"]

    def disk_item(self, fleet, home, acquisition):
        items, _ = fleet.items(acquisition, home)
        return [item for item in items if item["kind"] == "disk"][0]

    def test_each_kind_gives_the_disk_back(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _ = self.disk()
        expected = sha256(disk)
        sent = []
        for kind, path in self.containers(disk).items():
            with self.subTest(kind):
                acquisition = self.image(fleet, home, host, path)
                item = self.disk_item(fleet, home, acquisition)
                self.assertEqual(item["disk"]["container"], kind)
                self.assertEqual(item["disk"]["size_bytes"], disk.stat().st_size)
                self.assertEqual(item["sha256"], expected)
                self.assertEqual({p["file_system"] for p in item["disk"]["partitions"] if p.get("file_system")},
                                 {"ext4", "ntfs"})
                raw = self.folder / f"{kind}.raw"
                fleet.must(["export", acquisition, "--format", "raw", "--out", raw], home)
                self.assertEqual(sha256(raw), expected)
                sent.append(fleet.show(acquisition, home)["manifest"]["sent_bytes"])
        # The same disk in other clothes: its bytes were there.
        self.assertLess(max(sent[1:]), sent[0] / 50)

    def test_raw_takes_the_file(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _ = self.disk()
        path = self.containers(disk)["qcow"]
        item = self.disk_item(fleet, home, self.image(fleet, home, host, path, "--container", "raw"))
        self.assertEqual(item["sha256"], sha256(path))
        self.assertNotIn("container", item["disk"])

    def test_what_cannot_be_opened_says_what_to_do(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _ = self.disk()
        containers = self.containers(disk)
        (self.folder / "case.E02").unlink()
        child = self.folder / "child.qcow2"
        self.tool("qemu-img", "create", "-f", "qcow2", "-b", containers["qcow"], "-F", "qcow2", child)
        for path, word in ((containers["ewf"], "missing"), (child, "qemu-img convert")):
            acquisition = self.image(fleet, home, host, path, statuses=(3,))
            item = self.disk_item(fleet, home, acquisition)
            self.assertEqual(item["state"], "failed")
            self.assertIn(word, item["failure"]["detail"])
        wrong = fleet.hozen(["image", host, "--disk", disk, "--container", "e01"], home)
        self.assertEqual(wrong.status, 2)


if __name__ == "__main__":
    harness.main()
