#include "tools/hozen/disk_stream.h"

#include <algorithm>
#include <memory>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/status_macros.h"
#include "tools/hozen/quantity.h"

namespace hozen {
namespace {

// Counts what has gone through it.
class CountingSink : public ByteSink {
 public:
  CountingSink(ByteSink& next, uint64_t size_bytes) : next_(next), size_bytes_(size_bytes) {}
  absl::Status Data(std::string_view bytes) override {
    HOZEN_RETURN_IF_ERROR(next_.Data(bytes));
    size_bytes_ += bytes.size();
    return absl::OkStatus();
  }
  absl::Status Zeros(uint64_t size_bytes) override {
    HOZEN_RETURN_IF_ERROR(next_.Zeros(size_bytes));
    size_bytes_ += size_bytes;
    return absl::OkStatus();
  }
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  ByteSink& next_;
  uint64_t size_bytes_;
};

bool IsLostLink(const absl::Status& status) { return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status); }

}  // namespace

absl::Status StreamDisk(Collector& collector, v1::ExportRequest request, uint64_t done_bytes, ByteSink& sink,
                        Console& console, const std::string& label, const Patience& patience) {
  const uint64_t from = request.offset_bytes();
  const uint64_t size = request.size_bytes();
  CountingSink counting(sink, done_bytes);
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  absl::Duration pause = patience.first_pause;
  absl::Duration paused;
  while (counting.size_bytes() < size) {
    const uint64_t begin = counting.size_bytes();
    request.set_offset_bytes(from + begin);
    request.set_size_bytes(size - begin);
    StreamReceiver receiver(counting, *bar, label, begin);
    const absl::Status streamed =
        collector.Export(request, [&](const v1::StreamPart& part) { return receiver.Receive(part); });
    if (streamed.ok()) {
      HOZEN_RETURN_IF_ERROR(receiver.Finish());
      if (counting.size_bytes() == size) break;
      return absl::DataLossError(AbslView(
          Say("the collector sent another size than it was asked for", "コレクタが送信したサイズが要求と異なります")));
    }
    bar->Clear();
    if (!IsLostLink(streamed)) return streamed;
    if (counting.size_bytes() > begin) {
      pause = patience.first_pause;
      paused = absl::ZeroDuration();
    }
    if (paused >= patience.gives_up_after) return streamed;
    console.Note(Concat(Say("The link broke off after ", "接続が切れました（受信済み "),
                        FormatSize(counting.size_bytes()), Say("; going on in ", "）。再開まで "),
                        ShortDuration(pause)));
    patience.pause(pause);
    paused += pause;
    pause = std::min(pause * 2, patience.longest_pause);
  }
  return absl::OkStatus();
}

}  // namespace hozen
