"""The Debian packages on a Debian made for the purpose: installed, upgraded, removed and purged; their units run by a
systemd of their own."""

import ctypes
import hashlib
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

PACK = harness.binary("tools/package/deb")
BOOT = harness.binary("tests/system/boot_system.sh")
# What a service runs on, and what the fixed commands of the agent ask.
BASE = ["forensic-artifacts", "init-system-helpers", "kmod", "procps", "systemd", "util-linux"]
COLLECTOR_STATE = "var/lib/hozen-collector"
AGENT_STATE = "var/lib/hozen-agent"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive"}
CLONE_NEWNS = 0x20000
BOOT_DEADLINE_S = 150


def missing_for_this():
    """Why the tests cannot run here; nothing where they can."""
    if os.geteuid() != 0:
        return "needs root: it installs packages into a folder"
    for program in ("dpkg-buildpackage", "dh", "lintian", "mmdebstrap"):
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            return f"needs {program}: tools/setup --package"
    return None


def checked(arguments, **options):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def pack(out):
    """Makes the packages of revision 1; returns them by name."""
    # At xz's own level a quarter of the time went into what only a test reads.
    environment = {**ENVIRONMENT, "SOURCE_DATE_EPOCH": "1767225600", "DPKG_DEB_COMPRESSOR_LEVEL": "0"}
    made = checked([PACK, "--no-build", "--out", out], env=environment)
    return {pathlib.Path(path).name.split("_")[0]: pathlib.Path(path) for path in made.split()}


def repacked(packages, out, revision):
    """The same packages as another revision of themselves."""
    again = {}
    for name, path in packages.items():
        tree = out / name
        checked(["dpkg-deb", "--raw-extract", path, tree])
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^(Version: .*-).*$", rf"\g<1>{revision}", control.read_text()))
        again[name] = out / f"{name}_{revision}.deb"
        checked(["dpkg-deb", "--build", "-Zgzip", tree, again[name]])
    return again


def dependencies(packages):
    """The packages that the first alternatives of all Depends name."""
    names = set()
    for path in packages.values():
        for clause in checked(["dpkg-deb", "-f", path, "Depends"]).split(","):
            names.add(clause.split("|")[0].split("(")[0].strip())
    return sorted(names)


def base_system(packages):
    """A tar of a small Debian with all that the packages depend on, from wherever this machine's apt gets its own. Kept
    in the user's cache by what stands in it; safe to delete."""
    wanted = sorted({*BASE, *dependencies(packages)})
    sources = sorted(set(checked(["apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
                                  "Created-By: Packages", "Origin: Debian"]).splitlines()))
    if not sources:
        raise unittest.SkipTest("apt has no lists of Debian here: apt-get update")
    key = hashlib.sha256("\n".join([*wanted, *sources]).encode()).hexdigest()[:16]
    cache = pathlib.Path(os.path.expanduser("~/.cache/hozen-packages"))
    tar = cache / f"{key}.tar"
    if not tar.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # How this machine reaches its archive is in its configuration.
        settings = [line.replace(" ", "=", 1).rstrip(";") for line in checked(["apt-config", "dump"]).splitlines()
                    if re.match(r"Acquire::(http|https|Check|Retries)", line)]
        settings = [re.sub(r'^([^=]+)="(.*)"$', r'\1 "\2"', line) for line in settings]
        with tempfile.NamedTemporaryFile(dir=cache, prefix="making-", suffix=".tar") as making:
            checked(["mmdebstrap", "--variant=minbase", f"--include={','.join(wanted)}",
                     *[f"--aptopt={setting}" for setting in settings],
                     "bookworm", making.name, *sources])
            os.chmod(making.name, 0o644)
            os.link(making.name, tar)
    return tar


def setUpModule():
    reason = missing_for_this()
    if reason is not None:
        raise unittest.SkipTest(reason)
    # Mounts of our own: whatever happens to this process, none is left behind.
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise unittest.SkipTest("no mount namespaces here")
    checked(["mount", "--make-rprivate", "/"])


class Root:
    """A Debian in a folder: the base below, what a test does to it above."""

    def __init__(self, base, folder):
        self.path = folder / "root"
        for name in ("root", "above", "work"):
            (folder / name).mkdir()
        self.layers = f"lowerdir={base},upperdir={folder / 'above'},workdir={folder / 'work'}"
        self.mount()
        checked(["mount", "-t", "proc", "proc", self.path / "proc"])
        (self.path / "packages").mkdir()

    def mount(self):
        checked(["mount", "-t", "overlay", "overlay", "-o", self.layers, self.path])

    def close(self):
        subprocess.run(["umount", "-R", self.path], check=False)

    def bring(self, packages):
        for path in packages.values():
            shutil.copy(path, self.path / "packages")
        return [f"/packages/{path.name}" for path in packages.values()]

    def run(self, arguments, environment=None):
        return harness.Result(subprocess.run(["chroot", self.path, *map(str, arguments)], capture_output=True,
                                             check=False, stdin=subprocess.DEVNULL, timeout=300,
                                             env={**ENVIRONMENT, **(environment or {})}))

    def must(self, arguments, environment=None):
        done = self.run(arguments, environment)
        assert done.status == 0, f"{arguments}: {done.status}\n{done.text}\n{done.err}"
        return done

    def purge_answering(self, package, answer):
        """Purges at a terminal, says `answer` to what is asked, and returns what was shown."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chroot(self.path)
            os.chdir("/")
            os.execve("/usr/bin/dpkg", ["dpkg", "--purge", package],
                      {**ENVIRONMENT, "DEBIAN_FRONTEND": "teletype", "TERM": "dumb"})
        shown, answered = b"", False
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if not answered and re.search(rb"\[yes/no\]\s*$", shown):
                os.write(terminal, answer.encode() + b"\n")
                answered = True
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")

    def mode(self, path):
        found = (self.path / path).stat()
        return f"{found.st_mode & 0o7777:o}"


class Booted:
    """The same Debian under a systemd of its own."""

    def __init__(self, root, log):
        self.name = f"hozen-test-{os.getpid()}"
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen([BOOT, root.path, self.name], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL)
        self.pid = None

        def up():
            if self.process.poll() is not None:
                raise unittest.SkipTest("systemd does not start in namespaces here: " + log.read_text(errors="replace"))
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            try:
                name = pathlib.Path(f"/proc/{children[0]}/comm").read_text() if children else ""
            except FileNotFoundError:  # a child of a moment, before systemd
                return False
            if "systemd" not in name:
                return False
            self.pid = int(children[0])
            return self.run(["systemctl", "is-system-running"]).text.strip() in ("running", "degraded")
        try:
            harness.wait_until(up, "systemd to have started everything", BOOT_DEADLINE_S)
        except BaseException as error:
            state = self.run(["systemctl", "list-jobs", "--no-pager"]).text if self.pid else "it is not there"
            self.close()
            raise RuntimeError(f"{state}\n{log.read_text(errors='replace')}") from error

    def run(self, arguments):
        inside = ["nsenter", "--target", self.pid, "--all", f"--root=/proc/{self.pid}/root",
                  f"--wd=/proc/{self.pid}/root/root"]
        return harness.Result(subprocess.run([str(a) for a in [*inside, *arguments]], capture_output=True, check=False,
                                             stdin=subprocess.DEVNULL, env=ENVIRONMENT, timeout=300))

    def must(self, arguments, statuses=(0,)):
        done = self.run(arguments)
        assert done.status in statuses, f"{arguments}: {done.status}\n{done.text}\n{done.err}\n{self.journal()}"
        return done

    def journal(self):
        return self.run(["journalctl", "--no-pager", "-u", "hozen-*", "-n", "60"]).text

    def property(self, unit, name):
        return self.must(["systemctl", "show", "-P", name, unit]).text.strip()

    def close(self):
        self.process.kill()  # and with it, by --kill-child, its systemd and all below
        self.process.wait()
        for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
            fields = line.split()
            if fields[fields.index("-") + 1] not in ("cgroup", "cgroup2"):
                continue
            group = pathlib.Path(fields[4], self.name)
            for folder in sorted(group.rglob("*"), key=lambda p: -len(p.parts)) + [group]:
                if not folder.is_dir():
                    continue

                def gone(folder=folder):
                    try:
                        folder.rmdir()
                    except FileNotFoundError:
                        pass
                    except OSError:
                        return False
                    return True
                harness.wait_until(gone, f"{folder} to be empty")


class PackagesTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="hozen-test-", dir=os.environ.get("TEST_TMPDIR")))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.first = pack(cls.shared / "first")
        (cls.shared / "second").mkdir()
        cls.second = repacked(cls.first, cls.shared / "second", "2")
        cls.base = cls.shared / "base"
        cls.base.mkdir()
        checked(["tar", "-C", cls.base, "-xf", base_system(cls.first)])

    def root(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.shared))
        root = Root(self.base, folder)
        self.addCleanup(root.close)
        return root

    def installed(self):
        root = self.root()
        root.must(["dpkg", "--install", *root.bring(self.first)])
        return root

    def device(self, image):
        """A block device of the image's bytes; nothing where this system has none to give."""
        made = harness.run(["losetup", "--find", "--show", image])
        if made.status != 0:
            return None
        self.addCleanup(harness.run, ["losetup", "--detach", made.text.strip()])
        return made.text.strip()

    def test_lintian_has_nothing_to_say(self):
        done = harness.run(["lintian", "--fail-on", "error,warning", *self.first.values()])
        said = done.text.replace("running with root privileges is not recommended!", "").strip()
        self.assertEqual((done.status, said), (0, ""), done.err)

    def test_the_same_tree_gives_the_same_packages(self):
        again = pack(self.shared / "again")
        for name, path in self.first.items():
            self.assertEqual(path.read_bytes(), again[name].read_bytes(), name)

    def test_packages_say_what_they_are(self):
        version = harness.run([harness.AGENT, "--version"]).text.strip()
        for name, path in self.first.items():
            control = checked(["dpkg-deb", "-f", path])
            fields = dict(line.split(": ", 1) for line in control.splitlines() if ": " in line)
            self.assertEqual(fields["Version"], f"{version}-1")
            self.assertIn("libgrpc++1.51", fields["Depends"])
            self.assertEqual("libewf (=" in fields.get("Built-Using", ""), name != "hozen-collector")
        for name, question in (("hozen-agent", "破棄しますか"), ("hozen-collector", "破棄しますか")):
            templates = checked(["dpkg-deb", "-I", self.first[name], "templates"])
            self.assertIn("Description-ja.UTF-8:", templates)
            self.assertIn(question, templates)

    def test_units_are_understood_and_hardened(self):
        root = self.installed()
        units = [f"lib/systemd/system/{name}.service" for name in ("hozen-agent", "hozen-collector")]
        verified = root.run(["systemd-analyze", "verify", "--man=no", *(f"/{unit}" for unit in units)])
        self.assertEqual((verified.status, "hozen" in verified.err), (0, False), verified.err)
        # Tenths: what systemd 252 says of them. A change that opens either further has to say so here.
        for unit, most in ((units[0], 55), (units[1], 15)):
            weighed = root.run(["systemd-analyze", "security", "--offline=true", f"--threshold={most}", f"/{unit}"])
            self.assertEqual(weighed.status, 0, weighed.text[-300:])

    def test_installed_upgraded_removed_and_purged_as_evidence_demands(self):
        root = self.installed()
        self.assertEqual(root.mode(COLLECTOR_STATE), "750")
        self.assertEqual((root.path / COLLECTOR_STATE).stat().st_uid,
                         int(root.must(["id", "-u", "hozen-collector"]).text))
        self.assertFalse((root.path / AGENT_STATE).exists(), "nobody has enrolled")
        for program in ("sbin/hozen-agent", "libexec/hozen/hozen-volume-reader", "sbin/hozen-collector", "bin/hozen"):
            self.assertEqual(root.mode(f"usr/{program}"), "755")
        listed = root.must(["hozen", "artifacts", "list"]).text
        self.assertIn("HozenLinuxVolatile", listed, "its own definitions are found")
        self.assertIn("_hozen", (root.path / "usr/share/bash-completion/completions/hozen").read_text())
        root.must(["runuser", "-u", "hozen-collector", "--", "hozen-collector", "init", "--data",
                   f"/{COLLECTOR_STATE}/data", "--address", "127.0.0.1:8443"])
        key = (root.path / COLLECTOR_STATE / "data/root.key").read_bytes()
        (root.path / AGENT_STATE / "acquisitions/0123456789abcdef").mkdir(parents=True)
        for name in ("state.pb", "acquisitions/0123456789abcdef/plan.pb"):
            (root.path / AGENT_STATE / name).write_bytes(b"an identity")
        (root.path / "etc/default/hozen-collector").write_text("HOZEN_COLLECTOR_OPTIONS=--reserve-mib=1\n")

        def all_kept():
            self.assertEqual((root.path / COLLECTOR_STATE / "data/root.key").read_bytes(), key)
            self.assertEqual((root.path / AGENT_STATE / "state.pb").read_bytes(), b"an identity")

        upgraded = root.must(["dpkg", "--install", "--force-confold", *root.bring(self.second)])
        self.assertNotIn("init --data", upgraded.err, "what is there needs no advice")
        all_kept()
        self.assertIn("reserve-mib=1", (root.path / "etc/default/hozen-collector").read_text())
        self.assertIn("-2\n", root.must(["dpkg-query", "-W", "-f", "${Version}\n", "hozen-agent"]).text)
        root.must(["dpkg", "--remove", "hozen", "hozen-agent", "hozen-collector"])
        all_kept()
        self.assertFalse((root.path / "usr/sbin/hozen-agent").exists())

        # Nobody can be asked.
        purged = root.must(["dpkg", "--purge", "hozen", "hozen-agent", "hozen-collector"])
        all_kept()
        self.assertIn(f"/{COLLECTOR_STATE} stays", purged.err)
        self.assertFalse((root.path / "etc/default/hozen-collector").exists())
        self.assertIn("hozen-collector", (root.path / "etc/passwd").read_text(), "what stays has an owner")

        # Somebody is asked, and refuses; then agrees.
        root.must(["dpkg", "--install", *root.bring(self.first)])
        status, shown = root.purge_answering("hozen-collector", "no")
        self.assertEqual(status, 0, shown)
        self.assertIn("Destroy the evidence", shown)
        all_kept()
        status, shown = root.purge_answering("hozen-agent", "yes")
        self.assertEqual(status, 0, shown)
        self.assertRegex(shown, r"1\s+acquisition\(s\)")
        self.assertFalse((root.path / AGENT_STATE).exists())
        # Consent that was given beforehand.
        root.must(["dpkg", "--install", *root.bring({"hozen-collector": self.first["hozen-collector"]})])
        consent = "hozen-collector hozen-collector/purge-evidence boolean true"
        root.must(["sh", "-c", f"echo {consent} | debconf-set-selections"])
        root.must(["dpkg", "--purge", "hozen-collector", "hozen"])
        self.assertFalse((root.path / COLLECTOR_STATE).exists())
        left = checked(["find", "-xdev", "-path", "./*hozen*", "-not", "-path", "./packages/*"], cwd=root.path).split()
        self.assertEqual(left, [], "a purge leaves nothing")

    def test_services_run_hardened_and_see_the_host_as_it_is(self):
        root = self.installed()
        root.close()  # without the /proc of the system that this test runs on
        root.mount()
        # Its consoles are the host's, and whether it may have them is nothing to wait for.
        (root.path / "etc/systemd/system/getty.target").symlink_to("/dev/null")
        # Nor are its processes' numbers to go up to 4194304, in a kernel that may be the host's too: the agent asks for
        # each of them, which takes a minute then.
        (root.path / "etc/sysctl.d/50-pid-max.conf").write_text(
            f"kernel.pid_max = {pathlib.Path('/proc/sys/kernel/pid_max').read_text()}")
        made = harness.run([harness.MAKE_DISK, "--size-mib", "64", root.path / "root/disk.img"],
                           environment={"TMPDIR": str(root.path.parent)})
        self.assertEqual(made.status, 0, made.err)
        booted = Booted(root, root.path.parent / "boot.log")
        self.addCleanup(booted.close)
        for unit in ("hozen-agent", "hozen-collector"):
            self.assertEqual(booted.property(unit, "ConditionResult"), "no", "there is nothing to start with yet")
        booted.must(["runuser", "-u", "hozen-collector", "--", "hozen-collector", "init", "--data",
                     f"/{COLLECTOR_STATE}/data", "--address", "127.0.0.1:8443"])
        booted.must(["systemctl", "start", "hozen-collector"])

        def answers():
            return booted.run(["hozen", "login", f"/{COLLECTOR_STATE}/data/admin.credential"]).status == 0
        harness.wait_until(answers, "the collector to answer")
        booted.must(["hozen", "customer", "add", "acme", "--admin", "alice"])
        token = booted.must(["hozen", "token", "create", "--json"]).documents()[0]["token"]
        booted.must(["hozen-agent", "enroll", "--collector", "127.0.0.1:8443", "--token", token,
                     "--state", f"/{AGENT_STATE}"])
        booted.must(["systemctl", "start", "hozen-agent"])

        def connected():
            hosts = booted.must(["hozen", "hosts", "--json"]).documents()
            return next((h["host_id"] for h in hosts if h["connected"]), None)
        host = harness.wait_until(connected, "the agent to connect")
        self.assertIn("started listen=", booted.journal())
        self.assertNotIn("could not be made nicer", booted.journal())
        self.assertNotIn(" ERROR ", booted.journal())

        # Nothing but its own folder can be written to, by whoever takes it over.
        main = booted.property("hozen-agent", "MainPID")
        inside = ["nsenter", "--target", main, "--mount", "touch"]
        self.assertIn("Read-only", booted.run([*inside, "/etc/hozen-was-here"]).err)
        booted.must([*inside, f"/{AGENT_STATE}/hozen-was-here"])

        # And yet the host is as it is.
        artifacts = "HozenLinuxVolatile,LinuxMountCmd,ListProcessesPsCommand,LinuxProcMounts"
        booted.must(["hozen", "collect", host, "--artifacts", artifacts, "--path", "/etc/shadow", "--wait", "--quiet"],
                    statuses=(0, 3))
        items = {i["path"]: i for i in booted.must(["hozen", "items", "last", "--json"]).documents() if "path" in i}

        def cat(path):
            return booted.must(["hozen", "cat", "last", items[path]["index"]]).out
        self.assertEqual(cat("/etc/shadow"), (root.path / "etc/shadow").read_bytes())
        self.assertEqual(cat("/bin/mount"), booted.must(["mount"]).out)
        self.assertEqual(cat("/proc/1/mounts"), booted.must(["cat", "/proc/1/mounts"]).out)
        self.assertIn(b"hozen-collector serve", cat("/bin/ps -ef"))
        self.assertIn(b"/usr/sbin/hozen-collector", cat("volatile/processes.jsonl"))
        disk = self.device(root.path / "root/disk.img") or "/root/disk.img"
        booted.must(["hozen", "image", host, "--disk", disk, "--wait", "--quiet"])
        listed = booted.must(["hozen", "items", "last", "--json"]).documents()
        self.assertEqual(next(item for item in listed if item.get("path") == disk)["sha256"],
                         hashlib.sha256((root.path / "root/disk.img").read_bytes()).hexdigest())

        # An upgrade restarts both; the host is the same.
        before = [booted.property(unit, "MainPID") for unit in ("hozen-agent", "hozen-collector")]
        booted.must(["dpkg", "--install", *root.bring(self.second)])
        after = [booted.property(unit, "MainPID") for unit in ("hozen-agent", "hozen-collector")]
        self.assertTrue(all(a not in ("0", b) for a, b in zip(after, before)), (before, after))
        self.assertEqual(harness.wait_until(lambda: booted.run(["hozen", "hosts"]).status == 0 and connected(),
                                            "the agent to connect again"), host)
        booted.must(["dpkg", "--purge", "hozen-agent", "hozen-collector"])
        self.assertEqual(booted.run(["pgrep", "hozen-"]).text, "")
        self.assertTrue((root.path / COLLECTOR_STATE / "data/format").exists())


if __name__ == "__main__":
    harness.main()
