#include "tools/hozen/row_printer.h"

#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

// So many ids are shown to people.
constexpr int kMostIdsShown = 5;
// An index that is behind for longer is worth a word: searches are slower, and it may be stuck.
constexpr uint64_t kWorthAWordSeconds = 60;

std::string IdsOf(const v1::LeftOut& left_out) {
  std::string ids;
  for (int i = 0; i < left_out.acquisition_ids_size() && i < kMostIdsShown; ++i) {
    ids += Concat(i == 0 ? "" : ", ", Printable(left_out.acquisition_ids(i)));
  }
  return left_out.acquisitions() > kMostIdsShown ? Concat(ids, ", ...") : ids;
}

}  // namespace

absl::Status RowPrinter::Print(const v1::ItemRow& row) {
  ++rows_;
  if (console_.json()) {
    console_.Print(JsonText(ItemRowJson(row)));
  } else {
    PrintText(row);
  }
  // Whoever reads our output may have had enough.
  return console_.out().good() ? absl::OkStatus() : absl::CancelledError("output was closed");
}

void RowPrinter::PrintText(const v1::ItemRow& row) {
  const v1::Item& item = row.item();
  std::string line;
  if (with_host_) line += Concat(Printable(row.acquisition_id()), "  ", Printable(row.hostname()), "  ");
  std::string digest = absl::BytesToHexString(item.sha256());
  if (digest.size() > 16) digest.resize(16);
  const std::string size = item.has_stream() ? FormatSize(item.size_bytes())
                           : row.has_on_disk() && item.kind() == v1::Item::KIND_FILE
                               ? FormatSize(item.file().size_bytes())
                               : KindName(item.kind());
  line += absl::StrFormat("%7d  %-16s  %9s  ", item.index(), digest, size);
  if (row.has_on_disk()) line += Concat("[", Printable(row.on_disk().volume()), "] ");
  line += Printable(item.path());
  if (row.has_on_disk() && row.on_disk().allocation() != v1::OnDisk::ALLOCATION_ALLOCATED) {
    line += Concat("  ", console_.Paint(Console::Colour::kWarning, AllocationName(row.on_disk().allocation())));
  }
  if (item.allocation() == v1::ALLOCATION_DELETED || item.allocation() == v1::ALLOCATION_REALLOCATED) {
    line += Concat("  ", console_.Paint(Console::Colour::kWarning, Say("deleted", "削除済み")));
  }
  if (item.hidden()) line += Concat("  ", console_.Paint(Console::Colour::kBad, Say("HIDDEN", "隠蔽")));
  if (!item.file().link_target().empty()) line += Concat(" -> ", Printable(item.file().link_target()));
  if (item.state() != v1::Item::STATE_COMPLETE) {
    line += Concat("  ", console_.Paint(Console::Colour::kBad, StateName(item.state())), ": ",
                   FailureInWords(item.failure()));
  }
  console_.Print(line);
}

void PrintLeftOut(Console& console, const v1::LeftOut& left_out) {
  const bool is_behind = left_out.index_behind_seconds() >= kWorthAWordSeconds;
  if (!left_out.limit_reached() && left_out.acquisitions() == 0 && !is_behind) return;
  if (console.json()) {
    console.Print(JsonText(LeftOutJson(left_out)));
    return;
  }
  if (left_out.limit_reached()) {
    console.Note(Say("There may be more: the limit was reached (--limit).",
                     "件数の上限に達しました。ほかにもある可能性があります（--limit）。"));
  }
  if (left_out.acquisitions() > 0) {
    console.Note(Concat(Say("NOT COMPLETE: not in the index yet, try again in a little while: ",
                            "不完全: まだ索引に含まれていない取得があります。しばらくしてから再実行してください: "),
                        left_out.acquisitions(), Say(" acquisitions (", " 件（"), IdsOf(left_out), Say(")", "）")));
  }
  if (is_behind) {
    console.Note(Concat(Say("The search index is behind: acquisitions that it has not yet: ",
                            "検索索引の作成が遅れています。未処理の取得: "),
                        left_out.index_behind_acquisitions(),
                        Say(", the oldest waiting for so many seconds: ", " 件、最も古いものの待ち時間（秒）: "),
                        left_out.index_behind_seconds()));
  }
}

}  // namespace hozen
