// What tools/bench search asks: kinds of questions, each of them with as many different questions as are wanted.
#ifndef HOZEN_COLLECTOR_SEARCH_BENCH_QUESTIONS_H_
#define HOZEN_COLLECTOR_SEARCH_BENCH_QUESTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
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

// Thread-compatible.
class Questions {
 public:
  // The fleet must outlive it.
  explicit Questions(const MadeUpFleet& fleet);
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  // They live as long as this.
  const std::vector<QuestionKind>& kinds() const { return kinds_; }

 private:
  using Question = std::variant<SearchQuery, TimelineQuery>;

  void Add(std::string name, std::function<Question(uint64_t)> ask, uint64_t most = kPage) {
    kinds_.push_back({.name = std::move(name), .most = most, .ask = std::move(ask)});
  }
  void AskForPaths();
  void AskForTexts();
  void AskForNamesAndHashes();
  void AskForTimes();
  void AskForSeveralThings();
  void AskForTimelines();

  SearchEntry Some(uint64_t number) const { return fleet_.Some(Mix(number + 1)); }
  SearchEntry SomeHashed(uint64_t number) const;
  std::string SomeName(uint64_t number) const;
  // Of a path, so many bytes from its middle.
  std::string Part(uint64_t number, size_t size) const;
  // The number in the name of some host's own file.
  std::string OwnNumber(uint64_t number) const;
  std::vector<Digest> Hashes(uint64_t number, uint64_t absent, uint64_t present) const;
  std::vector<std::string> Hosts(uint64_t number, uint64_t most) const;
  TimelineQuery Timeline(uint64_t number, int64_t seconds) const;

  // What an analyst sees at first.
  static constexpr uint64_t kPage = 1000;

  const MadeUpFleet& fleet_;
  std::vector<QuestionKind> kinds_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_BENCH_QUESTIONS_H_
