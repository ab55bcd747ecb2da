#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/row_printer.h"
#include "tools/hozen/stream_receiver.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

// What `cat --json` takes into memory.
constexpr uint64_t kMostInJson = uint64_t{64} << 20;

struct ItemsOptions {
  std::string id;
  std::string path;
  bool failed = false;
};

// Behind the items: which targets failed, and where all items are listed, which found nothing. As JSON all targets, but
// for --failed. Whether there was any.
absl::StatusOr<bool> ListTargets(Collector& collector, Console& console, const v1::ListItemsRequest& items,
                                 bool behind_items) {
  v1::ListTargetsRequest request;
  request.set_acquisition_id(items.acquisition_id());
  request.set_failed_only(items.failed_only());
  bool any = false;
  std::vector<v1::TargetOutcome> for_table;
  HOZEN_RETURN_IF_ERROR(collector.ListTargets(request, [&](const v1::TargetOutcome& outcome) {
    if (console.json()) {
      any = true;
      console.Print(JsonText(TargetJson(outcome)));
    } else if (outcome.has_failure() || outcome.matched_items() == 0) {
      any = true;
      for_table.push_back(outcome);
    }
    return console.out().good() ? absl::OkStatus() : absl::CancelledError("output was closed");
  }));
  if (!for_table.empty()) {
    if (behind_items) console.Print("");
    console.Print(TargetTable(console, for_table));
  }
  return any;
}

absl::StatusOr<ExitCode> ListItems(Invocation& invocation, const ItemsOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ListItemsRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, options.id));
  request.set_failed_only(options.failed);
  request.set_path_glob(options.path);
  RowPrinter printer(console, false);
  HOZEN_RETURN_IF_ERROR(
      session.collector->ListItems(request, [&](const v1::ItemRow& row) { return printer.Print(row); }));
  bool any_target = false;
  // Who asks for paths asks for items.
  if (options.path.empty()) {
    HOZEN_ASSIGN_OR_RETURN(any_target, ListTargets(*session.collector, console, request, printer.rows() > 0));
  }
  if (printer.rows() == 0 && !any_target && !console.json()) {
    console.Note(options.failed ? Say("Nothing failed.", "失敗はありません。")
                                : Say("No item fits.", "該当する項目はありません。"));
  }
  return ExitCode::kOk;
}

struct CatOptions {
  std::string id;
  std::string item;
  uint64_t offset = 0;
  uint64_t size = 0;
};

// A pattern that matches this path alone.
std::string PatternFor(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      pattern += Concat("[", std::string(1, c), "]");
    } else {
      pattern += c;
    }
  }
  return pattern;
}

absl::StatusOr<uint64_t> FindItem(Collector& collector, const std::string& acquisition_id, const std::string& item) {
  uint64_t index = 0;
  if (absl::SimpleAtoi(item, &index)) return index;
  const std::string path = FromPrintable(item);
  v1::ListItemsRequest request;
  request.set_acquisition_id(acquisition_id);
  // Bytes that are not UTF-8 cannot stand in the request.
  if (IsValidUtf8(path)) request.set_path_glob(PatternFor(path));
  std::vector<std::string> found;
  HOZEN_RETURN_IF_ERROR(collector.ListItems(request, [&](const v1::ItemRow& row) {
    if (row.item().path() == path && row.item().has_stream() && found.size() < 10) {
      index = row.item().index();
      found.push_back(Concat(index));
    }
    return absl::OkStatus();
  }));
  if (found.size() == 1) return index;
  if (found.empty()) {
    return absl::NotFoundError(Concat(Say("no item of this acquisition has contents and the path ",
                                          "この取得に、次のパスで内容を持つ項目はありません: "),
                                      Printable(path)));
  }
  return absl::InvalidArgumentError(Concat(Printable(path), ": ",
                                           Say("several items have this path; give the index of one: ",
                                               "このパスの項目が複数あります。番号で指定してください: "),
                                           absl::StrJoin(found, ", ")));
}

absl::StatusOr<ExitCode> Cat(Invocation& invocation, const CatOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ReadItemRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, options.id));
  HOZEN_ASSIGN_OR_RETURN(const uint64_t index, FindItem(*session.collector, request.acquisition_id(), options.item));
  request.set_item_index(index);
  request.set_offset_bytes(options.offset);
  request.set_size_bytes(options.size);
  if (console.json()) {
    // The bytes would not be JSON; what can be said about the item is.
    v1::ListItemsRequest list;
    list.set_acquisition_id(request.acquisition_id());
    Json json;
    HOZEN_RETURN_IF_ERROR(session.collector->ListItems(list, [&](const v1::ItemRow& row) {
      if (row.item().index() == index) json = ItemRowJson(row);
      return absl::OkStatus();
    }));
    std::ostringstream bytes;
    OstreamSink memory(bytes);
    const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
    StreamReceiver receiver(memory, *bar, "");
    const auto receive = [&](const v1::StreamPart& part) -> absl::Status {
      HOZEN_RETURN_IF_ERROR(receiver.Receive(part));
      if (receiver.size_bytes() <= kMostInJson) return absl::OkStatus();
      return absl::OutOfRangeError(
          AbslView(Say("too long for --json; take it without, or a part with --size",
                       "--json には長すぎます。--json なしで実行するか、--size で一部を指定してください")));
    };
    HOZEN_RETURN_IF_ERROR(session.collector->ReadItem(request, receive));
    HOZEN_RETURN_IF_ERROR(receiver.Finish());
    json["offset_bytes"] = options.offset;
    json["data_base64"] = absl::Base64Escape(bytes.str());
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  OstreamSink sink(console.out());
  // A bar between the bytes of a file on a terminal helps nobody.
  ProgressBar silent(console.err(), ProgressBar::Mode::kOff, 80, Clock::Real());
  const std::unique_ptr<ProgressBar> bar = console.options().out_is_terminal ? nullptr : console.NewProgressBar();
  StreamReceiver receiver(sink, bar ? *bar : silent, "");
  HOZEN_RETURN_IF_ERROR(
      session.collector->ReadItem(request, [&](const v1::StreamPart& part) { return receiver.Receive(part); }));
  HOZEN_RETURN_IF_ERROR(receiver.Finish());
  return ExitCode::kOk;
}

void AddIdOption(Command command, std::string& id) {
  command
      .AddOption(
          "ID", id,
          Text("The acquisition: its id, the start of it, or \"last\"", "取得 ID（先頭部分、または \"last\" も可）"))
      .Required();
}

}  // namespace

void AddItemCommands(Command app, Invocation& invocation) {
  const Command items =
      app.AddCommand("items", Text("List what an acquisition brought home", "取得した項目を一覧表示する"));
  auto items_options = std::make_shared<ItemsOptions>();
  AddIdOption(items, items_options->id);
  items.AddFlag("--failed", items_options->failed,
                Text("Only items that could not be had whole and targets that failed, with the cause",
                     "失敗または一部のみの項目、失敗した対象と理由"));
  items
      .AddOption("--path", items_options->path,
                 Text("Only paths like this; * also matches /", "このパターンのパスだけ（* は / にも一致）"))
      .TypeName("GLOB");
  items.Footer(Text(
      "Columns: index, start of the SHA-256, size or kind, path. Behind the items, unless --path is given, stand the\n"
      "targets of the plan that were not carried out, and without --failed those that found nothing. With --json: an\n"
      "item a line, times in UTC; then a line for each target (with --failed: each failed one), which has\n"
      "\"kind\": \"target\".\n\n"
      "Examples:\n  hozen items last --failed\n  hozen items 3f2a --path '*/cron*' --json | jq -r .path",
      "列: 番号、SHA-256 の先頭、サイズまたは種類、パス。--path がなければ、項目の後に、実行されなかった対象と\n"
      "（--failed がなければ）該当がなかった対象を示します。--json では 1 行 1 件（時刻は UTC）。対象の行は\n"
      "\"kind\": \"target\" を持ちます。\n\n"
      "例:\n  hozen items last --failed\n  hozen items 3f2a --path '*/cron*' --json | jq -r .path"));
  items.OnGiven([&invocation, items_options] {
    invocation.chosen = [&invocation, items_options] { return ListItems(invocation, *items_options); };
  });

  const Command cat =
      app.AddCommand("cat", Text("Write an item's bytes to standard output", "項目の内容を標準出力に書き出す"));
  auto cat_options = std::make_shared<CatOptions>();
  AddIdOption(cat, cat_options->id);
  cat.AddOption("ITEM", cat_options->item, Text("Its index or its path", "番号またはパス")).Required();
  AddSizeOption(cat, "--offset", cat_options->offset, Text("Start here", "開始位置"));
  AddSizeOption(cat, "--size", cat_options->size,
                Text("So many bytes (default: to the end)", "読み取るバイト数（既定: 最後まで）"));
  cat.Footer(
      Text("Every chunk is verified on its way. Where one is wrong the exit code is 4: do not use what was written.\n"
           "With --json: one document with the item and its bytes in data_base64 (up to 64 MiB).\n\n"
           "Examples:\n  hozen cat last /etc/passwd\n  hozen cat 3f2a 17 > evidence.bin",
           "すべてのチャンクを検証しながら出力します。誤りがあると終了コードは 4 です（出力は使わないでください）。\n"
           "--json では項目と内容（data_base64、64 MiB まで）を 1 つの文書で出力します。\n\n"
           "例:\n  hozen cat last /etc/passwd\n  hozen cat 3f2a 17 > evidence.bin"));
  cat.OnGiven([&invocation, cat_options] {
    invocation.chosen = [&invocation, cat_options] { return Cat(invocation, *cat_options); };
  });
}

}  // namespace hozen
