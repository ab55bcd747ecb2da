#include "tools/images/read_exactly.h"

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/status_macros.h"

namespace hozen {

absl::StatusOr<std::string> ReadExactly(Source& source, uint64_t offset_bytes, size_t size) {
  std::string bytes(size, '\0');
  size_t have = 0;
  while (have < size) {
    HOZEN_ASSIGN_OR_RETURN(const size_t got,
                           source.ReadAt(offset_bytes + have, absl::MakeSpan(bytes.data() + have, size - have)));
    if (got == 0)
      return absl::DataLossError(AbslView(Say("the file ends too early", "ファイルが途中で終わっています")));
    have += got;
  }
  return bytes;
}

}  // namespace hozen
