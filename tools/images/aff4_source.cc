#include "tools/images/aff4_source.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "tools/images/aff4_description.h"
#include "tools/images/aff4_map.h"
#include "tools/images/aff4_names.h"
#include "tools/images/aff4_stream_source.h"
#include "tools/images/little_endian.h"
#include "tools/images/zip_members.h"

namespace hozen {
namespace {

constexpr uint64_t kMostTurtleBytes = 4 << 20;
constexpr uint64_t kMostSmallBytes = 64 << 10;
constexpr uint64_t kMostPackedMapBytes = 32 << 20;
constexpr size_t kMostStreams = 64;
constexpr std::string_view kDescription = "information.turtle";
constexpr std::string_view kVersion = "version.txt";
constexpr std::string_view kVolume = "container.description";

// Part of a source that somebody else owns.
class PartOf : public Source {
 public:
  PartOf(Source& whole, uint64_t offset_bytes, uint64_t size_bytes)
      : whole_(whole), offset_bytes_(offset_bytes), size_bytes_(size_bytes) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const uint64_t most = size_bytes_ - offset_bytes;
    return whole_.ReadAt(offset_bytes_ + offset_bytes, buffer.first(std::min<uint64_t>(buffer.size(), most)));
  }
  uint64_t size_bytes() const override { return size_bytes_; }

 private:
  Source& whole_;
  const uint64_t offset_bytes_;
  const uint64_t size_bytes_;
};

// What a run of the map is filled from: a stream, or one byte again and again.
struct Target {
  std::string urn;
  Aff4StreamSource* stream = nullptr;
  std::optional<char> fill;
};

// A stream of symbols as one byte.
std::optional<char> FillOf(std::string_view urn) {
  if (urn.substr(0, kAff4Schema.size()) != kAff4Schema) return std::nullopt;
  const std::string_view name = urn.substr(kAff4Schema.size());
  if (name == "Zero" || name == "UnreadableData" || name == "UnknownData") return '\0';
  constexpr std::string_view kSymbols = "SymbolicStream";
  const std::string_view digits = name.substr(std::min(name.size(), kSymbols.size()));
  if (name.substr(0, kSymbols.size()) != kSymbols || digits.size() != 2 ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
    return std::nullopt;
  }
  return absl::HexStringToBytes(AbslView(digits)).front();
}

absl::Status NoSuchTarget(std::string_view urn) {
  return absl::UnimplementedError(Concat(
      Printable(urn), ": ",
      Say("the image's bytes are in something that is not in this file, or that this reader does not know; all parts "
          "of a set have to be written into one file by another tool",
          "イメージのデータがこのファイルにないか、対応していない形式です。分割されたイメージは他のツールで 1 個に"
          "まとめてください")));
}

class Aff4Source : public Source {
 public:
  explicit Aff4Source(std::unique_ptr<Source> file) : file_(std::move(file)) {}

  absl::Status Open();
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;
  uint64_t size_bytes() const override { return size_bytes_; }

 private:
  struct Found {
    std::string name;
    std::optional<ZipMember> member;
  };

  // Fills in those members of the volume that have these names.
  absl::Status Find(const std::vector<Found*>& wanted);
  absl::StatusOr<std::string> ReadFound(const Found& found, uint64_t limit_bytes) const;
  absl::Status CheckVersion(const Found& version) const;
  // What the names of an object's members begin with, in this volume.
  std::string FolderOf(std::string_view urn) const;
  absl::Status AddStream(const Aff4Description& description, const std::string& urn);
  absl::Status OpenMap(const Aff4Description& description, const std::string& urn);
  absl::Status Fill(const Target& target, const Aff4Map::Piece& piece, absl::Span<char> buffer);

  const std::unique_ptr<Source> file_;
  std::optional<ZipMembers> zip_;
  std::string volume_;
  uint64_t size_bytes_ = 0;
  std::vector<std::pair<std::string, std::unique_ptr<Aff4StreamSource>>> streams_;
  uint64_t bevies_ = 0;  // of all streams: each is a member of its own
  std::vector<Target> targets_;
  Target gaps_;
  std::optional<Aff4Map> map_;
};

absl::Status Aff4Source::Find(const std::vector<Found*>& wanted) {
  return zip_->ForEach([&](std::string_view name, const ZipMember& member) {
    for (Found* const found : wanted) {
      if (name != found->name) continue;
      if (found->member.has_value()) {
        return absl::DataLossError(
            Concat(Printable(name), ": ", Say("it is there twice", "同じ名前の要素が重複しています")));
      }
      found->member = member;
    }
    for (const auto& [urn, stream] : streams_) HOZEN_RETURN_IF_ERROR(stream->TakeMember(name, member));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> Aff4Source::ReadFound(const Found& found, uint64_t limit_bytes) const {
  if (found.member.has_value()) return zip_->Read(found.name, *found.member, limit_bytes);
  return absl::DataLossError(Concat(Printable(found.name), ": ", Say("it is not there", "要素がありません")));
}

absl::Status Aff4Source::CheckVersion(const Found& version) const {
  std::string major;
  if (version.member.has_value()) {
    HOZEN_ASSIGN_OR_RETURN(const std::string text, ReadFound(version, kMostSmallBytes));
    for (absl::string_view line : absl::StrSplit(text, absl::ByAnyChar("\r\n"))) {
      if (absl::ConsumePrefix(&line, "major=")) major = std::string(line);
    }
  }
  if (major == "1") return absl::OkStatus();
  return absl::UnimplementedError(
      AbslView(Say("it is no AFF4 of version 1, the only one that this reader knows; export the image as raw or E01",
                   "AFF4 バージョン 1 ではありません（対応は 1 のみ）。raw または E01 で書き出してください")));
}

std::string Aff4Source::FolderOf(std::string_view urn) const {
  const bool is_below = !volume_.empty() && urn.size() > volume_.size() && urn[volume_.size()] == '/' &&
                        urn.substr(0, volume_.size()) == volume_;
  if (is_below) return Concat(urn.substr(volume_.size() + 1), "/");
  return urn.substr(0, kAff4Scheme.size()) == kAff4Scheme ? Aff4MemberName(urn, "") : std::string();
}

absl::Status Aff4Source::AddStream(const Aff4Description& description, const std::string& urn) {
  const auto is_it = [&](const auto& stream) { return stream.first == urn; };
  if (std::any_of(streams_.begin(), streams_.end(), is_it)) return absl::OkStatus();
  const std::string folder = FolderOf(urn);
  if (folder.empty() || streams_.size() == kMostStreams) return NoSuchTarget(urn);
  HOZEN_ASSIGN_OR_RETURN(const Aff4StreamSource::Layout layout, description.LayoutOf(urn));
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<Aff4StreamSource> stream,
                         Aff4StreamSource::Create(*file_, *zip_, folder, layout, zip_->size() - bevies_));
  bevies_ += stream->bevies();
  streams_.emplace_back(urn, std::move(stream));
  return absl::OkStatus();
}

absl::Status Aff4Source::OpenMap(const Aff4Description& description, const std::string& urn) {
  HOZEN_ASSIGN_OR_RETURN(size_bytes_, description.SizeOf(urn));
  gaps_ = {.urn = description.GapsOf(urn), .fill = FillOf(description.GapsOf(urn))};
  if (!gaps_.fill.has_value()) return NoSuchTarget(gaps_.urn);
  const std::string folder = FolderOf(urn);
  if (folder.empty()) return NoSuchTarget(urn);
  Found map = {.name = folder + "map", .member = {}};
  Found idx = {.name = folder + "idx", .member = {}};
  HOZEN_RETURN_IF_ERROR(Find({&map, &idx}));
  HOZEN_ASSIGN_OR_RETURN(const std::string targets, ReadFound(idx, kMostSmallBytes));
  for (absl::string_view line : absl::StrSplit(absl::StripSuffix(targets, "\n"), '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    Target target = {.urn = std::string(line), .fill = FillOf(StdView(line))};
    // A stream that is not here does no harm until a run wants its bytes.
    if (!target.fill.has_value() && description.IsImageStream(target.urn) &&
        !description.IsElsewhere(target.urn, volume_)) {
      HOZEN_RETURN_IF_ERROR(AddStream(description, target.urn));
    }
    targets_.push_back(std::move(target));
  }
  if (!map.member.has_value()) return ReadFound(map, 0).status();
  std::unique_ptr<Source> runs;
  if (const auto at = zip_->StoredAt(map.name, *map.member); at.ok()) {
    runs = std::make_unique<PartOf>(*file_, *at, map.member->size_bytes);
  } else if (absl::IsUnimplemented(at.status())) {
    HOZEN_ASSIGN_OR_RETURN(std::string bytes, ReadFound(map, kMostPackedMapBytes));
    runs = NewMemorySource(std::move(bytes));
  } else {
    return at.status();
  }
  HOZEN_ASSIGN_OR_RETURN(map_, Aff4Map::Create(std::move(runs), size_bytes_, targets_.size()));
  return absl::OkStatus();
}

absl::Status Aff4Source::Open() {
  HOZEN_ASSIGN_OR_RETURN(zip_, ZipMembers::Open(*file_));
  Found description_member = {.name = std::string(kDescription), .member = {}};
  Found version = {.name = std::string(kVersion), .member = {}};
  Found volume = {.name = std::string(kVolume), .member = {}};
  HOZEN_RETURN_IF_ERROR(Find({&description_member, &version, &volume}));
  HOZEN_RETURN_IF_ERROR(CheckVersion(version));
  volume_ = zip_->comment();
  if (volume.member.has_value()) {
    HOZEN_ASSIGN_OR_RETURN(volume_, ReadFound(volume, kMostSmallBytes));
  }
  // Some writers fill the comment up.
  volume_.erase(std::min(volume_.find_first_of(std::string_view("\0 \r\n", 4)), volume_.size()));
  HOZEN_ASSIGN_OR_RETURN(const std::string turtle, ReadFound(description_member, kMostTurtleBytes));
  const auto description = Aff4Description::Parse(turtle);
  if (!description.ok()) return WithContext(description.status(), kDescription);
  const std::string& urn = description->data_stream();
  if (description->IsMap(urn)) {
    HOZEN_RETURN_IF_ERROR(OpenMap(*description, urn));
  } else if (description->IsImageStream(urn)) {
    HOZEN_RETURN_IF_ERROR(AddStream(*description, urn));
    size_bytes_ = streams_.front().second->size_bytes();
    targets_.push_back({.urn = urn, .fill = {}});
    std::string all;
    for (const uint64_t number : {uint64_t{0}, size_bytes_, uint64_t{0}}) PutLittleEndian(number, all);
    PutLittleEndian(uint32_t{0}, all);
    HOZEN_ASSIGN_OR_RETURN(map_, Aff4Map::Create(NewMemorySource(std::move(all)), size_bytes_, 1));
  } else {
    return NoSuchTarget(urn);
  }
  // Their bevies are among the members.
  if (!streams_.empty()) HOZEN_RETURN_IF_ERROR(Find({}));
  for (Target& target : targets_) {
    for (const auto& [name, stream] : streams_) {
      if (name == target.urn) target.stream = stream.get();
    }
  }
  return absl::OkStatus();
}

absl::Status Aff4Source::Fill(const Target& target, const Aff4Map::Piece& piece, absl::Span<char> buffer) {
  if (target.fill.has_value()) {
    std::fill(buffer.begin(), buffer.end(), *target.fill);
    return absl::OkStatus();
  }
  if (target.stream == nullptr) return NoSuchTarget(target.urn);
  HOZEN_ASSIGN_OR_RETURN(const size_t got, target.stream->ReadAt(piece.target_at, buffer));
  if (got == buffer.size()) return absl::OkStatus();
  return absl::DataLossError(
      AbslView(Say("the map points behind the end of its stream", "マップがストリームの末尾より後を指しています")));
}

absl::StatusOr<size_t> Aff4Source::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  if (offset_bytes >= size_bytes_) return 0;
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes));
  size_t had = 0;
  while (had < wanted) {
    HOZEN_ASSIGN_OR_RETURN(const Aff4Map::Piece piece, map_->At(offset_bytes + had));
    const auto size = static_cast<size_t>(std::min<uint64_t>(piece.size_bytes, wanted - had));
    const Target& target = piece.target.has_value() ? targets_[*piece.target] : gaps_;
    HOZEN_RETURN_IF_ERROR(Fill(target, piece, buffer.subspan(had, size)));
    had += size;
  }
  return had;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenAff4(std::unique_ptr<Source> file) {
  auto source = std::make_unique<Aff4Source>(std::move(file));
  HOZEN_RETURN_IF_ERROR(source->Open());
  return source;
}

}  // namespace hozen
