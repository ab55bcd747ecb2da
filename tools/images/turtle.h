// RDF triples out of Turtle text (www.w3.org/TR/turtle), as far as descriptions of images use it.
#ifndef HOZEN_TOOLS_IMAGES_TURTLE_H_
#define HOZEN_TOOLS_IMAGES_TURTLE_H_

#include <functional>
#include <string_view>

#include "absl/status/status.h"

namespace hozen {

// IRIs are written out, with their prefix replaced; a blank node is "_:label". Good until the callee returns.
struct Triple {
  std::string_view subject;
  std::string_view predicate;
  std::string_view object;  // an IRI, or a literal's text without its quotation marks, escapes as they stand there
  bool object_is_literal = false;
};

// Gives the triples in their order; an error of the callee ends it. No list, no nested blank node: Unimplemented.
// DataLoss, with the line, for what is no Turtle, and where an IRI is longer than kLongestIriBytes. Time and memory are
// bounded by the text's size.
inline constexpr size_t kLongestIriBytes = 2048;
absl::Status ParseTurtle(std::string_view text, const std::function<absl::Status(const Triple&)>& on_triple);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_TURTLE_H_
