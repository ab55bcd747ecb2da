// HOZEN_RETURN_IF_ERROR and HOZEN_ASSIGN_OR_RETURN, which this Abseil does not bring along.
//
//   HOZEN_RETURN_IF_ERROR(file.Sync());
//   HOZEN_ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(path, limit_bytes));
#ifndef HOZEN_CORE_BASE_STATUS_MACROS_H_
#define HOZEN_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define HOZEN_STATUS_CONCAT_INNER(a, b) a##b
#define HOZEN_STATUS_CONCAT(a, b) HOZEN_STATUS_CONCAT_INNER(a, b)

#define HOZEN_RETURN_IF_ERROR(expression)                                                  \
  do {                                                                                     \
    if (absl::Status hozen_status = (expression); !hozen_status.ok()) return hozen_status; \
  } while (false)

#define HOZEN_ASSIGN_OR_RETURN(target, expression) \
  HOZEN_ASSIGN_OR_RETURN_INNER(HOZEN_STATUS_CONCAT(hozen_or_, __LINE__), target, expression)

#define HOZEN_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return std::move(result).status();           \
  target = *std::move(result)

#endif  // HOZEN_CORE_BASE_STATUS_MACROS_H_
