// Where a stream is cut that is made anew each time and is mostly as it was: at places that its bytes choose, so that
// what is put in, taken out or changed changes the chunks around it and no others (a gear hash, as in FastCDC,
// https://www.usenix.org/conference/atc16/technical-sessions/presentation/xia).
#ifndef HOZEN_CORE_CHUNK_CONTENT_CUTTER_H_
#define HOZEN_CORE_CHUNK_CONTENT_CUTTER_H_

#include <cstddef>
#include <string_view>

namespace hozen {

// Most chunks lie between the first two; none is longer than the last.
inline constexpr size_t kLeastContentChunkBytes = 4 << 10;
inline constexpr size_t kUsualContentChunkBytes = 16 << 10;
inline constexpr size_t kMostContentChunkBytes = 128 << 10;

// The size of the first chunk of `bytes`; 0 where more bytes are needed to tell, and never with kMostContentChunkBytes
// of them. It follows from the chunk's own bytes alone, however many stand behind it. What is left at a stream's end is
// its last chunk. Thread-safe.
size_t FirstContentChunk(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_CORE_CHUNK_CONTENT_CUTTER_H_
