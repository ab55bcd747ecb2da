// What tools/bench search measures: a catalog of so many made-up items, how fast it takes them in with and without the
// index being built behind it, and how long each kind of search takes. Prints one JSON object; progress to standard
// error. Not a test, and not shipped.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "collector/access/customers.h"
#include "collector/catalog/sqlite_catalog.h"
#include "collector/search/index_worker.h"
#include "collector/search/indexer.h"
#include "collector/search/matching.h"
#include "collector/search/search_indexes.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/crypto/certificate.h"

namespace hozen {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kNs = 1'000'000'000;
constexpr uint64_t kStart = 1'700'000'000 * kNs;
constexpr uint64_t kYearSeconds = 365 * 24 * 3600;
// Of a host's files so many in a hundred are those that all hosts have: a system and its programs.
constexpr uint64_t kSharedPercent = 80;

struct Options {
  std::filesystem::path folder;
  uint64_t items = 0;
  uint64_t items_of_acquisition = 0;
  uint64_t hosts = 0;
  int repeats = 0;
};

uint64_t Mix(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

// Made-up files that look like real ones: the same number is always the same file.
class Files {
 public:
  explicit Files(const Options& options) : options_(options) {}

  static std::string SharedPath(uint64_t number) {
    static constexpr const char* kTops[] = {"usr/lib", "usr/share", "usr/share/doc", "etc", "opt/vendor", "var/lib"};
    static constexpr const char* kEndings[] = {"so", "conf", "py", "html", "gz", "dll", "xml", "txt"};
    const uint64_t mixed = Mix(number);
    return absl::StrFormat("/%s/package-%d/module-%x/file-%x.%s", kTops[mixed % 6], (mixed >> 8) % 700,
                           (mixed >> 20) % 512, number, kEndings[(mixed >> 32) % 8]);
  }
  static std::string OwnPath(uint64_t host, uint64_t number) {
    return absl::StrFormat("/home/user-%d/documents/project-%x/note-%x-%d.txt", host, Mix(number) % 97,
                           Mix(number ^ host), number);
  }
  IndexedItem Make(uint64_t acquisition, uint64_t index) const {
    const uint64_t host = acquisition % options_.hosts;
    const bool shared = Mix(index * 31 + host) % 100 < kSharedPercent;
    IndexedItem made;
    v1::Item& item = made.item;
    item.set_index(index);
    item.set_kind(v1::Item::KIND_FILE);
    item.set_state(v1::Item::STATE_COMPLETE);
    item.set_path(shared ? SharedPath(index) : OwnPath(host, index));
    // Contents differ where paths do; and a shared file is of one of four versions.
    const uint64_t content = shared ? index * 4 + Mix(host) % 4 : Mix(host << 32 | index);
    std::string sha256(32, '\0');
    for (int i = 0; i < 4; ++i) {
      const uint64_t part = Mix(content * 4 + i + 1);
      for (int b = 0; b < 8; ++b) sha256[8 * i + b] = static_cast<char>(part >> (8 * b));
    }
    item.set_sha256(sha256);
    item.set_has_stream(true);
    item.set_size_bytes(Mix(content) % 1'000'000);
    v1::FileMetadata& file = *item.mutable_file();
    file.set_mode(0100644);
    file.set_inode(index + 2);
    file.set_size_bytes(item.size_bytes());
    const auto at = [&](uint64_t salt) {
      return static_cast<int64_t>(kStart + Mix(content + salt) % (kYearSeconds * kNs));
    };
    file.set_modified_unix_ns(at(1));
    file.set_changed_unix_ns(at(1));
    file.set_accessed_unix_ns(at(2 + acquisition));
    file.set_born_unix_ns(at(3));
    made.body_offset_bytes = index * 100;
    return made;
  }

 private:
  const Options options_;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), files_(options) {}

  absl::Status Run() {
    HOZEN_RETURN_IF_ERROR(SetUp());
    const uint64_t acquisitions = std::max<uint64_t>(2, options_.items / options_.items_of_acquisition);
    Json json;
    json["items"] = acquisitions * options_.items_of_acquisition;
    json["acquisitions"] = acquisitions;
    json["hosts"] = options_.hosts;
    HOZEN_ASSIGN_OR_RETURN(json["commit_items_per_s"]["without_index"], Commit(0, acquisitions / 2, nullptr));
    const absl::Time start = absl::Now();
    {
      IndexWorker worker(*indexer_, *catalog_);
      HOZEN_ASSIGN_OR_RETURN(json["commit_items_per_s"]["while_indexing"],
                             Commit(acquisitions / 2, acquisitions, &worker));
      std::cerr << "bench: waiting for the index" << std::endl;
      if (!worker.WaitUntilIdle(absl::Hours(12))) return absl::DeadlineExceededError("the index was not made");
    }
    json["index_items_per_s"] = std::round(json["items"].get<double>() / absl::ToDoubleSeconds(absl::Now() - start));
    json["catalog_bytes"] = SizeOf(options_.folder / "catalog.sqlite");
    json["index_bytes"] = SizeOf(options_.folder / "customers" / customer_ / "search.sqlite");
    HOZEN_ASSIGN_OR_RETURN(index_, indexes_->Get(customer_));
    HOZEN_RETURN_IF_ERROR(MeasureAll(json["searches"]));
    std::cout << json.dump(2) << std::endl;
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
    HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_->Create("bench"));
    customer_ = vault->customer_id();
    indexes_ = std::make_unique<SearchIndexes>(options_.folder / "customers");
    indexer_ = std::make_unique<Indexer>(*customers_, *catalog_, *indexes_);
    for (uint64_t host = 0; host < options_.hosts; ++host) {
      HostRow row;
      row.host.set_host_id(HostId(host));
      row.host.mutable_facts()->set_hostname(Concat("pc-", host));
      row.public_key_der = Concat("key ", host);
      HOZEN_RETURN_IF_ERROR(catalog_->AddHost(customer_, row));
    }
    return absl::OkStatus();
  }

  static std::string HostId(uint64_t host) { return absl::StrFormat("%016x", host + 1); }
  static std::string AcquisitionId(uint64_t number) { return absl::StrFormat("%016x", (number + 1) << 16); }

  // Items a second over whole commits.
  absl::StatusOr<double> Commit(uint64_t from, uint64_t to, IndexWorker* worker) {
    absl::Duration spent;
    for (uint64_t number = from; number < to; ++number) {
      std::vector<IndexedItem> items;
      for (uint64_t i = 0; i < options_.items_of_acquisition; ++i) items.push_back(files_.Make(number, i));
      AcquisitionRow row;
      row.acquisition.set_acquisition_id(AcquisitionId(number));
      row.acquisition.set_host_id(HostId(number % options_.hosts));
      row.acquisition.set_created_unix_ns(static_cast<int64_t>(number));
      HOZEN_RETURN_IF_ERROR(catalog_->AddAcquisitions(customer_, {row}));
      row.manifest.set_payload_type("manifest");
      row.custody_index = number;
      const absl::Time start = absl::Now();
      HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Catalog::Commit> commit,
                             catalog_->BeginCommit(customer_, row.acquisition.acquisition_id()));
      for (const IndexedItem& item : items) HOZEN_RETURN_IF_ERROR(commit->AddItem(item));
      HOZEN_RETURN_IF_ERROR(commit->Finish(row));
      spent += absl::Now() - start;
      if (worker != nullptr) worker->Notify(customer_);
      std::cerr << "\rbench: committed " << (number + 1) * options_.items_of_acquisition << std::flush;
    }
    std::cerr << std::endl;
    return std::round(static_cast<double>((to - from) * options_.items_of_acquisition) / absl::ToDoubleSeconds(spent));
  }

  static uint64_t SizeOf(const std::filesystem::path& file) {
    uint64_t bytes = 0;
    for (const char* ending : {"", "-wal"}) {
      std::error_code error;
      const uint64_t size = std::filesystem::file_size(file.string() + ending, error);
      if (!error) bytes += size;
    }
    return bytes;
  }

  // Each time another question of the kind, so that none is answered twice.
  absl::Status Measure(const std::string& name, uint64_t most, const std::function<SearchQuery(uint64_t)>& query,
                       Json& into) {
    return Time(name, into, [&](uint64_t turn, uint64_t& rows) {
      uint64_t found = 0;
      const absl::Status status = index_->Find(
          query(turn),
          [&](const SearchHit&) { return ++found >= most ? absl::CancelledError("enough") : absl::OkStatus(); },
          [] { return absl::OkStatus(); });
      rows += found;
      return status;
    });
  }
  absl::Status Time(const std::string& name, Json& into,
                    const std::function<absl::Status(uint64_t turn, uint64_t& rows)>& ask) {
    std::vector<double> ms;
    uint64_t rows = 0;
    for (int turn = 0; turn < options_.repeats; ++turn) {
      const absl::Time start = absl::Now();
      const absl::Status asked = ask(Mix(static_cast<uint64_t>(turn) + 1), rows);
      ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
      if (!asked.ok() && !absl::IsCancelled(asked)) return asked;
    }
    std::sort(ms.begin(), ms.end());
    into.push_back({{"search", name},
                    {"median_ms", ms[ms.size() / 2]},
                    {"p95_ms", ms[ms.size() * 95 / 100]},
                    {"max_ms", ms.back()},
                    {"rows", static_cast<double>(rows) / options_.repeats}});
    std::cerr << "bench: " << name << std::endl;
    return absl::OkStatus();
  }

  SearchEntry Some(uint64_t turn) const {
    const uint64_t acquisitions = std::max<uint64_t>(2, options_.items / options_.items_of_acquisition);
    return EntryOf(files_.Make(turn % acquisitions, (turn >> 20) % options_.items_of_acquisition).item);
  }
  static std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
  static Digest Absent(uint64_t turn) { return Sha256::Of(Concat("absent ", turn)); }

  absl::Status MeasureAll(Json& into) {
    into = Json::array();
    constexpr uint64_t kPage = 1000;
    const auto some = [this](uint64_t turn) { return Some(turn); };
    HOZEN_RETURN_IF_ERROR(Measure(
        "--name, exact", kPage, [&](uint64_t t) { return SearchQuery{.name = NameOf(some(t).path)}; }, into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--hash", kPage, [&](uint64_t t) { return SearchQuery{.sha256 = {*some(t).sha256}}; }, into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--hash, absent", kPage, [&](uint64_t t) { return SearchQuery{.sha256 = {Absent(t)}}; }, into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--hashes, 1,000 of which 10 are there", kPage,
        [&](uint64_t t) {
          SearchQuery query;
          for (uint64_t i = 0; i < 990; ++i) query.sha256.push_back(Absent(t + i));
          for (uint64_t i = 0; i < 10; ++i) query.sha256.push_back(*some(Mix(t + i)).sha256);
          return query;
        },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--path '/folder/*'", kPage,
        [&](uint64_t t) {
          const std::string path = some(t).path;
          return SearchQuery{.path_glob = path.substr(0, path.rfind('/') + 1) + "*"};
        },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--path '*middle*.ending'", kPage,
        [&](uint64_t t) {
          return SearchQuery{.path_glob = absl::StrFormat("*package-%d/*module-%x*.conf", t % 700, (t >> 12) % 512)};
        },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--contains, few have it", kPage,
        [&](uint64_t t) {
          const std::string name = NameOf(some(t).path);
          return SearchQuery{.contains = name.substr(0, name.rfind('.'))};
        },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--contains, absent", kPage, [&](uint64_t t) { return SearchQuery{.contains = Concat("mimikatz", t % 97)}; },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--contains, most have it, first 1,000", kPage, [&](uint64_t) { return SearchQuery{.contains = "package-"}; },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--contains, 2 bytes (all paths are gone through)", kPage,
        [&](uint64_t) { return SearchQuery{.contains = "q~"}; }, into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--from --to, a minute on all hosts", kPage,
        [&](uint64_t t) {
          const int64_t from = static_cast<int64_t>(kStart + t % kYearSeconds * kNs);
          return SearchQuery{.from_unix_ns = from, .to_unix_ns = from + static_cast<int64_t>(60 * kNs)};
        },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--from --to --host, an hour", kPage,
        [&](uint64_t t) {
          const int64_t from = static_cast<int64_t>(kStart + t % kYearSeconds * kNs);
          return SearchQuery{.from_unix_ns = from,
                             .to_unix_ns = from + static_cast<int64_t>(3600 * kNs),
                             .host_ids = std::vector<std::string>{HostId(t % options_.hosts)}};
        },
        into));
    HOZEN_RETURN_IF_ERROR(Measure(
        "--contains --host --time modified --from, a day", kPage,
        [&](uint64_t t) {
          const int64_t from = static_cast<int64_t>(kStart + t % kYearSeconds * kNs);
          return SearchQuery{.contains = "note-",
                             .times = kModified,
                             .from_unix_ns = from,
                             .to_unix_ns = from + static_cast<int64_t>(86400 * kNs),
                             .host_ids = std::vector<std::string>{HostId(t % options_.hosts)}};
        },
        into));
    return Time("timeline HOST, an hour", into, [&](uint64_t t, uint64_t& rows) {
      const int64_t from = static_cast<int64_t>(kStart + t % kYearSeconds * kNs);
      return index_->ReadTimeline(
          {.host_id = HostId(t % options_.hosts),
           .acquisition_id = {},
           .from_unix_ns = from,
           .to_unix_ns = from + static_cast<int64_t>(3600 * kNs)},
          [&](const TimelineEvent&) {
            ++rows;
            return absl::OkStatus();
          },
          [] { return absl::OkStatus(); });
    });
  }

  const Options options_;
  const Files files_;
  std::optional<CertificateAuthority> root_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Customers> customers_;
  std::unique_ptr<SearchIndexes> indexes_;
  std::unique_ptr<Indexer> indexer_;
  std::string customer_;
  SearchIndex* index_ = nullptr;
};

int Main(int argc, char** argv) {
  Options options;
  if (argc != 6 || !absl::SimpleAtoi(argv[2], &options.items) ||
      !absl::SimpleAtoi(argv[3], &options.items_of_acquisition) || !absl::SimpleAtoi(argv[4], &options.hosts) ||
      !absl::SimpleAtoi(argv[5], &options.repeats) || options.items_of_acquisition == 0 || options.hosts == 0 ||
      options.repeats < 1) {
    std::cerr << "usage: search_bench FOLDER ITEMS ITEMS_OF_AN_ACQUISITION HOSTS REPEATS; see tools/bench search --help"
              << std::endl;
    return 2;
  }
  options.folder = argv[1];
  SetLogLevel(Severity::kWarning);
  const absl::Status status = Bench(options).Run();
  if (status.ok()) return 0;
  std::cerr << "bench: " << status << std::endl;
  return 1;
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) { return hozen::Main(argc, argv); }
