#include "agent/volume/child_voice.h"

#include <unistd.h>

#include <cstdint>
#include <string>

#include "agent/platform/child_process.h"

namespace hozen {
namespace {

constexpr size_t kMaxErrorBytes = 1024;

}  // namespace

// _exit, because what runs at an orderly exit would meet the system call filter.
void Say(MessageType type, std::string_view payload) {
  if (!SendMessage(kChildSocket, type, payload, absl::InfiniteFuture()).ok()) _exit(kAgentGone);
}

void SayFailed(const absl::Status& status) {
  std::string payload;
  AppendNumber(payload, static_cast<uint64_t>(status.code()));
  payload.append(std::string(status.message()).substr(0, kMaxErrorBytes));
  Say(MessageType::kFailed, payload);
}

}  // namespace hozen
