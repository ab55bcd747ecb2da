#include "tools/images/turtle.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

absl::StatusOr<std::string> Parse(std::string_view text) {
  std::string all;
  absl::Status parsed = ParseTurtle(text, [&](const Triple& triple) {
    all += Concat(triple.subject, "|", triple.predicate, "|", triple.object, triple.object_is_literal ? "!\n" : "\n");
    return absl::OkStatus();
  });
  if (!parsed.ok()) return parsed;
  return all;
}

TEST(TurtleTest, TheFormsInWhichPeopleWriteDescriptions) {
  EXPECT_EQ(*Parse("@prefix aff4: <http://aff4.org/Schema#> . # a remark\n"
                   "PREFIX x: <urn:>\n"
                   "<aff4://1> a aff4:Map, aff4:Image ;\n"
                   "  aff4:size \"12\"^^<http://www.w3.org/2001/XMLSchema#long> ; aff4:chunkSize 32768 ;\n"
                   "  x:says \"a \\\"b\\\"; c . <d>\"@en, '''long\n'text''', true ; .\n"
                   "_:b x:is <aff4://1>.\n"),
            "aff4://1|http://www.w3.org/1999/02/22-rdf-syntax-ns#type|http://aff4.org/Schema#Map\n"
            "aff4://1|http://www.w3.org/1999/02/22-rdf-syntax-ns#type|http://aff4.org/Schema#Image\n"
            "aff4://1|http://aff4.org/Schema#size|12!\n"
            "aff4://1|http://aff4.org/Schema#chunkSize|32768!\n"
            "aff4://1|urn:says|a \\\"b\\\"; c . <d>!\n"
            "aff4://1|urn:says|long\n'text!\n"
            "aff4://1|urn:says|true!\n"
            "_:b|urn:is|aff4://1\n");
  EXPECT_EQ(*Parse(""), "");
}

TEST(TurtleTest, WhatIsNotUnderstoodIsSaid) {
  EXPECT_TRUE(absl::IsUnimplemented(Parse("<a> <b> [ <c> <d> ] .").status()));
  EXPECT_TRUE(absl::IsUnimplemented(Parse("<a> <b> ( 1 2 ) .").status()));
  EXPECT_TRUE(absl::IsUnimplemented(Parse("@base <aff4://1/> .").status()));
}

TEST(TurtleTest, WhatIsNoTurtleIsNamedWithItsLine) {
  for (const char* text :
       {"\n<a", "\n<a> <b>", "\n<a> <b> <c>", "\n<a> <b> \"c", "\n<a> <b> \"c\n\" .", "\n<a> <b> \"c\\",
        "\n<a> <b> x:c .", "\n<a> <b c> .", "\n@prefix x <y> .", "\n@prefix x: <y>", "\n;", "\n<a> . <b>",
        "\n<a> <b> \"c\"^^", "\n<a> <b> ,", "\n\"a\" <b> <c> ."}) {
    const absl::Status status = Parse(text).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << text << ": " << status;
    EXPECT_NE(status.message().find("line 2"), absl::string_view::npos) << text << ": " << status;
  }
  EXPECT_TRUE(absl::IsDataLoss(Parse(Concat("<", std::string(kLongestIriBytes + 1, 'a'), "> <b> <c> .")).status()));
  EXPECT_TRUE(absl::IsDataLoss(
      Parse(Concat("@prefix x: <", std::string(kLongestIriBytes - 3, 'a'), "> . <b> <c> x:ddddd .")).status()));
}

TEST(TurtleTest, AnErrorOfTheCalleeEndsIt) {
  int seen = 0;
  const absl::Status status = ParseTurtle("<a> <b> <c>, <d> .", [&](const Triple&) {
    ++seen;
    return absl::CancelledError("enough");
  });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace hozen
