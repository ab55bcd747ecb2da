#include "agent/volatile/state_summary.h"

#include "agent/acquire/failure.h"
#include "core/base/concat.h"

namespace hozen {

v1::Failure StateSummary(const RecordSource& source) {
  const v1::Failure& first = *source.first_failure();
  v1::Failure failure =
      MakeFailure(first.cause(), Concat("of ", source.records(), " records, ", source.failures(),
                                        " times something could not be had; the first: ", first.detail()));
  failure.set_system_error(first.system_error());
  return failure;
}

}  // namespace hozen
