// Files as they are read raw, through the child as the agent does it, judged by the Sleuth Kit's own programs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "agent/volume/testing_raw_walk.h"
#include "agent/volume/volume_reader.h"
#include "core/base/concat.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kMostCompared = 64 * kMiB;  // of one attribute, for the time it takes

class RawFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/raw.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  // Fails the test where a program that makes images cannot do it.
  void Make(const std::string& command) {
    EXPECT_EQ(Judge(Concat("cd ", folder_.string(), "; ", command)).status, 0) << command;
  }

  void Open(const std::string& image) {
    image_ = image;
    disk_.Reset(open(image.c_str(), O_RDONLY | O_CLOEXEC));
    VolumeReaderOptions options;
    options.executable =
        Concat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"), "/agent/volume/volume_reader_child");
    auto started = VolumeReader::Start(options, disk_.get(), fs::file_size(image), 512);
    ASSERT_TRUE(started.ok()) << started.status();
    reader_ = *std::move(started);
  }

  std::string Tool(const std::string& name, uint64_t offset_bytes) const {
    return Concat(name, " -o ", offset_bytes / 512, " ", image_, " ");
  }

  // Everything that fls, istat and icat say of the file system, against what we say.
  void ExpectAsJudged(uint64_t offset_bytes) {
    const auto system = reader_->DescribeFileSystem(offset_bytes);
    ASSERT_TRUE(system.ok()) << system.status();
    std::vector<WalkedFile> files = WalkRaw(*reader_, offset_bytes);
    EXPECT_FALSE(files.empty());
    for (WalkedFile& orphan : WalkRawOrphans(*reader_, offset_bytes)) files.push_back(std::move(orphan));
    ExpectNames(files, offset_bytes, system->type == "ntfs");
    std::set<uint64_t> seen;
    for (const WalkedFile& file : files) {
      if (!file.entry.has_file() || !seen.insert(file.entry.file().inode()).second) continue;
      if (system->type == "ntfs") ExpectAttributes(file, offset_bytes);
      ExpectContents(file, offset_bytes);
    }
    RecordProperty(Concat("files_", image_, "_", offset_bytes), static_cast<int>(files.size()));
  }

  void ExpectNames(const std::vector<WalkedFile>& files, uint64_t offset_bytes, bool ntfs) {
    std::multiset<std::string> judged;
    std::istringstream stream(Judge(Tool("fls -r -m /", offset_bytes)).output);
    for (std::string line; std::getline(stream, line);) {
      if (std::string told = BodyLineOfFls(line); !told.empty()) judged.insert(told);
    }
    for (const WalkedFile& file : files) {
      for (const std::string& line : BodyLinesOf(file, ntfs)) {
        if (const auto it = judged.find(line); it != judged.end()) {
          judged.erase(it);
          continue;
        }
        ADD_FAILURE() << image_ << ": fls does not say: " << line << " " << file.entry.problem();
      }
    }
    for (const std::string& line : judged) ADD_FAILURE() << image_ << ": only fls says: " << line;
  }

  void ExpectAttributes(const WalkedFile& file, uint64_t offset_bytes) {
    const Judged judged = Judge(Concat(Tool("istat", offset_bytes), file.entry.file().inode()));
    EXPECT_EQ(AttributeLinesOf(file.entry), AttributeLinesOfIstat(judged.output)) << image_ << file.path;
  }

  void ExpectContents(const WalkedFile& file, uint64_t offset_bytes) {
    const RawFileId id = {.file_system_offset_bytes = offset_bytes, .address = file.entry.file().inode()};
    for (const v1::RawAttribute& attribute : file.entry.attributes()) {
      const v1::AttributeMetadata& told = attribute.attribute();
      const bool other_way = told.name() == "around other deleted files";  // which icat does not have
      if (attribute.size_bytes() > kMostCompared || other_way) continue;
      const std::string address = Concat(id.address, "-", told.type(), "-", told.id());
      const Judged judged = Judge(Concat(Tool("icat", offset_bytes), address));
      bool failed = false;
      const std::string bytes = ReadWhole(*reader_, id, {.type = told.type(), .id = told.id()}, failed);
      if (told.name() == "$Bad") {
        // Clusters that are good: as long as the disk, with no runs. It is left out of the item whole.
        EXPECT_EQ(bytes, judged.output);
        EXPECT_EQ(told.skipped_bytes(), attribute.size_bytes());
        continue;
      }
      if (failed && judged.status == 0 && judged.output.size() < attribute.size_bytes()) {
        // icat ends without a word where libtsk knows of no more blocks; we say so, and give what there is.
        EXPECT_NE(file.entry.problem().find("can be found"), std::string::npos) << image_ << file.path;
        std::string head(judged.output.size(), '\0');
        const auto read = reader_->ReadAttribute(id, {.type = told.type(), .id = told.id()}, 0,
                                                 absl::MakeSpan(head.data(), head.size()));
        EXPECT_TRUE(read.ok() && head == judged.output) << image_ << file.path << " " << address;
        continue;
      }
      EXPECT_EQ(bytes.size(), judged.output.size()) << image_ << file.path << " " << address;
      EXPECT_TRUE(bytes == judged.output) << image_ << file.path << " " << address;
      EXPECT_EQ(failed, judged.status != 0) << image_ << file.path << " " << address;
    }
  }

  fs::path folder_;
  std::string image_;
  UniqueFd disk_;
  std::unique_ptr<VolumeReader> reader_;
};

class MadeImagesTest : public RawFilesTest {
 protected:
  void MakeEmpty(const std::string& name, uint64_t size_bytes) {
    std::ofstream(Path(name)).close();
    fs::resize_file(Path(name), size_bytes);
  }

  // With what a folder can hold: links of both kinds, a FIFO, holes, names that are not ASCII.
  void MakeTree() {
    fs::create_directories(folder_ / "tree/Etc/deep");
    std::ofstream(folder_ / "tree/Etc/Passwd") << "root";
    std::ofstream(folder_ / "tree/Etc/日本語.txt") << std::string(3 * kMiB + 17, 'j');
    std::ofstream(folder_ / "tree/Etc/gone") << std::string(20'000, 'g');
    std::ofstream(folder_ / "tree/hole") << "begin";
    fs::resize_file(folder_ / "tree/hole", 2 * kMiB);
    fs::create_symlink("Etc/deep", folder_ / "tree/link");
    fs::create_hard_link(folder_ / "tree/Etc/Passwd", folder_ / "tree/second");
    ASSERT_EQ(mkfifo(Path("tree/fifo").c_str(), 0600), 0);
    for (int i = 0; i < 60; ++i) std::ofstream(folder_ / "tree/Etc/deep" / Concat("name ", i)) << i;
  }

  void ExpectUuidAsBlkid() {
    const auto system = reader_->DescribeFileSystem(0);
    ASSERT_TRUE(system.ok()) << system.status();
    EXPECT_EQ(system->uuid + "\n", Judge("blkid -p -o value -s UUID " + image_).output);
    EXPECT_EQ(system->label + "\n", Judge("blkid -p -o value -s LABEL " + image_).output);
  }

  v1::RawEntry Find(const std::string& path) {
    v1::RawEntry entry;
    RawFileId folder;
    std::istringstream parts(path);
    for (std::string part; std::getline(parts, part, '/');) {
      const auto found = reader_->FindEntry(folder, part);
      EXPECT_TRUE(found.ok()) << path << ": " << found.status();
      if (!found.ok()) return entry;
      entry = *found;
      folder.address = entry.file().inode();
    }
    return entry;
  }
};

TEST_F(MadeImagesTest, Ext4IsReadAsTheSleuthKitReadsIt) {
  MakeTree();
  MakeEmpty("ext4", 32 * kMiB);
  Make("mke2fs -q -F -t ext4 -L Label -d tree ext4 && debugfs -w -R 'rm /Etc/gone' ext4");
  Open(Path("ext4"));
  ExpectAsJudged(0);
  ExpectUuidAsBlkid();
  EXPECT_EQ(Find("link").file().link_target(), "Etc/deep");
  EXPECT_EQ(Find("fifo").file().mode() & S_IFMT, static_cast<unsigned>(S_IFIFO));
  EXPECT_EQ(Find("second").file().inode(), Find("Etc/Passwd").file().inode());
  EXPECT_EQ(Find("second").file().links(), 2u);
  const v1::RawEntry hole = Find("hole");
  EXPECT_EQ(hole.file().size_bytes(), 2 * kMiB);
  EXPECT_LT(hole.file().allocated_bytes(), kMiB);
  EXPECT_TRUE(hole.attributes(0).attribute().sparse());
  EXPECT_TRUE(absl::IsNotFound(reader_->FindEntry({.address = Find("Etc").file().inode()}, "passwd").status()));
  EXPECT_TRUE(absl::IsNotFound(reader_->FindEntry({}, "..").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(reader_->FindEntry({.address = hole.file().inode()}, "x").status()));
  // To the nanosecond, where the file system has it.
  struct stat found = {};
  ASSERT_EQ(stat(Path("tree/hole").c_str(), &found), 0);
  EXPECT_EQ(hole.file().modified_unix_ns() / 1'000'000'000, found.st_mtim.tv_sec);
}

TEST_F(MadeImagesTest, FatIsReadAsTheSleuthKitReadsIt) {
  MakeEmpty("fat", 16 * kMiB);
  std::ofstream(Path("known")) << std::string(100'000, 'k');
  Make(
      "mkfs.fat -F 16 -s 1 -n LABEL fat && mmd -i fat ::Folder && mcopy -i fat known ::Folder/first.txt && "
      "mcopy -i fat known '::Folder/A long name indeed.txt' && mcopy -i fat known ::last && "
      "mdel -i fat ::Folder/first.txt ::last");
  std::ofstream(Path("known")) << std::string(300, 'o');
  Make("mcopy -i fat known ::over");  // where the first one that was deleted began
  Open(Path("fat"));
  ExpectAsJudged(0);
  ExpectUuidAsBlkid();
  EXPECT_EQ(Find("FOLDER/a LONG name indeed.TXT").name(), "A long name indeed.txt");
  uint64_t overwritten = 0;
  for (const WalkedFile& file : WalkRaw(*reader_, 0)) {
    if (file.entry.allocation() != v1::ALLOCATION_DELETED) continue;
    for (const v1::RawAttribute& attribute : file.entry.attributes()) overwritten += attribute.overwritten_bytes();
  }
  EXPECT_EQ(overwritten, 512u);
}

TEST_F(MadeImagesTest, NtfsIsReadAsTheSleuthKitReadsIt) {
  MakeEmpty("ntfs", 32 * kMiB);
  std::ofstream(Path("known")) << std::string(100'000, 'k');
  Make(
      "mkntfs -q -F -s 512 -L Label ntfs && ntfscp -q ntfs known Known.txt && "
      "ntfscp -q -N stream ntfs known Known.txt");
  Open(Path("ntfs"));
  ExpectAsJudged(0);
  ExpectUuidAsBlkid();
  EXPECT_EQ(Find("kNOWN.TXT").name(), "Known.txt");
  EXPECT_EQ(Find("$mft").file().inode(), 0u);
  EXPECT_EQ(Find("$Extend/$ObjId").name(), "$ObjId");
  // The root by each of its addresses, and $MFT by its own.
  for (const uint64_t address : {RawFileId::kRootFolder, uint64_t{5}}) {
    const auto root = reader_->DescribeFile({.address = address});
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_EQ(root->file().inode(), 5u);
    EXPECT_EQ(root->name(), "");
  }
  EXPECT_TRUE(reader_->FindEntry({.address = 0}, "Known.txt").ok());
  const auto table = reader_->DescribeFile({.address = 0});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->file().size_bytes(), Find("$MFT").file().size_bytes());
  // To 100 ns, as istat prints both sets.
  const v1::FileMetadata known = Find("Known.txt").file();
  const std::string judged = Judge(Concat("istat ", image_, " ", known.inode())).output;
  for (const int64_t time : {known.born_unix_ns(), known.modified_unix_ns(), known.changed_unix_ns(),
                             known.name_born_unix_ns(), known.name_modified_unix_ns()}) {
    EXPECT_NE(judged.find(Concat(".", absl::StrFormat("%09d", time % 1'000'000'000), " ")), std::string::npos)
        << time << judged;
  }
}

TEST_F(MadeImagesTest, JunctionsAndLinksOfNtfsLeadElsewhere) {
  MakeEmpty("ntfs", 32 * kMiB);
  fs::create_directories(folder_ / "mounted");
  Make("mkntfs -q -F -s 512 ntfs");
  if (Judge(Concat("cd ", folder_.string(), "; ntfs-3g ntfs mounted")).status != 0) {
    GTEST_SKIP() << "ntfs-3g cannot mount here";
  }
  // As Windows writes them: a tag, lengths, then names as UTF-16, for the system and for people.
  Make(R"(python3 -c '
import os, struct
def put(path, tag, flags, target):
    name = target.encode("utf-16-le")
    data = struct.pack("<HHHH", 0, len(name), len(name) + 2, 0) + flags + name + bytes(4)
    os.setxattr(path, "system.ntfs_reparse_data", struct.pack("<IHH", tag, len(data), 0) + data)
os.mkdir("mounted/Users")
put("mounted/Users", 0xA0000003, b"", "\\??\\D:\\Users")
open("mounted/file", "w").close()
put("mounted/file", 0xA000000C, bytes([1, 0, 0, 0]), "..\\other")
' && umount mounted)");
  Open(Path("ntfs"));
  const v1::RawEntry users = Find("users");
  EXPECT_EQ(users.file().mode() & S_IFMT, S_IFLNK);
  EXPECT_EQ(users.file().link_target(), R"(\??\D:\Users)");
  EXPECT_EQ(Find("file").file().link_target(), R"(..\other)");
}

TEST_F(MadeImagesTest, NtfsPackedAndHollowFilesAreReadAsTheSystemReadsThem) {
  MakeEmpty("ntfs", 64 * kMiB);
  fs::create_directories(folder_ / "mounted");
  Make("mkntfs -q -F -s 512 ntfs");
  if (Judge(Concat("cd ", folder_.string(), "; ntfs-3g -o compression ntfs mounted")).status != 0) {
    GTEST_SKIP() << "ntfs-3g cannot mount here";
  }
  Make(
      "mkdir mounted/packed && python3 -c 'import os; "
      "os.setxattr(\"mounted/packed\", \"system.ntfs_attrib_be\", bytes([0, 0, 8, 0x10]))' && "
      "seq 1 200000 > mounted/packed/numbers && cp mounted/packed/numbers numbers && "
      "echo gone > mounted/gone && rm mounted/gone && "
      "ln mounted/packed/numbers mounted/second && truncate -s 3M mounted/hollow && "
      "seq 1 9 >> mounted/hollow && cp mounted/hollow hollow && "
      "python3 -c 'import os; os.mkdir(\"mounted/many\"); "
      "[open(\"mounted/many/file %d\" % i, \"w\").write(\"x\" * i) for i in range(60)]; "
      "[os.setxattr(\"mounted/many/file 7\", \"user.stream%d\" % i, b\"s\" * 50) for i in range(40)]'; umount mounted");
  Open(Path("ntfs"));
  ExpectAsJudged(0);
  for (const auto& [name, original] : {std::pair("packed/numbers", "numbers"), std::pair("hollow", "hollow")}) {
    const v1::RawEntry entry = Find(name);
    bool failed = false;
    const std::string bytes = ReadWhole(*reader_, {.address = entry.file().inode()}, {}, failed);
    std::ifstream stream(Path(original), std::ios::binary);
    EXPECT_TRUE(bytes == std::string(std::istreambuf_iterator<char>(stream), {})) << name;
    EXPECT_LT(entry.file().allocated_bytes(), entry.file().size_bytes()) << name;
  }
  const v1::RawEntry packed = Find("packed/numbers");
  EXPECT_TRUE(std::any_of(packed.attributes().begin(), packed.attributes().end(),
                          [](const v1::RawAttribute& attribute) { return attribute.attribute().compressed(); }));
  EXPECT_GE(Find("many/file 7").attributes_size(), 42);
}

// A record that claims what its blocks cannot hold is read as far as they go, and not for days. (On ext4 a size beyond
// the blocks is a hole at the end, as anybody may make it.)
TEST_F(MadeImagesTest, SizesThatAreLiesEndWhereTheBlocksDo) {
  MakeEmpty("ntfs", 16 * kMiB);
  std::ofstream(Path("known")) << std::string(100'000, 'k');
  Make("mkntfs -q -F -s 512 -c 4096 ntfs && ntfscp -q ntfs known liar");
  // The attribute's allocated, real and initialised sizes (offsets 40 to 63 of its non-resident header).
  // https://flatcap.github.io/linux-ntfs/ntfs/concepts/attribute_header.html
  Make(
      "python3 -c 'import struct; d = bytearray(open(\"ntfs\", \"rb\").read()); "
      "old = struct.pack(\"<QQQ\", 102400, 100000, 100000); assert d.count(old) == 1; at = d.find(old); "
      "d[at:at + 16] = struct.pack(\"<QQ\", 1 << 39, 1 << 39); open(\"ntfs\", \"wb\").write(d)'");
  Open(Path("ntfs"));
  const v1::RawEntry liar = Find("liar");
  EXPECT_EQ(liar.file().size_bytes(), uint64_t{1} << 39);
  bool failed = false;
  const std::string kept = ReadWhole(*reader_, {.address = liar.file().inode()}, {}, failed);
  EXPECT_FALSE(failed);
  EXPECT_EQ(kept, std::string(100'000, 'k') + std::string(2400, '\0'));
}

// Unpacks what holds an image, and gives the images.
std::vector<fs::path> Unpack(const fs::path& packed, const fs::path& into) {
  fs::create_directories(into);
  const std::string name = packed.filename();
  const std::string in = Concat("cd ", into.string(), "; ");
  if (name.ends_with(".tar.gz")) {
    Judge(Concat(in, "tar xzf ", packed.string()));
  } else if (name.ends_with(".zip")) {
    Judge(Concat(in, "unzip -q -o ", packed.string()));
  } else if (name.ends_with(".gz")) {
    Judge(Concat(in, "gzip -dc ", packed.string(), " | dd of=", name, ".raw bs=1M conv=sparse"));
  } else if (name.ends_with(".bz2")) {
    Judge(Concat(in, "bzip2 -dc ", packed.string(), " | dd of=", name, ".raw bs=1M conv=sparse"));
  } else {
    fs::copy_file(packed, into / name);
  }
  std::vector<fs::path> images;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(into)) {
    if (entry.is_regular_file() && entry.file_size() >= (32u << 10)) images.push_back(entry.path());
  }
  return images;
}

class TestdataTest : public RawFilesTest, public testing::WithParamInterface<const char*> {};

TEST_P(TestdataTest, IsReadAsTheSleuthKitReadsIt) {
  const char* testdata = getenv("HOZEN_TESTDATA");
  if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of images";
  int file_systems = 0;
  for (const fs::directory_entry& packed : fs::directory_iterator(fs::path(testdata) / GetParam())) {
    if (packed.path().filename() == "fat32_loop.raw.gz") continue;  // fls follows the loop; see below
    for (const fs::path& image : Unpack(packed.path(), folder_ / "unpacked")) {
      Open(image);
      const auto layout = reader_->ReadLayout();
      ASSERT_TRUE(layout.ok()) << image << layout.status();
      for (const v1::Partition& partition : layout->partitions) {
        if (partition.file_system().empty()) continue;
        ++file_systems;
        ExpectAsJudged(partition.offset_bytes());
      }
    }
    fs::remove_all(folder_ / "unpacked");
  }
  EXPECT_GT(file_systems, 2);
}

INSTANTIATE_TEST_SUITE_P(Images, TestdataTest, testing::Values("ntfs", "fat", "ext"));

// What the answers of DFTT 6 and 7 call recoverable: the end of the path, size and MD5.
struct Recoverable {
  const char* path;
  uint64_t size_bytes;
  const char* md5;
};

class DeletedFilesTest : public RawFilesTest {
 protected:
  // Every attribute of a deleted file whose path ends like this, as its MD5.
  std::set<std::string> Md5sOf(const std::vector<WalkedFile>& files, const Recoverable& wanted) {
    std::set<std::string> md5s;
    for (const WalkedFile& file : files) {
      if (file.entry.allocation() != v1::ALLOCATION_DELETED || !file.path.ends_with(wanted.path)) continue;
      for (const v1::RawAttribute& attribute : file.entry.attributes()) {
        if (attribute.size_bytes() != wanted.size_bytes) continue;
        EXPECT_EQ(attribute.overwritten_bytes(), 0u) << file.path;
        bool failed = false;
        const v1::AttributeMetadata& told = attribute.attribute();
        std::ofstream(Path("recovered"), std::ios::binary) << ReadWhole(
            *reader_, {.address = file.entry.file().inode()}, {.type = told.type(), .id = told.id()}, failed);
        EXPECT_FALSE(failed) << file.path;
        md5s.insert(Judge(Concat("md5sum < ", Path("recovered"))).output.substr(0, 32));
      }
    }
    return md5s;
  }

  void ExpectRecovered(const std::string& packed, const std::vector<Recoverable>& all) {
    const char* testdata = getenv("HOZEN_TESTDATA");
    if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of images";
    const std::vector<fs::path> images = Unpack(fs::path(testdata) / packed, folder_ / "unpacked");
    ASSERT_EQ(images.size(), 1u);
    Open(images.front());
    std::vector<WalkedFile> files = WalkRaw(*reader_, 0);
    for (WalkedFile& orphan : WalkRawOrphans(*reader_, 0)) files.push_back(std::move(orphan));
    for (const Recoverable& wanted : all) {
      EXPECT_EQ(Md5sOf(files, wanted).count(wanted.md5), 1u) << wanted.path;
    }
  }
};

// FAT overwrites the first letter of a deleted short name.
TEST_F(DeletedFilesTest, AreRecoveredFromFatAsTheAnswersSay) {
  ExpectRecovered("fat/6-undel-fat.zip", {{"/_ing.dat", 780, "59b20779f69ff9f0ac5fcd2c38835a79"},
                                          {"/_ult1.dat", 3801, "ffd27bd782bdce67750b6b9ee069d2ef"},
                                          {"/_rag1.dat", 1584, "7a3bc5b763bef201202108f4ba128149"},
                                          {"/_rag2.dat", 3873, "0e80ab84ef0087e60dfc67b88a1cf13e"},
                                          {"/_ir1/mult2.dat", 1715, "59cf0e9cd107bc1e75afb7374f6e05bb"},
                                          {"/_ir1/dir2/frag3.dat", 2027, "21121699487f3fbbdb9a4b3391b6d3e0"}});
}

TEST_F(DeletedFilesTest, AreRecoveredFromNtfsAsTheAnswersSay) {
  ExpectRecovered("ntfs/7-undel-ntfs.zip", {{"/res1.dat", 101, "9036637712b491904cd0bfbdbe648453"},
                                            {"/sing1.dat", 780, "59b20779f69ff9f0ac5fcd2c38835a79"},
                                            {"/mult1.dat", 3801, "ffd27bd782bdce67750b6b9ee069d2ef"},
                                            {"/mult1.dat", 1234, "ba1b9eedb1c091ddca253d35dde8f616"},
                                            {"/frag1.dat", 1584, "7a3bc5b763bef201202108f4ba128149"},
                                            {"/frag2.dat", 3873, "0e80ab84ef0087e60dfc67b88a1cf13e"},
                                            {"/dir1/mult2.dat", 1715, "59cf0e9cd107bc1e75afb7374f6e05bb"},
                                            {"/dir1/dir2/frag3.dat", 2027, "21121699487f3fbbdb9a4b3391b6d3e0"},
                                            {"/sing2.dat", 1005, "c229626f6a71b167ad7e50c4f2fccdb1"}});
}

TEST_F(RawFilesTest, AFolderThatIsItsOwnAncestorEnds) {
  const char* testdata = getenv("HOZEN_TESTDATA");
  if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of images";
  const std::vector<fs::path> images = Unpack(fs::path(testdata) / "fat/fat32_loop.raw.gz", folder_ / "unpacked");
  ASSERT_EQ(images.size(), 1u);
  Open(images.front());
  const auto layout = reader_->ReadLayout();
  ASSERT_TRUE(layout.ok()) << layout.status();
  int file_systems = 0;
  for (const v1::Partition& partition : layout->partitions) {
    if (partition.file_system().empty()) continue;
    ++file_systems;
    EXPECT_FALSE(WalkRaw(*reader_, partition.offset_bytes()).empty());
  }
  EXPECT_GT(file_systems, 0);
}

TEST_F(RawFilesTest, ImagesMadeToCrashItKillTheChildAtMost) {
  const char* testdata = getenv("HOZEN_TESTDATA");
  if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of images";
  for (const fs::directory_entry& image : fs::directory_iterator(fs::path(testdata) / "hostile")) {
    Open(image.path());
    const auto ignore = [](std::vector<v1::RawEntry>) { return absl::OkStatus(); };
    for (uint64_t address = 0; address < 40; ++address) {
      const RawFileId file = {.address = address};
      std::vector<char> buffer(4096);
      const absl::Status statuses[] = {
          reader_->ReadFolder(file, {.deleted = true}, ignore), reader_->DescribeFile(file).status(),
          reader_->ReadAttribute(file, {}, 0, absl::MakeSpan(buffer.data(), buffer.size())).status()};
      for (const absl::Status& status : statuses) {
        EXPECT_TRUE(status.ok() || absl::IsAborted(status) || absl::IsNotFound(status) || absl::IsDataLoss(status) ||
                    absl::IsInvalidArgument(status))
            << status;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        // A sanitizer that has found something in libtsk wants to open files for its report.
        EXPECT_EQ(status.message().find("signal 31"), absl::string_view::npos) << "an honest system call is missing";
#endif
        if (absl::IsAborted(status)) Open(image.path());
      }
    }
  }
}

}  // namespace
}  // namespace hozen
