#include "tools/images/inflate.h"

#include <zlib.h>

#include <limits>

#include "core/base/concat.h"
#include "core/base/language.h"

namespace hozen {

absl::StatusOr<size_t> Inflate(Deflated form, std::string_view packed, absl::Span<char> unpacked) {
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  if (packed.size() > kMost || unpacked.size() > kMost) return absl::InvalidArgumentError("more than zlib takes");
  z_stream stream = {};
  if (inflateInit2(&stream, form == Deflated::kRaw ? -MAX_WBITS : MAX_WBITS) != Z_OK) {
    return absl::ResourceExhaustedError("zlib: out of memory");
  }
  // zlib has no const for what it only reads, and wants a place for the bytes even where there are to be none.
  char nowhere = 0;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.empty() ? &nowhere : unpacked.data());
  stream.avail_out = static_cast<uInt>(unpacked.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  const size_t filled = unpacked.size() - stream.avail_out;
  inflateEnd(&stream);
  if (result == Z_MEM_ERROR) return absl::ResourceExhaustedError("zlib: out of memory");
  if (whole) return filled;
  return absl::DataLossError(AbslView(Say("the packed bytes are damaged", "圧縮データが壊れています")));
}

}  // namespace hozen
