"""Files that no running system shows: of a disk that does not run, of other people's images, deleted and hidden ones."""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import re
import struct
import subprocess
import unittest
import uuid

import harness
import testdata_images

MIB = 1 << 20
DFTT = ("ntfs/7-undel-ntfs.zip", "fat/6-undel-fat.zip")
MOST_COMPARED_BYTES = 64 * MIB  # of one file, for the time that icat takes
NO_TIME = 3373865674            # what libtsk 4.11 makes of an NTFS time that is 0


def path_of(item):
    if "path_base64" in item:
        return base64.b64decode(item["path_base64"])
    return item["path"].replace("\\\\", "\\").encode()


def seconds(text):
    """Of a time in our JSON; 0 where there is none."""
    if not text:
        return 0
    whole = re.sub(r"\.\d+", "", text)
    return int(datetime.datetime.fromisoformat(whole.replace("Z", "+00:00")).timestamp()) % (1 << 32)


class OfflineTest(harness.SystemTest):

    def make_linux_disk(self, change=lambda folder: None):
        """A disk with two partitions: a system's root, and its /var by UUID in fstab."""
        root = self.folder / "root"
        for folder in ("etc", "home/mika", "var", "bin", "lost"):
            (root / folder).mkdir(parents=True)
        (root / "etc/os-release").write_text('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
        (root / "etc/hostname").write_text("oldbox\n")
        (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nmika:x:1000:1000::/home/mika:/bin/sh\n")
        var_uuid = "6f4c7d1e-6a0b-4c7a-9d6e-1b2c3d4e5f60"
        (root / "etc/fstab").write_text(f"/dev/sda1 / ext4 defaults 0 1\nUUID={var_uuid} /var ext4 defaults 0 2\n")
        (root / "home/mika/.bash_history").write_text("id\n")
        (root / "home/mika/big").write_bytes(os.urandom(3 * MIB + 5))
        (root / "home/mika/link").symlink_to("/etc/hostname")
        change(root)
        var = self.folder / "var"
        (var / "log").mkdir(parents=True)
        (var / "log/auth.log").write_text("sshd: accepted\n")
        disk = self.folder / "disk.raw"
        with open(disk, "wb") as out:
            out.truncate(80 * MIB)
        subprocess.run(["sfdisk", "-q", disk], input=b"label: dos\n2048,81920,83\n83968,61440,83\n", check=True)
        for source, start, mib, options in ((root, 2048, 40, []), (var, 83968, 30, ["-U", var_uuid])):
            volume = self.folder / "volume"
            subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", source, *options, volume, f"{mib}M"], check=True)
            with open(disk, "r+b") as out:
                out.seek(start * 512)
                out.write(volume.read_bytes())
            volume.unlink()
        return disk, root, var

    def collect(self, fleet, home, host, *options, statuses=(0, 3)):
        done = fleet.must(["collect", host, *options, "--wait", "--json"], home, statuses)
        acquisition = done.documents()[-1]["acquisition_id"]
        return fleet.items(acquisition, home)

    def test_the_system_on_a_disk_that_does_not_run(self):
        fleet, home, host = self.fleet_with_agent()
        disk, root, var = self.make_linux_disk()
        items, targets = self.collect(fleet, home, host, "--offline-disk", disk, "--path", "/etc/*", "--path",
                                      "/var/log/**", "--path", "/home/**", statuses=(0,))
        found = [i for i in items if i["kind"] == "disk"]
        self.assertEqual(len(found), 1)
        system = found[0]["disk"]["systems"][0]
        self.assertEqual((system["system"], system["hostname"], system["system_version"]),
                         ("linux", "oldbox", "Debian GNU/Linux 12 (bookworm)"))
        self.assertEqual([(v["path"], v["partition"]) for v in system["volumes"]], [("/", 1), ("/var", 2)])
        by_path = {path_of(i): i for i in items}
        for base, name, where in ((root, "etc/fstab", b"/etc/fstab"), (root, "home/mika/big", b"/home/mika/big"),
                                  (var, "log/auth.log", b"/var/log/auth.log")):
            self.assertEqual(by_path[where]["sha256"], hashlib.sha256((base / name).read_bytes()).hexdigest())
            self.assertEqual((by_path[where]["access"], by_path[where]["allocation"]), ("raw", "allocated"))
        self.assertEqual(by_path[b"/home/mika/link"]["file"]["link_target"], "/etc/hostname")
        self.assertTrue(all("failure" not in t for t in targets), targets)

    def test_variables_are_those_of_the_system_on_the_disk(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _, _ = self.make_linux_disk()
        items, _ = self.collect(fleet, home, host, "--offline-disk", disk, "--path",
                                "%%users.homedir%%/.bash_history", statuses=(0,))
        self.assertIn(b"/home/mika/.bash_history", {path_of(i) for i in items})

    def test_a_volume_that_nobody_mounts_stands_beside_the_system(self):
        fleet, home, host = self.fleet_with_agent()
        disk, root, _ = self.make_linux_disk(lambda folder: (folder / "etc/fstab").write_text("# nothing\n"))
        items, _ = self.collect(fleet, home, host, "--offline-disk", disk, "--path", "/**", statuses=(0,))
        self.assertIn(b"/partition-2/log/auth.log", {path_of(i) for i in items})

    def test_a_folder_with_the_name_of_the_one_for_orphans_is_a_folder(self):
        fleet, home, host = self.fleet_with_agent()

        def hide(folder):
            (folder / "$OrphanFiles").mkdir()
            (folder / "$OrphanFiles/evil").write_text("here")
        disk, _, _ = self.make_linux_disk(hide)
        items, _ = self.collect(fleet, home, host, "--offline-disk", disk, "--path", "/**", statuses=(0,))
        self.assertIn(b"/$OrphanFiles/evil", {path_of(i) for i in items})

    def test_the_same_in_a_container(self):
        fleet, home, host = self.fleet_with_agent()
        disk, root, _ = self.make_linux_disk()
        image = self.folder / "disk.qcow2"
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", disk, image], check=True)
        items, _ = self.collect(fleet, home, host, "--offline-disk", image, "--path", "/home/mika/big", statuses=(0,))
        taken = [i for i in items if path_of(i) == b"/home/mika/big"]
        self.assertEqual(taken[0]["sha256"], hashlib.sha256((root / "home/mika/big").read_bytes()).hexdigest())

    def test_what_was_named_and_is_not_there_is_a_failure_also_among_deleted_files(self):
        fleet, home, host = self.fleet_with_agent()
        disk, _, _ = self.make_linux_disk()
        for deleted in ([], ["--deleted"]):
            items, _ = self.collect(fleet, home, host, "--offline-disk", disk, "--path", "/etc/nothing",
                                    "--path", "/etc/hostname", *deleted, statuses=(3,))
            failed = [(path_of(i), i["failure"]["cause"]) for i in items if "failure" in i]
            self.assertEqual(failed, [(b"/etc/nothing", "not_found")])
        refused = fleet.hozen(["collect", host, "--container", "raw", "--path", "/x"], home)
        self.assertEqual(refused.status, 2)
        self.assertIn("--offline-disk", refused.err)

    def test_folders_that_stand_in_two_places_are_entered_once(self):
        fleet, home, host = self.fleet_with_agent()
        tree = self.folder / "tree"
        (tree / "a/b/c").mkdir(parents=True)
        (tree / "a/b/c/file").write_text("once")
        (tree / "z").mkdir()
        volume = self.folder / "volume"
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, volume, "16M"], check=True)
        # As no sound file system has it: thirty levels of two such would be a thousand million folders.
        subprocess.run(["debugfs", "-w", "-R", "link /a/b /z/again", volume], check=True, capture_output=True)
        items, _ = self.collect(fleet, home, host, "--offline-disk", volume, "--path", "/**", statuses=(3,))
        self.assertEqual([path_of(i) for i in items if path_of(i).endswith(b"/file")], [b"/a/b/c/file"])
        looped = [(path_of(i), i["failure"]["cause"]) for i in items if "failure" in i]
        self.assertEqual(looped, [(b"/z/again", "loop")])

    def test_volumes_whose_roots_have_one_number_are_all_entered(self):
        fleet, home, host = self.fleet_with_agent()
        disk = self.folder / "disk.raw"
        with open(disk, "wb") as out:
            out.truncate(60 * MIB)
        subprocess.run(["sfdisk", "-q", disk], input=b"label: dos\n2048,32768,83\n34816,32768,83\n67584,32768,83\n", check=True)
        for number, start in ((1, 2048), (2, 34816), (3, 67584)):
            tree, volume = self.folder / f"tree{number}", self.folder / "volume"
            (tree / "data").mkdir(parents=True)
            (tree / "data/file").write_text(str(number))
            subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, volume, "16M"], check=True)
            with open(disk, "r+b") as out:
                out.seek(start * 512)
                out.write(volume.read_bytes())
            volume.unlink()
        items, _ = self.collect(fleet, home, host, "--offline-disk", disk, "--path", "/**", statuses=(0,))
        self.assertEqual(sum(path_of(i).endswith(b"/data/file") for i in items), 3)

    def test_a_disk_that_cannot_be_read_fails_with_its_reason(self):
        fleet, home, host = self.fleet_with_agent()
        nothing = self.folder / "nothing.raw"
        nothing.write_bytes(os.urandom(MIB))
        items, targets = self.collect(fleet, home, host, "--offline-disk", nothing, "--path", "/etc/*", statuses=(3,))
        self.assertEqual([(i["kind"], i["state"]) for i in items], [("disk", "failed")])
        self.assertEqual(targets[0]["failure"]["cause"], "not_found")



@unittest.skipUnless(testdata_images.FOLDER, "HOZEN_TESTDATA is not set")
class WindowsTest(harness.SystemTest):
    """A Windows that does not run, made of an NTFS volume and other people's hives."""

    HIVEX = """
import hivex, sys
hive = hivex.Hivex(sys.argv[1])
domains = hive.node_get_child(hive.node_get_child(hive.root(), "SAM"), "Domains")
for node in [domains] + hive.node_children(domains):
    print(hive.node_name(node))
"""
    DEFINITION = """\
name: SamDomains
doc: Domains of the SAM.
sources:
- type: REGISTRY_KEY
  attributes:
    keys: ['HKEY_LOCAL_MACHINE\\SAM\\SAM\\Domains\\*']
supported_os: [Windows]
"""

    def make_disk(self, change=lambda folder: None):
        image, place = self.folder / "windows.raw", self.folder / "mounted"
        place.mkdir()
        with open(image, "wb") as out:
            out.truncate(64 * MIB)
        subprocess.run(["mkntfs", "-q", "-F", image], check=True, capture_output=True)
        if subprocess.run(["ntfs-3g", "-o", "streams_interface=windows", image, place], capture_output=True,
                          check=False).returncode:
            self.skipTest("no NTFS mounts here")
        try:
            config = place / "Windows/System32/config"
            config.mkdir(parents=True)
            hives = pathlib.Path(testdata_images.FOLDER, "registry")
            for name in ("SAM", "SYSTEM", "SOFTWARE"):
                (config / name).write_bytes((hives / "SAM").read_bytes())
            home = place / "Users/Mika"
            home.mkdir(parents=True)
            (home / "setup.exe").write_bytes(b"MZ")
            pathlib.Path(f"{home / 'setup.exe'}:Zone.Identifier").write_bytes(b"[ZoneTransfer]\r\nZoneId=3\r\n")
            change(place)
        finally:
            subprocess.run(["umount", place], check=True)
        return image, hives

    MOUNTS = """
import hivex, json, sys
hive = hivex.Hivex(sys.argv[1], write=True)
key = hive.node_add_child(hive.root(), "MountedDevices")
values = [{"key": name, "t": 3, "value": bytes.fromhex(data)} for name, data in json.load(sys.stdin).items()]
hive.node_set_values(key, values)
hive.commit(None)
"""

    def make_disk_with_table(self, script, mounts):
        """Two volumes: the system, where its hive says `mounts`, and one with a document, to which junctions lead."""
        def change(place):
            hive = place / "Windows/System32/config/SYSTEM"
            values = {name: data.hex() for name, data in mounts.items()}
            subprocess.run(["/usr/bin/python3", "-c", self.MOUNTS, hive], input=json.dumps(values).encode(), check=True)
            self.make_junction(place / "ByName", "\\??\\Volume{0c1b5f2e-1111-2222-3333-444444444444}\\")
            self.make_junction(place / "ByLetter", "\\??\\D:\\docs")
        system, _ = self.make_disk(change)
        data = self.folder / "data.raw"
        with open(data, "wb") as out:
            out.truncate(16 * MIB)
        subprocess.run(["mkntfs", "-q", "-F", data], check=True, capture_output=True)
        (self.folder / "plan.txt").write_bytes(b"the plan\n")
        subprocess.run(["ntfscp", "-q", data, self.folder / "plan.txt", "plan.txt"], check=True)
        disk = self.folder / "disk.raw"
        with open(disk, "wb") as out:
            out.truncate(96 * MIB)
        subprocess.run(["sfdisk", "-q", disk], input=script.encode(), check=True)
        with open(disk, "r+b") as out:
            for volume, at in ((system, 1 * MIB), (data, 66 * MIB)):
                out.seek(at)
                out.write(volume.read_bytes())
        return disk

    def check_letters(self, disk, own):
        fleet, home, host = self.fleet_with_agent()
        items, _ = self.collect(fleet, home, host, disk, "--path", r"D:\*.txt", "--path", rf"{own}\ByName\plan.txt",
                                "--path", rf"{own}\ByLetter\none", "--path", "%%environ_systemroot%%\\System32\\config\\SAM",
                                "--path", r"*:\$Boot")
        taken = [i for i in items if i["kind"] == "disk"][0]["disk"]
        self.assertEqual({v["path"]: v["partition"] for v in taken["systems"][0]["volumes"]}, {own: 1, "D:": 2})
        judged = subprocess.run(["partx", "-g", "-o", "START,UUID", disk], capture_output=True, check=True).stdout.decode()
        self.assertEqual([[str(p["offset_bytes"] // 512), p["uuid"]] for p in taken["partitions"]],
                         [line.split() for line in judged.splitlines()])
        paths = {path_of(i).decode() for i in items if i["state"] == "complete" and i["kind"] == "file"}
        self.assertEqual(paths, {r"D:\plan.txt", rf"{own}\Windows\System32\config\SAM", rf"{own}\$Boot", r"D:\$Boot"})
        self.assertEqual({i["sha256"] for i in items if path_of(i) == rb"D:\plan.txt"},
                         {hashlib.sha256(b"the plan\n").hexdigest()})
        failed = {path_of(i).decode(): i["failure"]["cause"] for i in items if "failure" in i}
        self.assertEqual(failed, {rf"{own}\ByLetter\none": "not_found"})

    def test_volumes_have_the_letters_that_an_mbrs_windows_gave_them(self):
        signature = struct.pack("<I", 0xd4a5c1f0)
        self.check_letters(self.make_disk_with_table(
            "label: dos\nlabel-id: 0xd4a5c1f0\n1M,64M,7\n66M,16M,7\n",
            {"\\DosDevices\\E:": signature + struct.pack("<Q", 1 * MIB),
             "\\DosDevices\\D:": signature + struct.pack("<Q", 66 * MIB),
             "\\??\\Volume{0c1b5f2e-1111-2222-3333-444444444444}": signature + struct.pack("<Q", 66 * MIB),
             "\\DosDevices\\F:": "_??_USBSTOR#Disk".encode("utf-16-le")}), "E:")

    def test_volumes_have_the_letters_that_a_gpts_windows_gave_them(self):
        guid = uuid.UUID("8ae9e0ba-43a9-4d51-9c86-2b9b0a5f3d31")
        self.check_letters(self.make_disk_with_table(
            f"label: gpt\nstart=2048,size=131072,type=L\nstart=135168,size=32768,type=L,uuid={guid}\n",
            {"\\DosDevices\\D:": b"DMIO:ID:" + guid.bytes_le,
             "\\??\\Volume{0C1B5F2E-1111-2222-3333-444444444444}": b"DMIO:ID:" + guid.bytes_le}), "C:")

    def collect(self, fleet, home, host, image, *options):
        done = fleet.must(["collect", host, "--offline-disk", image, "--system", "windows", *options, "--wait",
                           "--json"], home, (0, 3))
        acquisition = done.documents()[-1]["acquisition_id"]
        return fleet.items(acquisition, home)[0], acquisition

    def test_files_streams_and_metadata_whatever_the_case(self):
        fleet, home, host = self.fleet_with_agent()
        image, hives = self.make_disk()
        items, acquisition = self.collect(fleet, home, host, image, "--path", r"C:\users\*\SETUP.EXE", "--path",
                                          r"\$Boot", "--path", r"C:\$Secure:$SDS", "--path",
                                          r"C:\WINDOWS\system32\config\sam")
        by_path = {path_of(i).decode(): i for i in items}
        self.assertEqual(by_path[str(image)]["disk"]["systems"][0]["system"], "windows")
        self.assertEqual(by_path[r"C:\Windows\System32\config\SAM"]["sha256"],
                         hashlib.sha256((hives / "SAM").read_bytes()).hexdigest())
        self.assertEqual(by_path[r"C:\Users\Mika\setup.exe:Zone.Identifier"]["sha256"],
                         hashlib.sha256(b"[ZoneTransfer]\r\nZoneId=3\r\n").hexdigest())
        described = subprocess.run(["istat", image, "9"], capture_output=True, check=True).stdout.decode()
        streams = re.search(r"\$DATA \((128-\d+)\)\s+Name: \$SDS", described).group(1)
        for path, address in ((r"C:\$Boot", "7"), (r"C:\$Secure:$SDS", f"9-{streams}")):
            judged = subprocess.run(["icat", image, address], capture_output=True, check=True).stdout
            self.assertEqual(by_path[path]["sha256"], hashlib.sha256(judged).hexdigest(), path)
        bundle = self.folder / "bundle.zip"
        fleet.must(["export", acquisition, "--out", bundle], home)
        fleet.must(["verify", bundle, "--authority", fleet.authority()], home)

    @staticmethod
    def make_junction(path, target):
        """As Windows writes one: the name for the system, and an empty one for people, behind a tag and lengths."""
        path.mkdir()
        name = target.encode("utf-16-le")
        data = struct.pack("<HHHH", 0, len(name), len(name) + 2, 0) + name + bytes(4)
        os.setxattr(path, "system.ntfs_reparse_data", struct.pack("<IHH", 0xA0000003, len(data), 0) + data)

    def test_what_stands_behind_junctions_is_taken_or_said(self):
        fleet, home, host = self.fleet_with_agent()

        def move(place):
            (place / "Data").mkdir()
            (place / "Users").rename(place / "Data/Users")
            self.make_junction(place / "Users", "\\??\\C:\\Data\\Users")
            self.make_junction(place / "Gone", "\\??\\E:\\x")
            self.make_junction(place / "Away", "\\??\\UNC\\server\\share")
        image, _ = self.make_disk(move)
        items, _ = self.collect(fleet, home, host, image, "--path", r"C:\Users\mika\*.exe", "--path", r"C:\Gone\x",
                                "--path", r"C:\Away\x", "--path", r"C:\Use*")
        by_path = {path_of(i).decode(): i for i in items}
        self.assertEqual(by_path[r"C:\Data\Users\Mika\setup.exe"]["sha256"], hashlib.sha256(b"MZ").hexdigest())
        self.assertEqual(by_path[r"C:\Gone\x"]["failure"]["cause"], "not_supported")
        self.assertEqual(by_path[r"C:\Away\x"]["failure"]["cause"], "remote_file_system")
        self.assertEqual((by_path[r"C:\Users"]["kind"], path_of({"path": by_path[r"C:\Users"]["file"]["link_target"]})),
                         ("symbolic_link", rb"\??\C:\Data\Users"))

    def test_indexes_of_folders(self):
        fleet, home, host = self.fleet_with_agent()
        image, _ = self.make_disk()
        items, _ = self.collect(fleet, home, host, image, "--path", r"C:\Users\Mika:$I30", "--path", r"*:\:$I30")
        by_path = {path_of(i).decode(): i for i in items}
        for path, address in ((r"C:\Users\Mika:$I30:$INDEX_ROOT", None), ("C::$I30:$INDEX_ALLOCATION", "5-160")):
            self.assertEqual(by_path[path]["kind"], "attribute")
            if address is not None:
                judged = subprocess.run(["icat", image, address], capture_output=True, check=True).stdout
                self.assertEqual(by_path[path]["sha256"], hashlib.sha256(judged).hexdigest())

    def test_keys_are_those_that_hivex_sees(self):
        fleet, home, host = self.fleet_with_agent()
        image, hives = self.make_disk()
        folder = self.folder / "definitions"
        folder.mkdir()
        (folder / "sam.yaml").write_text(self.DEFINITION)
        items, acquisition = self.collect(fleet, home, host, image, "--artifacts", "SamDomains", "--definitions", folder)
        lines = []
        for item in [i for i in items if i["kind"] == "registry"]:
            text = fleet.must(["cat", acquisition, str(item["index"])], home).text
            lines += [json.loads(line) for line in text.splitlines()]
        # Debian's own Python is the one that has Debian's hivex.
        judged = subprocess.run(["/usr/bin/python3", "-c", self.HIVEX, hives / "SAM"], capture_output=True, check=True)
        self.assertEqual({line["key"].rsplit("\\", 1)[1] for line in lines},
                         set(judged.stdout.decode().split()))


class RunningHostTest(harness.SystemTest):
    """Past the running system, on a file system of its own that is mounted from a file."""

    def mount(self, make):
        tree = self.folder / "tree"
        (tree / "sub").mkdir(parents=True)
        (tree / "seen").write_text("seen\n")
        (tree / "sub/deep").write_bytes(os.urandom(70000))
        image, place = self.folder / "volume", self.folder / "mounted"
        place.mkdir()
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, "16M"], check=True)
        make(image)
        if subprocess.run(["mount", "-o", "loop,noload,ro", image, place], capture_output=True, check=False).returncode:
            self.skipTest("no loop mounts here")
        self.addCleanup(lambda: subprocess.run(["umount", place], check=True))
        return tree, place

    def collect(self, fleet, home, host, *options):
        done = fleet.must(["collect", host, *options, "--wait", "--json"], home, (0, 3))
        return fleet.items(done.documents()[-1]["acquisition_id"], home)[0]

    def test_both_ways_give_the_same_bytes(self):
        fleet, home, host = self.fleet_with_agent()
        tree, place = self.mount(lambda image: None)
        items = self.collect(fleet, home, host, "--path", f"{place}/**", "--access", "both")
        for name in ("seen", "sub/deep"):
            ways = {i["access"]: i for i in items if i["path"] == f"{place}/{name}"}
            digest = hashlib.sha256((tree / name).read_bytes()).hexdigest()
            self.assertEqual({(a, i["sha256"], i.get("hidden", False)) for a, i in ways.items()},
                             {("system", digest, False), ("raw", digest, False)})

    def test_deleted_files_come_beside_what_the_system_shows(self):
        fleet, home, host = self.fleet_with_agent()
        _, place = self.mount(lambda image: subprocess.run(["debugfs", "-w", "-R", "rm /seen", image], check=True,
                                                           capture_output=True))
        items = self.collect(fleet, home, host, "--path", f"{place}/**", "--deleted")
        found = {(i["path"], i.get("access"), i.get("allocation")) for i in items}
        self.assertIn((f"{place}/sub/deep", "system", None), found)
        self.assertIn((f"{place}/seen", "raw", "deleted"), {(p, a, "deleted" if d in ("deleted", "reallocated") else d)
                                                          for p, a, d in found})
        self.assertNotIn((f"{place}/sub/deep", "raw", "allocated"), found)

    def test_what_is_mounted_over_a_folder_and_is_on_no_disk_says_so(self):
        fleet, home, host = self.fleet_with_agent()
        tree, place = self.mount(lambda image: None)
        subprocess.run(["mount", "-t", "tmpfs", "none", place / "sub"], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", place / "sub"], check=True))
        items = self.collect(fleet, home, host, "--path", f"{place}/**", "--access", "raw")
        by_path = {i["path"]: i for i in items}
        self.assertEqual(by_path[f"{place}/seen"]["sha256"],
                         hashlib.sha256((tree / "seen").read_bytes()).hexdigest())
        self.assertIn("tmpfs", by_path[f"{place}/sub"]["failure"]["detail"])


@unittest.skipUnless(testdata_images.FOLDER, "HOZEN_TESTDATA is not set")
class TestdataTest(harness.SystemTest):

    def collect_all(self, fleet, home, host, image, *options):
        """Everything on an image: the items, and the acquisition."""
        done = fleet.must(["collect", host, "--offline-disk", image, "--path", "/**", *options, "--wait", "--json"],
                          home, (0, 3))
        acquisition = done.documents()[-1]["acquisition_id"]
        return fleet.items(acquisition, home)[0], acquisition

    def test_what_the_answers_call_recoverable_is_recovered(self):
        fleet, home, host = self.fleet_with_agent()
        for name in DFTT:
            path = pathlib.Path(testdata_images.FOLDER, name)
            for _, image in testdata_images.unpacked(path, self.folder):
                items, acquisition = self.collect_all(fleet, home, host, image, "--deleted")
                self.assertTrue([i for i in items if i.get("allocation") == "deleted"])
                out = self.folder / f"{acquisition}.zip"
                fleet.must(["export", acquisition, "--out", out], home)
                fleet.must(["verify", out, "--authority", fleet.authority()], home)
                self.assertEqual(testdata_images.dftt_answers(path) - testdata_images.md5s_in(out), set(), name)

    def judged(self, image, offset, mount):
        """What fls and icat say of the allocated files: by path, SHA-256, size and times."""
        lines = subprocess.run(["fls", "-o", offset, "-r", "-u", "-m", mount, image], capture_output=True, timeout=300,
                               check=False, env={**os.environ, "TZ": "UTC0"}).stdout
        files, folders, name_times = {}, set(), {}
        for line in lines.split(b"\n"):
            parts = line.rsplit(b"|", 9)
            if len(parts) != 10:
                continue
            path, address, mode, size = parts[0][2:], parts[1].decode(), parts[2].decode(), int(parts[5])
            times = tuple(0 if int(t) == NO_TIME else int(t) for t in parts[6:])
            if mode[0] in "vV" or b"$OrphanFiles" in path or b"/.:" in path:
                continue
            if path.endswith(b" ($FILE_NAME)"):
                name_times[path[:-len(b" ($FILE_NAME)")]] = times
            elif mode[2:3] == "d" and "-128-" not in address:
                folders.add(path)
            elif mode[2:3] == "l":
                files[path.split(b" -> ")[0]] = (None, None, times)
            elif "-144-" in address:
                pass  # an index that is no folder's: no stream of data
            elif mode[2:3] == "r" or "-128-" in address:
                files[path] = (self.icat(image, offset, address, size), size, times)
        return files, folders, name_times

    def icat(self, image, offset, address, size):
        if size > MOST_COMPARED_BYTES:
            return None
        done = subprocess.run(["icat", "-o", offset, image, address], capture_output=True, timeout=300, check=False)
        return hashlib.sha256(done.stdout).hexdigest() if done.returncode == 0 else None

    def compare(self, items, image):
        disk = [i for i in items if i["kind"] == "disk"][0]["disk"]
        offsets = {p["number"]: p["offset_bytes"] for p in disk["partitions"]}
        files, folders, name_times = {}, set(), {}
        for volume in disk["systems"][0]["volumes"]:
            offset = str(offsets[volume["partition"]] // 512)
            for all_of_them, these in zip((files, folders, name_times), self.judged(image, offset, volume["path"])):
                all_of_them.update(these)
        self.assertTrue(files)
        ours = {path_of(i): i for i in items if i.get("allocation") == "allocated"}
        streams = {p: i for p, i in ours.items() if i["kind"] in ("file", "attribute", "symbolic_link")}
        differences = [f"only ours: {p}" for p in set(streams) - set(files) if streams[p]["has_stream"]]
        differences += [f"only fls: {p}" for p in set(files) - set(streams)]
        differences += [f"folder: {p}" for p in folders - set(ours)]
        for path in set(files) & set(streams):
            sha256, size, times = files[path]
            item = streams[path]
            told = item["file"]
            skipped = item.get("attribute", {}).get("skipped_bytes", 0)
            seen = tuple(seconds(told.get(n)) for n in ("accessed", "modified", "changed", "born"))
            if seen != times:
                differences.append(f"times: {path} {seen} {times}")
            if size is not None and told["size_bytes"] != size:
                differences.append(f"size: {path} {told['size_bytes']} {size}")
            if sha256 is not None and skipped == 0 and item.get("sha256") != sha256:
                differences.append(f"bytes: {path} {item['state']} {item.get('failure')}")
            if path in name_times and item["kind"] == "file":
                seen = tuple(seconds(told.get(f"name_{n}")) for n in ("accessed", "modified", "changed", "born"))
                if seen != name_times[path]:
                    differences.append(f"times of $FILE_NAME: {path} {seen} {name_times[path]}")
        return len(files), differences

    def read_by_sleuthkit(self, image):
        """Does fsstat know a file system at the image's start, or at that of a partition?"""
        table = subprocess.run(["mmls", image], capture_output=True, timeout=60, check=False).stdout.decode()
        starts = ["0"] + [l.split()[2] for l in table.splitlines() if re.match(r"\d+:\s+\d", l)]
        return any(subprocess.run(["fsstat", "-o", start, image], capture_output=True, timeout=60,
                                  check=False).returncode == 0 for start in starts)

    def test_every_file_of_every_image_is_as_fls_and_icat_have_it(self):
        fleet, home, host = self.fleet_with_agent()
        for kind in ("ext", "fat", "ntfs"):
            for path in sorted(pathlib.Path(testdata_images.FOLDER, kind).iterdir()):
                for name, image in testdata_images.unpacked(path, self.folder):
                    items, _ = self.collect_all(fleet, home, host, image)
                    if [i["state"] for i in items] == ["failed"]:
                        self.assertFalse(self.read_by_sleuthkit(image), name)
                        print(f"{kind}/{name}: the sleuthkit reads nothing of it, and neither do we", flush=True)
                        continue
                    count, differences = self.compare(items, image)
                    print(f"{kind}/{name}: {count} files and streams, {len(differences)} differences", flush=True)
                    self.assertEqual(differences, [], name)


if __name__ == "__main__":
    harness.main()
