// What tools/bench search asks: kinds of questions, each of them with as many different questions as are wanted.
#ifndef HOZEN_COLLECTOR_SEARCH_BENCH_QUESTIONS_H_
#define HOZEN_COLLECTOR_SEARCH_BENCH_QUESTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "collector/search/bench/made_up_fleet.h"
#include "collector/search/search_entry.h"

namespace hozen {

struct QuestionKind {
  std::string name;
  uint64_t most = 0;  // rows, then it is enough
  // Another question for each number.
  std::function<std::variant<SearchQuery, TimelineQuery>(uint64_t number)> ask;
};

// The fleet must outlive them.
std::vector<QuestionKind> QuestionKinds(const MadeUpFleet& fleet);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_BENCH_QUESTIONS_H_
