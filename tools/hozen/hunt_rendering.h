// Hunts in words, as tables, as JSON and as a line of progress.
#ifndef HOZEN_TOOLS_HOZEN_HUNT_RENDERING_H_
#define HOZEN_TOOLS_HOZEN_HUNT_RENDERING_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/hozen/v1/hunt.pb.h"
#include "tools/hozen/console.h"
#include "tools/hozen/exit_code.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/progress_bar.h"

namespace hozen {

// "stopped_by_limit", "complete_with_failures": as JSON and --state have them.
std::string StateName(v1::Hunt::State state);
std::string StateName(v1::HuntHost::State state);
std::string StateInWords(v1::Hunt::State state);
std::string StateInWords(v1::HuntHost::State state);

Json HuntJson(const v1::Hunt& hunt);
Json HuntHostJson(const v1::HuntHost& host);

// How many hosts have ended, one way or another.
uint32_t EndedHosts(const v1::HuntTally& tally);
// No host begins any more and none is at work.
bool IsOver(const v1::Hunt& hunt);
// kOk where every host is complete, kNoEvidence where none has any, else kCompleteWithFailures.
ExitCode ExitCodeOf(const v1::Hunt& hunt);

// Hosts that have ended as a bar, bytes and their rate, who runs, failed and waits, and about how long it will take as
// it went so far.
ProgressSnapshot HuntSnapshot(const v1::Hunt& hunt, absl::Time now);

// Ended by a newline.
std::string HuntTable(const Console& console, const std::vector<v1::Hunt>& hunts);
std::string DescribeHunt(const Console& console, const v1::Hunt& hunt);
std::string HuntHostTable(const Console& console, const std::vector<v1::HuntHost>& hosts);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_HUNT_RENDERING_H_
