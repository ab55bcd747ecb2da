#include "core/evidence/checkpoint.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxNoteSizeBytes = 64 << 10;
constexpr size_t kMaxSignatureLines = 100;
constexpr size_t kMaxOriginSizeBytes = 256;
constexpr size_t kKeyHashSizeBytes = 4;
// "— ": an em dash and a space start each signature line.
constexpr std::string_view kSignatureMark = "\xe2\x80\x94 ";
constexpr char kAlgorithmEd25519 = '\x01';

absl::Status Malformed(std::string_view what) { return absl::InvalidArgumentError(Concat("checkpoint: ", what)); }

std::string Base64(std::string_view bytes) { return absl::Base64Escape(AbslView(bytes)); }

// Only the one spelling that Base64 makes: two spellings of a signature would be two notes.
bool FromBase64(std::string_view text, std::string& bytes) {
  return absl::Base64Unescape(AbslView(text), &bytes) && Base64(bytes) == text;
}

// A signed note's key name: without spaces and plus signs, on one line.
absl::Status CheckOrigin(std::string_view origin) {
  const bool fits = !origin.empty() && origin.size() <= kMaxOriginSizeBytes &&
                    std::all_of(origin.begin(), origin.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
  return fits ? absl::OkStatus() : Malformed("its origin must be printable ASCII without spaces and plus signs");
}

absl::StatusOr<std::string> KeyHash(std::string_view name, const PublicKey& key) {
  HOZEN_ASSIGN_OR_RETURN(const std::string raw, key.ToRawEd25519());
  const Digest digest = Sha256::Of(Concat(name, "\n", std::string(1, kAlgorithmEd25519), raw));
  return std::string(digest.bytes().substr(0, kKeyHashSizeBytes));
}

std::string TextOf(const Checkpoint& checkpoint) {
  return Concat(checkpoint.origin, "\n", checkpoint.tree_size, "\n", Base64(checkpoint.root.bytes()), "\n");
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

struct NoteSignature {
  std::string_view name;
  std::string bytes;  // key hash and signature
};

struct Note {
  std::string_view text;
  std::vector<NoteSignature> signatures;
};

absl::StatusOr<NoteSignature> ParseSignature(std::string_view line) {
  if (line.substr(0, kSignatureMark.size()) != kSignatureMark) return Malformed("a signature line lacks its mark");
  line.remove_prefix(kSignatureMark.size());
  const size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) return Malformed("a signature line lacks its name or signature");
  NoteSignature signature{line.substr(0, space), ""};
  if (!FromBase64(line.substr(space + 1), signature.bytes) || signature.bytes.size() <= kKeyHashSizeBytes) {
    return Malformed("a signature is not base64 of a key hash and a signature");
  }
  return signature;
}

absl::StatusOr<Note> TakeApart(std::string_view note) {
  if (note.size() > kMaxNoteSizeBytes) return Malformed("it is longer than 64 KiB");
  const bool plain =
      std::all_of(note.begin(), note.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\n'; });
  if (!plain || !IsValidUtf8(note)) return Malformed("it is not UTF-8 text, or holds control characters");
  const size_t split = note.rfind("\n\n");
  if (split == std::string_view::npos || note.back() != '\n') {
    return Malformed("it has no blank line before its signatures, or its last line does not end");
  }
  Note parts{note.substr(0, split + 1), {}};
  for (std::string_view line : Lines(note.substr(split + 2))) {
    HOZEN_ASSIGN_OR_RETURN(parts.signatures.emplace_back(), ParseSignature(line));
  }
  if (parts.signatures.empty() || parts.signatures.size() > kMaxSignatureLines) {
    return Malformed("it needs 1 to 100 signature lines");
  }
  return parts;
}

// Signatures by others (witnesses) are not ours to judge.
absl::Status VerifySignature(const Note& note, std::string_view origin, const PublicKey& key) {
  HOZEN_ASSIGN_OR_RETURN(const std::string key_hash, KeyHash(origin, key));
  for (const NoteSignature& signature : note.signatures) {
    const std::string_view bytes = signature.bytes;
    if (signature.name != origin || bytes.substr(0, kKeyHashSizeBytes) != key_hash) continue;
    if (key.Verify(note.text, bytes.substr(kKeyHashSizeBytes)).ok()) return absl::OkStatus();
    return absl::DataLossError(Concat("checkpoint: the signature of ", origin, " does not hold"));
  }
  return absl::DataLossError(Concat("checkpoint: it has no signature by the key of ", origin));
}

absl::StatusOr<Checkpoint> Parse(std::string_view text) {
  const std::vector<std::string_view> lines = Lines(text);
  if (lines.size() < 3) return Malformed("it lacks its origin, size or root");
  Checkpoint checkpoint;
  checkpoint.origin = std::string(lines[0]);
  if (!absl::SimpleAtoi(AbslView(lines[1]), &checkpoint.tree_size) || Concat(checkpoint.tree_size) != lines[1]) {
    return Malformed("its second line is not the size of a tree");
  }
  std::string root;
  if (!FromBase64(lines[2], root)) return Malformed("its third line is not a root hash");
  HOZEN_ASSIGN_OR_RETURN(checkpoint.root, Digest::FromBytes(root));
  // Extension lines may follow; an empty one could be taken for the end of the text.
  if (std::any_of(lines.begin() + 3, lines.end(), [](std::string_view line) { return line.empty(); })) {
    return Malformed("it has an empty line");
  }
  return checkpoint;
}

}  // namespace

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, const PrivateKey& key) {
  HOZEN_RETURN_IF_ERROR(CheckOrigin(checkpoint.origin));
  if (key.public_key().type() != KeyType::kEd25519) return Malformed("it is to be signed by an Ed25519 key");
  HOZEN_ASSIGN_OR_RETURN(const std::string key_hash, KeyHash(checkpoint.origin, key.public_key()));
  const std::string text = TextOf(checkpoint);
  HOZEN_ASSIGN_OR_RETURN(const std::string signature, key.Sign(text));
  return Concat(text, "\n", kSignatureMark, checkpoint.origin, " ", Base64(key_hash + signature), "\n");
}

absl::StatusOr<Checkpoint> VerifyCheckpoint(std::string_view note, std::string_view origin, const PublicKey& key) {
  HOZEN_RETURN_IF_ERROR(CheckOrigin(origin));
  HOZEN_ASSIGN_OR_RETURN(const Note parts, TakeApart(note));
  if (parts.text.substr(0, parts.text.find('\n')) != origin) {
    return Malformed(Concat("it is of another log than ", origin));
  }
  HOZEN_RETURN_IF_ERROR(VerifySignature(parts, origin, key));
  return Parse(parts.text);
}

}  // namespace hozen
