#include "tools/images/aff4_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <utility>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "tools/images/aff4_image.h"
#include "tools/images/little_endian.h"
#include "tools/images/testing_aff4.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadAll(Source& source) {
  std::string bytes(source.size_bytes(), '\0');
  const auto got = source.ReadAt(0, absl::MakeSpan(bytes.data(), bytes.size()));
  if (!got.ok()) return got.status();
  EXPECT_EQ(*got, bytes.size());
  return bytes;
}

absl::StatusOr<std::string> Media(const std::string& file) {
  auto source = OpenAff4(NewMemorySource(file));
  if (!source.ok()) return source.status();
  return ReadAll(**source);
}

std::string Noise(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string OurFile(const std::string& disk, std::vector<MissingRun> missing) {
  const fs::path folder =
      fs::path(::testing::TempDir()) / ::testing::UnitTest::GetInstance()->current_test_info()->name();
  fs::create_directories(folder);
  ImageDescription description;
  description.size_bytes = disk.size();
  description.title = "\"a\" # b ; <c> . \\";
  description.sha256_hex = std::string(64, '5');
  description.missing = std::move(missing);
  auto writer = NewAff4Writer(folder / "disk.aff4", description);
  EXPECT_TRUE(writer.ok()) << writer.status();
  const auto source = NewMemorySource(disk);
  const absl::Status written = WriteImage(*source, **writer, [](uint64_t) {});
  EXPECT_TRUE(written.ok()) << written;
  return *ReadWholeFile((*writer)->files().front().written, uint64_t{1} << 30);
}

// One member of an image changed.
std::string With(TestingAff4 image, std::string_view name, std::string bytes) {
  std::vector<TestingMember> members = image.Members();
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const TestingMember& member) { return member.name == name; });
  EXPECT_NE(found, members.end()) << name;
  found->bytes = std::move(bytes);
  return TestingZip(members);
}

TEST(Aff4SourceTest, ReadsWhatWeWrite) {
  std::string disk = std::string(1 << 20, 'a') + Noise(1 << 20, 1) + std::string(3 << 20, '\0') + Noise(70'000'513, 2);
  const MissingRun bad{.offset_bytes = 5000, .size_bytes = 700, .unreadable = true};
  const MissingRun left_out{.offset_bytes = (1 << 20) + 512, .size_bytes = 1024, .unreadable = false};
  for (const MissingRun& run : {bad, left_out}) disk.replace(run.offset_bytes, run.size_bytes, run.size_bytes, '\0');
  auto source = OpenAff4(NewMemorySource(OurFile(disk, {bad, left_out})));
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->size_bytes(), disk.size());
  EXPECT_TRUE(*ReadAll(**source) == disk);
  std::mt19937 random(3);
  std::string buffer(100'000, '\0');
  for (int i = 0; i < 300; ++i) {
    const size_t at = random() % (disk.size() + 10);
    const size_t size = random() % buffer.size();
    const auto got = (*source)->ReadAt(at, absl::MakeSpan(buffer.data(), size));
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_EQ(*got, at >= disk.size() ? 0 : std::min(size, disk.size() - at));
    ASSERT_TRUE(disk.compare(std::min(at, disk.size()), *got, buffer, 0, *got) == 0) << at;
  }
}

TEST(Aff4SourceTest, ReadsAnImageOfNothing) {
  EXPECT_EQ(*Media(OurFile("", {})), "");
  EXPECT_EQ(*Media(OurFile(std::string(3 << 20, '\0'), {})), std::string(3 << 20, '\0'));
}

TEST(Aff4SourceTest, ReadsWhatOthersWrite) {
  TestingAff4 image;
  EXPECT_EQ(*Media(image.Zip()), image.Expected());
  // Each run before the one that it follows; pyaff4 writes maps in any order. Runs of nothing do no harm.
  std::reverse(image.runs.begin(), image.runs.end());
  image.runs.push_back({.at = 4100, .size_bytes = 0});
  EXPECT_EQ(*Media(image.Zip()), image.Expected());
  image.window_bits = -15;
  image.method = "aff4:compressionMethod <https://tools.ietf.org/html/rfc1951> ;";
  EXPECT_EQ(*Media(image.Zip()), image.Expected());
  image.window_bits = 0;
  image.stream.resize(6 * 512);
  EXPECT_EQ(*Media(image.Zip()), image.Expected()) << "chunks that were not worth packing";
  image.stream.resize(3000);
  image.method = "aff4:compressionMethod aff4:NullCompressor ;";
  EXPECT_EQ(*Media(image.Zip()), image.Expected());
  image.method = "";
  EXPECT_EQ(*Media(image.Zip()), image.Expected());
  image.gaps = "<http://aff4.org/Schema#UnknownData>";
  EXPECT_EQ(*Media(image.Zip()), image.Expected());
}

TEST(Aff4SourceTest, ReadsAMapThatZipPackedAndAVolumeThatOnlyTheCommentNames) {
  TestingAff4 image;
  std::vector<TestingMember> members = image.Members();
  members.erase(members.begin());
  for (TestingMember& member : members) {
    member.deflated = member.name.size() < 15 || member.name.back() == 'p' || member.name.back() == 'x';
    // The stream and the map belong to the volume.
    for (const char* object : {"s", "m"}) {
      const std::string foreign = Concat("aff4%3A%2F%2F", object, "/");
      if (member.name.rfind(foreign, 0) == 0) member.name.replace(0, foreign.size(), Concat(object, "/"));
      const std::string urn = Concat("aff4://", object);
      for (size_t at = 0; (at = member.bytes.find(urn, at)) != std::string::npos; at += urn.size() + 2) {
        if (member.name == "information.turtle" || member.name.ends_with("/idx")) member.bytes.insert(at + 7, "v/");
      }
    }
  }
  EXPECT_EQ(*Media(TestingZip(members, std::string_view("aff4://v\0\0\0", 11))), image.Expected());
}

TEST(Aff4SourceTest, ReadsAStreamWithoutAMap) {
  TestingAff4 image;
  image.image_bytes = image.stream.size();
  std::vector<TestingMember> members = image.Members();
  std::string& turtle = members.back().bytes;
  const std::string through_map = "dataStream <aff4://m>";
  turtle.replace(turtle.find(through_map), through_map.size(), "dataStream <aff4://s>");
  EXPECT_EQ(*Media(TestingZip(members)), image.stream);
}

TEST(Aff4SourceTest, SaysWhatItDoesNotKnow) {
  const auto why = [](const std::string& file) {
    const absl::Status status = Media(file).status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    return status.ToString();
  };
  TestingAff4 image;
  image.method = "aff4:compressionMethod <http://code.google.com/p/snappy/> ;";
  EXPECT_NE(why(image.Zip()).find("snappy"), std::string::npos);
  EXPECT_NE(why(With({}, "version.txt", "major=2\n")).find("version 1"), std::string::npos);
  EXPECT_NE(why(TestingZip({{.name = "hozen/README.txt", .bytes = "x"}})).find("version 1"), std::string::npos);
  image = {};
  image.targets[0] = "aff4://elsewhere";
  EXPECT_NE(why(image.Zip()).find("aff4://elsewhere"), std::string::npos);
  std::vector<TestingMember> striped = TestingAff4().Members();
  striped.back().bytes += "<aff4://s> <http://aff4.org/Schema#stored> <aff4://other> .";
  EXPECT_NE(why(TestingZip(striped)).find("set"), std::string::npos);
  striped.back().bytes += "<aff4://i> <http://aff4.org/Schema#dataStream> <aff4://n> .";
  EXPECT_NE(why(TestingZip(striped)).find("several"), std::string::npos);
  image = {};
  image.gaps = "<aff4://s>";
  EXPECT_NE(why(image.Zip()).find("aff4://s"), std::string::npos);
  std::vector<TestingMember> members = TestingAff4().Members();
  members.back().bytes += "<aff4://j> a aff4:Image ; aff4:dataStream <aff4://m> .";
  EXPECT_NE(why(TestingZip(members)).find("several"), std::string::npos);
  members.back().bytes = "<aff4://j> a <http://aff4.org/Schema#FileImage> .";
  EXPECT_NE(why(TestingZip(members)).find("no image"), std::string::npos);
  members = TestingAff4().Members();
  for (TestingMember& member : members) member.deflated = true;
  EXPECT_NE(why(TestingZip(members)).find("wants it stored"), std::string::npos);
}

TEST(Aff4SourceTest, SaysWhatIsWrong) {
  const auto why = [](const std::string& file) {
    const absl::Status status = Media(file).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    return status.ToString();
  };
  const std::string whole = TestingAff4().Zip();
  EXPECT_NE(why("").find("directory"), std::string::npos);
  EXPECT_NE(why(whole.substr(0, whole.size() / 2)).find("directory"), std::string::npos);
  EXPECT_NE(why("x" + whole).find("ZIP"), std::string::npos);

  TestingAff4 image;
  image.runs[3].at = 2599;
  EXPECT_NE(why(image.Zip()).find("same bytes"), std::string::npos);
  image = {};
  image.runs.back().size_bytes = 1401;
  EXPECT_NE(why(image.Zip()).find("behind the end"), std::string::npos);
  image = {};
  image.runs.back().size_bytes = 4193;
  EXPECT_NE(why(image.Zip()).find("out of the image"), std::string::npos);
  image = {};
  image.runs[1].target_at = ~uint64_t{0};
  EXPECT_NE(why(image.Zip()).find("out of its target"), std::string::npos);
  image = {};
  image.runs[0].target = 5;
  EXPECT_NE(why(image.Zip()).find("run 0"), std::string::npos);

  std::vector<TestingMember> members = TestingAff4().Members();
  for (size_t i = 2; i < members.size(); ++i) {
    std::vector<TestingMember> fewer = members;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(why(TestingZip(fewer)).find("not there"), std::string::npos) << members[i].name;
    std::vector<TestingMember> more = members;
    more.insert(more.begin(), members[i]);
    EXPECT_NE(why(TestingZip(more)).find("twice"), std::string::npos) << members[i].name;
  }
  EXPECT_NE(why(With({}, "aff4%3A%2F%2Fs/00000001.index", "")).find("no such entry"), std::string::npos);
  std::string index;
  PutLittleEndian(~uint64_t{0}, index);
  PutLittleEndian(uint32_t{2}, index);
  EXPECT_NE(why(With({}, "aff4%3A%2F%2Fs/00000001.index", index)).find("00000001, chunk 0"), std::string::npos);
  members.back().bytes += "<aff4://s> <http://aff4.org/Schema#size> 1 .";
  EXPECT_NE(why(TestingZip(members)).find("differently"), std::string::npos);
  members.back().bytes = "<aff4://i> a";
  EXPECT_NE(why(TestingZip(members)).find("line 1"), std::string::npos);
}

TEST(Aff4SourceTest, ADamagedChunkTakesNoneBesideItAlong) {
  const TestingAff4 image;
  std::string file = image.Zip();
  const std::string name = "aff4%3A%2F%2Fs/00000001";
  size_t at_name = file.find(name);
  while (file[at_name + name.size()] == '.') at_name = file.find(name, at_name + 1);
  constexpr size_t kInsideItsFirstChunk = 40;
  char& byte = file[at_name + name.size() + kInsideItsFirstChunk];
  byte = static_cast<char>(byte ^ 0x10);
  auto source = OpenAff4(NewMemorySource(file));
  ASSERT_TRUE(source.ok()) << source.status();
  // The stream's chunk 4 is damaged: 2048 to 2560, of which the map has all at 4448.
  std::string buffer(512, '\0');
  const std::string expected = image.Expected();
  for (size_t at = 0; at < expected.size(); ++at) {
    const auto got = (*source)->ReadAt(at, absl::MakeSpan(buffer.data(), 1));
    ASSERT_EQ(got.ok(), at < 4448 || at >= 4960) << at << ": " << got.status();
    if (got.ok()) {
      ASSERT_EQ(buffer[0], expected[at]);
    }
  }
}

// Sizes that nobody has are seen before memory is asked for.
TEST(Aff4SourceTest, NoSizeIsBelieved) {
  for (const char* name : {"chunkSize 512", "chunksInSegment \"4\"", "size \"3000\"", "size \"8192\""}) {
    for (const char* number :
         {"0", "1", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616", "-1"}) {
      std::vector<TestingMember> members = TestingAff4().Members();
      std::string& turtle = members.back().bytes;
      const size_t at = turtle.find(name);
      ASSERT_NE(at, std::string::npos) << name;
      const size_t digits = turtle.find_first_of("0123456789", at);
      turtle.replace(digits, turtle.find_first_not_of("0123456789", digits) - digits, number);
      auto source = OpenAff4(NewMemorySource(TestingZip(members)));
      if (!source.ok()) continue;
      char byte = 0;
      for (const uint64_t offset : {uint64_t{0}, uint64_t{4096}, (*source)->size_bytes() - 1}) {
        const auto got = (*source)->ReadAt(offset, absl::MakeSpan(&byte, 1));
        EXPECT_TRUE(got.ok() || absl::IsDataLoss(got.status())) << got.status();
      }
    }
  }
}

std::string Mutated(std::string bytes, std::mt19937& random) {
  for (uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
    const size_t at = random() % bytes.size();
    switch (random() % 6) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.replace(at, std::min<size_t>(8, bytes.size() - at), 8, static_cast<char>(random() % 2 == 0 ? 0xFF : 0));
        break;
      case 3:
        bytes.erase(at, 1 + random() % 16);
        break;
      case 4:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 64));
        break;
      default:
        if (random() % 8 == 0) bytes.resize(at + 1);
        break;
    }
    if (bytes.empty()) bytes = "P";
  }
  return bytes;
}

// Whatever was done to a file: it is refused, or an image of the size that it names comes out, and nothing falls over.
TEST(Aff4SourceTest, MutationsAreSurvived) {
  std::mt19937 random(20261125);
  const TestingAff4 image;
  const std::vector<TestingMember> members = image.Members();
  int refused = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::string file;
    if (round % 2 == 0) {
      file = Mutated(image.Zip(), random);
    } else {
      // With the ZIP whole, more gets to what lies in it.
      std::vector<TestingMember> changed = members;
      std::string& bytes = changed[random() % changed.size()].bytes;
      bytes = Mutated(bytes, random);
      file = TestingZip(changed);
    }
    auto source = OpenAff4(NewMemorySource(file));
    if (!source.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(source.status()) || absl::IsUnimplemented(source.status())) << source.status();
      ++refused;
      continue;
    }
    const uint64_t size = (*source)->size_bytes();
    std::string buffer(20'000, '\0');
    for (const uint64_t offset : {uint64_t{0}, size / 2, size - std::min<uint64_t>(size, 9), size, ~uint64_t{0}}) {
      const auto got = (*source)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size()));
      if (got.ok()) {
        EXPECT_EQ(*got, offset >= size ? 0 : std::min<uint64_t>(buffer.size(), size - offset));
      } else {
        EXPECT_TRUE(absl::IsDataLoss(got.status()) || absl::IsUnimplemented(got.status())) << got.status();
      }
    }
  }
  EXPECT_GT(refused, kRounds / 4);
  EXPECT_LT(refused, kRounds);
}

}  // namespace
}  // namespace hozen
