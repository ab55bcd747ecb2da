// What an AFF4 says of its image in information.turtle, as far as its bytes depend on it.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_DESCRIPTION_H_
#define HOZEN_TOOLS_IMAGES_AFF4_DESCRIPTION_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/images/aff4_stream_source.h"

namespace hozen {

// A value. Names are URNs.
class Aff4Description {
 public:
  // DataLoss where the text is no Turtle or says two things of one object; Unimplemented for a description of something
  // else than one image, or of more objects than one image can have.
  static absl::StatusOr<Aff4Description> Parse(std::string_view turtle);

  // The Map or ImageStream with the image's bytes.
  const std::string& data_stream() const { return data_stream_; }
  bool IsMap(const std::string& urn) const { return Is(urn, "Map"); }
  bool IsImageStream(const std::string& urn) const { return Is(urn, "ImageStream"); }
  // Whether it is said to be stored in other volumes than this one.
  bool IsElsewhere(const std::string& urn, const std::string& volume) const;
  // DataLoss where nobody says it.
  absl::StatusOr<uint64_t> SizeOf(const std::string& urn) const;
  // What fills the gaps of a map: an IRI.
  std::string GapsOf(const std::string& map) const;
  // Of an ImageStream. Unimplemented for a packer that we do not have.
  absl::StatusOr<Aff4StreamSource::Layout> LayoutOf(const std::string& stream) const;

 private:
  struct Object {
    std::set<std::string> types;                // without the schema
    std::map<std::string, std::string> values;  // likewise
    std::set<std::string> volumes;
  };
  bool Is(const std::string& urn, const char* type) const;
  absl::Status FindImage();
  std::optional<std::string> Value(const std::string& urn, const char* name) const;
  absl::StatusOr<uint64_t> Number(const std::string& urn, const char* name) const;

  std::map<std::string, Object> objects_;
  std::string data_stream_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_DESCRIPTION_H_
