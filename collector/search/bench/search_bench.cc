// What tools/bench search measures: commits with and without the index being built behind them, how fast an index of so
// many entries is filled, what it takes, and how long each kind of question takes. Prints one JSON object; progress to
// standard error. Not a test, and not shipped.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "collector/access/customers.h"
#include "collector/catalog/sqlite_catalog.h"
#include "collector/search/bench/made_up_fleet.h"
#include "collector/search/bench/questions.h"
#include "collector/search/index_worker.h"
#include "collector/search/indexer.h"
#include "collector/search/search_indexes.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"
#include "core/crypto/certificate.h"
#include "core/json/json.h"

namespace hozen {
namespace {

// As many as the Indexer puts into one transaction.
constexpr uint64_t kEntriesPerBatch = 16'384;
constexpr int kRowsFetched = 2000;
// A kind that takes long is asked fewer times.
constexpr absl::Duration kLongestOfAKind = absl::Seconds(5);
constexpr int kFewestOfAKind = 1;
// So long somebody waits for the first rows; what takes longer is told as that.
constexpr absl::Duration kPatience = absl::Seconds(10);

struct Options {
  std::filesystem::path folder;
  std::filesystem::path paths;  // a file of real paths, each ended by a NUL byte
  uint64_t items = 0;
  uint64_t commit_items = 0;
  uint64_t items_of_acquisition = 0;
  uint64_t hosts = 0;
  int repeats = 0;
  int cold_repeats = 0;
  bool fill_only = false;
  bool ask_only = false;  // of what such a run left in the folder
};

std::vector<std::string> ReadPaths(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::string> paths;
  for (std::string path; std::getline(in, path, '\0');) paths.push_back(path);
  return paths;
}

IndexedItem ItemOf(const SearchEntry& entry) {
  IndexedItem made;
  v1::Item& item = made.item;
  item.set_index(entry.item_index);
  item.set_kind(entry.kind);
  item.set_state(v1::Item::STATE_COMPLETE);
  item.set_path(entry.path);
  if (entry.sha256.has_value()) item.set_sha256(std::string(entry.sha256->bytes()));
  item.set_has_stream(true);
  item.set_size_bytes(entry.size_bytes);
  v1::FileMetadata& file = *item.mutable_file();
  file.set_mode(entry.mode);
  file.set_size_bytes(entry.size_bytes);
  file.set_modified_unix_ns(entry.modified_unix_ns);
  file.set_changed_unix_ns(entry.changed_unix_ns);
  file.set_accessed_unix_ns(entry.accessed_unix_ns);
  file.set_born_unix_ns(entry.born_unix_ns);
  made.body_offset_bytes = entry.item_index * 100;
  return made;
}

// How far resident memory has risen since it was made; 0 where the system does not tell.
class MemoryRise {
 public:
  MemoryRise() {
    std::ofstream("/proc/self/clear_refs") << "5";
    before_ = Peak();
  }
  uint64_t Bytes() const { return Peak() - before_; }

 private:
  static uint64_t Peak();
  uint64_t before_ = 0;
};

uint64_t MemoryRise::Peak() {
  uint64_t peak = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) peak = std::strtoull(line.c_str() + 6, nullptr, 10) << 10;
  }
  return peak;
}

// What this thread has computed for, in milliseconds: what others do on the machine is no part of it.
double CpuMilliseconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

// Out of the page cache, as far as the system will; clean pages only, so it is synced first.
void DropFromMemory(const std::filesystem::path& file) {
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return;
  fsync(fd.get());
  posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
}

void ReadIntoMemory(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> buffer(1 << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
  }
}

Json Milliseconds(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  return {{"median_ms", ms[ms.size() / 2]}, {"p99_ms", ms[(ms.size() * 99 - 1) / 100]}, {"max_ms", ms.back()}};
}

class Bench {
 public:
  Bench(const Options& options, MadeUpFleet::Options fleet, MadeUpFleet::Options committed)
      : options_(options), fleet_(std::move(fleet)), committed_(std::move(committed)) {}

  absl::Status Run() {
    Json json;
    HOZEN_RETURN_IF_ERROR(SetUp());
    json["items"] = fleet_.options().acquisitions * fleet_.options().items_of_acquisition;
    json["acquisitions"] = fleet_.options().acquisitions;
    json["hosts"] = options_.hosts;
    json["real_paths"] = fleet_.options().real_paths.size();
    if (!options_.ask_only) {
      HOZEN_RETURN_IF_ERROR(MeasureCommits(json["commit"]));
      HOZEN_RETURN_IF_ERROR(Fill(json["index"]));
    }
    if (options_.fill_only) {
      std::cout << JsonText(json, 2) << std::endl;
      return absl::OkStatus();
    }
    HOZEN_RETURN_IF_ERROR(MeasureQuestions(json));
    std::cout << JsonText(json, 2) << std::endl;
    return absl::OkStatus();
  }

 private:
  absl::Status SetUp() {
    const absl::Time now = absl::Now();
    HOZEN_ASSIGN_OR_RETURN(CertificateAuthority root, CertificateAuthority::CreateRoot("bench", now - absl::Hours(1),
                                                                                       now + absl::Hours(24 * 3650)));
    root_.emplace(std::move(root));
    HOZEN_ASSIGN_OR_RETURN(catalog_, OpenSqliteCatalog(options_.folder / "catalog.sqlite"));
    customers_ =
        std::make_unique<Customers>(CustomersOptions{.folder = options_.folder / "customers", .reserve_bytes = 0},
                                    *root_, *catalog_, Clock::Real());
    indexes_ = std::make_unique<SearchIndexes>(options_.folder / "customers");
    if (options_.ask_only) {
      HOZEN_ASSIGN_OR_RETURN(const std::vector<CustomerRow> customers, catalog_->ListCustomers());
      for (const CustomerRow& row : customers) (row.name == "fleet" ? large_ : small_) = row.customer_id;
      return absl::OkStatus();
    }
    HOZEN_ASSIGN_OR_RETURN(CustomerVault* const small, customers_->Create("commits"));
    HOZEN_ASSIGN_OR_RETURN(CustomerVault* const large, customers_->Create("fleet"));
    small_ = small->customer_id();
    large_ = large->customer_id();
    for (uint64_t host = 0; host < options_.hosts; ++host) {
      HostRow row;
      row.host.set_host_id(MadeUpFleet::HostId(host));
      row.host.mutable_facts()->set_hostname(Concat("pc-", host));
      row.public_key_der = Concat("key ", host);
      HOZEN_RETURN_IF_ERROR(catalog_->AddHost(small_, row));
    }
    return absl::OkStatus();
  }

  absl::Status MeasureCommits(Json& into) {
    const uint64_t acquisitions = committed_.options().acquisitions;
    into["items"] = acquisitions * committed_.options().items_of_acquisition;
    HOZEN_ASSIGN_OR_RETURN(into["without_index_items_per_s"], Commit(0, acquisitions / 2, nullptr));
    Indexer indexer(*customers_, *catalog_, *indexes_);
    const absl::Time start = absl::Now();
    {
      IndexWorker worker(indexer, *catalog_);
      HOZEN_ASSIGN_OR_RETURN(into["while_indexing_items_per_s"], Commit(acquisitions / 2, acquisitions, &worker));
      into["lag_at_the_last_commit_s"] = 0;
      const absl::Time last = absl::Now();
      std::cerr << "bench: waiting for the index behind the commits" << std::endl;
      if (!worker.WaitUntilIdle(absl::Hours(12))) return absl::DeadlineExceededError("the index was not made");
      into["lag_at_the_last_commit_s"] = absl::ToDoubleSeconds(absl::Now() - last);
    }
    into["indexed_items_per_s"] = std::round(into["items"].get<double>() / absl::ToDoubleSeconds(absl::Now() - start));
    into["catalog_bytes"] = SizeOf(options_.folder / "catalog.sqlite");
    return MeasureRows(into);
  }

  // Whole commits, items a second.
  absl::StatusOr<double> Commit(uint64_t from, uint64_t to, IndexWorker* worker) {
    const uint64_t size = committed_.options().items_of_acquisition;
    absl::Duration spent;
    for (uint64_t number = from; number < to; ++number) {
      std::vector<IndexedItem> items;
      for (uint64_t i = 0; i < size; ++i) items.push_back(ItemOf(committed_.Make(number, i)));
      AcquisitionRow row;
      row.acquisition.set_acquisition_id(MadeUpFleet::AcquisitionId(number));
      row.acquisition.set_host_id(MadeUpFleet::HostId(committed_.HostOf(number)));
      row.acquisition.set_created_unix_ns(static_cast<int64_t>(number));
      HOZEN_RETURN_IF_ERROR(catalog_->AddAcquisitions(small_, {row}));
      row.manifest.set_payload_type("manifest");
      row.custody_index = number;
      const absl::Time start = absl::Now();
      {
        HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Catalog::Commit> commit,
                               catalog_->BeginCommit(small_, row.acquisition.acquisition_id()));
        for (const IndexedItem& item : items) HOZEN_RETURN_IF_ERROR(commit->AddItem(item));
        HOZEN_RETURN_IF_ERROR(commit->Finish(row));
      }
      spent += absl::Now() - start;
      if (worker != nullptr) worker->Notify(small_);
      std::cerr << "\rbench: committed " << (number + 1) * size << std::flush;
    }
    std::cerr << std::endl;
    return std::round(static_cast<double>((to - from) * size) / absl::ToDoubleSeconds(spent));
  }

  // What a search through the collector fetches for each item that it found.
  absl::Status MeasureRows(Json& into) {
    const absl::Time start = absl::Now();
    for (uint64_t i = 0; i < kRowsFetched; ++i) {
      HOZEN_RETURN_IF_ERROR(catalog_
                                ->GetItem(small_,
                                          MadeUpFleet::AcquisitionId(Mix(i) % committed_.options().acquisitions),
                                          Mix(i + 1) % committed_.options().items_of_acquisition)
                                .status());
    }
    into["row_fetched_ms"] = absl::ToDoubleMilliseconds(absl::Now() - start) / kRowsFetched;
    return absl::OkStatus();
  }

  // By the index's own way in, without a catalog: what the Indexer does once it has read an acquisition's items.
  absl::Status Fill(Json& into) {
    HOZEN_ASSIGN_OR_RETURN(SearchIndex* const index, indexes_->Get(large_));
    const MemoryRise memory;
    const uint64_t size = fleet_.options().items_of_acquisition;
    absl::Duration spent;
    for (uint64_t number = 0; number < fleet_.options().acquisitions; ++number) {
      SearchIndex::Batch batch;
      batch.acquisition_id = MadeUpFleet::AcquisitionId(number);
      batch.host_id = MadeUpFleet::HostId(fleet_.HostOf(number));
      while (!batch.to.done) {
        batch.from = batch.to;
        batch.to.next_item = std::min(batch.from.next_item + kEntriesPerBatch, size);
        batch.to.done = batch.to.next_item == size;
        batch.entries.clear();
        for (uint64_t i = batch.from.next_item; i < batch.to.next_item; ++i)
          batch.entries.push_back(fleet_.Make(number, i));
        const absl::Time start = absl::Now();
        HOZEN_RETURN_IF_ERROR(index->Append(batch));
        spent += absl::Now() - start;
      }
      std::cerr << "\rbench: indexed " << (number + 1) * size << std::flush;
    }
    std::cerr << std::endl;
    const auto items = static_cast<double>(fleet_.options().acquisitions * size);
    into["items_per_s"] = std::round(items / absl::ToDoubleSeconds(spent));
    into["memory_building_bytes"] = memory.Bytes();
    indexes_ = std::make_unique<SearchIndexes>(options_.folder / "customers");
    into["bytes"] = SizeOf(IndexFile());
    into["bytes_per_item"] = static_cast<double>(SizeOf(IndexFile())) / items;
    return absl::OkStatus();
  }

  std::filesystem::path IndexFile() const { return options_.folder / "customers" / large_ / "search.sqlite"; }

  static uint64_t SizeOf(const std::filesystem::path& file) {
    uint64_t bytes = 0;
    for (const char* ending : {"", "-wal"}) {
      std::error_code error;
      const uint64_t size = std::filesystem::file_size(file.string() + ending, error);
      if (!error) bytes += size;
    }
    return bytes;
  }

  absl::Status MeasureQuestions(Json& json) {
    const Questions questions(fleet_);
    const std::vector<QuestionKind>& kinds = questions.kinds();
    std::vector<Json> cold;
    for (const QuestionKind& kind : kinds) {
      if (options_.cold_repeats == 0) break;
      HOZEN_RETURN_IF_ERROR(Measure(kind, options_.cold_repeats, /*cold=*/true, cold.emplace_back()));
    }
    ReadIntoMemory(IndexFile());
    const MemoryRise memory;
    for (size_t i = 0; i < kinds.size(); ++i) {
      Json& search = json["searches"].emplace_back();
      search["search"] = kinds[i].name;
      HOZEN_RETURN_IF_ERROR(Measure(kinds[i], options_.repeats, /*cold=*/false, search["warm"]));
      if (i < cold.size()) search["cold"] = cold[i];
    }
    json["index"]["memory_answering_bytes"] = memory.Bytes();
    return absl::OkStatus();
  }

  // Each time another question of the kind, so that none is answered twice. A cold one is asked on connections that are
  // new, and of a file that is not in memory.
  absl::Status Measure(const QuestionKind& kind, int repeats, bool cold, Json& into) {
    std::vector<double> ms;
    std::vector<double> cpu_ms;
    uint64_t rows = 0;
    const absl::Time deadline = absl::Now() + kLongestOfAKind;
    for (int turn = 0; turn < repeats && (turn < kFewestOfAKind || absl::Now() < deadline); ++turn) {
      const std::variant<SearchQuery, TimelineQuery> question =
          kind.ask(static_cast<uint64_t>(turn) + (cold ? 1'000'000 : 0));
      if (cold) {
        indexes_ = std::make_unique<SearchIndexes>(options_.folder / "customers");
        HOZEN_RETURN_IF_ERROR(indexes_->Get(large_).status());
        DropFromMemory(IndexFile());
      }
      HOZEN_ASSIGN_OR_RETURN(SearchIndex* const index, indexes_->Get(large_));
      const absl::Time start = absl::Now();
      const double cpu_start = CpuMilliseconds();
      HOZEN_ASSIGN_OR_RETURN(const uint64_t found, Ask(*index, question, kind.most));
      cpu_ms.push_back(CpuMilliseconds() - cpu_start);
      ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
      rows += found;
    }
    into = Milliseconds(ms);
    into["cpu"] = Milliseconds(cpu_ms);
    into["questions"] = ms.size();
    into["rows"] = static_cast<double>(rows) / static_cast<double>(ms.size());
    std::cerr << "bench: " << kind.name << (cold ? ", cold " : " ") << into["median_ms"] << " " << into["p99_ms"]
              << " cpu " << into["cpu"]["median_ms"] << " " << into["cpu"]["p99_ms"] << " rows " << into["rows"]
              << std::endl;
    return absl::OkStatus();
  }

  static absl::StatusOr<uint64_t> Ask(SearchIndex& index, const std::variant<SearchQuery, TimelineQuery>& question,
                                      uint64_t most) {
    uint64_t found = 0;
    const auto take = [&](const auto&) { return ++found >= most ? absl::CancelledError("enough") : absl::OkStatus(); };
    const absl::Time given_up = absl::Now() + kPatience;
    const auto poll = [&] { return absl::Now() < given_up ? absl::OkStatus() : absl::CancelledError("too long"); };
    absl::Status status;
    if (const auto* search = std::get_if<SearchQuery>(&question)) {
      status = index.Find(*search, take, poll);
    } else {
      status = index.ReadTimeline(std::get<TimelineQuery>(question), take, poll);
    }
    if (!status.ok() && !absl::IsCancelled(status)) return status;
    return found;
  }

  const Options options_;
  const MadeUpFleet fleet_;
  const MadeUpFleet committed_;
  std::optional<CertificateAuthority> root_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Customers> customers_;
  std::unique_ptr<SearchIndexes> indexes_;
  std::string small_;  // the customer of the commits
  std::string large_;  // the customer who is asked
};

MadeUpFleet::Options FleetOf(const Options& options, uint64_t items) {
  return {.real_paths = ReadPaths(options.paths),
          .acquisitions = std::max<uint64_t>(2, items / options.items_of_acquisition),
          .items_of_acquisition = options.items_of_acquisition,
          .hosts = options.hosts};
}

int Main(int argc, char** argv) {
  const Json given = argc == 2 ? ParseJson(argv[1]) : Json();
  if (!given.is_object()) {
    std::cerr << "usage: search_bench OPTIONS, as JSON; see tools/bench search --help" << std::endl;
    return 2;
  }
  const Options options{.folder = given.value("folder", ""),
                        .paths = given.value("paths", ""),
                        .items = given.value("items", uint64_t{0}),
                        .commit_items = given.value("commit_items", uint64_t{0}),
                        .items_of_acquisition = given.value("acquisition_items", uint64_t{1}),
                        .hosts = given.value("hosts", uint64_t{1}),
                        .repeats = given.value("repeats", 1),
                        .cold_repeats = given.value("cold_repeats", 1),
                        .fill_only = given.value("fill_only", false),
                        .ask_only = given.value("ask_only", false)};
  const MadeUpFleet::Options fleet = FleetOf(options, options.items);
  if (fleet.real_paths.empty()) {
    std::cerr << "bench: there are no paths in " << options.paths << std::endl;
    return 2;
  }
  SetLogLevel(Severity::kWarning);
  const absl::Status status = Bench(options, fleet, FleetOf(options, options.commit_items)).Run();
  if (status.ok()) return 0;
  std::cerr << "bench: " << status << std::endl;
  return 1;
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) { return hozen::Main(argc, argv); }
