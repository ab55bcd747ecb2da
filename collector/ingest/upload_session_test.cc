#include "collector/ingest/upload_session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "collector/store/mem_blob_store.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

v1::ChunkUpload UploadOf(const std::string& bytes) {
  const VerifiedChunk chunk = VerifiedChunk::FromPlain(MakePlainChunk(bytes), 1);
  v1::ChunkUpload upload;
  upload.set_sha256(std::string(chunk.sha256().bytes()));
  upload.set_size_bytes(chunk.size_bytes());
  upload.set_frame(chunk.frame());
  return upload;
}

Digest NameOf(const std::string& bytes) { return MakePlainChunk(bytes).sha256; }

// What the session said, in order.
class Answers {
 public:
  UploadSession::Answer Recorder() {
    return [this](const v1::UploadResponse& response) {
      absl::MutexLock lock(&mutex_);
      responses_.push_back(response);
      return reachable_;
    };
  }
  void BeUnreachable() {
    absl::MutexLock lock(&mutex_);
    reachable_ = false;
  }
  uint64_t Acknowledged() {
    absl::MutexLock lock(&mutex_);
    uint64_t sum = 0;
    for (const v1::UploadResponse& response : responses_) sum += response.acknowledged_chunks();
    return sum;
  }
  std::vector<v1::UploadResponse> All() {
    absl::MutexLock lock(&mutex_);
    return responses_;
  }

 private:
  absl::Mutex mutex_;
  bool reachable_ = true;
  std::vector<v1::UploadResponse> responses_;
};

// Does not store before it is let.
class GatedStore final : public MemBlobStore {
 public:
  absl::Status Put(std::vector<VerifiedChunk> chunks) override {
    {
      absl::MutexLock lock(&mutex_);
      puts_.push_back(chunks.size());
      if (!mutex_.AwaitWithTimeout(absl::Condition(&open_), kPatience)) return absl::DeadlineExceededError("shut");
    }
    return MemBlobStore::Put(std::move(chunks));
  }
  void Open() {
    absl::MutexLock lock(&mutex_);
    open_ = true;
  }
  bool WaitForPut() {
    absl::MutexLock lock(&mutex_);
    const auto called = [this] { return !puts_.empty(); };
    return mutex_.AwaitWithTimeout(absl::Condition(&called), kPatience);
  }
  std::vector<size_t> puts() {
    absl::MutexLock lock(&mutex_);
    return puts_;
  }

 private:
  absl::Mutex mutex_;
  bool open_ = false;
  std::vector<size_t> puts_;
};

TEST(UploadSession, SaysItsWindowFirstAndAcknowledgesEveryChunkOnce) {
  MemBlobStore store;
  Answers answers;
  UploadSession session({}, store, answers.Recorder());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(session.Receive(UploadOf(Concat("chunk ", i))), absl::OkStatus());
  EXPECT_EQ(session.Finish(), absl::OkStatus());
  ASSERT_FALSE(answers.All().empty());
  EXPECT_EQ(answers.All().front().ready().window_bytes(), uint64_t{16} << 20);
  EXPECT_EQ(answers.Acknowledged(), 100u);
  EXPECT_EQ(store.Stats()->chunks, 100u);
}

v1::ChunkBatch BatchOf(const std::vector<std::string>& chunks) {
  v1::ChunkBatch batch;
  for (const std::string& bytes : chunks) {
    const v1::ChunkUpload upload = UploadOf(bytes);
    batch.mutable_sha256s()->append(upload.sha256());
    batch.add_sizes_bytes(upload.size_bytes());
    batch.add_frame_sizes_bytes(static_cast<uint32_t>(upload.frame().size()));
    batch.mutable_frames()->append(upload.frame());
  }
  return batch;
}

TEST(UploadSession, TakesChunksThatCameTogetherOneByOne) {
  MemBlobStore store;
  Answers answers;
  UploadSession session({}, store, answers.Recorder());
  ASSERT_EQ(session.ReceiveBatch(BatchOf({"one", "two", "three"})), absl::OkStatus());
  EXPECT_EQ(session.Finish(), absl::OkStatus());
  EXPECT_EQ(answers.Acknowledged(), 3u);
  EXPECT_EQ(*store.Get(NameOf("two")), "two");
}

TEST(UploadSession, ABatchWhoseColumnsDoNotFitEndsTheUploadAndNothingOfItIsStored) {
  for (int fault = 0; fault < 4; ++fault) {
    v1::ChunkBatch batch = BatchOf({"one", "two"});
    if (fault == 0) batch.mutable_sha256s()->pop_back();
    if (fault == 1) batch.add_sizes_bytes(3);
    if (fault == 2) batch.set_frame_sizes_bytes(0, 0xFFFFFFFF);
    if (fault == 3) batch.mutable_frames()->append("x");
    MemBlobStore store;
    Answers answers;
    UploadSession session({}, store, answers.Recorder());
    EXPECT_TRUE(absl::IsInvalidArgument(session.ReceiveBatch(batch))) << fault;
    EXPECT_TRUE(absl::IsInvalidArgument(session.Finish())) << fault;
    EXPECT_EQ(store.Stats()->chunks, 0u) << fault;
  }
}

TEST(UploadSession, AcknowledgesNothingBeforeItIsDurableAndStoresWhatCameMeanwhileAtOnce) {
  GatedStore store;
  Answers answers;
  UploadSession session({}, store, answers.Recorder());
  ASSERT_EQ(session.Receive(UploadOf("first")), absl::OkStatus());
  ASSERT_TRUE(store.WaitForPut());
  for (int i = 0; i < 9; ++i) ASSERT_EQ(session.Receive(UploadOf(Concat("later ", i))), absl::OkStatus());
  EXPECT_EQ(answers.Acknowledged(), 0u);
  store.Open();
  EXPECT_EQ(session.Finish(), absl::OkStatus());
  EXPECT_EQ(answers.Acknowledged(), 10u);
  EXPECT_EQ(store.puts(), (std::vector<size_t>{1, 9}));
}

TEST(UploadSession, TakesNoMoreThanItsWindow) {
  GatedStore store;
  Answers answers;
  UploadSessionOptions options;
  options.window_bytes = 1000;
  UploadSession session(options, store, answers.Recorder());
  ASSERT_EQ(session.Receive(UploadOf("one")), absl::OkStatus());
  ASSERT_TRUE(store.WaitForPut());
  ASSERT_EQ(session.Receive(UploadOf("two")), absl::OkStatus());
  ASSERT_EQ(session.Receive(UploadOf("three")), absl::OkStatus());
  absl::Notification fourth;
  std::thread reader([&] {
    EXPECT_EQ(session.Receive(UploadOf("four")), absl::OkStatus());
    fourth.Notify();
  });
  EXPECT_FALSE(fourth.WaitForNotificationWithTimeout(absl::Milliseconds(100)));
  store.Open();
  EXPECT_TRUE(fourth.WaitForNotificationWithTimeout(kPatience));
  reader.join();
  EXPECT_EQ(session.Finish(), absl::OkStatus());
  EXPECT_EQ(answers.Acknowledged(), 4u);
}

TEST(UploadSession, NamesAChunkWhoseBytesAreOthersAndKeepsWhatCameBefore) {
  MemBlobStore store;
  Answers answers;
  UploadSession session({}, store, answers.Recorder());
  ASSERT_EQ(session.Receive(UploadOf("honest")), absl::OkStatus());
  v1::ChunkUpload lie = UploadOf("bytes");
  lie.set_sha256(std::string(NameOf("name").bytes()));
  const absl::Status status = session.Receive(lie);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.message().find(NameOf("name").ToHex()), absl::string_view::npos) << status;
  EXPECT_FALSE(session.Receive(UploadOf("behind it")).ok());
  EXPECT_EQ(session.Finish().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(answers.Acknowledged(), 1u);
  EXPECT_EQ(store.Has({NameOf("honest"), NameOf("behind it")}).value(), (std::vector<bool>{true, false}));
}

TEST(UploadSession, RefusesSizesAndNamesThatNoChunkHas) {
  MemBlobStore store;
  for (int kind = 0; kind < 3; ++kind) {
    Answers answers;
    UploadSession session({}, store, answers.Recorder());
    v1::ChunkUpload upload = UploadOf("bytes");
    if (kind == 0) upload.set_sha256("short");
    if (kind == 1) upload.set_size_bytes(kMaxChunkSizeBytes + 1);
    if (kind == 2) upload.set_frame(std::string(kMaxFrameSizeBytes + 1, 'x'));
    EXPECT_EQ(session.Receive(upload).code(), absl::StatusCode::kInvalidArgument) << kind;
    EXPECT_EQ(session.Finish().code(), absl::StatusCode::kInvalidArgument) << kind;
  }
  EXPECT_EQ(store.Stats()->chunks, 0u);
}

TEST(UploadSession, SaysOnceThatThereIsNoRoomAndEndsWell) {
  MemBlobStore store(/*quota_bytes=*/1);
  Answers answers;
  UploadSessionOptions options;
  options.retry_after = absl::Seconds(7);
  UploadSession session(options, store, answers.Recorder());
  absl::Status received;
  for (int i = 0; received.ok() && i < 1'000'000; ++i) received = session.Receive(UploadOf(Concat(i)));
  EXPECT_EQ(received.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(session.Finish(), absl::OkStatus());
  ASSERT_EQ(answers.All().size(), 2u);
  EXPECT_EQ(answers.All().back().full().retry_after_ms(), 7000u);
  EXPECT_EQ(answers.Acknowledged(), 0u);
}

TEST(UploadSession, TurnsTroubleOfTheStoreIntoTryAgain) {
  MemBlobStore store;
  store.FailNextPut(absl::DataLossError("input/output error"));
  Answers answers;
  absl::Notification failed;
  UploadSession session({}, store, answers.Recorder(), [&failed] { failed.Notify(); });
  ASSERT_EQ(session.Receive(UploadOf("bytes")), absl::OkStatus());
  EXPECT_TRUE(failed.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(session.Receive(UploadOf("more")).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(session.Finish().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(answers.Acknowledged(), 0u);
}

TEST(UploadSession, EndsWhenNobodyListens) {
  MemBlobStore store;
  Answers answers;
  answers.BeUnreachable();
  UploadSession session({}, store, answers.Recorder());
  EXPECT_EQ(session.Finish().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace hozen
