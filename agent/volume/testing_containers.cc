#include "agent/volume/testing_containers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "core/base/concat.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

// <stem>.<anything>, by name.
std::vector<std::string> Beside(const std::string& stem) {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(stem).parent_path())) {
    if (entry.path().stem() == fs::path(stem).filename()) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

void RunShell(const std::string& command) {
  const std::string whole = Concat("{ PATH=$PATH:/usr/sbin:/sbin; ", command, "; } >/dev/null 2>&1 </dev/null");
  ASSERT_EQ(system(whole.c_str()), 0) << command;
}

std::string ContentsOf(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string MakeTestDisk(const fs::path& path, uint64_t size_mib) {
  std::ofstream(path).close();
  fs::resize_file(path, size_mib * kMiB);
  RunShell(Concat("printf 'label: dos\\n2048,12288,83\\n' | sfdisk -q ", path.string()));
  const std::string tree = path.string() + ".tree";
  const std::string part = path.string() + ".part";
  fs::create_directories(fs::path(tree) / "etc");
  std::ofstream(fs::path(tree) / "etc/hosts") << "127.0.0.1 localhost\n";
  std::ofstream(part).close();
  fs::resize_file(part, 6 * kMiB);
  RunShell(Concat("mke2fs -q -F -t ext4 -d ", tree, " ", part));
  RunShell(Concat("dd if=", part, " of=", path.string(), " bs=1M seek=1 conv=notrunc"));
  fs::remove_all(tree);
  fs::remove(part);
  std::fstream disk(path, std::ios::binary | std::ios::in | std::ios::out);
  disk.seekp(8 * kMiB);
  std::mt19937 random(20261125);
  for (uint64_t i = 0; i < 2 * kMiB; ++i) disk.put(static_cast<char>(random()));
  for (int i = 0; i < 50'000; ++i) disk << "line " << i << "\n";
  disk.seekp(static_cast<std::streamoff>(size_mib * kMiB) - 9);
  disk << "last word";
  return path.string();
}

std::vector<std::string> MakeEwf(const std::string& disk, const std::string& stem, uint64_t segment_mib,
                                 const std::string& compression) {
  RunShell(Concat("ewfacquire -u -q -l /dev/null -C case -D what -e who -E 1 -N none -m fixed -M physical -f encase6",
                  " -c ", compression, " -b 64 -S ", segment_mib * kMiB, " -t ", stem, " ", disk));
  return Beside(stem);
}

std::string ConvertDisk(const std::string& disk, const std::string& format, const std::string& to,
                        const std::string& options, bool compressed) {
  RunShell(Concat("qemu-img convert -f raw -O ", format, compressed ? " -c" : "",
                  options.empty() ? "" : Concat(" -o ", options), " ", disk, " ", to));
  return to;
}

std::vector<std::string> SplitDisk(const std::string& disk, const std::string& stem, uint64_t part_kib) {
  RunShell(Concat("split -b ", part_kib, "K -d -a 3 --numeric-suffixes=1 ", disk, " ", stem, "."));
  return Beside(stem);
}

}  // namespace hozen
