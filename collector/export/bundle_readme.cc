#include "collector/export/bundle_readme.h"

#include <string_view>

#include "collector/export/item_json.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr std::string_view kEnglish =
    "The collected files are below uploads/: uploads/auto/etc/passwd was /etc/passwd. Bytes that do not belong into\n"
    "file names are written as %XX. Disks are below uploads/raw_file/, outputs of commands in hozen/commands/.\n"
    "hozen/items.jsonl lists everything, what could not be collected and why, too; hozen/targets.jsonl tells what "
    "came\n"
    "of each thing that was ordered.\n"
    "\n"
    "To verify this bundle you need this file and the customer's public key:\n"
    "  hozen verify THIS_FILE --authority KEY.pub\n"
    "It checks that the host signed hozen/manifest.pb, that every file is the one in it, bit for bit, and that the\n"
    "collector's custody log (hozen/custody.json) holds it. hozen/ holds everything that such a check needs.\n";

constexpr std::string_view kJapanese =
    "収集したファイルは uploads/ の下にあります。uploads/auto/etc/passwd は端末の /etc/passwd です。\n"
    "ファイル名に使えないバイトは %XX と書かれています。ディスクは uploads/raw_file/ の下、コマンドの出力は\n"
    "hozen/commands/ にあります。収集できなかったものとその理由を含む一覧は hozen/items.jsonl、\n"
    "指示された対象ごとの結果は hozen/targets.jsonl です。\n"
    "\n"
    "検証に必要なのは、このファイルと顧客の公開鍵だけです。\n"
    "  hozen verify THIS_FILE --authority KEY.pub\n"
    "端末が hozen/manifest.pb に署名したこと、すべてのファイルがその記録と一ビットも違わないこと、\n"
    "保管記録 (hozen/custody.json) に載っていることを確かめます。\n";

}  // namespace

std::string BundleReadme(const v1::Manifest& manifest, const v1::Acquisition& acquisition) {
  const std::string facts = Concat(
      "  acquisition  ", manifest.acquisition_id(), "\n", "  host         ", Printable(manifest.host().hostname()),
      " (", manifest.host_id(), ")\n", "  system       ", Printable(manifest.host().system_version()), "\n",
      "  ordered by   ", Printable(acquisition.operator_name()), "\n", "  reason       ",
      Printable(acquisition.reason()), "\n", "  started      ", TimeText(manifest.started_unix_ns()), "\n",
      "  finished     ", TimeText(manifest.finished_unix_ns()), "\n", "  items        ", manifest.items(), ", ",
      manifest.failed_items(), " of them not complete", "\n", "  targets      ", manifest.failed_targets(),
      " not carried out, or not to the end", "\n", "  result       ",
      manifest.complete() ? "complete" : "complete with failures", "\n");
  return Concat("Evidence collected with Hozen\n\n", facts, "\n", kEnglish, "\n", "Hozen で保全した証拠\n\n",
                kJapanese);
}

}  // namespace hozen
