#!/usr/bin/env bash
# Boots the Debian that stands in a folder, by its own systemd, in namespaces of its own: no network but loopback, no
# mount that anyone else sees. Ends, and all in it, with the process that was started.
#
# usage: boot_system.sh ROOT NAME
#   NAME   of the control groups that it lives in, which whoever started it removes
set -euo pipefail

root=$1 name=$2
if [ "${3:-}" != inside ]; then
  # Of every hierarchy but that of cpuset, which systemd leaves alone: in one that we were not in it would make its own
  # groups beside the host's.
  while read -r target options; do
    case ",$options," in *,cpuset,*) continue ;; esac
    mkdir -p "$target/$name"
    echo $$ > "$target/$name/cgroup.procs"
  done < <(findmnt -rn -t cgroup,cgroup2 -o TARGET,OPTIONS)
  exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net --mount-proc "$0" "$root" "$name" inside
fi

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount --rbind /dev "$root/dev"
groups=$root/sys/fs/cgroup
if [ "$(findmnt -no FSTYPE /sys/fs/cgroup)" = cgroup2 ]; then
  mount -t cgroup2 cgroup2 "$groups"
else
  mount -t tmpfs tmpfs "$groups"
  mkdir "$groups/systemd" "$groups/unified" "$groups/devices"
  mount -t cgroup -o none,name=systemd cgroup "$groups/systemd"
  mount -t cgroup2 cgroup2 "$groups/unified"
  mount -t cgroup -o devices cgroup "$groups/devices"
fi
ip link set lo up
hostname hozen-test
# Not chroot: systemd would not be let make user namespaces.
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
exec env -i container=hozen-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=no
