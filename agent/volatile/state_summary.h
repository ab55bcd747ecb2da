// What a target's outcome says of a stream of records in which something is missing.
#ifndef HOZEN_AGENT_VOLATILE_STATE_SUMMARY_H_
#define HOZEN_AGENT_VOLATILE_STATE_SUMMARY_H_

#include "agent/volatile/record_source.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// The first failure, and how many there are. `source` was read, and has one.
v1::Failure StateSummary(const RecordSource& source);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_STATE_SUMMARY_H_
