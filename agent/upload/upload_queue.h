// Where each chunk of an upload stands, from Put to durable: a pure state machine without threads, time or network.
//
//   new -> asked -> (had: durable) | packing -> ready -> sent -> durable
//                                                 ^       |
//                          asked again, frame kept +------+ when the link breaks or the collector is full
#ifndef HOZEN_AGENT_UPLOAD_UPLOAD_QUEUE_H_
#define HOZEN_AGENT_UPLOAD_UPLOAD_QUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/chunk/chunk.h"

namespace hozen {

// Thread-compatible.
class UploadQueue {
 public:
  using OnDurable = std::function<void(absl::Status)>;

  // What to ask the collector: digests one after the other, and the numbers of the chunks that they name.
  struct Question {
    std::vector<uint64_t> numbers;
    std::string digests;
  };
  struct ToPack {
    uint64_t number;
    PlainChunk chunk;
  };
  // A chunk that is done with.
  struct Settled {
    OnDurable on_durable;
    uint64_t size_bytes;  // of the plaintext
  };

  void Add(PlainChunk chunk, OnDurable on_durable);

  size_t unasked() const { return unasked_.size(); }
  uint64_t unasked_bytes() const { return unasked_bytes_; }  // of plaintext
  Question TakeQuestion(size_t most_digests);
  // One byte for each digest of the question: 0 = had. Returns what is to be packed; what was packed before is ready
  // again. DataLoss where the answer has another length: the question is then as not asked.
  absl::StatusOr<std::vector<ToPack>> Answer(const Question& question, std::string_view missing);
  void ForgetQuestion(const Question& question);

  void Packed(uint64_t number, VerifiedChunk chunk);

  bool has_ready() const { return !ready_.empty(); }
  // Would TakeToSend return something?
  bool CanSend(uint64_t window_bytes) const;
  // The first ready chunk in the order of Add, if it fits into what the window leaves; a single one always fits. It
  // counts as under way from here on.
  std::shared_ptr<const VerifiedChunk> TakeToSend(uint64_t window_bytes);
  // So many more of those under way are durable, in the order in which they were sent. OutOfRange for more than are.
  absl::Status Acknowledge(uint32_t chunks);
  // What was under way is to be asked for again: nobody knows whether it arrived.
  void LinkBroken();

  // Those at the head of the queue that are durable, in order.
  std::vector<Settled> TakeDurable();
  // All, in order: the upload is over.
  std::vector<Settled> TakeAll();

  bool empty() const { return entries_.empty(); }
  size_t under_way() const { return sent_.size(); }
  uint64_t under_way_bytes() const { return sent_window_bytes_; }
  uint64_t sent_bytes() const { return sent_bytes_; }
  uint64_t deduplicated_bytes() const { return deduplicated_bytes_; }

 private:
  enum class State { kUnasked, kAsked, kFollowing, kPacking, kReady, kSent, kDurable };
  struct Entry {
    State state = State::kUnasked;
    bool was_sent = false;
    Digest sha256;
    uint64_t size_bytes = 0;
    std::shared_ptr<const std::string> bytes;     // until it is packed
    std::shared_ptr<const VerifiedChunk> packed;  // from then on
    std::vector<uint64_t> followers;              // later chunks with the same digest
    OnDurable on_durable;
  };

  Entry& At(uint64_t number) { return entries_[number - first_number_]; }
  void SetUnasked(uint64_t number);
  void SetDurable(uint64_t number);

  std::deque<Entry> entries_;
  uint64_t first_number_ = 0;
  std::set<uint64_t> unasked_;
  uint64_t unasked_bytes_ = 0;
  std::set<uint64_t> ready_;
  std::deque<uint64_t> sent_;
  uint64_t sent_window_bytes_ = 0;
  absl::flat_hash_map<Digest, uint64_t> leaders_;
  uint64_t sent_bytes_ = 0;
  uint64_t deduplicated_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_UPLOAD_QUEUE_H_
