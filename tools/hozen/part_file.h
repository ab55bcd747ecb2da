// A file that appears under its name only when it is whole: written to NAME.part, synced, renamed.
#ifndef HOZEN_TOOLS_HOZEN_PART_FILE_H_
#define HOZEN_TOOLS_HOZEN_PART_FILE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"
#include "tools/hozen/stream_receiver.h"

namespace hozen {

// Thread-compatible. Zeros become holes. Where it is destroyed before Commit, or the process is interrupted (SIGINT,
// SIGTERM, SIGHUP) while it is open, NAME.part is removed.
class PartFile : public ByteSink {
 public:
  // Mode 0600, for evidence. AlreadyExists where `path` is there and `replace` was not asked for.
  static absl::StatusOr<std::unique_ptr<PartFile>> Create(const std::filesystem::path& path, bool replace);
  ~PartFile() override;

  absl::Status Data(std::string_view bytes) override;
  absl::Status Zeros(uint64_t size_bytes) override;
  // Durable under its name when it returns OK.
  absl::Status Commit();
  // Where it is until then.
  const std::filesystem::path& part() const { return part_; }

 private:
  PartFile(UniqueFd fd, std::filesystem::path path, std::filesystem::path part, bool replace)
      : fd_(std::move(fd)), path_(std::move(path)), part_(std::move(part)), replace_(replace) {}

  UniqueFd fd_;
  const std::filesystem::path path_;
  const std::filesystem::path part_;
  const bool replace_;
  uint64_t size_bytes_ = 0;
  bool committed_ = false;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_PART_FILE_H_
