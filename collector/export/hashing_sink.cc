#include "collector/export/hashing_sink.h"

#include "absl/strings/escaping.h"
#include "core/base/concat.h"

namespace hozen {

absl::Status HashingSink::Data(std::string_view bytes) {
  hash_.Update(bytes);
  size_bytes_ += bytes.size();
  return next_.Data(bytes);
}

absl::Status HashingSink::Zeros(uint64_t size_bytes) {
  hash_.UpdateZeros(size_bytes);
  size_bytes_ += size_bytes;
  return next_.Zeros(size_bytes);
}

absl::Status HashingSink::Check(const v1::Item& item) {
  if (size_bytes_ != item.size_bytes()) {
    return absl::DataLossError(
        Concat("its stream has ", size_bytes_, " bytes, but the manifest says ", item.size_bytes()));
  }
  const Digest found = hash_.Finish();
  if (found.bytes() == item.sha256()) return absl::OkStatus();
  return absl::DataLossError(Concat("its stream has the SHA-256 ", found.ToHex(), ", but the manifest says ",
                                    absl::BytesToHexString(item.sha256())));
}

}  // namespace hozen
