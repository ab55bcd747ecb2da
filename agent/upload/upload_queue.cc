#include "agent/upload/upload_queue.h"

#include <utility>

#include "core/base/concat.h"

namespace hozen {

void UploadQueue::Add(PlainChunk chunk, OnDurable on_durable) {
  const uint64_t number = first_number_ + entries_.size();
  Entry entry;
  entry.sha256 = chunk.sha256;
  entry.size_bytes = chunk.bytes->size();
  entry.on_durable = std::move(on_durable);
  // Two chunks of one name on their way: the second waits for what becomes of the first.
  auto [leader, is_first] = leaders_.try_emplace(chunk.sha256, number);
  if (is_first) {
    entry.bytes = std::move(chunk.bytes);
    unasked_.insert(number);
    unasked_bytes_ += entry.size_bytes;
  } else {
    entry.state = State::kFollowing;
    At(leader->second).followers.push_back(number);
  }
  entries_.push_back(std::move(entry));
}

UploadQueue::Question UploadQueue::TakeQuestion(size_t most_digests) {
  Question question;
  while (!unasked_.empty() && question.numbers.size() < most_digests) {
    const uint64_t number = *unasked_.begin();
    unasked_.erase(unasked_.begin());
    unasked_bytes_ -= At(number).size_bytes;
    At(number).state = State::kAsked;
    question.numbers.push_back(number);
    question.digests.append(At(number).sha256.bytes());
  }
  return question;
}

absl::StatusOr<std::vector<UploadQueue::ToPack>> UploadQueue::Answer(const Question& question,
                                                                     std::string_view missing) {
  if (missing.size() != question.numbers.size()) {
    ForgetQuestion(question);
    return absl::DataLossError(Concat("the collector answered for ", missing.size(), " chunks where ",
                                      question.numbers.size(), " were asked for"));
  }
  std::vector<ToPack> to_pack;
  for (size_t i = 0; i < missing.size(); ++i) {
    const uint64_t number = question.numbers[i];
    Entry& entry = At(number);
    if (missing[i] == 0) {
      // What we sent ourselves before the link broke was no duplicate.
      if (!entry.was_sent) deduplicated_bytes_ += entry.size_bytes;
      SetDurable(number);
    } else if (entry.packed != nullptr) {
      entry.state = State::kReady;
      ready_.insert(number);
    } else {
      entry.state = State::kPacking;
      to_pack.push_back({number, PlainChunk{entry.sha256, entry.bytes}});
    }
  }
  return to_pack;
}

void UploadQueue::ForgetQuestion(const Question& question) {
  for (const uint64_t number : question.numbers) SetUnasked(number);
}

void UploadQueue::Packed(uint64_t number, VerifiedChunk chunk) {
  // The upload may have been given up in the meantime.
  if (number < first_number_ || number - first_number_ >= entries_.size()) return;
  Entry& entry = At(number);
  entry.packed = std::make_shared<const VerifiedChunk>(std::move(chunk));
  entry.bytes.reset();
  entry.state = State::kReady;
  ready_.insert(number);
}

bool UploadQueue::CanSend(uint64_t window_bytes) const {
  if (ready_.empty()) return false;
  const Entry& entry = entries_[*ready_.begin() - first_number_];
  return sent_.empty() || sent_window_bytes_ + entry.packed->frame().size() <= window_bytes;
}

std::shared_ptr<const VerifiedChunk> UploadQueue::TakeToSend(uint64_t window_bytes) {
  if (!CanSend(window_bytes)) return nullptr;
  const uint64_t number = *ready_.begin();
  ready_.erase(ready_.begin());
  Entry& entry = At(number);
  entry.state = State::kSent;
  entry.was_sent = true;
  sent_.push_back(number);
  sent_window_bytes_ += entry.packed->frame().size();
  sent_bytes_ += entry.packed->frame().size();
  return entry.packed;
}

absl::Status UploadQueue::Acknowledge(uint32_t chunks) {
  if (chunks > sent_.size()) {
    return absl::OutOfRangeError(
        Concat("the collector acknowledged ", chunks, " chunks where ", sent_.size(), " were under way"));
  }
  for (; chunks > 0; --chunks) {
    const uint64_t number = sent_.front();
    sent_.pop_front();
    sent_window_bytes_ -= At(number).packed->frame().size();
    SetDurable(number);
  }
  return absl::OkStatus();
}

void UploadQueue::LinkBroken() {
  for (const uint64_t number : sent_) SetUnasked(number);
  sent_.clear();
  sent_window_bytes_ = 0;
}

void UploadQueue::SetUnasked(uint64_t number) {
  At(number).state = State::kUnasked;
  unasked_.insert(number);
  unasked_bytes_ += At(number).size_bytes;
}

void UploadQueue::SetDurable(uint64_t number) {
  Entry& entry = At(number);
  entry.state = State::kDurable;
  entry.bytes.reset();
  entry.packed.reset();
  leaders_.erase(entry.sha256);
  for (const uint64_t follower : entry.followers) {
    At(follower).state = State::kDurable;
    deduplicated_bytes_ += At(follower).size_bytes;
  }
  entry.followers.clear();
}

std::vector<UploadQueue::Settled> UploadQueue::TakeDurable() {
  std::vector<Settled> settled;
  while (!entries_.empty() && entries_.front().state == State::kDurable) {
    settled.push_back({std::move(entries_.front().on_durable), entries_.front().size_bytes});
    entries_.pop_front();
    ++first_number_;
  }
  return settled;
}

std::vector<UploadQueue::Settled> UploadQueue::TakeAll() {
  std::vector<Settled> settled;
  for (Entry& entry : entries_) settled.push_back({std::move(entry.on_durable), entry.size_bytes});
  first_number_ += entries_.size();
  entries_.clear();
  unasked_.clear();
  unasked_bytes_ = 0;
  ready_.clear();
  sent_.clear();
  sent_window_bytes_ = 0;
  leaders_.clear();
  return settled;
}

}  // namespace hozen
