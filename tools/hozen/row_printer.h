// Items as lines of the answer, with what an answer lacks.
#ifndef HOZEN_TOOLS_HOZEN_ROW_PRINTER_H_
#define HOZEN_TOOLS_HOZEN_ROW_PRINTER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/hozen/v1/operators.pb.h"
#include "proto/hozen/v1/search.pb.h"
#include "tools/hozen/console.h"

namespace hozen {

// Lines rather than a table: there may be a million of them, and the first should be seen at once. Thread-compatible.
class RowPrinter {
 public:
  // The console must outlive it. `with_host`: of several acquisitions.
  RowPrinter(Console& console, bool with_host) : console_(console), with_host_(with_host) {}

  // Cancelled where nobody reads any more.
  absl::Status Print(const v1::ItemRow& row);
  uint64_t rows() const { return rows_; }

 private:
  void PrintText(const v1::ItemRow& row);

  Console& console_;
  const bool with_host_;
  uint64_t rows_ = 0;
};

// As a note for people, as a last line of JSON; nothing where nothing was left out.
void PrintLeftOut(Console& console, const v1::LeftOut& left_out);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ROW_PRINTER_H_
