// A line of a body file: what a file system says of one file, as mactime and other timeline tools read it.
// Source of the format: https://wiki.sleuthkit.org/index.php?title=Body_file; the modes are those of `fls -m`.
#ifndef HOZEN_CORE_EVIDENCE_BODY_LINE_H_
#define HOZEN_CORE_EVIDENCE_BODY_LINE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// All are thread-safe.

// Appends a name as `fls` writes it: a byte below 0x20 would break the line, or the terminal of whoever reads it, and
// becomes ^.
void AppendListedName(std::string_view name, std::string& line);

// The same for readers that take a line apart from its start: % and | become %25 and %7C, which mactime turns back.
std::string EscapedBodyName(std::string_view name);

// Appends a whole line with its newline: MD5 0, times in whole seconds since 1970 (0: not known). `name` stands in it
// as it is given.
void AppendBodyLine(std::string_view name, const v1::FileMetadata& file, std::string& text);

// The same for what has a name and no metadata; `type` is the letter of its type, "-" where that is not known.
void AppendBodyLineOfName(std::string_view name, char type, std::string& text);

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_BODY_LINE_H_
