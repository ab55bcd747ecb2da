#include "tools/hozen/sidecar.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"
#include "core/evidence/bundle.h"
#include "tools/hozen/zip_reader.h"

namespace hozen {
namespace {

// Everything but the body: proofs, partitions and lists of read errors.
constexpr size_t kMaxHeadSizeBytes = size_t{256} << 20;
constexpr size_t kPieceSizeBytes = 256 << 10;
constexpr std::string_view kBodyMember = "\"body\"";

absl::Status Damaged(const std::filesystem::path& file, std::string_view why) {
  return absl::DataLossError(
      Concat(Printable(file.native()), ": ", Say("the sidecar is damaged: ", "サイドカーが壊れています: "), why));
}

absl::StatusOr<std::string> ReadPiece(Source& source, uint64_t at) {
  std::string piece(kPieceSizeBytes, '\0');
  HOZEN_ASSIGN_OR_RETURN(const size_t got, source.ReadAt(at, absl::MakeSpan(piece.data(), piece.size())));
  piece.resize(got);
  return piece;
}

// Where the body's value begins behind its name: past blanks, a colon, blanks and a quotation mark. npos where that is
// not what stands there.
size_t BodyBegin(std::string_view head, size_t name_at) {
  size_t at = name_at + kBodyMember.size();
  const auto skip_blanks = [&] {
    while (at < head.size() && (head[at] == ' ' || head[at] == '\n' || head[at] == '\t' || head[at] == '\r')) ++at;
  };
  skip_blanks();
  if (at >= head.size() || head[at] != ':') return std::string_view::npos;
  ++at;
  skip_blanks();
  if (at >= head.size() || head[at] != '"') return std::string_view::npos;
  return at + 1;
}

// The body is the last member: one behind it would be read by others, and not by us.
bool IsEnd(Source& source, uint64_t at) {
  const absl::StatusOr<std::string> rest = ReadPiece(source, at);
  return rest.ok() && at + rest->size() == source.size_bytes() && absl::StripAsciiWhitespace(*rest) == "}";
}

absl::StatusOr<std::string> Decoded(const nlohmann::json& json, const char* name, const std::filesystem::path& file) {
  const auto found = json.find(name);
  std::string bytes;
  if (found == json.end() || !found->is_string() || !absl::Base64Unescape(found->get<std::string>(), &bytes)) {
    return Damaged(file, name);
  }
  return bytes;
}

absl::StatusOr<uint64_t> NumberOf(const nlohmann::json& json, const char* name, const std::filesystem::path& file) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) return Damaged(file, name);
  return found->get<uint64_t>();
}

}  // namespace

absl::StatusOr<Sidecar> Sidecar::Open(const std::filesystem::path& file) {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, OpenForReading(file));
  Sidecar sidecar;
  sidecar.file_ = file;
  std::string head;
  size_t begin = std::string::npos;
  while (begin == std::string::npos) {
    HOZEN_ASSIGN_OR_RETURN(const std::string piece, ReadPiece(*source, head.size()));
    if (piece.empty()) break;
    // The name may stand across two pieces.
    const size_t from = head.size() > 64 ? head.size() - 64 : 0;
    head += piece;
    if (head.size() > kMaxHeadSizeBytes) return Damaged(file, Say("it is too long", "長すぎます"));
    for (size_t at = head.find(kBodyMember, from); at != std::string::npos && begin == std::string::npos;
         at = head.find(kBodyMember, at + 1)) {
      begin = BodyBegin(head, at);
    }
  }
  const bool has_body = begin != std::string::npos;
  if (has_body) {
    sidecar.body_at_ = begin;
    head.resize(begin);
    head += "\"}";
  }
  nlohmann::json json = nlohmann::json::parse(head, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != std::string(kSidecarFormat)) {
    return absl::InvalidArgumentError(Concat(
        Printable(file.native()), ": ",
        Say("is not the sidecar of an image, or was cut off", "はイメージのサイドカーではないか、途中で切れています")));
  }
  HOZEN_ASSIGN_OR_RETURN(const uint64_t version, NumberOf(json, "format_version", file));
  if (version != static_cast<uint64_t>(kSidecarFormatVersion)) {
    return absl::InvalidArgumentError(
        Concat(Printable(file.native()), ": ", Say("a sidecar of format ", "サイドカーの形式 "), version,
               Say("; this hozen knows 1: use a newer one", "（対応は 1 のみ。新しい hozen を使ってください）")));
  }
  if (!has_body) return Damaged(file, "body");
  HOZEN_ASSIGN_OR_RETURN(sidecar.item_index_, NumberOf(json, "item_index", file));
  HOZEN_ASSIGN_OR_RETURN(sidecar.size_bytes_, NumberOf(json, "size_bytes", file));
  HOZEN_ASSIGN_OR_RETURN(sidecar.proofs_.manifest, Decoded(json, "manifest", file));
  HOZEN_ASSIGN_OR_RETURN(sidecar.proofs_.plan, Decoded(json, "plan", file));
  HOZEN_ASSIGN_OR_RETURN(sidecar.proofs_.delegation, Decoded(json, "delegation", file));
  HOZEN_ASSIGN_OR_RETURN(sidecar.proofs_.custody, Decoded(json, "custody", file));
  const auto chain = json.find("host_chain_pem");
  if (chain == json.end() || !chain->is_string()) return Damaged(file, "host_chain_pem");
  sidecar.proofs_.host_chain = chain->get<std::string>();
  const auto sha256 = json.find("sha256");
  if (sha256 == json.end() || !sha256->is_string()) return Damaged(file, "sha256");
  sidecar.sha256_hex_ = sha256->get<std::string>();
  for (const char* proof : {"manifest", "plan", "host_chain_pem", "delegation", "custody", "body"}) json.erase(proof);
  sidecar.said_ = std::move(json);
  return sidecar;
}

absl::Status Sidecar::ReadBody(const std::function<absl::Status(std::string_view)>& on_bytes) const {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, OpenForReading(file_));
  uint64_t at = body_at_;
  std::string digits;
  bool ended = false;
  while (!ended) {
    HOZEN_ASSIGN_OR_RETURN(const std::string piece, ReadPiece(*source, at));
    if (piece.empty()) return Damaged(file_, Say("it ends inside its body", "本体の途中で終わっています"));
    const size_t end = piece.find('"');
    ended = end != std::string::npos;
    if (ended && !IsEnd(*source, at + end + 1)) {
      return Damaged(file_, Say("something follows its body", "本体の後に余分なデータがあります"));
    }
    at += piece.size();
    digits.append(piece, 0, ended ? end : piece.size());
    // Four digits are three bytes; what is left over waits for the next piece.
    const size_t whole = ended ? digits.size() : digits.size() / 4 * 4;
    std::string bytes;
    if (!absl::Base64Unescape(digits.substr(0, whole), &bytes)) {
      return Damaged(file_, Say("its body is not base64", "本体が base64 ではありません"));
    }
    digits.erase(0, whole);
    HOZEN_RETURN_IF_ERROR(on_bytes(bytes));
  }
  return absl::OkStatus();
}

}  // namespace hozen
