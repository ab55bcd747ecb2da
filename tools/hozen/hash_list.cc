#include "tools/hozen/hash_list.h"

#include <algorithm>
#include <cstdint>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMd5Digits = 32;
constexpr size_t kSha1Digits = 40;
constexpr size_t kShown = 80;

}  // namespace

absl::StatusOr<Digest> ParseHash(std::string_view text) {
  absl::StatusOr<Digest> digest = Digest::FromHex(text);
  if (digest.ok()) return digest;
  if (text.size() == kMd5Digits || text.size() == kSha1Digits) {
    return absl::InvalidArgumentError(
        Concat("\"", Printable(text), "\" ",
               Say("looks like an MD5 or SHA-1; agents compute SHA-256 only. Give the file's SHA-256 (64 hexadecimal "
                   "digits)",
                   "は MD5 または SHA-1 のようです。エージェントが計算するのは SHA-256 だけです。SHA-256（64 桁の 16 "
                   "進数）を指定してください")));
  }
  return absl::InvalidArgumentError(Concat("\"", Printable(text.substr(0, kShown)), "\" ",
                                           Say("is no SHA-256: it must be 64 hexadecimal digits",
                                               "は SHA-256 ではありません。64 桁の 16 進数を指定してください")));
}

absl::Status ReadHashes(std::istream& in, std::string_view name, size_t most_at_once,
                        const std::function<absl::Status(const std::vector<Digest>&)>& on_part) {
  std::vector<Digest> part;
  const auto hand_on = [&] {
    std::sort(part.begin(), part.end());
    part.erase(std::unique(part.begin(), part.end()), part.end());
    const absl::Status status = on_part(part);
    part.clear();
    return status;
  };
  std::string line;
  uint64_t number = 0;
  uint64_t hashes = 0;
  while (std::getline(in, line)) {
    ++number;
    const size_t begin = line.find_first_not_of(" \t\r\\");  // sha256sum marks escaped names with a backslash
    if (begin == std::string::npos || line[begin] == '#') continue;
    const std::string_view rest = std::string_view(line).substr(begin);
    const absl::StatusOr<Digest> digest = ParseHash(rest.substr(0, rest.find_first_of(" \t\r")));
    if (!digest.ok()) return WithContext(digest.status(), Concat(Printable(name), ":", number));
    part.push_back(*digest);
    ++hashes;
    if (part.size() >= most_at_once) HOZEN_RETURN_IF_ERROR(hand_on());
  }
  if (in.bad()) return absl::UnknownError(Concat(Printable(name), ": ", Say("cannot be read", "読み取れません")));
  if (hashes == 0) {
    return absl::InvalidArgumentError(
        Concat(Printable(name), ": ", Say("there is no hash in it", "ハッシュがありません")));
  }
  return part.empty() ? absl::OkStatus() : hand_on();
}

}  // namespace hozen
