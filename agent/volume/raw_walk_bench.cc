// Walks all folders of a file system as the agent does, through the child, and says how many names and how long: to be
// held against `fls -r`.
//
//   raw_walk_bench IMAGE CHILD [OFFSET_BYTES]
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "agent/volume/volume_reader.h"
#include "core/base/unique_fd.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

int Walk(const char* image, const char* child, uint64_t offset_bytes) {
  const UniqueFd disk(open(image, O_RDONLY | O_CLOEXEC));
  struct stat found = {};
  if (!disk.valid() || fstat(disk.get(), &found) != 0) return 1;
  VolumeReaderOptions options;
  options.executable = child;
  const auto start = std::chrono::steady_clock::now();
  auto reader = VolumeReader::Start(options, disk.get(), static_cast<uint64_t>(found.st_size), 512);
  if (!reader.ok()) return 1;
  uint64_t names = 0, problems = 0;
  std::vector<uint64_t> folders = {RawFileId::kRootFolder};
  while (!folders.empty()) {
    const RawFileId folder = {.file_system_offset_bytes = offset_bytes, .address = folders.back()};
    folders.pop_back();
    const absl::Status read =
        (*reader)->ReadFolder(folder, {.deleted = true}, [&](const std::vector<v1::RawEntry>& entries) {
          for (const v1::RawEntry& entry : entries) {
            ++names;
            if (!entry.problem().empty()) ++problems;
            const bool is_folder = entry.has_file() && (entry.file().mode() & kModeTypeMask) == kModeFolder;
            if (is_folder && entry.allocation() == v1::ALLOCATION_ALLOCATED) folders.push_back(entry.file().inode());
          }
          return absl::OkStatus();
        });
    if (!read.ok()) std::fprintf(stderr, "%s\n", read.ToString().c_str());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%llu names, %llu problems, %.2f s\n", static_cast<unsigned long long>(names),
              static_cast<unsigned long long>(problems), took.count());
  return 0;
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return hozen::Walk(argv[1], argv[2], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0);
}
