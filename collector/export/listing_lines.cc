#include "collector/export/listing_lines.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxLineBytes = 64 << 10;
constexpr size_t kFieldsBehindName = 9;
constexpr int64_t kNanoseconds = 1'000'000'000;

bool ReadSeconds(std::string_view text, int64_t& seconds) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / kNanoseconds;
  return absl::SimpleAtoi(AbslView(text), &seconds) && seconds >= -kMost && seconds <= kMost;
}

}  // namespace

std::optional<ListingLine> ParseListingLine(std::string_view line) {
  // A name may hold the separator, the fields behind it cannot: they are cut off from the end.
  std::array<std::string_view, kFieldsBehindName> fields;
  for (size_t i = kFieldsBehindName; i > 0; --i) {
    const size_t bar = line.rfind('|');
    if (bar == std::string_view::npos) return std::nullopt;
    fields[i - 1] = line.substr(bar + 1);
    line = line.substr(0, bar);
  }
  const size_t behind_md5 = line.find('|');
  if (behind_md5 == std::string_view::npos || behind_md5 + 1 == line.size()) return std::nullopt;
  ListingLine read;
  read.name = line.substr(behind_md5 + 1);
  read.inode = fields[0];
  read.mode = fields[1];
  int64_t size_bytes = 0;  // a size that is not known has a minus there
  const bool good = absl::SimpleAtoi(AbslView(fields[2]), &read.uid) &&
                    absl::SimpleAtoi(AbslView(fields[3]), &read.gid) &&
                    absl::SimpleAtoi(AbslView(fields[4]), &size_bytes) &&
                    ReadSeconds(fields[5], read.accessed_unix_s) && ReadSeconds(fields[6], read.modified_unix_s) &&
                    ReadSeconds(fields[7], read.changed_unix_s) && ReadSeconds(fields[8], read.born_unix_s);
  if (!good) return std::nullopt;
  read.size_bytes = static_cast<uint64_t>(std::max<int64_t>(size_bytes, 0));
  return read;
}

ItemTimes TimesOf(const ListingLine& listed) {
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
      broken_ = true;
      line_.clear();
    }
    if (!broken_) line_ += part;
    if (end == std::string_view::npos) return absl::OkStatus();
    HOZEN_RETURN_IF_ERROR(EndLine());
    bytes.remove_prefix(end + 1);
  }
}

absl::Status LineSink::Zeros(uint64_t size_bytes) {
  if (size_bytes > 0) broken_ = true;
  return absl::OkStatus();
}

absl::Status LineSink::Finish() { return EndLine(); }

absl::Status LineSink::EndLine() {
  const std::string line = std::exchange(line_, "");
  const bool broken = std::exchange(broken_, false);
  return broken || line.empty() ? absl::OkStatus() : on_line_(line);
}

}  // namespace hozen
