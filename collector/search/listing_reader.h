// The lines of a listing of a file system, as the agent wrote them, into entries. Format: docs/formats/search-index.md.
#ifndef HOZEN_COLLECTOR_SEARCH_LISTING_READER_H_
#define HOZEN_COLLECTOR_SEARCH_LISTING_READER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "collector/search/search_entry.h"

namespace hozen {

// One line without its newline; nothing where it has another form. item_index is not set.
std::optional<SearchEntry> EntryOfLine(std::string_view line);

// Takes a listing's bytes in pieces of any size. Holds at most a line of kMaxLineBytes. Thread-compatible.
class ListingReader {
 public:
  static constexpr size_t kMaxLineBytes = 64 << 10;
  // `behind_byte`: of the stream, where the entry's line ends.
  using OnEntry = std::function<absl::Status(SearchEntry entry, uint64_t behind_byte)>;

  // The bytes that come stand from `offset_bytes` of the stream on, where a line begins.
  ListingReader(uint64_t offset_bytes, OnEntry on_entry)
      : offset_bytes_(offset_bytes), on_entry_(std::move(on_entry)) {}

  // The handler's errors.
  absl::Status Feed(std::string_view bytes);
  // Bytes that are missing: what they are a part of is no line.
  void Skip(uint64_t size_bytes);
  // A last line without its newline.
  absl::Status Finish();
  // Lines that had no meaning.
  uint64_t malformed() const { return malformed_; }

 private:
  absl::Status EndLine();

  uint64_t offset_bytes_;  // behind what came
  const OnEntry on_entry_;
  std::string line_;
  bool broken_ = false;  // the line at hand
  uint64_t malformed_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_LISTING_READER_H_
