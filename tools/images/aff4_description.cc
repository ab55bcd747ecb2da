#include "tools/images/aff4_description.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "tools/images/aff4_names.h"
#include "tools/images/turtle.h"

namespace hozen {
namespace {

constexpr size_t kMostObjects = 4096;
constexpr size_t kMostVolumes = 4;  // of one object
constexpr std::string_view kType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
constexpr std::string_view kTypes[] = {"Image", "DiskImage", "ContiguousImage", "Map", "ImageStream"};
constexpr std::string_view kValues[] = {
    "dataStream", "stored", "size", "chunkSize", "chunksInSegment", "compressionMethod", "mapGapDefaultStream"};

// The name behind the schema, where it is one of those.
template <size_t n>
std::optional<std::string> Known(std::string_view iri, const std::string_view (&names)[n]) {
  if (iri.substr(0, kAff4Schema.size()) != kAff4Schema) return std::nullopt;
  const std::string_view name = iri.substr(kAff4Schema.size());
  if (std::find(std::begin(names), std::end(names), name) == std::end(names)) return std::nullopt;
  return std::string(name);
}

absl::Status Contradiction(std::string_view urn, std::string_view name) {
  return absl::DataLossError(
      Concat(Printable(urn), ": ", name, ": ", Say("it is said twice and differently", "異なる値が重複しています")));
}

absl::Status SeveralImages() {
  return absl::UnimplementedError(AbslView(
      Say("it has several images, and this reader knows one", "複数のイメージが含まれています（1 個のみ対応）")));
}

}  // namespace

absl::StatusOr<Aff4Description> Aff4Description::Parse(std::string_view turtle) {
  Aff4Description description;
  HOZEN_RETURN_IF_ERROR(ParseTurtle(turtle, [&](const Triple& triple) {
    std::optional<std::string> type;
    if (triple.predicate == kType && !triple.object_is_literal) type = Known(triple.object, kTypes);
    const std::optional<std::string> value = Known(triple.predicate, kValues);
    if (!type.has_value() && !value.has_value()) return absl::OkStatus();
    Object& object = description.objects_[std::string(triple.subject)];
    if (description.objects_.size() > kMostObjects) {
      return absl::UnimplementedError(AbslView(
          Say("it describes more objects than one image has", "イメージ 1 個分を超える要素が記述されています")));
    }
    if (type.has_value()) object.types.insert(*std::move(type));
    if (!value.has_value()) return absl::OkStatus();
    if (*value == "stored") {
      object.volumes.insert(std::string(triple.object));
      return object.volumes.size() <= kMostVolumes ? absl::OkStatus() : SeveralImages();
    }
    const auto [place, is_new] = object.values.emplace(*value, std::string(triple.object));
    if (is_new || place->second == triple.object) return absl::OkStatus();
    // An image of several files has one in each.
    return *value == "dataStream" ? SeveralImages() : Contradiction(triple.subject, *value);
  }));
  HOZEN_RETURN_IF_ERROR(description.FindImage());
  return description;
}

absl::Status Aff4Description::FindImage() {
  bool found = false;
  for (const auto& [urn, object] : objects_) {
    const auto stream = object.values.find("dataStream");
    const bool is_image = object.types.contains("Image") || object.types.contains("DiskImage") ||
                          object.types.contains("ContiguousImage");
    if (!is_image || stream == object.values.end()) continue;
    if (found) return SeveralImages();
    found = true;
    data_stream_ = stream->second;
  }
  if (found) return absl::OkStatus();
  return absl::UnimplementedError(AbslView(Say("it describes no image of AFF4 v1.0 with a dataStream",
                                               "dataStream を持つ AFF4 v1.0 のイメージの記述がありません")));
}

bool Aff4Description::Is(const std::string& urn, const char* type) const {
  const auto found = objects_.find(urn);
  return found != objects_.end() && found->second.types.contains(type);
}

bool Aff4Description::IsElsewhere(const std::string& urn, const std::string& volume) const {
  const auto found = objects_.find(urn);
  return found != objects_.end() && !found->second.volumes.empty() && !found->second.volumes.contains(volume);
}

std::optional<std::string> Aff4Description::Value(const std::string& urn, const char* name) const {
  const auto object = objects_.find(urn);
  if (object == objects_.end()) return std::nullopt;
  const auto value = object->second.values.find(name);
  if (value == object->second.values.end()) return std::nullopt;
  return value->second;
}

absl::StatusOr<uint64_t> Aff4Description::Number(const std::string& urn, const char* name) const {
  const std::optional<std::string> text = Value(urn, name);
  uint64_t number = 0;
  if (text.has_value() && absl::SimpleAtoi(*text, &number)) return number;
  return absl::DataLossError(Concat(Printable(urn), ": ", name, ": ",
                                    Say("it is no number, or is not there", "数値でないか、記述がありません")));
}

absl::StatusOr<uint64_t> Aff4Description::SizeOf(const std::string& urn) const { return Number(urn, "size"); }

std::string Aff4Description::GapsOf(const std::string& map) const {
  return Value(map, "mapGapDefaultStream").value_or(Concat(kAff4Schema, "Zero"));
}

absl::StatusOr<Aff4StreamSource::Layout> Aff4Description::LayoutOf(const std::string& stream) const {
  Aff4StreamSource::Layout layout;
  HOZEN_ASSIGN_OR_RETURN(layout.size_bytes, Number(stream, "size"));
  HOZEN_ASSIGN_OR_RETURN(const uint64_t chunk_bytes, Number(stream, "chunkSize"));
  HOZEN_ASSIGN_OR_RETURN(const uint64_t chunks, Number(stream, "chunksInSegment"));
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  if (chunk_bytes > kMost || chunks > kMost) {
    return absl::DataLossError(
        Concat(Printable(stream), ": ",
               Say("its chunkSize or chunksInSegment cannot be", "chunkSize または chunksInSegment が不正です")));
  }
  layout.chunk_bytes = static_cast<uint32_t>(chunk_bytes);
  layout.chunks_in_bevy = static_cast<uint32_t>(chunks);
  const std::optional<std::string> method = Value(stream, "compressionMethod");
  if (!method.has_value() || *method == Concat(kAff4Schema, "NullCompressor") ||
      *method == Concat(kAff4Schema, "compression/stored")) {
    return layout;
  }
  const bool is_zlib = *method == kAff4Zlib;
  // As the standard names it, and as people write that.
  const bool is_raw =
      *method == "https://tools.ietf.org/html/rfc1951" || *method == "http://tools.ietf.org/html/rfc1951";
  if (is_zlib || is_raw) {
    layout.packed = is_zlib ? Deflated::kZlib : Deflated::kRaw;
    return layout;
  }
  return absl::UnimplementedError(Concat(
      Printable(*method), ": ",
      Say("its chunks are packed in a way that this reader does not know (deflate or stored); have another tool write "
          "it as raw or E01",
          "対応していない圧縮方式です（deflate または無圧縮のみ）。他のツールで raw または E01 に変換してください")));
}

}  // namespace hozen
