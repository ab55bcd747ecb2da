// An acquisition without a host and a network: what tests of whole acquisitions share.
#ifndef HOZEN_AGENT_RUN_TESTING_ACQUISITION_H_
#define HOZEN_AGENT_RUN_TESTING_ACQUISITION_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/run/acquisition.h"
#include "agent/run/fake_chunk_sink.h"
#include "core/base/concat.h"
#include "core/base/fake_clock.h"
#include "core/base/status_context.h"
#include "core/bytes/source.h"
#include "core/evidence/body.h"
#include "core/evidence/trust.h"

namespace hozen {

inline constexpr uint64_t kMiB = 1 << 20;

// Bytes that differ everywhere, the same each time.
inline std::string Noise(uint64_t size_bytes, int seed) {
  std::string bytes;
  bytes.reserve(size_bytes + 32);
  for (uint64_t i = 0; bytes.size() < size_bytes; ++i) bytes += std::string(Sha256::Of(Concat(seed, ":", i)).bytes());
  bytes.resize(size_bytes);
  return bytes;
}

// Memory with bad sectors: any read that touches one fails, as a disk's does.
class FaultySource : public Source {
 public:
  FaultySource(std::string bytes, std::vector<std::pair<uint64_t, uint64_t>> bad, uint64_t announced_size_bytes)
      : bytes_(std::move(bytes)), bad_(std::move(bad)), size_bytes_(announced_size_bytes) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (on_read) on_read(offset_bytes);
    for (const auto& [from, size] : bad_) {
      if (offset_bytes < from + size && from < offset_bytes + buffer.size()) return ErrnoStatus(EIO, "read");
    }
    if (offset_bytes >= bytes_.size()) return 0;
    return bytes_.copy(buffer.data(), buffer.size(), offset_bytes);
  }
  uint64_t size_bytes() const override { return size_bytes_; }

  std::function<void(uint64_t)> on_read;

 private:
  const std::string bytes_;
  const std::vector<std::pair<uint64_t, uint64_t>> bad_;
  const uint64_t size_bytes_;
};

inline v1::Item FileItem(std::string path, uint64_t size_bytes, uint64_t inode) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  item.mutable_file()->set_mode(0100644);
  item.mutable_file()->set_size_bytes(size_bytes);
  item.mutable_file()->set_allocated_bytes(size_bytes);
  item.mutable_file()->set_inode(inode);
  return item;
}

// One host with one plan, and a collector to which everything goes.
class AcquisitionTestBase : public ::testing::Test {
 protected:
  AcquisitionTestBase() : key_(*PrivateKey::Generate(KeyType::kEcdsaP256)) {
    std::string pattern = ::testing::TempDir() + "/acquisition-XXXXXX";
    state_ = mkdtemp(pattern.data());
    options_.state_folder = state_;
    options_.identity.set_customer_id("c");
    options_.identity.set_host_id("h");
    options_.identity.set_private_key_pem(key_.ToSecretPem());
    outside_.open_sink = [this](const std::string&, uint64_t) -> absl::StatusOr<std::unique_ptr<ChunkSink>> {
      return std::make_unique<FakeChunkSink>(store_);
    };
    outside_.report = [this](v1::AgentMessage message) {
      absl::MutexLock lock(&mutex_);
      reports_.push_back(std::move(message));
    };
    tuning_.tick = absl::Milliseconds(20);
    tuning_.pipeline.checkpoint_chunk_bytes = 1 * kMiB;
    tuning_.pipeline.checkpoint_stream_bytes = 2 * kMiB;
    tuning_.pipeline.held_bytes = 4 * kMiB;
    AddTarget("/first/**");
    plan_.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(1)));
  }
  ~AcquisitionTestBase() override { std::filesystem::remove_all(state_); }

  void AddTarget(const std::string& pattern) { plan_.add_targets()->mutable_file()->set_pattern(pattern); }

  std::unique_ptr<Acquisition> Make(const std::string& id = "id") {
    AcquisitionFolder folder(state_, id);
    if (folder.state() == AcquisitionFolder::State::kNone) {
      EXPECT_TRUE(folder.Accept(v1::AcceptedPlan()).ok());
    }
    return std::make_unique<Acquisition>(folder, plan_, Sha256::Of("plan"), options_, outside_, collect_, tuning_,
                                         clock_);
  }

  struct Evidence {
    v1::Manifest manifest;
    std::vector<v1::Item> items;  // with their whole maps
    std::vector<v1::TargetOutcome> outcomes;
  };
  // The newest manifest, checked as a collector checks it.
  Evidence Committed() {
    Evidence evidence;
    v1::Envelope envelope;
    {
      absl::MutexLock lock(&store_.mutex);
      if (store_.manifests.empty()) {
        ADD_FAILURE() << "no manifest";
        return evidence;
      }
      envelope = store_.manifests.back();
    }
    absl::StatusOr<v1::Manifest> manifest = VerifyManifest(envelope, {"c", "h", key_.public_key()});
    EXPECT_TRUE(manifest.ok()) << manifest.status();
    evidence.manifest = *std::move(manifest);
    const std::string body = store_.Read(evidence.manifest.body_extents());
    EXPECT_EQ(body.size(), evidence.manifest.body_size_bytes());
    EXPECT_EQ(Sha256::Of(body).bytes(), evidence.manifest.body_sha256());
    ExtentList map;
    BodyReader::Handler handler;
    handler.on_extents = [&](uint64_t, const ExtentList& extents) {
      for (const v1::Extent& extent : extents) AppendExtent(extent, map);
      return absl::OkStatus();
    };
    handler.on_item = [&](uint64_t, const v1::Item& item) {
      evidence.items.push_back(item);
      evidence.items.back().mutable_extents()->Swap(&map);
      map.Clear();
      return absl::OkStatus();
    };
    handler.on_target = [&](const v1::TargetOutcome& outcome) {
      evidence.outcomes.push_back(outcome);
      return absl::OkStatus();
    };
    BodyReader reader(handler);
    EXPECT_TRUE(reader.Feed(body).ok());
    EXPECT_TRUE(reader.Finish().ok());
    EXPECT_EQ(evidence.items.size(), evidence.manifest.items());
    for (const v1::Item& item : evidence.items) CheckStream(item);
    return evidence;
  }

  // The bytes hashed are the bytes stored.
  void CheckStream(const v1::Item& item) {
    if (!item.has_stream()) return;
    EXPECT_EQ(SizeOf(item.extents()), item.size_bytes()) << item.path();
    EXPECT_EQ(Sha256::Of(store_.Read(item.extents())).bytes(), item.sha256()) << item.path();
  }

  const v1::Item& Find(const Evidence& evidence, const std::string& path) {
    for (const v1::Item& item : evidence.items) {
      if (item.path() == path) return item;
    }
    ADD_FAILURE() << "no item " << path;
    static const v1::Item none;
    return none;
  }

  // Takes one file.
  void CollectOne(v1::Item item, std::string bytes, bool until_end = true) {
    collect_ = [item, bytes, until_end](const v1::Target&, const AcquireOptions&,
                                        ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
      const std::unique_ptr<Source> source = NewMemorySource(bytes);
      const absl::Status taken = sink.Take(item, *source, until_end);
      if (!taken.ok()) return taken;
      return v1::TargetOutcome();
    };
  }

  const PrivateKey key_;
  std::filesystem::path state_;
  FakeClock clock_;
  v1::Plan plan_;
  RunnerOptions options_;
  RunnerOutside outside_;
  CollectTarget collect_;
  AcquisitionTuning tuning_;
  FakeStore store_;
  absl::Mutex mutex_;
  std::vector<v1::AgentMessage> reports_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_TESTING_ACQUISITION_H_
