#include "tools/images/aff4_image.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"
#include "core/crypto/legacy_digest.h"
#include "core/crypto/sha256.h"
#include "tools/images/stored_zip.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = 32 << 10;
constexpr size_t kChunksInBevy = 2048;
// Shorter runs of zeros are data: they pack to next to nothing, and each run takes its place in the map.
constexpr size_t kShortestZeros = 1 << 20;
constexpr size_t kFillBytes = 1 << 20;
constexpr char kDeflate[] = "https://www.ietf.org/rfc/rfc1950.txt";
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

// A member of the volume that belongs to another object than the volume itself.
std::string MemberName(std::string_view urn, std::string_view rest) {
  constexpr std::string_view kScheme = "aff4://";
  return Concat("aff4%3A%2F%2F", urn.substr(kScheme.size()), "/", rest);
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

template <typename Number>
void Put(Number number, std::string& out) {
  for (size_t i = 0; i < sizeof(Number); ++i) out += static_cast<char>(number >> 8 * i & 0xFF);
}

class Aff4Writer : public ImageWriter {
 public:
  Aff4Writer(fs::path target, ImageDescription description, UniqueFd fd)
      : written_(std::move(target)),
        description_(std::move(description)),
        volume_(Urn(description_, "volume")),
        image_(Urn(description_, "image")),
        map_(Urn(description_, "map")),
        stream_(Urn(description_, "stream")),
        fd_(std::move(fd)),
        zip_(fd_.get()) {
    files_.push_back({.written = written_, .name = written_});
    files_.front().written += ".new";
  }
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
        AddRun(piece, next->unreadable ? kUnreadable : kUnknown);
        Hash(Fill(next->unreadable, piece));
      } else {
        if (next != nullptr) piece = std::min(piece, next->offset_bytes - at_);
        const std::string_view data = bytes.substr(0, piece);
        Hash(data);
        if (piece == kShortestZeros && data.find_first_not_of('\0') == std::string_view::npos) {
          AddRun(piece, kZero);
        } else {
          AddRun(piece, kStream);
          HOZEN_RETURN_IF_ERROR(AddData(data));
        }
      }
      at_ += piece;
      bytes.remove_prefix(piece);
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!pending_.empty()) HOZEN_RETURN_IF_ERROR(AddChunk(std::exchange(pending_, {})));
    HOZEN_RETURN_IF_ERROR(EndBevy());
    std::string runs;
    for (const Run& run : runs_) {
      Put(run.at, runs);
      Put(run.size_bytes, runs);
      Put(run.target_at, runs);
      Put(static_cast<uint32_t>(run.target), runs);
    }
    HOZEN_RETURN_IF_ERROR(zip_.Add(MemberName(map_, "map"), runs));
    HOZEN_RETURN_IF_ERROR(zip_.Add(
        MemberName(map_, "idx"), Concat(stream_, "\nhttp://aff4.org/Schema#Zero\nhttp://aff4.org/Schema#UnreadableData",
                                        "\nhttp://aff4.org/Schema#UnknownData\n")));
    HOZEN_RETURN_IF_ERROR(zip_.Add("information.turtle", Turtle()));
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

  void AddRun(uint64_t size_bytes, Target target) {
    // Streams of symbols are the same everywhere; pointing at the image's own offset keeps a run's bytes in step with
    // its neighbours, as other writers do.
    const uint64_t target_at = target == kStream ? stream_bytes_ : at_;
    if (!runs_.empty() && runs_.back().target == target &&
        runs_.back().target_at + runs_.back().size_bytes == target_at) {
      runs_.back().size_bytes += size_bytes;
    } else {
      runs_.push_back({.at = at_, .size_bytes = size_bytes, .target_at = target_at, .target = target});
    }
    if (target == kStream) stream_bytes_ += size_bytes;
  }

  absl::Status AddData(std::string_view data) {
    while (!data.empty()) {
      const size_t more = std::min(kChunkBytes - pending_.size(), data.size());
      pending_.append(data.substr(0, more));
      data.remove_prefix(more);
      if (pending_.size() < kChunkBytes) continue;
      HOZEN_RETURN_IF_ERROR(AddChunk(pending_));
      pending_.clear();
    }
    return absl::OkStatus();
  }

  absl::Status AddChunk(std::string_view chunk) {
    std::string packed(compressBound(kChunkBytes), '\0');
    uLongf size = packed.size();
    if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(chunk.data()),
                  chunk.size(), Z_BEST_SPEED) != Z_OK) {
      return absl::ResourceExhaustedError("zlib: out of memory");
    }
    packed.resize(size);
    // A whole chunk that does not shrink is kept as it is; its length tells. A short one at the end is always packed.
    if (chunk.size() == kChunkBytes && packed.size() >= kChunkBytes) packed.assign(chunk);
    if (index_.empty()) HOZEN_RETURN_IF_ERROR(zip_.Begin(BevyName()));
    Put(bevy_bytes_, index_);
    Put(static_cast<uint32_t>(packed.size()), index_);
    bevy_bytes_ += packed.size();
    HOZEN_RETURN_IF_ERROR(zip_.Write(packed));
    constexpr size_t kIndexEntryBytes = 12;
    return index_.size() == kChunksInBevy * kIndexEntryBytes ? EndBevy() : absl::OkStatus();
  }

  absl::Status EndBevy() {
    if (index_.empty()) return absl::OkStatus();
    HOZEN_RETURN_IF_ERROR(zip_.End());
    HOZEN_RETURN_IF_ERROR(zip_.Add(BevyName() + ".index", index_));
    index_.clear();
    bevy_bytes_ = 0;
    ++bevies_;
    return absl::OkStatus();
  }

  std::string BevyName() const { return MemberName(stream_, absl::StrFormat("%08d", bevies_)); }

  std::string Turtle() {
    const ImageDescription& d = description_;
    const auto number = [](uint64_t value, const char* type) { return Concat("\"", value, "\"^^xsd:", type); };
    const auto hash = [](const std::string& hex, const char* kind) { return Concat("\"", hex, "\"^^aff4:", kind); };
    const std::string md5 = absl::BytesToHexString(md5_.Finish());
    const std::string sha1 = absl::BytesToHexString(sha1_.Finish());
    const std::string sha256 = sha256_.Finish().ToHex();
    std::string text =
        "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n@prefix aff4: <http://aff4.org/Schema#> .\n"
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n\n";
    text += Concat("<", volume_, "> a aff4:ZipVolume ;\n  aff4:contains <", image_, ">, <", map_, ">, <", stream_,
                   "> ;\n  aff4:stored <", volume_, "> .\n\n");
    text += Concat("<", image_, "> a aff4:DiskImage, aff4:Image, aff4:ContiguousImage ;\n  aff4:dataStream <", map_,
                   "> ;\n  aff4:size ", number(d.size_bytes, "long"), " ;\n  aff4:blockSize ",
                   number(d.sector_size_bytes, "int"), " ;\n  aff4:sectorCount ",
                   number(d.size_bytes / d.sector_size_bytes, "long"), " ;\n  aff4:hash ", hash(md5, "MD5"), ", ",
                   hash(sha1, "SHA1"), ", ", hash(sha256, "SHA256"), " ;\n  aff4:diskModel ", Quoted(d.model),
                   " ;\n  aff4:diskSerial ", Quoted(d.serial), " ;\n  aff4:description ", Quoted(d.title),
                   " ;\n  aff4:stored <", volume_, "> .\n\n");
    text += Concat("<", map_, "> a aff4:Map ;\n  aff4:dependentStream <", stream_,
                   "> ;\n  aff4:mapGapDefaultStream aff4:Zero ;\n  aff4:size ", number(d.size_bytes, "long"),
                   " ;\n  aff4:target <", image_, "> ;\n  aff4:hash ", hash(md5, "MD5"), ", ", hash(sha1, "SHA1"), ", ",
                   hash(sha256, "SHA256"), " ;\n  aff4:stored <", volume_, "> .\n\n");
    text += Concat("<", stream_, "> a aff4:ImageStream ;\n  aff4:chunkSize ", number(kChunkBytes, "int"),
                   " ;\n  aff4:chunksInSegment ", number(kChunksInBevy, "int"), " ;\n  aff4:compressionMethod <",
                   kDeflate, "> ;\n  aff4:size ", number(stream_bytes_, "long"), " ;\n  aff4:target <", map_,
                   "> ;\n  aff4:stored <", volume_, "> .\n\n");
    text += Concat("<", volume_, "/case> a aff4:CaseDetails ;\n  aff4:caseNumber ", Quoted(d.acquisition_id),
                   " ;\n  aff4:caseDescription ", Quoted(d.notes), " ;\n  aff4:examiner ", Quoted(d.examiner),
                   " ;\n  aff4:target <", image_, "> ;\n  aff4:stored <", volume_, "> .\n");
    return text;
  }

  const fs::path written_;
  const ImageDescription description_;
  const std::string volume_;
  const std::string image_;
  const std::string map_;
  const std::string stream_;
  const UniqueFd fd_;
  StoredZip zip_;
  LegacyDigest md5_{LegacyDigest::Kind::kMd5};
  LegacyDigest sha1_{LegacyDigest::Kind::kSha1};
  Sha256 sha256_;
  std::string unreadable_fill_;
  std::string unknown_fill_;
  std::vector<ImageFile> files_;
  std::vector<Run> runs_;
  size_t missing_ = 0;  // of the description's runs, the first that ends behind at_
  uint64_t at_ = 0;
  uint64_t stream_bytes_ = 0;
  std::string pending_;  // less than a chunk
  std::string index_;    // of the bevy that is being written
  uint64_t bevy_bytes_ = 0;
  uint32_t bevies_ = 0;
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
  auto writer = std::make_unique<Aff4Writer>(target, description, std::move(fd));
  HOZEN_RETURN_IF_ERROR(writer->Open());
  return writer;
}

}  // namespace hozen
