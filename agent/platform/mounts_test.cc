#include "agent/platform/mounts.h"

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(MountTableTest, ReadsMountInfo) {
  const MountTable table = MountTable::FromMountInfo(
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
      "30 27 0:40 / /mnt/a\\040share\\134x rw shared:5 master:2 - nfs4 server:/x rw\n"
      "31 27 0:41 / /home rw - autofs systemd-1 rw\n"
      "32 31 0:42 / /home rw - xfs /dev/vdb rw\n"
      "malformed\n33 27 0:43 / relative rw - ext4 x rw\n34 27 0:44 / /short rw\n\n");
  ASSERT_NE(table.At("/mnt/a share\\x"), nullptr);
  EXPECT_EQ(table.At("/mnt/a share\\x")->kind, MountKind::kRemote);
  ASSERT_NE(table.At("/home"), nullptr);
  EXPECT_EQ(table.At("/home")->file_system, "xfs") << "the last lies on top";
  EXPECT_EQ(table.At("/home/ann"), nullptr);
  EXPECT_EQ(table.At("/short"), nullptr);
  EXPECT_EQ(table.Of("/home/ann/x")->file_system, "xfs");
  EXPECT_EQ(table.Of("/homes")->file_system, "ext4");
  EXPECT_EQ(table.Of("/")->file_system, "ext4");
  EXPECT_EQ(MountTable::FromMountInfo("").Of("/x"), nullptr);
}

TEST(MountTableTest, KnowsWhatIsRemoteAndWhatIsTheKernels) {
  for (const char* name : {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "autofs", "fuse.sshfs", "fuse.unheard-of"}) {
    EXPECT_EQ(MountTable::KindOf(name), MountKind::kRemote) << name;
  }
  for (const char* name : {"proc", "sysfs", "cgroup2", "devpts", "tracefs", "bpf"}) {
    EXPECT_EQ(MountTable::KindOf(name), MountKind::kPseudo) << name;
  }
  for (const char* name : {"ext4", "xfs", "btrfs", "tmpfs", "devtmpfs", "overlay", "fuseblk", "vfat"}) {
    EXPECT_EQ(MountTable::KindOf(name), MountKind::kLocal) << name;
  }
}

TEST(MountTableTest, KnowsThisHost) {
  const absl::StatusOr<MountTable> table = MountTable::Read();
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_NE(table->At("/proc"), nullptr);
  EXPECT_EQ(table->At("/proc")->kind, MountKind::kPseudo);
  EXPECT_NE(table->Of("/nowhere/at/all"), nullptr);
}

}  // namespace
}  // namespace hozen
