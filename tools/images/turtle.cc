#include "tools/images/turtle.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr std::string_view kRdfType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

// What may stand in a name without a quotation mark around it. Bytes beyond ASCII are letters somewhere.
bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 || c == '_' ||
         c == '-' || c == '.' || c == ':' || c == '%' || c == '+';
}

class Parser {
 public:
  Parser(std::string_view text, const std::function<absl::Status(const Triple&)>& on_triple)
      : text_(text), on_triple_(on_triple) {}

  absl::Status Run() {
    for (SkipBlanks(); at_ < text_.size(); SkipBlanks()) HOZEN_RETURN_IF_ERROR(Statement());
    return absl::OkStatus();
  }

 private:
  struct Term {
    std::string text;
    bool is_literal = false;
  };

  absl::Status Wrong(std::string_view what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return absl::DataLossError(Concat(Say("line ", "行 "), line, ": ", what));
  }
  absl::Status Unexpected() const { return Wrong(Say("this is no Turtle", "Turtle の構文ではありません")); }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  bool TryTake(std::string_view token) {
    SkipBlanks();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  absl::Status Statement() {
    if (TryTake("@prefix")) return Prefix(/*ends_with_dot=*/true);
    if (absl::StartsWithIgnoreCase(AbslView(text_.substr(at_, 7)), "prefix ")) {
      at_ += 6;
      return Prefix(/*ends_with_dot=*/false);
    }
    if (TryTake("@base") || absl::StartsWithIgnoreCase(AbslView(text_.substr(at_, 5)), "base ")) {
      return absl::UnimplementedError(
          AbslView(Say("its description has relative names (@base), which this reader does not know",
                       "記述に相対名（@base）が使われています（未対応）")));
    }
    HOZEN_ASSIGN_OR_RETURN(const Term subject, Resource());
    do {
      // A semicolon may stand before the full stop.
      SkipBlanks();
      if (at_ < text_.size() && text_[at_] == '.') break;
      HOZEN_ASSIGN_OR_RETURN(const Term predicate, Resource());
      do {
        HOZEN_ASSIGN_OR_RETURN(const Term object, Object());
        HOZEN_RETURN_IF_ERROR(on_triple_({.subject = subject.text,
                                          .predicate = predicate.text,
                                          .object = object.text,
                                          .object_is_literal = object.is_literal}));
      } while (TryTake(","));
    } while (TryTake(";"));
    return TryTake(".") ? absl::OkStatus() : Unexpected();
  }

  absl::Status Prefix(bool ends_with_dot) {
    SkipBlanks();
    const size_t colon = text_.find(':', at_);
    if (colon == std::string_view::npos || colon - at_ > kLongestIriBytes) return Unexpected();
    std::string name(text_.substr(at_, colon - at_));
    if (!std::all_of(name.begin(), name.end(), IsNameByte)) return Unexpected();
    at_ = colon + 1;
    SkipBlanks();
    HOZEN_ASSIGN_OR_RETURN(std::string iri, Iri());
    prefixes_[std::move(name)] = std::move(iri);
    return !ends_with_dot || TryTake(".") ? absl::OkStatus() : Unexpected();
  }

  absl::StatusOr<std::string> Iri() {
    if (at_ >= text_.size() || text_[at_] != '<') return Unexpected();
    const size_t end = text_.find_first_of("> \t\r\n\"", at_);
    if (end == std::string_view::npos || text_[end] != '>') return Unexpected();
    if (end - at_ > kLongestIriBytes) return Wrong(Say("a name is too long", "名前が長すぎます"));
    std::string iri(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return iri;
  }

  // A run of bytes of names; a full stop at its end is the statement's.
  std::string_view Word() {
    size_t end = at_;
    while (end < text_.size() && IsNameByte(text_[end])) ++end;
    while (end > at_ && text_[end - 1] == '.') --end;
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    return word;
  }

  absl::StatusOr<std::string> Expanded(std::string_view word) {
    const size_t colon = word.find(':');
    if (colon == std::string_view::npos) return Unexpected();
    if (word.substr(0, colon) == "_") return std::string(word);
    const auto prefix = prefixes_.find(std::string(word.substr(0, colon)));
    if (prefix == prefixes_.end()) return Wrong(Say("a prefix that nobody declared", "宣言されていない接頭辞です"));
    if (prefix->second.size() + word.size() > kLongestIriBytes) {
      return Wrong(Say("a name is too long", "名前が長すぎます"));
    }
    return Concat(prefix->second, word.substr(colon + 1));
  }

  absl::StatusOr<Term> Resource() {
    SkipBlanks();
    if (at_ >= text_.size()) return Unexpected();
    if (text_[at_] == '<') {
      HOZEN_ASSIGN_OR_RETURN(std::string iri, Iri());
      return Term{.text = std::move(iri)};
    }
    if (text_[at_] == '[' || text_[at_] == '(') {
      return absl::UnimplementedError(
          AbslView(Say("its description has nested objects, which this reader does not know",
                       "記述に入れ子の要素があります（未対応）")));
    }
    const std::string_view word = Word();
    if (word == "a") return Term{.text = std::string(kRdfType)};
    HOZEN_ASSIGN_OR_RETURN(std::string iri, Expanded(word));
    return Term{.text = std::move(iri)};
  }

  absl::StatusOr<Term> Object() {
    SkipBlanks();
    if (at_ >= text_.size()) return Unexpected();
    const char first = text_[at_];
    if (first == '"' || first == '\'') return Literal(first);
    if (absl::ascii_isdigit(static_cast<unsigned char>(first)) || first == '+' || first == '-') {
      return Term{.text = std::string(Word()), .is_literal = true};
    }
    const size_t begin = at_;
    const std::string_view word = Word();
    if (word == "true" || word == "false") return Term{.text = std::string(word), .is_literal = true};
    at_ = begin;
    return Resource();
  }

  absl::StatusOr<Term> Literal(char quote) {
    const std::string long_quote(3, quote);
    const std::string_view mark =
        text_.substr(at_, 3) == long_quote ? std::string_view(long_quote) : text_.substr(at_, 1);
    const size_t begin = at_ + mark.size();
    size_t end = begin;
    while (end < text_.size() && text_.substr(end, mark.size()) != mark) {
      if (mark.size() == 1 && text_[end] == '\n') return Unexpected();
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) return Unexpected();
    Term literal{.text = std::string(text_.substr(begin, end - begin)), .is_literal = true};
    at_ = end + mark.size();
    // Its type or language tells us nothing that we do not know from the predicate.
    if (text_.substr(at_, 2) == "^^") {
      at_ += 2;
      HOZEN_RETURN_IF_ERROR(Resource().status());
    } else if (at_ < text_.size() && text_[at_] == '@') {
      ++at_;
      Word();
    }
    return literal;
  }

  const std::string_view text_;
  const std::function<absl::Status(const Triple&)>& on_triple_;
  size_t at_ = 0;
  std::map<std::string, std::string> prefixes_;
};

}  // namespace

absl::Status ParseTurtle(std::string_view text, const std::function<absl::Status(const Triple&)>& on_triple) {
  return Parser(text, on_triple).Run();
}

}  // namespace hozen
