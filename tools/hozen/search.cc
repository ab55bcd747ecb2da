#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/hash_list.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/moment_option.h"
#include "tools/hozen/row_printer.h"

namespace hozen {
namespace {

// The collector takes 100,000; a request must not be too long for its channel.
constexpr size_t kHashesAtOnce = 50'000;
constexpr uint32_t kMostUnlessSaid = 10'000;

struct SearchOptions {
  std::string path;
  std::string contains;
  std::string name;
  std::vector<std::string> hashes;
  std::string hashes_file;
  TimeRange range;
  std::vector<std::string> times;
  std::optional<uint64_t> min_size;
  std::optional<uint64_t> max_size;
  bool deleted = false;
  bool allocated = false;
  std::string host;
  std::string label;
  std::string acquisition;
  uint32_t limit = kMostUnlessSaid;

  bool asks_for_nothing() const {
    return path.empty() && contains.empty() && name.empty() && hashes.empty() && hashes_file.empty() &&
           !range.from_unix_ns.has_value() && !range.to_unix_ns.has_value() && !min_size.has_value() &&
           !max_size.has_value() && !deleted && !allocated && host.empty() && label.empty() && acquisition.empty();
  }
};

void AddTimes(const std::vector<std::string>& names, v1::FindRequest& request) {
  for (const std::string& name : names) {
    if (name == "modified") request.add_times(v1::TIME_KIND_MODIFIED);
    if (name == "accessed") request.add_times(v1::TIME_KIND_ACCESSED);
    if (name == "changed") request.add_times(v1::TIME_KIND_CHANGED);
    if (name == "created") request.add_times(v1::TIME_KIND_CREATED);
    if (name == "any") {
      request.clear_times();
      return;
    }
  }
}

// All but hashes, and what has to be asked of the collector.
v1::FindRequest RequestOf(const SearchOptions& options) {
  v1::FindRequest request;
  request.set_path_glob(options.path);
  request.set_contains(FromPrintable(options.contains));
  request.set_name(FromPrintable(options.name));
  AddTimes(options.times, request);
  if (options.range.from_unix_ns.has_value()) request.set_from_unix_ns(*options.range.from_unix_ns);
  if (options.range.to_unix_ns.has_value()) request.set_to_unix_ns(*options.range.to_unix_ns);
  if (options.min_size.has_value()) request.set_min_size_bytes(*options.min_size);
  if (options.max_size.has_value()) request.set_max_size_bytes(*options.max_size);
  if (options.deleted || options.allocated) request.set_deleted(options.deleted);
  request.set_label(options.label);
  return request;
}

// One search, or one for each part of a long list of hashes, under one limit.
class Asking {
 public:
  Asking(Collector& collector, Console& console, v1::FindRequest request, uint32_t limit)
      : collector_(collector),
        console_(console),
        request_(std::move(request)),
        limit_(limit),
        printer_(console, true) {}

  absl::Status Ask(const std::vector<Digest>& hashes) {
    request_.clear_sha256();
    for (const Digest& hash : hashes) request_.add_sha256(std::string(hash.bytes()));
    if (printer_.rows() >= limit_) {
      left_out_.set_limit_reached(true);
      return absl::OkStatus();
    }
    request_.set_most(static_cast<uint32_t>(limit_ - printer_.rows()));
    return collector_.Find(request_, [this](const v1::FindAnswer& answer) {
      if (answer.has_row()) return printer_.Print(answer.row());
      if (answer.has_end()) Note(answer.end());
      return absl::OkStatus();
    });
  }

  void End() {
    if (printer_.rows() == 0 && !console_.json()) console_.Note(Say("Nothing found.", "見つかりませんでした。"));
    PrintLeftOut(console_, left_out_);
  }

 private:
  // The parts of one list are searched one after the other; what lacked in any of them lacks in the whole.
  void Note(const v1::LeftOut& end) {
    const bool limit_reached = left_out_.limit_reached() || end.limit_reached();
    const uint64_t behind_seconds = std::max(left_out_.index_behind_seconds(), end.index_behind_seconds());
    const uint64_t behind = std::max(left_out_.index_behind_acquisitions(), end.index_behind_acquisitions());
    if (end.acquisitions() > left_out_.acquisitions()) left_out_ = end;
    left_out_.set_limit_reached(limit_reached);
    left_out_.set_index_behind_acquisitions(behind);
    left_out_.set_index_behind_seconds(behind_seconds);
  }

  Collector& collector_;
  Console& console_;
  v1::FindRequest request_;
  const uint32_t limit_;
  RowPrinter printer_;
  v1::LeftOut left_out_;
};

absl::Status AskAll(Asking& asking, const std::vector<Digest>& hashes, const std::string& file) {
  if (file.empty()) return asking.Ask(hashes);
  if (!hashes.empty()) HOZEN_RETURN_IF_ERROR(asking.Ask(hashes));
  const auto ask = [&asking](const std::vector<Digest>& part) { return asking.Ask(part); };
  if (file == "-") return ReadHashes(std::cin, Say("standard input", "標準入力"), kHashesAtOnce, ask);
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(Concat("--hashes: ", Printable(file), Say(" cannot be opened", " を開けません")));
  }
  return ReadHashes(in, file, kHashesAtOnce, ask);
}

absl::StatusOr<ExitCode> Search(Invocation& invocation, const SearchOptions& options) {
  if (options.asks_for_nothing()) {
    return absl::InvalidArgumentError(AbslView(
        Say("what for? Give --path, --contains, --name, --hash, a time, a size, --deleted or a host",
            "検索条件を指定してください（--path, --contains, --name, --hash, 時刻、サイズ、--deleted、端末）")));
  }
  std::vector<Digest> hashes;
  for (const std::string& text : options.hashes) {
    HOZEN_ASSIGN_OR_RETURN(const Digest digest, ParseHash(text));
    hashes.push_back(digest);
  }
  v1::FindRequest request = RequestOf(options);
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  if (!options.host.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const v1::Host host, ResolveHost(*session.collector, options.host));
    request.set_host_id(host.host_id());
  }
  if (!options.acquisition.empty()) {
    HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(),
                           ResolveAcquisition(*session.collector, options.acquisition));
  }
  Asking asking(*session.collector, invocation.console, std::move(request), options.limit);
  HOZEN_RETURN_IF_ERROR(AskAll(asking, hashes, options.hashes_file));
  asking.End();
  return ExitCode::kOk;
}

void AddPathOptions(Command search, SearchOptions& options) {
  search
      .AddOption("--path", options.path,
                 Text("Paths like this; * also matches /", "このパターンのパス（* は / にも一致）"))
      .TypeName("GLOB");
  search
      .AddOption(
          "--contains", options.contains,
          Text("Paths with this in them; a-z and A-Z are the same", "この文字列を含むパス（英字の大小は区別しない）"))
      .TypeName("TEXT");
  search.AddOption("--name", options.name, Text("Files of exactly this name", "この名前のファイル（完全一致）"))
      .TypeName("NAME");
  search
      .AddOption("--hash,--sha256", options.hashes,
                 Text("Contents with this SHA-256; may be given several times", "この SHA-256 の内容（複数指定可）"))
      .TypeName("HEX")
      .OneValueEach();
  search
      .AddOption("--hashes", options.hashes_file,
                 Text("Contents with one of the SHA-256 in this file, one a line (sha256sum's output fits); - is "
                      "standard input",
                      "ファイルにある SHA-256 のどれか（1 行に 1 つ、sha256sum の出力も可。- は標準入力）"))
      .TypeName("FILE");
}

void AddOtherOptions(Command search, SearchOptions& options) {
  AddTimeRangeOptions(search, options.range);
  search
      .AddOption("--time", options.times,
                 Text("Which time --from and --to are about (default any); several with commas",
                      "--from と --to が対象とする時刻の種類（既定 any、コンマ区切りで複数可）"))
      .Separator(',')
      .OneValueEach()
      .OneOf({"modified", "accessed", "changed", "created", "any"});
  AddSizeOption(search, "--min-size", options.min_size, Text("At least so large", "このサイズ以上"));
  AddSizeOption(search, "--max-size", options.max_size, Text("At most so large", "このサイズ以下"));
  const Option deleted = search.AddFlag("--deleted", options.deleted,
                                        Text("Only deleted files on disks", "ディスク上の削除済みファイルだけ"));
  search.AddFlag("--allocated", options.allocated, Text("Only what is not deleted", "削除されていないものだけ"))
      .Excludes(deleted);
  search.AddOption("--host", options.host, Text("Only on this host", "この端末だけ")).TypeName("HOST");
  search.AddOption("--label", options.label, Text("Only on hosts with this label", "このラベルの端末だけ"))
      .TypeName("LABEL");
  search.AddOption("--acquisition", options.acquisition, Text("Only in this acquisition", "この取得だけ"))
      .TypeName("ID");
  search.AddOption("--limit,--most", options.limit, Text("At most so many (default 10000)", "最大件数（既定 10000）"))
      .TypeName("N")
      .Between(int64_t{1}, int64_t{1'000'000});
}

}  // namespace

void AddSearchCommands(Command app, Invocation& invocation) {
  const Command search = app.AddCommand("search", Text("Find items and files on disks in all acquisitions",
                                                       "すべての取得から項目とディスク上のファイルを検索する"));
  auto options = std::make_shared<SearchOptions>();
  AddPathOptions(search, *options);
  AddOtherOptions(search, *options);
  search.Footer(Text(
      "Finds items, and the files on imaged disks as the listings of their file systems tell of them, deleted ones "
      "too:\n"
      "these stand behind [disk/partition-N], and their index is that of the listing. All conditions must hold. What "
      "was\n"
      "committed a moment ago may not be in the index yet: its items are found all the same, and where files on its "
      "disks\n"
      "were not looked at, a note says so (with --json a last line with \"kind\": \"left_out\"). Searches are logged "
      "in the\n"
      "custody log. Times of NTFS's $FILE_NAME are found where a time is asked for.\n\n"
      "Columns: acquisition, host, index, start of the SHA-256, size or kind, path.\n\n"
      "Examples:\n"
      "  hozen search --name authorized_keys\n"
      "  hozen search --contains mimikatz --from 7d\n"
      "  hozen search --path '*/.ssh/*' --host web01\n"
      "  hozen search --path '/tmp/*' --deleted --label branch-osaka\n"
      "  hozen search --from 2026-11-20 --to 2026-11-22 --time created --min-size 1M\n"
      "  hozen search --hash $(sha256sum suspicious | cut -d' ' -f1)\n"
      "  hozen search --hashes known-bad.txt --json | jq -r '[.hostname, .path] | @tsv'",
      "項目と、イメージ取得したディスク上のファイル（ファイルシステムの一覧による。削除済みも含む）を検索します。ディス"
      "ク上の\n"
      "ファイルは [ディスク/partition-N] を付けて示し、番号は一覧の項目のものです。条件はすべて満たす必要があります。\n"
      "直前に確定した取得は索引にまだ含まれないことがあります。その項目は検索されますが、ディスク上のファイルを調べて\n"
      "いない場合はその旨を表示します（--json では最後の行が \"kind\": \"left_out\"）。検索は証拠保管記録に残ります。\n"
      "NTFS の $FILE_NAME の時刻は、時刻を条件にしたときに検索されます。\n\n"
      "列: 取得、端末、番号、SHA-256 の先頭、サイズまたは種類、パス。\n\n"
      "例:\n"
      "  hozen search --name authorized_keys\n"
      "  hozen search --contains mimikatz --from 7d\n"
      "  hozen search --path '*/.ssh/*' --host web01\n"
      "  hozen search --path '/tmp/*' --deleted --label branch-osaka\n"
      "  hozen search --from 2026-11-20 --to 2026-11-22 --time created --min-size 1M\n"
      "  hozen search --hash $(sha256sum suspicious | cut -d' ' -f1)\n"
      "  hozen search --hashes known-bad.txt --json | jq -r '[.hostname, .path] | @tsv'"));
  search.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Search(invocation, *options); }; });
}

}  // namespace hozen
