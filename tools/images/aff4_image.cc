#include "tools/images/aff4_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/escaping.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"
#include "core/crypto/legacy_digest.h"
#include "core/crypto/sha256.h"
#include "tools/images/aff4_names.h"
#include "tools/images/aff4_stream_writer.h"
#include "tools/images/little_endian.h"
#include "tools/images/spill_file.h"
#include "tools/images/stored_zip.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

// Shorter runs of zeros are data: they pack to next to nothing, and each run takes its place in the map.
constexpr size_t kShortestZeros = 1 << 20;
constexpr size_t kFillBytes = 1 << 20;
// The order of the map's index of targets.
enum Target : uint32_t { kStream = 0, kZero = 1, kUnreadable = 2, kUnknown = 3 };

// Not random, so that an export made again is the same file.
std::string Urn(const ImageDescription& description, std::string_view what) {
  const std::string hex =
      Sha256::Of(Concat(description.acquisition_id, "\n", description.evidence, "\n", description.title, "\n",
                        description.sha256_hex, "\n", description.size_bytes, "\n", what))
          .ToHex();
  return Concat("aff4://", hex.substr(0, 8), "-", hex.substr(8, 4), "-8", hex.substr(13, 3), "-8", hex.substr(17, 3),
                "-", hex.substr(20, 12));
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

class Aff4Writer : public ImageWriter {
 public:
  Aff4Writer(ImageFile file, ImageDescription description, UniqueFd fd)
      : files_({std::move(file)}),
        description_(std::move(description)),
        volume_(Urn(description_, "volume")),
        image_(Urn(description_, "image")),
        map_(Urn(description_, "map")),
        stream_(Urn(description_, "stream")),
        fd_(std::move(fd)),
        zip_(fd_.get(), files_.front().written),
        data_(stream_, zip_),
        runs_(files_.front().written) {}
  ~Aff4Writer() override {
    if (!finished_) unlink(files_.front().written.c_str());
  }

  absl::Status Open() {
    HOZEN_RETURN_IF_ERROR(zip_.Add("container.description", volume_));
    return zip_.Add("version.txt", Concat("major=1\nminor=0\ntool=", description_.software, "\n"));
  }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      while (missing_ < description_.missing.size() && EndOf(description_.missing[missing_]) <= at_) ++missing_;
      const MissingRun* const next = missing_ < description_.missing.size() ? &description_.missing[missing_] : nullptr;
      uint64_t piece = std::min<uint64_t>(bytes.size(), kShortestZeros);
      if (next != nullptr && next->offset_bytes <= at_) {
        piece = std::min(piece, EndOf(*next) - at_);
        HOZEN_RETURN_IF_ERROR(AddRun(piece, next->unreadable ? kUnreadable : kUnknown));
        Hash(Fill(next->unreadable, piece));
      } else {
        if (next != nullptr) piece = std::min(piece, next->offset_bytes - at_);
        const std::string_view data = bytes.substr(0, piece);
        Hash(data);
        if (piece == kShortestZeros && data.find_first_not_of('\0') == std::string_view::npos) {
          HOZEN_RETURN_IF_ERROR(AddRun(piece, kZero));
        } else {
          HOZEN_RETURN_IF_ERROR(AddRun(piece, kStream));
          HOZEN_RETURN_IF_ERROR(data_.Write(data));
        }
      }
      at_ += piece;
      bytes.remove_prefix(piece);
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    HOZEN_RETURN_IF_ERROR(data_.Finish());
    HOZEN_RETURN_IF_ERROR(EndRun());
    HOZEN_ASSIGN_OR_RETURN(const MapHashes map_hashes, WriteMap());
    HOZEN_RETURN_IF_ERROR(zip_.Add("information.turtle", Turtle(map_hashes)));
    HOZEN_RETURN_IF_ERROR(zip_.Close(volume_));
    if (fsync(fd_.get()) != 0) return ErrnoStatus(errno, Printable(files_.front().written.native()));
    finished_ = true;
    return absl::OkStatus();
  }

  const std::vector<ImageFile>& files() const override { return files_; }

 private:
  struct Run {
    uint64_t at;
    uint64_t size_bytes;
    uint64_t target_at;
    Target target;
  };
  // As the standard names them; each is SHA-256.
  struct MapHashes {
    Digest point;
    Digest idx;
    Digest path;
    Digest all;
  };

  static uint64_t EndOf(const MissingRun& run) { return run.offset_bytes + run.size_bytes; }

  // What readers of the standard find there: a MiB of the words again and again, cut off at its end. `size_bytes` is at
  // most a MiB.
  std::string_view Fill(bool unreadable, uint64_t size_bytes) {
    std::string& fill = unreadable ? unreadable_fill_ : unknown_fill_;
    const std::string_view word = unreadable ? "UNREADABLEDATA" : "UNKNOWN";
    if (fill.empty()) {
      while (fill.size() < kFillBytes) fill += word;
      fill.resize(kFillBytes);
      fill += fill;  // so that a piece from any offset on is in one piece
    }
    return std::string_view(fill).substr(at_ % kFillBytes, size_bytes);
  }

  void Hash(std::string_view bytes) {
    md5_.Update(bytes);
    sha1_.Update(bytes);
    sha256_.Update(bytes);
  }

  absl::Status AddRun(uint64_t size_bytes, Target target) {
    // Streams of symbols are the same everywhere; pointing at the image's own offset keeps a run's bytes in step with
    // its neighbours, as other writers do.
    const uint64_t target_at = target == kStream ? data_.size_bytes() : at_;
    if (run_.size_bytes > 0 && run_.target == target && run_.target_at + run_.size_bytes == target_at) {
      run_.size_bytes += size_bytes;
      return absl::OkStatus();
    }
    HOZEN_RETURN_IF_ERROR(EndRun());
    run_ = {.at = at_, .size_bytes = size_bytes, .target_at = target_at, .target = target};
    return absl::OkStatus();
  }

  absl::Status EndRun() {
    if (run_.size_bytes == 0) return absl::OkStatus();
    std::string bytes;
    PutLittleEndian(run_.at, bytes);
    PutLittleEndian(run_.size_bytes, bytes);
    PutLittleEndian(run_.target_at, bytes);
    PutLittleEndian(static_cast<uint32_t>(run_.target), bytes);
    return runs_.Append(bytes);
  }

  absl::StatusOr<MapHashes> WriteMap() {
    const std::string targets =
        Concat(stream_, "\n", kAff4Schema, "Zero\n", kAff4Schema, "UnreadableData\n", kAff4Schema, "UnknownData\n");
    Sha256 point;
    Sha256 all;
    HOZEN_RETURN_IF_ERROR(zip_.Begin(Aff4MemberName(map_, "map")));
    HOZEN_RETURN_IF_ERROR(runs_.Replay([&](std::string_view bytes) {
      point.Update(bytes);
      all.Update(bytes);
      return zip_.Write(bytes);
    }));
    HOZEN_RETURN_IF_ERROR(zip_.End());
    HOZEN_RETURN_IF_ERROR(zip_.Add(Aff4MemberName(map_, "idx"), targets));
    // The order in which runs were added, which is the map's own. Some readers take the hash of a member that is not
    // there into the block map hash and some do not; of an empty one they all think the same.
    HOZEN_RETURN_IF_ERROR(zip_.Add(Aff4MemberName(map_, "mapPath"), ""));
    all.Update(targets);
    return MapHashes{.point = point.Finish(), .idx = Sha256::Of(targets), .path = Sha256::Of(""), .all = all.Finish()};
  }

  std::string Turtle(const MapHashes& map_hashes) {
    const ImageDescription& d = description_;
    const auto number = [](uint64_t value, const char* type) { return Concat("\"", value, "\"^^xsd:", type); };
    const auto hash = [](const std::string& hex, const char* kind) { return Concat("\"", hex, "\"^^aff4:", kind); };
    const std::string md5 = absl::BytesToHexString(md5_.Finish());
    const std::string sha1 = absl::BytesToHexString(sha1_.Finish());
    const std::string sha256 = sha256_.Finish().ToHex();
    // One hash over everything: the data by its blocks' hashes, smallest first, then the map.
    const Digest md5_blocks = data_.Md5BlockHashes();
    const Digest sha1_blocks = data_.Sha1BlockHashes();
    const std::string block_map = Sha256::Of(Concat(md5_blocks.bytes(), sha1_blocks.bytes(), map_hashes.point.bytes(),
                                                    map_hashes.idx.bytes(), map_hashes.path.bytes()))
                                      .ToHex();
    std::string text =
        "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n@prefix aff4: <http://aff4.org/Schema#> .\n"
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n\n";
    text += Concat("<", volume_, "> a aff4:ZipVolume ;\n  aff4:contains <", image_, ">, <", map_, ">, <", stream_,
                   "> ;\n  aff4:stored <", volume_, "> .\n\n");
    text += Concat(
        "<", image_, "> a aff4:DiskImage, aff4:Image, aff4:ContiguousImage ;\n  aff4:dataStream <", map_,
        "> ;\n  aff4:size ", number(d.size_bytes, "long"), " ;\n  aff4:blockSize ", number(d.sector_size_bytes, "int"),
        " ;\n  aff4:sectorCount ", number(d.size_bytes / d.sector_size_bytes, "long"), " ;\n  aff4:hash ",
        hash(block_map, "blockMapHashSHA256"), " ;\n  aff4:diskModel ", Quoted(d.model), " ;\n  aff4:diskSerial ",
        Quoted(d.serial), " ;\n  aff4:description ", Quoted(d.title), " ;\n  aff4:stored <", volume_, "> .\n\n");
    text +=
        Concat("<", map_, "> a aff4:Map ;\n  aff4:dependentStream <", stream_,
               "> ;\n  aff4:mapGapDefaultStream aff4:Zero ;\n  aff4:size ", number(d.size_bytes, "long"),
               " ;\n  aff4:target <", image_, "> ;\n  aff4:hash ", hash(md5, "MD5"), ", ", hash(sha1, "SHA1"), ", ",
               hash(sha256, "SHA256"), " ;\n  aff4:mapPointHash ", hash(map_hashes.point.ToHex(), "SHA256"),
               " ;\n  aff4:mapIdxHash ", hash(map_hashes.idx.ToHex(), "SHA256"), " ;\n  aff4:mapPathHash ",
               hash(map_hashes.path.ToHex(), "SHA256"), " ;\n  aff4:mapHash ", hash(map_hashes.all.ToHex(), "SHA256"),
               " ;\n  aff4:blockMapHash ", hash(block_map, "SHA256"), " ;\n  aff4:stored <", volume_, "> .\n\n");
    text +=
        Concat("<", stream_, "> a aff4:ImageStream ;\n  aff4:chunkSize ", number(Aff4StreamWriter::kChunkBytes, "int"),
               " ;\n  aff4:chunksInSegment ", number(Aff4StreamWriter::kChunksInBevy, "int"),
               " ;\n  aff4:compressionMethod <", kAff4Zlib, "> ;\n  aff4:size ", number(data_.size_bytes(), "long"),
               " ;\n  aff4:target <", map_, "> ;\n  aff4:stored <", volume_, "> .\n\n");
    text += Concat("<", stream_, "/blockhash.md5> a aff4:BlockHashes ;\n  aff4:hash ",
                   hash(md5_blocks.ToHex(), "SHA256"), " .\n\n");
    text += Concat("<", stream_, "/blockhash.sha1> a aff4:BlockHashes ;\n  aff4:hash ",
                   hash(sha1_blocks.ToHex(), "SHA256"), " .\n\n");
    text += Concat("<", volume_, "/case> a aff4:CaseDetails ;\n  aff4:caseNumber ", Quoted(d.acquisition_id),
                   " ;\n  aff4:caseDescription ", Quoted(d.notes), " ;\n  aff4:examiner ", Quoted(d.examiner),
                   " ;\n  aff4:target <", image_, "> ;\n  aff4:stored <", volume_, "> .\n");
    return text;
  }

  const std::vector<ImageFile> files_;
  const ImageDescription description_;
  const std::string volume_;
  const std::string image_;
  const std::string map_;
  const std::string stream_;
  const UniqueFd fd_;
  StoredZip zip_;
  Aff4StreamWriter data_;
  LegacyDigest md5_{LegacyDigest::Kind::kMd5};
  LegacyDigest sha1_{LegacyDigest::Kind::kSha1};
  Sha256 sha256_;
  std::string unreadable_fill_;
  std::string unknown_fill_;
  Run run_ = {};  // the one that may still grow
  SpillFile runs_;
  size_t missing_ = 0;  // of the description's runs, the first that ends behind at_
  uint64_t at_ = 0;
  bool finished_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ImageWriter>> NewAff4Writer(const fs::path& target,
                                                           const ImageDescription& description) {
  if (description.sector_size_bytes == 0) return absl::InvalidArgumentError("a sector has no size");
  fs::path written = target;
  written += ".new";
  // What an earlier attempt left is worth nothing; a link there is not followed.
  if (unlink(written.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, Printable(written.native()));
  UniqueFd fd(open(written.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, Printable(written.native()));
  auto writer = std::make_unique<Aff4Writer>(ImageFile{.written = written, .name = target}, description, std::move(fd));
  HOZEN_RETURN_IF_ERROR(writer->Open());
  return writer;
}

}  // namespace hozen
