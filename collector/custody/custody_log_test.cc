#include "collector/custody/custody_log.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "collector/custody/custody_entry.h"
#include "collector/custody/tiles.h"
#include "core/base/fake_clock.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/merkle.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr char kOrigin[] = "hozen.example/custody/c1";

class CustodyLogTest : public ::testing::Test {
 protected:
  CustodyLogTest() : key_(Key()) {
    std::string folder = ::testing::TempDir() + "/custody_XXXXXX";
    folder_ = fs::path(mkdtemp(folder.data())) / "log";
  }
  ~CustodyLogTest() override { fs::remove_all(folder_.parent_path()); }

  absl::StatusOr<std::unique_ptr<CustodyLog>> TryOpen() { return CustodyLog::Open(folder_, kOrigin, key_, clock_); }
  std::unique_ptr<CustodyLog> Open() {
    auto log = TryOpen();
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  static CustodyEvent Event(uint64_t number) {
    return {.kind = "plan.submitted",
            .actor = "operator:alice",
            .acquisition_id = "",
            .host_id = "h1",
            .details = {{"number", std::to_string(number)}}};
  }
  static void Fill(CustodyLog& log, uint64_t size) {
    while (log.size() < size) ASSERT_TRUE(log.Append(Event(log.size())).ok());
  }
  // A log of 300 entries, written once for all tests: each entry takes several syncs.
  void CopyOf300() {
    static const fs::path& kFolder = *new fs::path([] {
      std::string folder = ::testing::TempDir() + "/custody300_XXXXXX";
      const fs::path made = mkdtemp(folder.data());
      FakeClock clock;
      Fill(*CustodyLog::Open(made, kOrigin, Key(), clock).value(), 300);
      return made;
    }());
    fs::copy(kFolder, folder_, fs::copy_options::recursive);
  }
  static const PrivateKey& Key() {
    static const auto& kKey = *new PrivateKey(PrivateKey::Generate(KeyType::kEd25519).value());
    return kKey;
  }
  // What anybody with the public key can check.
  void ExpectProves(CustodyLog& log, uint64_t index) const {
    const auto proof = log.Prove(index);
    ASSERT_TRUE(proof.ok()) << proof.status();
    const auto checkpoint = VerifyCheckpoint(proof->checkpoint(), kOrigin, key_.public_key());
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    EXPECT_EQ(checkpoint->tree_size, proof->tree_size());
    EXPECT_EQ(proof->leaf_index(), index);
    std::vector<Digest> path;
    for (const std::string& hash : proof->inclusion_path()) path.push_back(Digest::FromBytes(hash).value());
    EXPECT_TRUE(VerifyInclusion(LeafHash(proof->entry()), index, proof->tree_size(), path, checkpoint->root).ok());
    EXPECT_EQ(nlohmann::json::parse(proof->entry())["number"], std::to_string(index));
  }
  static std::string Read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void FlipBit(const fs::path& file, size_t at) {
    std::string bytes = Read(file);
    ASSERT_LT(at, bytes.size()) << file;
    bytes[at] ^= 1;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }

  fs::path folder_;
  PrivateKey key_;
  FakeClock clock_;
};

TEST_F(CustodyLogTest, AnEmptyLogHasASignedCheckpoint) {
  const auto checkpoint = VerifyCheckpoint(Open()->SignedCheckpoint().value(), kOrigin, key_.public_key());
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->tree_size, 0u);
  EXPECT_EQ(checkpoint->root, EmptyTreeHash());
  EXPECT_EQ(Open()->size(), 0u) << "and opens again";
}

TEST_F(CustodyLogTest, EveryEntryIsProvedAtEverySizeAroundATile) {
  auto log = Open();
  for (const uint64_t size : {1, 2, 3, 255, 256, 257}) {
    Fill(*log, size);
    for (const uint64_t index : {uint64_t{0}, size / 2, size - 1}) ExpectProves(*log, index);
    log = Open();
    ASSERT_EQ(log->size(), size);
    for (const uint64_t index : {uint64_t{0}, size / 2, size - 1}) ExpectProves(*log, index);
  }
  EXPECT_TRUE(absl::IsNotFound(log->Entry(257).status()));
  EXPECT_TRUE(absl::IsNotFound(log->Prove(257).status()));
}

TEST_F(CustodyLogTest, EverySizeContinuesEveryOlderOne) {
  auto log = Open();
  std::vector<Checkpoint> checkpoints = {{}};
  for (uint64_t size = 1; size <= 70; ++size) {
    Fill(*log, size);
    checkpoints.push_back(VerifyCheckpoint(log->SignedCheckpoint().value(), kOrigin, key_.public_key()).value());
  }
  for (uint64_t old_size = 1; old_size <= 70; ++old_size) {
    const auto consistency = log->ProveConsistency(old_size);
    ASSERT_TRUE(consistency.ok()) << consistency.status();
    std::vector<Digest> path;
    for (const std::string& hash : consistency->path) path.push_back(Digest::FromBytes(hash).value());
    EXPECT_TRUE(VerifyConsistency(old_size, checkpoints[old_size].root, 70, checkpoints[70].root, path).ok());
  }
  EXPECT_TRUE(log->ProveConsistency(0).value().path.empty());
  EXPECT_TRUE(absl::IsInvalidArgument(log->ProveConsistency(71).status()));
}

TEST_F(CustodyLogTest, StandsOnTheDiskAsTlogTilesSays) {
  auto log = Open();
  Fill(*log, 258);
  for (const char* file :
       {"checkpoint", "tile/0/000", "tile/0/001.p/2", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/2"}) {
    EXPECT_TRUE(fs::exists(folder_ / file)) << file;
  }
  EXPECT_FALSE(fs::exists(folder_ / "tile/0/000.p")) << "partial tiles go when the full one is there";
  EXPECT_EQ(fs::file_size(folder_ / "tile/0/000"), 256u * 32);
  const std::string bundle = Read(folder_ / "tile/entries/001.p/2");
  const std::string entry = log->Entry(256).value();
  EXPECT_EQ(static_cast<uint8_t>(bundle[0]) * 256u + static_cast<uint8_t>(bundle[1]), entry.size());
  EXPECT_EQ(bundle.substr(2, entry.size()), entry);
  EXPECT_EQ(Read(folder_ / "tile/0/001.p/2").substr(0, 32), LeafHash(entry).bytes());
  EXPECT_EQ(TilePath(0, 1'234'067, 256), "tile/0/x001/x234/067");
  EXPECT_EQ(TilePath(kEntriesLevel, 1000, 7), "tile/entries/x001/000.p/7");
}

TEST_F(CustodyLogTest, WhatACrashLeftBehindTheCheckpointIsTakenBack) {
  for (const uint64_t size : {3, 255}) {
    auto log = Open();
    Fill(*log, size);
    const std::string checkpoint = Read(folder_ / "checkpoint");
    const fs::path aside = folder_.parent_path() / "aside";
    fs::remove_all(aside);
    fs::copy(folder_, aside, fs::copy_options::recursive);
    Fill(*log, size + 1);
    // As if it had crashed just before the new checkpoint: all that was there before, and the new files.
    fs::copy(aside, folder_, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    ASSERT_EQ(Read(folder_ / "checkpoint"), checkpoint);
    log = Open();
    ASSERT_EQ(log->size(), size);
    clock_.Advance(absl::Seconds(1));
    Fill(*log, size + 2);
    log = Open();
    ExpectProves(*log, size);
    ExpectProves(*log, size - 1);
  }
}

TEST_F(CustodyLogTest, AMissingTileIsMadeAgain) {
  CopyOf300();
  const std::string tile = Read(folder_ / "tile/0/000");
  fs::remove(folder_ / "tile/0/000");
  fs::remove(folder_ / "tile/1/000.p/1");
  auto log = Open();
  ExpectProves(*log, 0);
  EXPECT_EQ(Read(folder_ / "tile/0/000"), tile);
}

TEST_F(CustodyLogTest, AChangedEntryOrTileOrCheckpointIsDataLoss) {
  CopyOf300();
  const fs::path aside = folder_.parent_path() / "aside";
  fs::copy(folder_, aside, fs::copy_options::recursive);
  for (const char* file :
       {"tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"}) {
    FlipBit(folder_ / file, file == std::string("checkpoint") ? 28 : 20);
    const absl::Status status = TryOpen().status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << file << " " << status;
    fs::remove_all(folder_);
    fs::copy(aside, folder_, fs::copy_options::recursive);
  }
  fs::remove(folder_ / "checkpoint");
  EXPECT_TRUE(absl::IsDataLoss(TryOpen().status())) << "a log without its checkpoint is not an empty one";
}

TEST_F(CustodyLogTest, DamageWhileItIsOpenIsFoundBeforeAProofIsGiven) {
  CopyOf300();
  auto log = Open();
  FlipBit(folder_ / "tile/entries/000", 20);
  EXPECT_TRUE(absl::IsDataLoss(log->Entry(0).status()));
  EXPECT_TRUE(absl::IsDataLoss(log->Prove(0).status()));
  FlipBit(folder_ / "tile/entries/000", 20);
  log = Open();
  FlipBit(folder_ / "tile/0/000", 32 * 7);
  EXPECT_TRUE(absl::IsDataLoss(log->Prove(3).status()));
}

TEST_F(CustodyLogTest, AnotherKeyOrOriginIsDataLoss) {
  Fill(*Open(), 2);
  EXPECT_TRUE(absl::IsDataLoss(
      CustodyLog::Open(folder_, kOrigin, PrivateKey::Generate(KeyType::kEd25519).value(), clock_).status()));
  EXPECT_TRUE(absl::IsDataLoss(CustodyLog::Open(folder_, "hozen.example/custody/c2", key_, clock_).status()));
}

TEST_F(CustodyLogTest, AFailedAppendChangesNothingAndTheNextOneGoesOn) {
  auto log = Open();
  Fill(*log, 5);
  const std::string checkpoint = log->SignedCheckpoint().value();
  // A folder where the new partial tile belongs.
  fs::create_directories(folder_ / "tile/0/000.p/6/in the way");
  EXPECT_FALSE(log->Append(Event(5)).ok());
  EXPECT_EQ(log->size(), 5u);
  EXPECT_EQ(log->SignedCheckpoint().value(), checkpoint);
  fs::remove_all(folder_ / "tile/0/000.p/6");
  Fill(*log, 7);
  ExpectProves(*log, 5);
  log = Open();
  ExpectProves(*log, 6);
}

TEST_F(CustodyLogTest, ThreadsAppendAndProveAtOnce) {
  auto log = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log] {
      for (int i = 0; i < 10; ++i) {
        const auto index = log->Append(Event(0));
        ASSERT_TRUE(index.ok());
        ASSERT_TRUE(log->Prove(*index).ok());
        ASSERT_TRUE(log->ProveConsistency(*index + 1).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log->size(), 40u);
}

TEST(CustodyEntry, IsTheDocumentedObject) {
  const CustodyEvent event{.kind = "acquisition.committed",
                           .actor = "host:h1",
                           .acquisition_id = "a1",
                           .host_id = "h1",
                           .details = {{"z", "last"}, {"manifest_sha256", "9f"}}};
  EXPECT_EQ(EncodeCustodyEntry(event, 7, absl::FromUnixNanos(1'000'000'000'123'456'789)).value(),
            R"({"version":1,"index":7,"time":"2001-09-09T01:46:40.123456789Z","kind":"acquisition.committed",)"
            R"("actor":"host:h1","acquisition_id":"a1","host_id":"h1","manifest_sha256":"9f","z":"last"})");
}

TEST(CustodyEntry, BytesThatAreNotTextStayDistinct) {
  auto encode = [](std::string value) {
    return EncodeCustodyEntry(
               {.kind = "k", .actor = "a", .acquisition_id = "", .host_id = "", .details = {{"v", value}}}, 0,
               absl::UnixEpoch())
        .value();
  };
  EXPECT_NE(encode("\xff"), encode("\\xff"));
  EXPECT_NE(encode("\n"), encode("\\n"));
  EXPECT_EQ(nlohmann::json::parse(encode("保全 \"quoted\""))["v"], "保全 \"quoted\"");
  EXPECT_EQ(nlohmann::json::parse(encode("\xff"))["v"], "\\xff");
}

TEST(CustodyEntry, RefusesWhatWouldNotBeAnEntry) {
  auto status = [](CustodyEvent event) { return EncodeCustodyEntry(event, 0, absl::UnixEpoch()).status(); };
  EXPECT_TRUE(absl::IsInvalidArgument(status({.kind = "", .actor = "a"})));
  EXPECT_TRUE(absl::IsInvalidArgument(status({.kind = "k", .actor = ""})));
  for (const char* name : {"", "kind", "time", "Upper", "with space", "host_id"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        status({.kind = "k", .actor = "a", .acquisition_id = "", .host_id = "", .details = {{name, "v"}}})))
        << name;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(status(
      {.kind = "k", .actor = "a", .acquisition_id = "", .host_id = "", .details = {{"same", "1"}, {"same", "2"}}})));
  auto long_one = [&](size_t size) {
    return status(
        {.kind = "k", .actor = "a", .acquisition_id = "", .host_id = "", .details = {{"v", std::string(size, 'x')}}});
  };
  EXPECT_TRUE(long_one(65'000).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(long_one(65'535)));
}

}  // namespace
}  // namespace hozen
