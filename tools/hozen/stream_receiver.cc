#include "tools/hozen/stream_receiver.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kLongest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

}  // namespace

absl::Status OstreamSink::Data(std::string_view bytes) {
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (out_.good()) return absl::OkStatus();
  return absl::UnknownError(AbslView(Say("standard output cannot be written to", "標準出力に書き込めません")));
}

absl::Status OstreamSink::Zeros(uint64_t size_bytes) {
  static const std::string zeros(1 << 16, '\0');
  while (size_bytes > 0) {
    const size_t piece = static_cast<size_t>(std::min<uint64_t>(size_bytes, zeros.size()));
    HOZEN_RETURN_IF_ERROR(Data(std::string_view(zeros).substr(0, piece)));
    size_bytes -= piece;
  }
  return absl::OkStatus();
}

absl::Status StreamReceiver::Receive(const v1::StreamPart& part) {
  if (ended_)
    return absl::DataLossError(AbslView(Say("the collector sent more behind the end", "終端の後にデータがあります")));
  uint64_t more = 0;
  switch (part.part_case()) {
    case v1::StreamPart::kExpectedBytes:
      expected_bytes_ = part.expected_bytes();
      return absl::OkStatus();
    case v1::StreamPart::kEnd:
      end_ = part.end();
      ended_ = true;
      return absl::OkStatus();
    case v1::StreamPart::kData:
      more = part.data().size();
      break;
    case v1::StreamPart::kZeroBytes:
      more = part.zero_bytes();
      break;
    default:
      return absl::OkStatus();
  }
  if (more > kLongest - size_bytes_) {
    return absl::DataLossError(
        AbslView(Say("the collector's stream is longer than a file can be", "コレクタからのデータが長すぎます")));
  }
  if (part.part_case() == v1::StreamPart::kData) {
    hash_.Update(part.data());
    HOZEN_RETURN_IF_ERROR(sink_.Data(part.data()));
  } else {
    HOZEN_RETURN_IF_ERROR(sink_.Zeros(more));
    hash_.UpdateZeros(more);
  }
  size_bytes_ += more;
  ProgressSnapshot snapshot;
  snapshot.label = label_;
  snapshot.done_bytes = had_bytes_ + size_bytes_;
  snapshot.expected_bytes = expected_bytes_ == 0 ? 0 : had_bytes_ + expected_bytes_;
  bar_.Update(snapshot);
  return absl::OkStatus();
}

absl::Status StreamReceiver::Finish() {
  bar_.Clear();
  digest_ = hash_.Finish();
  if (!ended_) {
    return absl::DataLossError(AbslView(Say("the collector's stream broke off before its end; try again",
                                            "データが途中で途切れました。再試行してください")));
  }
  if (end_.size_bytes() != size_bytes_ || end_.sha256() != digest_.bytes()) {
    return absl::DataLossError(Concat(
        Say("what was received is not what the collector sent (", "受信したデータがコレクタの送信内容と一致しません（"),
        size_bytes_, Say(" bytes with SHA-256 ", " バイト、SHA-256 "), digest_.ToHex(),
        Say("); try again", "）。再試行してください")));
  }
  return absl::OkStatus();
}

}  // namespace hozen
