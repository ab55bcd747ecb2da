#include "agent/volume/media.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libewf.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "agent/volume/testing_containers.h"
#include "core/base/concat.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

class MediaTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/media.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    disk_ = MakeTestDisk(Path("disk"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  absl::StatusOr<std::unique_ptr<Media>> Open(ContainerKind kind, const std::vector<std::string>& paths) {
    std::vector<MediaFile> files;
    for (const std::string& path : paths) {
      open_.emplace_back(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      EXPECT_TRUE(open_.back().valid()) << path;
      files.push_back({.fd = open_.back().get(), .size_bytes = fs::file_size(path)});
    }
    return OpenMedia(kind, files, 512, [this] { ++reads_; });
  }

  static std::string ReadOrDie(Media& media, uint64_t offset_bytes, size_t size_bytes) {
    std::string bytes(size_bytes, '?');
    const absl::StatusOr<size_t> size = media.ReadAt(offset_bytes, absl::MakeSpan(bytes.data(), bytes.size()));
    EXPECT_TRUE(size.ok()) << size.status();
    bytes.resize(size.value_or(0));
    return bytes;
  }

  // Front to back, and here and there.
  void ExpectHolds(ContainerKind kind, const std::vector<std::string>& paths, const std::string& disk) {
    const absl::StatusOr<std::unique_ptr<Media>> media = Open(kind, paths);
    ASSERT_TRUE(media.ok()) << paths[0] << ": " << media.status();
    const std::string expected = ContentsOf(disk);
    ASSERT_EQ((*media)->size_bytes(), expected.size()) << paths[0];
    EXPECT_EQ((*media)->sector_size_bytes(), 512u);
    for (uint64_t offset = 0; offset < expected.size(); offset += kMiB) {
      ASSERT_TRUE(ReadOrDie(**media, offset, kMiB) == expected.substr(offset, kMiB)) << paths[0] << " at " << offset;
    }
    std::mt19937 random(7);
    for (int i = 0; i < 200; ++i) {
      const uint64_t offset = random() % expected.size();
      const size_t size = random() % 200'000;
      ASSERT_TRUE(ReadOrDie(**media, offset, size) == expected.substr(offset, size)) << paths[0] << " at " << offset;
    }
    EXPECT_EQ(ReadOrDie(**media, expected.size(), 10), "");
    EXPECT_EQ(ReadOrDie(**media, ~uint64_t{0} - 5, 10), "");
    EXPECT_GT(reads_, 0);
  }

  // Of a disk that is too large to look at all of it.
  void ExpectHoldsAt(ContainerKind kind, const std::vector<std::string>& paths, const std::string& disk,
                     const std::vector<uint64_t>& offsets) {
    const absl::StatusOr<std::unique_ptr<Media>> media = Open(kind, paths);
    ASSERT_TRUE(media.ok()) << paths[0] << ": " << media.status();
    ASSERT_EQ((*media)->size_bytes(), fs::file_size(disk)) << paths[0];
    std::ifstream file(disk, std::ios::binary);
    for (const uint64_t offset : offsets) {
      std::string expected(2 * kMiB, '\0');
      file.seekg(static_cast<std::streamoff>(offset));
      file.read(expected.data(), static_cast<std::streamsize>(expected.size()));
      EXPECT_TRUE(ReadOrDie(**media, offset, expected.size()) == expected) << paths[0] << " at " << offset;
    }
  }

  static std::string Noise(size_t size_bytes, uint32_t seed) {
    std::mt19937 random(seed);
    std::string bytes(size_bytes, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
    return bytes;
  }

  void Change(const std::string& path, uint64_t offset_bytes, const std::string& bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset_bytes));
    file << bytes;
  }

  void ExpectRefused(ContainerKind kind, const std::vector<std::string>& paths, absl::StatusCode code,
                     const std::string& word) {
    const absl::Status status = Open(kind, paths).status();
    EXPECT_EQ(status.code(), code) << paths[0] << ": " << status;
    EXPECT_NE(status.message().find(word), absl::string_view::npos) << status;
  }

  fs::path folder_;
  std::string disk_;
  std::vector<UniqueFd> open_;
  int reads_ = 0;
};

TEST_F(MediaTest, PlainBytesAndPieces) {
  ExpectHolds(ContainerKind::kPlain, {disk_}, disk_);
  ExpectHolds(ContainerKind::kSplit, SplitDisk(disk_, Path("pieces"), 3000), disk_);
}

TEST_F(MediaTest, EmptyPiecesArePassedOver) {
  std::vector<std::string> pieces = SplitDisk(disk_, Path("pieces"), 10'000);
  std::ofstream(Path("empty")).close();
  pieces.insert(pieces.begin() + 1, {Path("empty"), Path("empty")});
  ExpectHolds(ContainerKind::kSplit, pieces, disk_);
}

TEST_F(MediaTest, APieceThatBecameShorterIsNoticed) {
  const std::vector<std::string> pieces = SplitDisk(disk_, Path("pieces"), 4096);
  const absl::StatusOr<std::unique_ptr<Media>> media = Open(ContainerKind::kSplit, pieces);
  ASSERT_TRUE(media.ok());
  fs::resize_file(pieces[1], 1000);
  std::string buffer(2 * kMiB, '\0');
  EXPECT_TRUE(absl::IsDataLoss((*media)->ReadAt(4 * kMiB, absl::MakeSpan(buffer.data(), buffer.size())).status()));
}

TEST_F(MediaTest, Ewf) {
  ExpectHolds(ContainerKind::kEwf, MakeEwf(disk_, Path("fast")), disk_);
  ExpectHolds(ContainerKind::kEwf, MakeEwf(disk_, Path("none"), 1900, "none"), disk_);
  const std::vector<std::string> segments = MakeEwf(disk_, Path("segments"), 1, "none");
  EXPECT_GT(segments.size(), 10u);
  ExpectHolds(ContainerKind::kEwf, segments, disk_);
}

TEST_F(MediaTest, EwfWithoutASegmentIsRefused) {
  const std::vector<std::string> segments = MakeEwf(disk_, Path("segments"), 1, "none");
  ASSERT_GT(segments.size(), 4u);
  std::vector<std::string> without_middle = segments;
  without_middle.erase(without_middle.begin() + 2);
  ExpectRefused(ContainerKind::kEwf, without_middle, absl::StatusCode::kDataLoss, "missing");
  std::vector<std::string> without_last(segments.begin(), segments.end() - 1);
  ExpectRefused(ContainerKind::kEwf, without_last, absl::StatusCode::kDataLoss, "missing");
  ExpectRefused(ContainerKind::kEwf, {segments[1]}, absl::StatusCode::kDataLoss, "missing");
}

TEST_F(MediaTest, EwfWithAWrongByteIsUnreadableThereAlone) {
  const std::string path = MakeEwf(disk_, Path("none"), 1900, "none")[0];
  const std::string expected = ContentsOf(disk_);
  const size_t at = ContentsOf(path).find(expected.substr(9 * kMiB, 64));
  ASSERT_NE(at, std::string::npos);
  Change(path, at + 10, "X");
  const absl::StatusOr<std::unique_ptr<Media>> media = Open(ContainerKind::kEwf, {path});
  ASSERT_TRUE(media.ok()) << media.status();
  std::string buffer(kMiB, '\0');
  for (int round = 0; round < 2; ++round) {
    const absl::Status status =
        (*media)->ReadAt(9 * kMiB - kMiB / 2, absl::MakeSpan(buffer.data(), buffer.size())).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(status.message().find("checksum"), absl::string_view::npos) << status;
  }
  EXPECT_TRUE(ReadOrDie(**media, 8 * kMiB, kMiB) == expected.substr(8 * kMiB, kMiB));
  EXPECT_TRUE(ReadOrDie(**media, 9 * kMiB + (32 << 10), kMiB) == expected.substr(9 * kMiB + (32 << 10), kMiB));
}

// No tool makes an E01 with unreadable sectors of a good disk; libewf itself does.
TEST_F(MediaTest, EwfKeepsWhatItsMakerCouldNotRead) {
  std::string expected = ContentsOf(disk_);
  libewf_handle_t* handle = nullptr;
  std::string name = Path("errors");
  char* names[] = {name.data()};
  ASSERT_EQ(libewf_handle_initialize(&handle, nullptr), 1);
  ASSERT_EQ(libewf_handle_open(handle, names, 1, LIBEWF_OPEN_WRITE, nullptr), 1);
  ASSERT_EQ(libewf_handle_set_media_size(handle, expected.size(), nullptr), 1);
  ASSERT_EQ(libewf_handle_append_acquiry_error(handle, 9 * kMiB / 512, 16, nullptr), 1);
  ASSERT_EQ(libewf_handle_write_buffer(handle, expected.data(), expected.size(), nullptr),
            static_cast<ssize_t>(expected.size()));
  ASSERT_NE(libewf_handle_write_finalize(handle, nullptr), -1);
  ASSERT_EQ(libewf_handle_close(handle, nullptr), 0);
  libewf_handle_free(&handle, nullptr);

  const absl::StatusOr<std::unique_ptr<Media>> media = Open(ContainerKind::kEwf, {Path("errors.E01")});
  ASSERT_TRUE(media.ok()) << media.status();
  std::string buffer(4096, '\0');
  for (const uint64_t offset : {9 * kMiB - 2048, 9 * kMiB, 9 * kMiB + 4096}) {
    const absl::Status status = (*media)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size())).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << offset << ": " << status;
    EXPECT_NE(status.message().find("when it was made"), absl::string_view::npos) << status;
  }
  EXPECT_TRUE(ReadOrDie(**media, 9 * kMiB - 4096, 4096) == expected.substr(9 * kMiB - 4096, 4096));
  EXPECT_TRUE(ReadOrDie(**media, 9 * kMiB + 8192, 4096) == expected.substr(9 * kMiB + 8192, 4096));
}

TEST_F(MediaTest, Qcow2) {
  ExpectHolds(ContainerKind::kQcow, {ConvertDisk(disk_, "qcow2", Path("v3"))}, disk_);
  ExpectHolds(ContainerKind::kQcow, {ConvertDisk(disk_, "qcow2", Path("v2"), "compat=0.10")}, disk_);
  ExpectHolds(ContainerKind::kQcow, {ConvertDisk(disk_, "qcow2", Path("small"), "cluster_size=4096")}, disk_);
  ExpectHolds(ContainerKind::kQcow, {ConvertDisk(disk_, "qcow2", Path("packed"), "", true)}, disk_);
}

// A cluster that is said to be zero although it has a place in the file, with other bytes in it.
TEST_F(MediaTest, Qcow2WithClustersOfZeros) {
  const std::string path = ConvertDisk(disk_, "qcow2", Path("zeros"));
  RunShell(Concat("qemu-io -f qcow2 -c 'write -z 8M 1M' -c 'write -z 12M 64k' ", path));
  RunShell(Concat("qemu-img convert -f qcow2 -O raw ", path, " ", Path("judged")));
  ASSERT_TRUE(ContentsOf(Path("judged")) != ContentsOf(disk_));
  ExpectHolds(ContainerKind::kQcow, {path}, Path("judged"));
}

TEST_F(MediaTest, Qcow2ThatGrewBitByBit) {
  const std::string path = Path("grown");
  RunShell(Concat("qemu-img create -f qcow2 ", path, " 24M"));
  RunShell(
      Concat("qemu-io -f qcow2 -c 'write -P 7 20M 512' -c 'write -P 9 1000k 3k' -c 'write -c -P 3 2M 64k' "
             "-c 'write -P 8 25165312 512' ",
             path));
  RunShell(Concat("qemu-img snapshot -c before ", path, " && qemu-io -f qcow2 -c 'write -P 5 20M 1k' ", path));
  RunShell(Concat("qemu-img convert -f qcow2 -O raw ", path, " ", Path("judged")));
  ExpectHolds(ContainerKind::kQcow, {path}, Path("judged"));
}

TEST_F(MediaTest, Qcow2ThatCannotBeReadAloneIsRefused) {
  const std::string base = ConvertDisk(disk_, "qcow2", Path("base"));
  RunShell(Concat("qemu-img create -f qcow2 -b ", base, " -F qcow2 ", Path("child")));
  ExpectRefused(ContainerKind::kQcow, {Path("child")}, absl::StatusCode::kInvalidArgument, "backing file");
  RunShell(Concat("qemu-img create -f qcow2 -o data_file=", Path("data"), " ", Path("outside"), " 4M"));
  ExpectRefused(ContainerKind::kQcow, {Path("outside")}, absl::StatusCode::kInvalidArgument, "convert");
  ConvertDisk(disk_, "qcow2", Path("zstd"), "compression_type=zstd", true);
  ExpectRefused(ContainerKind::kQcow, {Path("zstd")}, absl::StatusCode::kInvalidArgument, "zstd");
  RunShell(
      Concat("qemu-img create -f qcow2 --object secret,id=s,data=word -o encrypt.format=luks,encrypt.key-secret=s ",
             Path("locked"), " 4M"));
  ExpectRefused(ContainerKind::kQcow, {Path("locked")}, absl::StatusCode::kInvalidArgument, "encrypted");
}

TEST_F(MediaTest, Vhd) {
  ExpectHolds(ContainerKind::kVhd, {ConvertDisk(disk_, "vpc", Path("dynamic"), "force_size=on")}, disk_);
  ExpectHolds(ContainerKind::kVhd, {ConvertDisk(disk_, "vpc", Path("fixed"), "subformat=fixed,force_size=on")}, disk_);
}

TEST_F(MediaTest, VhdIsCheckedBeforeItIsBelieved) {
  const std::string fixed = ConvertDisk(disk_, "vpc", Path("fixed"), "subformat=fixed,force_size=on");
  Change(fixed, fs::file_size(fixed) - 512 + 63, "\4");  // a differencing disk, says nobody's checksum
  ExpectRefused(ContainerKind::kVhd, {fixed}, absl::StatusCode::kDataLoss, "checksum");
  const char sum = ContentsOf(fixed)[fs::file_size(fixed) - 512 + 67];
  Change(fixed, fs::file_size(fixed) - 512 + 67, std::string(1, static_cast<char>(sum - 2)));
  ExpectRefused(ContainerKind::kVhd, {fixed}, absl::StatusCode::kInvalidArgument, "parent");
  // The footer at the end may be gone where there is a copy at the start.
  const std::string dynamic = ConvertDisk(disk_, "vpc", Path("dynamic"), "force_size=on");
  Change(dynamic, fs::file_size(dynamic) - 512, "gone");
  ExpectHolds(ContainerKind::kVhd, {dynamic}, disk_);
  Change(dynamic, 512 + 100, "x");
  ExpectRefused(ContainerKind::kVhd, {dynamic}, absl::StatusCode::kDataLoss, "header");
}

TEST_F(MediaTest, VhdSectorsThatWereNeverWrittenAreZero) {
  const std::string path = ConvertDisk(disk_, "vpc", Path("dynamic"), "force_size=on");
  std::string expected = ContentsOf(disk_);
  const size_t at = ContentsOf(path).find(expected.substr(8 * kMiB, 64));
  ASSERT_NE(at, std::string::npos);
  Change(path, at - 512, std::string(1, '\x3f'));  // the first two bits of the block's bitmap
  expected.replace(8 * kMiB, 1024, 1024, '\0');
  std::ofstream(Path("judged"), std::ios::binary) << expected;
  ExpectHolds(ContainerKind::kVhd, {path}, Path("judged"));
}

TEST_F(MediaTest, Vmdk) {
  ExpectHolds(ContainerKind::kVmdk, {ConvertDisk(disk_, "vmdk", Path("sparse"))}, disk_);
  ExpectHolds(ContainerKind::kVmdk, {ConvertDisk(disk_, "vmdk", Path("stream"), "subformat=streamOptimized")}, disk_);
}

TEST_F(MediaTest, VmdkInSeveralFiles) {
  // Longer than what one piece may hold, and nearly all of it holes.
  const std::string large = Path("large");
  fs::copy_file(disk_, large);
  fs::resize_file(large, 5 * 1024 * kMiB);
  Change(large, 2047 * kMiB + 512 * 1024, Noise(kMiB, 3));
  Change(large, 4800 * kMiB, Noise(kMiB, 4));
  const auto files = [&](const std::string& name, const std::string& kind, int pieces) {
    ConvertDisk(large, "vmdk", Path(name + ".vmdk"), "subformat=" + kind);
    std::vector<std::string> all = {Path(name + ".vmdk")};
    for (int i = 1; i <= pieces; ++i) {
      const std::string letter = kind == "twoGbMaxExtentFlat" ? "-f00" : "-s00";
      all.push_back(kind == "monolithicFlat" ? Path(name + "-flat.vmdk") : Path(Concat(name, letter, i, ".vmdk")));
    }
    return all;
  };
  const std::vector<std::string> sparse = files("sparse", "twoGbMaxExtentSparse", 3);
  ExpectHoldsAt(ContainerKind::kVmdkSparsePieces, sparse, large, {0, 2047 * kMiB, 2560 * kMiB, 4800 * kMiB});
  ExpectHoldsAt(ContainerKind::kVmdkFlat, files("flat", "monolithicFlat", 1), large, {0, 2047 * kMiB, 4800 * kMiB});
  const std::vector<std::string> pieces = files("pieces", "twoGbMaxExtentFlat", 3);
  ExpectHoldsAt(ContainerKind::kVmdkFlatPieces, pieces, large, {0, 2047 * kMiB, 4800 * kMiB});
  // Not all of them, and one cut off.
  ExpectRefused(ContainerKind::kVmdkFlatPieces, {pieces[0], pieces[1]}, absl::StatusCode::kInvalidArgument, "extents");
  fs::resize_file(pieces[2], kMiB);
  ExpectRefused(ContainerKind::kVmdkFlatPieces, pieces, absl::StatusCode::kDataLoss, "cut off");
}

TEST_F(MediaTest, VmdkThatCannotBeReadAloneIsRefused) {
  const std::string base = ConvertDisk(disk_, "vmdk", Path("base.vmdk"));
  RunShell(Concat("qemu-img create -f vmdk -b ", base, " -F vmdk ", Path("child.vmdk")));
  ExpectRefused(ContainerKind::kVmdk, {Path("child.vmdk")}, absl::StatusCode::kInvalidArgument, "parent");
  const std::string zeros = ConvertDisk(disk_, "vmdk", Path("zeros.vmdk"), "zeroed_grain=on");
  ExpectRefused(ContainerKind::kVmdk, {zeros}, absl::StatusCode::kInvalidArgument, "zeroed_grain");
}

TEST_F(MediaTest, WhatIsCutOffIsRefusedOrReadUpToThere) {
  const std::string expected = ContentsOf(disk_);
  const struct {
    ContainerKind kind;
    std::string path;
  } whole[] = {{ContainerKind::kEwf, MakeEwf(disk_, Path("fast"))[0]},
               {ContainerKind::kQcow, ConvertDisk(disk_, "qcow2", Path("qcow2"))},
               {ContainerKind::kVhd, ConvertDisk(disk_, "vpc", Path("vhd"), "force_size=on")},
               {ContainerKind::kVmdk, ConvertDisk(disk_, "vmdk", Path("vmdk"))}};
  for (const auto& [kind, path] : whole) {
    const uint64_t size = fs::file_size(path);
    for (const uint64_t cut : {uint64_t{0}, uint64_t{3}, uint64_t{511}, size / 3, size / 2, size - 1}) {
      const std::string shorter = Path("shorter");
      fs::copy_file(path, shorter, fs::copy_options::overwrite_existing);
      fs::resize_file(shorter, cut);
      const absl::StatusOr<std::unique_ptr<Media>> media = Open(kind, {shorter});
      if (!media.ok()) {
        EXPECT_TRUE(absl::IsDataLoss(media.status()) || absl::IsInvalidArgument(media.status())) << media.status();
        continue;
      }
      std::string buffer(64 << 10, '\0');
      for (uint64_t offset = 0; offset < std::min<uint64_t>((*media)->size_bytes(), expected.size());
           offset += buffer.size()) {
        const absl::StatusOr<size_t> read = (*media)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size()));
        // Wrong bytes that pass for right ones would be the worst.
        if (read.ok()) {
          ASSERT_TRUE(buffer.substr(0, *read) == expected.substr(offset, *read))
              << NameOf(kind) << " cut at " << cut << ", read at " << offset;
        }
      }
    }
  }
}

}  // namespace
}  // namespace hozen
