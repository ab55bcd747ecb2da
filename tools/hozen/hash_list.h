// Hashes as people have them: hexadecimal, one or a file of many.
#ifndef HOZEN_TOOLS_HOZEN_HASH_LIST_H_
#define HOZEN_TOOLS_HOZEN_HASH_LIST_H_

#include <cstddef>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

namespace hozen {

// InvalidArgument that says what it is instead: MD5 and SHA-1 are not computed by agents.
absl::StatusOr<Digest> ParseHash(std::string_view text);

// Reads hashes, one a line: what stands behind the first blank is left alone (sha256sum), as are empty lines and those
// that begin with '#'. Hands them on in parts of at most `most_at_once`, each part without repetitions. InvalidArgument
// names the file and the line.
absl::Status ReadHashes(std::istream& in, std::string_view name, size_t most_at_once,
                        const std::function<absl::Status(const std::vector<Digest>&)>& on_part);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_HASH_LIST_H_
