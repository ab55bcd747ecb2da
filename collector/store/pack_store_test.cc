#include "collector/store/pack_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "collector/store/pack_format.h"
#include "collector/store/testing_chunks.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class PackStoreTest : public ::testing::Test {
 protected:
  PackStoreTest() {
    std::string folder = ::testing::TempDir() + "/pack_store_XXXXXX";
    options_ = {.folder = fs::path(mkdtemp(folder.data())) / "store", .customer_id = "c1", .reserve_bytes = 0};
  }
  ~PackStoreTest() override { fs::remove_all(options_.folder.parent_path()); }

  std::unique_ptr<BlobStore> Open() {
    auto store = OpenPackStore(options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  fs::path Pack(uint64_t number) const { return options_.folder / PackFileName(number); }
  void ForgetIndex() const {
    for (const char* name : {"index.db", "index.db-wal", "index.db-shm"}) fs::remove(options_.folder / name);
  }
  static std::string Read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void Write(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }
  static void FlipBit(const fs::path& file, uint64_t offset) {
    std::string bytes = Read(file);
    ASSERT_LT(offset, bytes.size());
    bytes[offset] ^= 4;
    Write(file, bytes);
  }
  static bool Has(BlobStore& store, const std::string& plain) { return store.Has({Sha256::Of(plain)}).value().at(0); }

  PackStoreOptions options_;
};

const std::vector<std::string>& SomePlains() {
  static const auto& kPlains =
      *new std::vector<std::string>{"first", TestingBytes(1, 5000), std::string(70'000, 'x'), TestingBytes(2, 33)};
  return kPlains;
}

TEST_F(PackStoreTest, KeepsChunksOverAReopening) {
  ASSERT_TRUE(Open()->Put(TestingChunks(SomePlains())).ok());
  auto store = Open();
  for (const std::string& plain : SomePlains()) EXPECT_TRUE(store->Get(Sha256::Of(plain)).value() == plain);
  EXPECT_EQ(store->Stats().value().chunks, SomePlains().size());
}

TEST_F(PackStoreTest, TheIndexIsMadeAgainFromThePacksAlone) {
  options_.pack_size_bytes = 4000;  // several packs
  BlobStoreStats before;
  {
    auto store = Open();
    for (const std::string& plain : SomePlains()) ASSERT_TRUE(store->Put(TestingChunks({plain})).ok());
    before = store->Stats().value();
  }
  ASSERT_TRUE(fs::exists(Pack(2)));
  ForgetIndex();
  auto store = Open();
  for (const std::string& plain : SomePlains()) EXPECT_TRUE(store->Get(Sha256::Of(plain)).value() == plain);
  const BlobStoreStats after = store->Stats().value();
  EXPECT_EQ(after.chunks, before.chunks);
  EXPECT_EQ(after.plain_bytes, before.plain_bytes);
  EXPECT_EQ(after.stored_bytes, before.stored_bytes);
}

TEST_F(PackStoreTest, ADamagedIndexIsMadeAgain) {
  ASSERT_TRUE(Open()->Put(TestingChunks(SomePlains())).ok());
  ForgetIndex();
  Write(options_.folder / "index.db", std::string(8192, 'j'));
  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(Has(*store, "first"));
}

TEST_F(PackStoreTest, WritesTheFormatThatIsDocumented) {
  ASSERT_TRUE(Open()->Put(TestingChunks({"hello"})).ok());
  const std::string pack = Read(Pack(1));
  const std::string frame = TestingChunk("hello").frame();
  EXPECT_EQ(pack.substr(0, 8), "HZNPACK\n");
  EXPECT_EQ(pack.substr(8, 8), std::string("\x01\0\0\0\0\x02\0\0", 8));
  EXPECT_EQ(pack.substr(16, 8), std::string("\x01\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(pack.substr(24, 6), std::string("\x02\0\0\0c1", 6));
  EXPECT_EQ(pack.substr(480, 32), Sha256::Of(pack.substr(0, 480)).bytes());
  EXPECT_EQ(pack.substr(512, 8), std::string("HZRC\0\0\0\0", 8));
  EXPECT_EQ(static_cast<uint8_t>(pack[520]), frame.size());
  EXPECT_EQ(pack.substr(524, 4), std::string("\x05\0\0\0", 4));
  EXPECT_EQ(pack.substr(528, 32), Sha256::Of("hello").bytes());
  EXPECT_EQ(pack.substr(560, 8), Sha256::Of(pack.substr(512, 48)).bytes().substr(0, 8));
  EXPECT_EQ(pack.substr(568, frame.size()), frame);
  EXPECT_EQ(pack.size() % 8, 0u);
  EXPECT_EQ(fs::status(Pack(1)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(PackStoreTest, AFlippedBitIsNamedAndTheChunkCanBeSentAgain) {
  const std::string plain = TestingBytes(5, 3000);
  auto store = Open();
  ASSERT_TRUE(store->Put(TestingChunks({"before", plain, "behind"})).ok());
  const uint64_t offset = kPackHeadSizeBytes + RecordSizeBytes(TestingChunk("before").frame().size());
  FlipBit(Pack(1), offset + kRecordHeadSizeBytes + 1000);
  EXPECT_TRUE(Has(*store, plain));
  for (int attempt = 0; attempt < 2; ++attempt) {
    const absl::Status status = store->Get(Sha256::Of(plain)).status();
    ASSERT_TRUE(absl::IsDataLoss(status)) << status;
    const std::string message(status.message());
    EXPECT_NE(message.find(Sha256::Of(plain).ToHex()), std::string::npos) << message;
    EXPECT_NE(message.find("00000001.pack"), std::string::npos) << message;
    EXPECT_NE(message.find("offset " + std::to_string(offset)), std::string::npos) << message;
    EXPECT_FALSE(Has(*store, plain));
    EXPECT_EQ(store->Stats().value().chunks, 2u);
  }
  EXPECT_TRUE(store->Get(Sha256::Of("behind")).ok());
  ASSERT_TRUE(store->Put(TestingChunks({plain})).ok());
  EXPECT_TRUE(Has(*store, plain));
  EXPECT_TRUE(store->Get(Sha256::Of(plain)).value() == plain);
  store.reset();
  ForgetIndex();
  store = Open();
  EXPECT_TRUE(store->Get(Sha256::Of(plain)).value() == plain) << "the sound copy wins after the index is made again";
  EXPECT_EQ(store->Stats().value().chunks, 3u);
}

TEST_F(PackStoreTest, NoBitOfARecordCanBeFlippedUnnoticed) {
  const std::string plain = "a short chunk, of which each bit is flipped";
  auto store = Open();
  ASSERT_TRUE(store->Put(TestingChunks({plain})).ok());
  const std::string sound = Read(Pack(1));
  const size_t end = kPackHeadSizeBytes + kRecordHeadSizeBytes + TestingChunk(plain).frame().size();
  for (size_t at = kPackHeadSizeBytes; at < end; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = sound;
      bytes[at] ^= static_cast<char>(1 << bit);
      Write(Pack(1), bytes);
      const auto got = store->Get(Sha256::Of(plain));
      // A flip in zstd's frame header may leave a frame that unpacks to the very same bytes; that is no loss.
      if (got.ok()) {
        ASSERT_EQ(*got, plain);
        ASSERT_GE(at, kPackHeadSizeBytes + kRecordHeadSizeBytes) << "the record's head is covered whole";
      } else {
        ASSERT_TRUE(absl::IsDataLoss(got.status())) << got.status();
      }
    }
  }
  Write(Pack(1), sound);
  EXPECT_TRUE(store->Get(Sha256::Of(plain)).ok());
}

TEST_F(PackStoreTest, ADamagedRecordDoesNotHideThoseBehindIt) {
  ASSERT_TRUE(Open()->Put(TestingChunks(SomePlains())).ok());
  FlipBit(Pack(1), kPackHeadSizeBytes + 9);  // the first record's frame length
  ForgetIndex();
  auto store = Open();
  EXPECT_FALSE(Has(*store, SomePlains()[0]));
  for (size_t i = 1; i < SomePlains().size(); ++i) EXPECT_TRUE(Has(*store, SomePlains()[i])) << i;
}

TEST_F(PackStoreTest, ARecordInsideAChunkIsNotBelievedUnlessItVerifies) {
  // A host sends a chunk whose bytes look like a record of another chunk, and the record around it is damaged.
  std::string fake(24, 'p');  // so that the fake stands at a multiple of 8 in the pack, whatever zstd puts before it
  RecordHead head{.frame_size_bytes = 40, .plain_size_bytes = 40, .sha256 = Sha256::Of("what the host wants to hide")};
  std::string record;
  AppendRecordHead(head, record);
  record += TestingBytes(9, 40);
  for (int shift = 0; shift < 8; ++shift) fake += std::string(1, 'q') + record;
  fake += TestingBytes(10, 3000);
  ASSERT_TRUE(Open()->Put(TestingChunks({fake, "behind"})).ok());
  FlipBit(Pack(1), kPackHeadSizeBytes + 9);
  ForgetIndex();
  auto store = Open();
  EXPECT_FALSE(Has(*store, "what the host wants to hide"));
  EXPECT_TRUE(Has(*store, "behind"));
}

TEST_F(PackStoreTest, APackThatIsMissingLosesItsChunksOnly) {
  options_.pack_size_bytes = 1000;
  {
    auto store = Open();
    for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(store->Put(TestingChunks({TestingBytes(i, 2000)})).ok());
  }
  fs::remove(Pack(2));
  auto store = Open();
  EXPECT_TRUE(Has(*store, TestingBytes(0, 2000)));
  EXPECT_FALSE(Has(*store, TestingBytes(1, 2000)));
  EXPECT_TRUE(Has(*store, TestingBytes(2, 2000)));
  EXPECT_TRUE(absl::IsDataLoss(store->Get(Sha256::Of(TestingBytes(1, 2000))).status()));
  ASSERT_TRUE(store->Put(TestingChunks({TestingBytes(1, 2000)})).ok());
  EXPECT_TRUE(store->Get(Sha256::Of(TestingBytes(1, 2000))).ok());
}

class TruncatedPack : public PackStoreTest, public ::testing::WithParamInterface<bool> {};

TEST_P(TruncatedPack, AtEveryByteKeepsWhatIsWholeAndGoesOn) {
  const std::vector<std::string> plains = {"kept", TestingBytes(1, 50), TestingBytes(2, 61)};
  ASSERT_TRUE(Open()->Put(TestingChunks(plains)).ok());
  const std::string whole = Read(Pack(1));
  std::vector<uint64_t> ends;  // of the frames
  uint64_t offset = kPackHeadSizeBytes;
  for (const std::string& plain : plains) {
    const uint32_t frame = TestingChunk(plain).frame().size();
    ends.push_back(offset + kRecordHeadSizeBytes + frame);
    offset += RecordSizeBytes(frame);
  }
  ASSERT_EQ(offset, whole.size());
  const fs::path aside = options_.folder.parent_path() / "aside";
  fs::copy(options_.folder, aside);
  for (uint64_t size = kPackHeadSizeBytes; size <= whole.size(); ++size) {
    fs::remove_all(options_.folder);
    fs::copy(aside, options_.folder);
    fs::resize_file(Pack(1), size);
    if (GetParam()) ForgetIndex();
    auto store = Open();
    ASSERT_NE(store, nullptr);
    for (size_t i = 0; i < plains.size(); ++i) {
      ASSERT_EQ(Has(*store, plains[i]), ends[i] <= size) << "size " << size << " chunk " << i;
      ASSERT_EQ(store->Get(Sha256::Of(plains[i])).ok(), ends[i] <= size) << "size " << size << " chunk " << i;
    }
    if (size % 5 != 0 && size != whole.size()) continue;  // it takes its time
    ASSERT_TRUE(store->Put(TestingChunks(plains)).ok());
    ASSERT_TRUE(store->Put(TestingChunks({"and goes on"})).ok());
    store.reset();
    if (GetParam()) ForgetIndex();
    store = Open();
    for (const std::string& plain : plains) ASSERT_TRUE(store->Get(Sha256::Of(plain)).value() == plain) << size;
    ASSERT_TRUE(Has(*store, "and goes on"));
  }
}

INSTANTIATE_TEST_SUITE_P(Index, TruncatedPack, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Forgotten" : "Kept"; });

TEST_F(PackStoreTest, ZerosThatAPowerCutLeftBehindAreCutOff) {
  ASSERT_TRUE(Open()->Put(TestingChunks({"acknowledged"})).ok());
  const uint64_t size = fs::file_size(Pack(1));
  fs::resize_file(Pack(1), size + 5000);
  auto store = Open();
  EXPECT_TRUE(Has(*store, "acknowledged"));
  EXPECT_EQ(fs::file_size(Pack(1)), size);
  ASSERT_TRUE(store->Put(TestingChunks({"next"})).ok());
  store.reset();
  ForgetIndex();
  EXPECT_TRUE(Has(*Open(), "next"));
}

TEST_F(PackStoreTest, ADamagedHeadIsDataLoss) {
  ASSERT_TRUE(Open()->Put(TestingChunks({"x"})).ok());
  const std::string sound = Read(Pack(1));
  for (const size_t at : {0, 13, 17, 28, 200, 400, 500}) {
    std::string bytes = sound;
    bytes[at] ^= 1;
    Write(Pack(1), bytes);
    const absl::Status status = OpenPackStore(options_).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << at << " " << status;
    EXPECT_NE(status.message().find("00000001.pack"), absl::string_view::npos);
  }
  for (const size_t size : {0, 7, 511}) {
    Write(Pack(1), sound.substr(0, size));
    EXPECT_TRUE(absl::IsDataLoss(OpenPackStore(options_).status())) << size;
  }
}

TEST_F(PackStoreTest, APackOfANewerVersionOrAnotherCustomerOrAnotherNumberIsRefused) {
  // A name that no folder has by chance.
  options_.customer_id = "the-first-customer";
  ASSERT_TRUE(Open()->Put(TestingChunks({"x"})).ok());
  const std::string sound = Read(Pack(1));
  std::string newer = sound;
  newer[8] = 2;
  Write(Pack(1), newer);
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenPackStore(options_).status()));
  Write(Pack(1), sound);
  options_.customer_id = "another-customer";
  const absl::Status status = OpenPackStore(options_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(status.message().find("the-first-customer"), absl::string_view::npos)
      << "customers never meet, in errors neither";
  options_.customer_id = "the-first-customer";
  fs::rename(Pack(1), Pack(3));
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenPackStore(options_).status()));
}

TEST_F(PackStoreTest, AnEncodingOfTheFutureIsRefusedRatherThanCutOff) {
  ASSERT_TRUE(Open()->Put(TestingChunks({"x"})).ok());
  ForgetIndex();
  std::string pack = Read(Pack(1)).substr(0, kPackHeadSizeBytes);
  AppendRecordHead({.encoding = RecordEncoding::kSealed,
                    .frame_size_bytes = 8,
                    .plain_size_bytes = 8,
                    .sha256 = Sha256::Of("sealed")},
                   pack);
  pack += "12345678";
  Write(Pack(1), pack);
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenPackStore(options_).status()));
  EXPECT_EQ(Read(Pack(1)), pack);
}

TEST_F(PackStoreTest, AReserveIsLeftFreeAndNothingIsWrittenForWhatDoesNotFit) {
  options_.reserve_bytes = uint64_t{1} << 62;
  auto store = Open();
  const absl::Status status = store->Put(TestingChunks({"x"}));
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_FALSE(fs::exists(Pack(1)));
}

TEST_F(PackStoreTest, TheQuotaIsOfPacksAndKept) {
  options_.quota_bytes = 50'000;
  options_.pack_size_bytes = 10'000;
  auto store = Open();
  uint64_t stored = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const absl::Status status = store->Put(TestingChunks({TestingBytes(i, 3000)}));
    if (status.ok())
      ++stored;
    else
      ASSERT_TRUE(absl::IsResourceExhausted(status));
  }
  uint64_t used = 0;
  for (const auto& entry : fs::directory_iterator(options_.folder)) {
    if (entry.path().extension() == ".pack") used += entry.file_size();
  }
  EXPECT_LE(used, options_.quota_bytes);
  EXPECT_GT(used + 4000, options_.quota_bytes);
  EXPECT_EQ(store->Stats().value().chunks, stored);
  store.reset();
  store = Open();
  EXPECT_TRUE(absl::IsResourceExhausted(store->Put(TestingChunks({TestingBytes(200, 3000)})))) << "also after opening";
  options_.quota_bytes = 60'000;
  store = Open();
  EXPECT_TRUE(store->Put(TestingChunks({TestingBytes(200, 3000)})).ok());
}

TEST_F(PackStoreTest, ACustomerNeedsAnId) {
  options_.customer_id = "";
  EXPECT_TRUE(absl::IsInvalidArgument(OpenPackStore(options_).status()));
  options_.customer_id = std::string(257, 'c');
  EXPECT_TRUE(absl::IsInvalidArgument(OpenPackStore(options_).status()));
}

}  // namespace
}  // namespace hozen
