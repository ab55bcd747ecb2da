"""Volatile state: what the agent says of this machine is what /proc and others say of it."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import zipfile

import harness

PROGRAM = "/bin/sleep"
KINDS = ["clock", "sockets", "network", "processes", "hidden_processes", "modules", "bpf", "tracing", "mounts",
         "logins"]


def proc(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()


def raw(printable):
    """The bytes that a text in printable form stands for."""
    return printable.encode().decode("unicode_escape").encode("latin-1")


class VolatileTest(harness.SystemTest):

    def collect(self, artifact="HozenLinuxVolatile"):
        """The records by kind, the bundle, and the acquisition."""
        fleet, home, host = self.fleet_with_agent()
        done = fleet.must(["collect", host, "--artifacts", artifact, "--wait", "--json"], home, (0, 3))
        acquisition = done.documents()[-1]["acquisition_id"]
        bundle = self.folder / "case.zip"
        fleet.must(["export", acquisition, "--format", "zip", "--out", bundle], home)
        fleet.must(["verify", bundle, "--authority", fleet.authority()], self.folder / "nobody")
        opened = zipfile.ZipFile(bundle)
        self.addCleanup(opened.close)
        records = {}
        for name in opened.namelist():
            if name.startswith("hozen/state/"):
                kind = name.split("-", 1)[1].removesuffix(".jsonl")
                lines = opened.read(name).decode("utf-8").splitlines()
                records[kind] = [json.loads(line) for line in lines]
                self.assertEqual(int(records[kind][-1]["end"].get("records", 0)), len(lines) - 1, kind)
        self.agent_pid = fleet.agent_process.pid
        return records, opened, (fleet, home, acquisition)

    def start_deleted(self):
        path = self.folder / "gone"
        shutil.copy(PROGRAM, path)
        child = subprocess.Popen([path, "600"], env={"HOZEN_TEST": "here\n\\"})
        self.addCleanup(self.end, child.pid)
        harness.wait_until(lambda: b"600" in proc(child.pid, "cmdline"), "the program to start")
        path.unlink()
        return child.pid, path

    def start_in_memory(self):
        memory = os.memfd_create("evil\udcff")
        os.write(memory, pathlib.Path(PROGRAM).read_bytes())
        child = os.fork()
        if child == 0:
            os.execve(f"/proc/self/fd/{memory}", ["sleep", "600"], {})
        os.close(memory)
        self.addCleanup(self.end, child)
        harness.wait_until(lambda: proc(child, "comm") != proc("self", "comm"), "the program to start")
        return child

    @staticmethod
    def end(pid):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def test_a_plan_takes_all_kinds_and_the_executables_that_have_no_name(self):
        deleted, path = self.start_deleted()
        in_memory = self.start_in_memory()
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        named = socket.socket(socket.AF_UNIX)
        named.bind("\0hozen-test-" + str(os.getpid()))
        named.listen()
        self.addCleanup(named.close)
        news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        news.bind((0, 0x11))  # of interfaces and of addresses
        self.addCleanup(news.close)
        records, bundle, (fleet, home, acquisition) = self.collect()
        self.assertEqual(list(records), KINDS)
        bytes_of_program = pathlib.Path(PROGRAM).read_bytes()
        sha256 = hashlib.sha256(bytes_of_program).hexdigest()

        processes = {r["process"]["pid"]: r["process"] for r in records["processes"] if "process" in r}
        gone = processes[deleted]
        self.assertEqual(gone["executable"]["path"], f"{path} (deleted)")
        self.assertTrue(gone["executable"]["deleted"])
        self.assertEqual(gone["executable"]["sha256"], sha256)
        self.assertEqual(gone["command_line"], [str(path), "600"])
        self.assertIn({"name": "HOZEN_TEST", "value": "here\\x0a\\\\"}, gone["environment"])
        evil = processes[in_memory]
        self.assertEqual(evil["executable"]["path"], "/memfd:evil\\xff (deleted)")
        self.assertTrue(evil["executable"]["memory_only"])
        for pid in (deleted, in_memory):
            entry = f"uploads/auto/proc/{pid}/exe"
            self.assertEqual(bundle.read(entry), bytes_of_program)
            item = [i for i in fleet.items(acquisition, home)[0] if i["path"] == f"/proc/{pid}/exe"]
            self.assertEqual([(i["sha256"], i["state"]) for i in item], [(sha256, "complete")])

        sockets = [r["socket"] for r in records["sockets"] if "socket" in r]
        inode = str(os.fstat(listener.fileno()).st_ino)
        ours = [s for s in sockets if s.get("inode") == inode]
        self.assertEqual(len(ours), 1)
        self.assertEqual((ours[0]["state"], ours[0]["local_address"], ours[0]["local_port"]),
                         ("LISTEN", *listener.getsockname()))
        self.assertIn({"pid": os.getpid(), "fd": listener.fileno()},
                      [{k: o[k] for k in ("pid", "fd")} for o in ours[0]["owners"]])
        self.assertIn("@hozen-test-" + str(os.getpid()), [s.get("path") for s in sockets])
        (heard,) = [s for s in sockets if s.get("inode") == str(os.fstat(news.fileno()).st_ino)]
        self.assertEqual((heard["protocol"], heard["type"], heard["local_port"], heard["groups"]),
                         ("netlink", "route", news.getsockname()[0], 0x11))
        self.assertEqual(heard["owners"][0]["pid"], os.getpid())

    def test_what_is_said_of_processes_is_what_proc_and_ps_say(self):
        records, _, _ = self.collect()
        processes = {r["process"]["pid"]: r["process"] for r in records["processes"] if "process" in r}
        self.assertIn(self.agent_pid, processes)
        self.assertIn(os.getpid(), processes)
        listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,ruid=,euid="], capture_output=True, check=True).stdout
        compared = kernel_threads = 0
        rows = [tuple(map(int, line.split())) for line in listed.decode().splitlines()]
        alive = {row[0] for row in rows}
        for line in rows:
            pid, parent, real, effective = line
            if pid not in processes or processes[pid].get("vanished"):
                continue  # started since
            process = processes[pid]
            try:
                stat = proc(pid, "stat").decode(errors="replace")
                cmdline = proc(pid, "cmdline")
            except OSError:
                continue  # ended since
            after_name = stat.rsplit(") ", 1)[1].split()
            if int(process["start_ticks"]) != int(after_name[19]) or raw(process["name"]) + b"\n" != proc(pid, "comm"):
                continue  # another one, or another program, by now
            if process.get("parent_pid", 0) in alive | {0}:  # else it has another parent since
                self.assertEqual(process.get("parent_pid", 0), parent, line)
            self.assertEqual(process["uids"][:2], [real, effective], line)
            if cmdline and not cmdline.endswith(b"\0"):
                cmdline += b"\0"
            self.assertEqual(b"".join(raw(a) + b"\0" for a in process.get("command_line", [])), cmdline, line)
            if process.get("kernel_thread"):
                kernel_threads += 1
                self.assertNotIn("executable", process)
                self.assertIn("CAUSE_NOT_FOUND", [m["failure"]["cause"] for m in process["missing"]])
            elif "executable" in process:
                self.assertEqual(raw(process["executable"]["path"]), os.fsencode(os.readlink(f"/proc/{pid}/exe")), line)
            else:
                self.assertIn("exe", [m["what"] for m in process["missing"]], line)
            compared += 1
        self.assertGreater(compared, 3)
        me = processes[os.getpid()]
        self.assertEqual(me["executable"]["sha256"], hashlib.sha256(proc("self", "exe")).hexdigest())
        self.assertEqual(me["working_folder"], os.getcwd())
        self.assertEqual({n["name"]: f"{n['name']}:[{n['inode']}]" for n in me["namespaces"]},
                         {n["name"]: os.readlink(f"/proc/self/ns/{n['name']}") for n in me["namespaces"]})
        effective = [l for l in proc("self", "status").decode().splitlines() if l.startswith("CapEff")][0]
        effective = int(effective.split()[1], 16)
        self.assertEqual(len(me.get("capabilities", {}).get("effective", [])), bin(effective).count("1"))
        # Parents stand before their children.
        order = list(processes)
        for pid, process in processes.items():
            if process.get("depth", 0) > 0:
                self.assertLess(order.index(process["parent_pid"]), order.index(pid))

    @staticmethod
    def what_others_change():
        """Mounts, interfaces and modules: other tests make and remove some meanwhile."""
        modules = pathlib.Path("/proc/modules")
        return (set(proc("self", "mountinfo").splitlines()), {name for _, name in socket.if_nameindex()},
                {line.split()[0] for line in modules.read_text().splitlines()} if modules.exists() else None)

    def test_what_is_said_of_the_rest_is_what_proc_says(self):
        before = self.what_others_change()
        records, _, (fleet, home, acquisition) = self.collect()
        after = self.what_others_change()
        clock = records["clock"][0]["clock"]
        self.assertEqual(clock["boot_id"], proc("sys/kernel/random", "boot_id").decode().strip())
        self.assertEqual(clock["kernel_release"], os.uname().release)
        # Both run here, so all that lies between their clocks is the way of a message.
        self.assertLess(abs(int(clock["collector_offset_ns"])), 5_000_000_000)
        own = os.readlink("/proc/self/ns/mnt")
        mounts = {r["mount"]["id"]: r["mount"] for r in records["mounts"]
                  if "mount" in r and own == f"mnt:[{r['mount']['mount_namespace']}]"}
        self.assertTrue(before[0] & after[0])
        for line in before[0] & after[0]:
            fields = line.split()
            mount_point = fields[4].decode("unicode_escape").encode("latin-1")
            self.assertEqual(raw(mounts[int(fields[0])]["mount_point"]), mount_point)
        interfaces = {r["network_interface"]["name"]: r["network_interface"] for r in records["network"]
                      if "network_interface" in r}
        self.assertLessEqual(before[1] & after[1], set(interfaces))
        self.assertLessEqual(set(interfaces), before[1] | after[1])
        # Flows are there where the kernel tracks connections; else a line says that it does not.
        tracked = pathlib.Path("/proc/net/nf_conntrack")
        if not tracked.exists():
            self.assertIn("connection tracking", [r["missing"]["what"] for r in records["network"] if "missing" in r])
        elif not tracked.read_bytes():
            self.assertEqual([r for r in records["network"] if "flow" in r], [])
        self.assertEqual([r for r in records["hidden_processes"] if "hidden_process" in r], [])
        modules = {r["kernel_module"]["name"] for r in records["modules"] if "kernel_module" in r}
        if after[2] is None:
            self.assertEqual([r["missing"]["failure"]["cause"] for r in records["modules"] if "missing" in r],
                             ["CAUSE_NOT_SUPPORTED"])
            self.assertEqual(modules, set())
        else:
            self.assertLessEqual(before[2] & after[2], modules)
            self.assertLessEqual(modules, before[2] | after[2])
        # A target fails where something of it could not be had, and says what; the rest is there all the same.
        _, targets = fleet.items(acquisition, home)
        self.assertEqual(len(targets), len(KINDS))
        for target, kind in zip(targets, KINDS):
            self.assertEqual(target["pattern"], f"volatile/{kind}.jsonl")
            lacks = [m for r in records[kind] for m in [r.get("missing", {})] + r.get("process", {}).get("missing", [])
                     if m.get("failure", {}).get("cause") not in (None, "CAUSE_VANISHED", "CAUSE_NOT_FOUND")]
            self.assertEqual("failure" in target, bool(lacks), (target, lacks))

    def test_nothing_of_the_hosts_is_run_and_nothing_is_mounted(self):
        fleet = self.fleet()
        admin = fleet.customer()
        home = fleet.responder()
        state, enrolled = fleet.enrol(fleet.token(admin))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        trace = self.folder / "trace"
        traced = fleet.agent(state, ["strace", "-f", "--seccomp-bpf", "-o", trace, "-e",
                                     "trace=execve,execveat,mount,init_module,finit_module,ptrace,kill,tgkill"])
        host = fleet.host(home)
        fleet.must(["collect", host, "--artifacts", "HozenLinuxVolatile", "--wait"], home, (0, 3))
        agent = int(subprocess.run(["pgrep", "-P", str(traced.pid)], capture_output=True, check=True).stdout.split()[0])
        os.kill(agent, signal.SIGTERM)
        traced.process.wait(harness.DEADLINE_S)
        calls = [l for l in trace.read_text(errors="replace").splitlines() if "(" in l and " --- " not in l and "resumed>" not in l]
        started = [l for l in calls if "execve" in l]
        self.assertEqual(len(started), 1, started)  # the agent itself
        probes = {l for l in calls if "kill(" in l and ", 0" in l}  # one for each number that a process may have
        self.assertGreater(len(probes), 100)
        self.assertEqual([l for l in calls if l not in started and l not in probes], [])

    def test_an_owner_can_refuse_it(self):
        fleet = self.fleet()
        admin = fleet.customer()
        home = fleet.responder()
        state, enrolled = fleet.enrol(fleet.token(admin))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        (state / "policy.textproto").write_text("refuse_state: true\n")
        fleet.agent(state)
        host = fleet.host(home)
        done = fleet.must(["collect", host, "--artifacts", "HozenLinuxVolatile", "--path", "/etc/passwd", "--wait",
                           "--json"], home, (3,))
        items, targets = fleet.items(done.documents()[-1]["acquisition_id"], home)
        self.assertEqual([i["path"] for i in items], ["/etc/passwd"])
        self.assertEqual([t["failure"]["cause"] for t in targets if "failure" in t], ["refused_by_policy"] * len(KINDS))


if __name__ == "__main__":
    harness.main()
