// Bytes as FTS5's trigram tokenizer takes them: each as the character with its number, so that a trigram is three bytes
// and any name can be indexed. Pure functions. Format: docs/formats/search-index.md.
#ifndef HOZEN_COLLECTOR_SEARCH_BYTE_TRIGRAMS_H_
#define HOZEN_COLLECTOR_SEARCH_BYTE_TRIGRAMS_H_

#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// Valid UTF-8 without a NUL character.
std::string TrigramText(std::string_view bytes);

// An expression for MATCH that all texts fit that hold all of `literals`, and perhaps others; empty where no literal
// has three bytes. Of long ones only some trigrams are asked for.
std::string TrigramExpression(const std::vector<std::string>& literals);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_BYTE_TRIGRAMS_H_
