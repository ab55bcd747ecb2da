// Text written in small pieces, given on in larger ones.
#ifndef HOZEN_COLLECTOR_EXPORT_TEXT_SINK_H_
#define HOZEN_COLLECTOR_EXPORT_TEXT_SINK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// Thread-compatible. `next` must outlive it. What was written reaches it only with Flush.
class TextSink {
 public:
  explicit TextSink(StreamSink& next) : next_(next) {}

  absl::Status Write(std::string_view text) {
    held_ += text;
    return held_.size() < kPieceBytes ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    std::string_view rest = held_;
    while (!rest.empty()) {
      const std::string_view piece = rest.substr(0, kPieceBytes);
      if (absl::Status status = next_.Data(piece); !status.ok()) return status;
      rest.remove_prefix(piece.size());
    }
    held_.clear();
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kPieceBytes = 1 << 18;
  StreamSink& next_;
  std::string held_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_TEXT_SINK_H_
