#include "core/plan/allowed_commands.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hozen {
namespace {

constexpr size_t kMaxArguments = 6;

struct AllowedCommand {
  std::string_view executable;
  std::array<std::string_view, kMaxArguments> arguments;
};

// What ForensicArtifacts' definitions run, all of them: each reads and prints, none takes an argument of a plan's. A
// name without a folder is a program of Windows' own folder for them.
constexpr AllowedCommand kAllowed[] = {
    {"/bin/mount", {}},
    {"/bin/ps", {"-ef"}},
    {"/opt/CrowdStrike/falconctl", {"-g", "--cid", "--aid"}},
    {"/sbin/iptables", {"-L", "-n", "-v"}},
    {"/sbin/lsmod", {}},
    {"/sbin/sysctl", {"-a"}},
    {"netsh.exe", {"advfirewall", "firewall", "show", "rule", "name=all"}},
    {"netsh.exe", {"advfirewall", "monitor", "show", "firewall", "rule", "name=all"}},
};

bool IsSame(const AllowedCommand& allowed, const v1::Target::Command& command) {
  if (allowed.executable != command.command()) return false;
  size_t count = 0;
  while (count < kMaxArguments && !allowed.arguments[count].empty()) ++count;
  return std::equal(allowed.arguments.begin(), allowed.arguments.begin() + count, command.arguments().begin(),
                    command.arguments().end());
}

}  // namespace

bool IsAllowedCommand(const v1::Target::Command& command) {
  return std::any_of(std::begin(kAllowed), std::end(kAllowed),
                     [&](const AllowedCommand& allowed) { return IsSame(allowed, command); });
}

}  // namespace hozen
