// Bytes that somebody pushes, as a Source that is read from its start to its end.
#ifndef HOZEN_AGENT_ACQUIRE_PUSHED_SOURCE_H_
#define HOZEN_AGENT_ACQUIRE_PUSHED_SOURCE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "core/bytes/source.h"

namespace hozen {

// Thread-compatible. Runs `produce` on a thread of its own. Bytes that were read can be read again as long as nothing
// behind them was asked for.
class PushedSource : public Source {
 public:
  enum class Producer {
    kAhead,   // at most 1 MiB and a push ahead of the reader
    kInTurn,  // only while a read waits for it: what it shares with the reader needs no lock
  };
  // Gives bytes to `push` until it is through; an error from push means that nobody reads any more and is to be
  // returned. Its own error is what the reader gets after the bytes before it.
  using Push = std::function<absl::Status(std::string_view)>;
  explicit PushedSource(std::function<absl::Status(const Push& push)> produce, Producer producer = Producer::kAhead);
  ~PushedSource() override;  // waits until `produce` has noticed

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;
  uint64_t size_bytes() const override { return 0; }

 private:
  absl::Status Add(std::string_view bytes);
  // Until more is wanted than is held, or nobody reads any more.
  absl::Status WaitForReader() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Producer mode_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::string held_ ABSL_GUARDED_BY(mutex_);
  uint64_t held_offset_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t wanted_end_ ABSL_GUARDED_BY(mutex_) = 0;  // of what a read has asked for
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread producer_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PUSHED_SOURCE_H_
