// The lines of a listing that an agent made of a disk's file system: body-file lines with numbers.
#ifndef HOZEN_COLLECTOR_EXPORT_LISTING_LINES_H_
#define HOZEN_COLLECTOR_EXPORT_LISTING_LINES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "collector/export/item_filter.h"
#include "collector/export/item_times.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// Format: docs/formats/bundle.md, "bodyfile". Seconds since 1970; 0 where unknown.
struct ListingLine {
  std::string name;  // the host's bytes, but for control characters, which are ^; with what the agent noted behind it
  std::string inode;
  std::string mode;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t size_bytes = 0;
  int64_t accessed_unix_s = 0;
  int64_t modified_unix_s = 0;
  int64_t changed_unix_s = 0;
  int64_t born_unix_s = 0;
};

// Without its newline; nullopt where it is no such line.
std::optional<ListingLine> ParseListingLine(std::string_view line);
ItemTimes TimesOf(const ListingLine& listed);
// By its name and its times; the artifact is the listing's.
bool TakesListed(const ItemFilter& filter, const ListingLine& listed);

// Takes a stream apart into lines. What is longer than any line that an agent writes is passed over. Thread-compatible.
class LineSink : public StreamSink {
 public:
  using OnLine = std::function<absl::Status(std::string_view line)>;
  explicit LineSink(OnLine on_line) : on_line_(std::move(on_line)) {}
  absl::Status Data(std::string_view bytes) override;
  // Bytes that are missing: what they are a part of is no line.
  absl::Status Zeros(uint64_t size_bytes) override;
  // The last line, where no newline ended it.
  absl::Status Finish();

 private:
  absl::Status EndLine();

  const OnLine on_line_;
  std::string line_;
  bool broken_ = false;  // the line at hand: too long, or a part of it is missing
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_LISTING_LINES_H_
