#include "collector/export/listing_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxLineBytes = 64 << 10;
constexpr size_t kFields = 11;
// Later than any time that nanoseconds since 1970 can hold.
constexpr int64_t kMostSeconds = int64_t{9'000'000'000};

bool ReadSeconds(std::string_view text, int64_t& seconds) {
  return absl::SimpleAtoi(AbslView(text), &seconds) && seconds > -kMostSeconds && seconds < kMostSeconds;
}

}  // namespace

std::optional<ListingLine> ParseListingLine(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (size_t i = 0; i < kFields; ++i) {
    const size_t bar = line.find('|');
    if ((bar == std::string_view::npos) != (i + 1 == kFields)) return std::nullopt;
    fields[i] = line.substr(0, bar);
    line.remove_prefix(bar == std::string_view::npos ? line.size() : bar + 1);
  }
  ListingLine read;
  read.name = absl::StrReplaceAll(AbslView(fields[1]), {{"%7C", "|"}, {"%25", "%"}});
  read.inode = fields[2];
  read.mode = fields[3];
  const bool good = absl::SimpleAtoi(AbslView(fields[4]), &read.uid) &&
                    absl::SimpleAtoi(AbslView(fields[5]), &read.gid) &&
                    absl::SimpleAtoi(AbslView(fields[6]), &read.size_bytes) &&
                    ReadSeconds(fields[7], read.accessed_unix_s) && ReadSeconds(fields[8], read.modified_unix_s) &&
                    ReadSeconds(fields[9], read.changed_unix_s) && ReadSeconds(fields[10], read.born_unix_s);
  return good ? std::optional<ListingLine>(std::move(read)) : std::nullopt;
}

ItemTimes TimesOf(const ListingLine& listed) {
  constexpr int64_t kNanoseconds = 1'000'000'000;
  return TimesOf(listed.modified_unix_s * kNanoseconds, listed.accessed_unix_s * kNanoseconds,
                 listed.changed_unix_s * kNanoseconds, listed.born_unix_s * kNanoseconds);
}

bool TakesListed(const ItemFilter& filter, const ListingLine& listed) {
  if (!filter.TakesPath(listed.name)) return false;
  if (!filter.has_times()) return true;
  const ItemTimes times = TimesOf(listed);
  return std::any_of(times.begin(), times.end(), [&](const ItemTime& time) { return filter.TakesTime(time.unix_ns); });
}

absl::Status LineSink::Data(std::string_view bytes) {
  while (true) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > kMaxLineBytes) {
      too_long_ = true;
      line_.clear();
    }
    if (!too_long_) line_ += part;
    if (end == std::string_view::npos) return absl::OkStatus();
    HOZEN_RETURN_IF_ERROR(EndLine());
    bytes.remove_prefix(end + 1);
  }
}

absl::Status LineSink::Zeros(uint64_t size_bytes) { return size_bytes == 0 ? absl::OkStatus() : EndLine(); }

absl::Status LineSink::Finish() { return EndLine(); }

absl::Status LineSink::EndLine() {
  const std::string line = std::exchange(line_, "");
  const bool too_long = std::exchange(too_long_, false);
  return too_long || line.empty() ? absl::OkStatus() : on_line_(line);
}

}  // namespace hozen
