// Ends streams on which nothing happens, so that a silent peer holds no thread for ever.
#ifndef HOZEN_COLLECTOR_INGEST_STREAM_WATCH_H_
#define HOZEN_COLLECTOR_INGEST_STREAM_WATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hozen {

struct StreamWatchOptions {
  size_t streams = 64;          // at one time
  size_t streams_for_each = 8;  // of one owner
  absl::Duration idle = absl::Minutes(10);
};

// Thread-safe.
class StreamWatch {
 public:
  explicit StreamWatch(StreamWatchOptions options);
  ~StreamWatch();
  StreamWatch(const StreamWatch&) = delete;
  StreamWatch& operator=(const StreamWatch&) = delete;

  // One stream's place. Movable; gives the place back when it goes.
  class Place {
   public:
    Place(StreamWatch& watch, uint64_t number) : watch_(&watch), number_(number) {}
    Place(Place&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)), number_(other.number_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (watch_ != nullptr) watch_->Leave(number_);
    }
    // Something has happened.
    void Touch() { watch_->Touched(number_); }

   private:
    StreamWatch* watch_;
    uint64_t number_;
  };

  // `end` is called once the stream has been idle too long; it must not block. Unavailable where there are too many.
  absl::StatusOr<Place> Enter(const std::string& owner, std::function<void()> end);

 private:
  struct Stream {
    std::string owner;
    std::function<void()> end;
    absl::Time touched;
  };
  void Touched(uint64_t number);
  void Leave(uint64_t number);
  void WatchUntilStopped();

  const StreamWatchOptions options_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<uint64_t, Stream> streams_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> owners_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_INGEST_STREAM_WATCH_H_
