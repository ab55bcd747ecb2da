#include "agent/acquire/link_way.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/path_parts.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

// What stands before a path where names are the kernel's.
// https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#namespaces
constexpr std::string_view kKernelPrefixes[] = {R"(\??\)", R"(\\?\)", R"(\\.\)", R"(\DosDevices\)", R"(\GLOBAL??\)"};
// File systems of other machines, by the device that leads to them.
constexpr std::string_view kRedirectors[] = {R"(Device\Mup\)", R"(Device\LanmanRedirector\)",
                                             R"(Device\WebDavRedirector\)"};

bool Consume(std::string_view prefix, std::string_view& text) {
  if (!absl::StartsWithIgnoreCase(AbslView(text), AbslView(prefix))) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool ConsumeKernelPrefix(std::string_view& text) {
  for (const std::string_view prefix : kKernelPrefixes) {
    if (Consume(prefix, text)) return true;
  }
  return false;
}

bool BeginsWithDrive(std::string_view path) {
  return path.size() >= 2 && absl::ascii_isalpha(static_cast<unsigned char>(path[0])) && path[1] == ':' &&
         (path.size() == 2 || path[2] == '\\');
}

class WindowsTarget {
 public:
  WindowsTarget(FileTree& tree, const Borders& borders, std::string_view target, v1::Failure& failure)
      : tree_(tree), borders_(borders), target_(target), failure_(failure) {}

  std::optional<LinkWay> Way() {
    std::string_view rest = target_;
    const bool of_kernel = ConsumeKernelPrefix(rest);
    if (of_kernel) Consume(R"(GLOBALROOT\)", rest);
    if (!of_kernel && absl::StartsWith(AbslView(rest), R"(\\)")) return Remote();
    if (of_kernel && Consume(R"(UNC\)", rest)) return Remote();
    if (BeginsWithDrive(rest)) {
      std::vector<std::string> parts = PathParts(rest, '\\');
      parts.front() = absl::AsciiStrToUpper(parts.front());
      return FromRoot(std::move(parts));
    }
    if (of_kernel && absl::StartsWithIgnoreCase(AbslView(rest), "Volume{")) return OfVolume(rest);
    // A path of the kernel's objects begins where no folder of a drive has a name.
    if (of_kernel || absl::StartsWithIgnoreCase(AbslView(rest), R"(\Device\)")) {
      if (absl::StartsWith(AbslView(rest), "\\")) rest.remove_prefix(1);
      for (const std::string_view redirector : kRedirectors) {
        if (absl::StartsWithIgnoreCase(AbslView(rest), AbslView(redirector))) return Remote();
      }
      return FromRoot(PathParts(Concat(R"(\\?\GLOBALROOT\)", rest), '\\'));
    }
    const bool of_drive = absl::StartsWith(AbslView(rest), "\\");
    return LinkWay{.start = of_drive ? LinkWay::Start::kDrive : LinkWay::Start::kFolder,
                   .parts = PathParts(rest, '\\')};
  }

 private:
  std::optional<LinkWay> OfVolume(std::string_view rest) {
    const size_t end = std::min(rest.find('\\'), rest.size());
    const std::optional<std::string> path = tree_.PathOfVolume(rest.substr(0, end));
    if (!path.has_value()) return Elsewhere();
    std::vector<std::string> parts = PathParts(*path, '\\');
    std::vector<std::string> below = PathParts(rest.substr(end), '\\');
    parts.insert(parts.end(), std::make_move_iterator(below.begin()), std::make_move_iterator(below.end()));
    return parts.empty() ? Elsewhere() : FromRoot(std::move(parts));
  }

  std::optional<LinkWay> FromRoot(std::vector<std::string> parts) {
    // Of the table first: a drive that is another machine's may hang when it is asked anything.
    if (std::optional<v1::Failure> border = borders_.BeginsAt(parts.front()); border.has_value()) {
      failure_ = MakeFailure(border->cause(), Concat("the link leads to ", Printable(target_), ": ", border->detail()));
      return std::nullopt;
    }
    if (tree_.drive().empty()) return Elsewhere();
    const absl::StatusOr<std::unique_ptr<TreeFolder>> root = tree_.OpenRoot();
    const absl::Status found = root.ok() ? (*root)->Find(parts.front()).status() : root.status();
    if (absl::IsNotFound(found)) return Elsewhere();
    if (!found.ok()) {
      failure_ = FailureOf(found);
      return std::nullopt;
    }
    return LinkWay{.start = LinkWay::Start::kRoot, .parts = std::move(parts)};
  }

  std::optional<LinkWay> Remote() {
    failure_ = MakeFailure(v1::CAUSE_REMOTE_FILE_SYSTEM,
                           Concat("the link leads to another machine, ", Printable(target_), ", and is not followed"));
    return std::nullopt;
  }

  std::optional<LinkWay> Elsewhere() {
    failure_ = MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                           Concat("the link leads to ", Printable(target_), ", on no volume that is known here"));
    return std::nullopt;
  }

  FileTree& tree_;
  const Borders& borders_;
  const std::string_view target_;
  v1::Failure& failure_;
};

}  // namespace

std::optional<LinkWay> WayOfLink(FileTree& tree, const Borders& borders, std::string_view target,
                                 v1::Failure& failure) {
  if (tree.separator() == '\\') return WindowsTarget(tree, borders, target, failure).Way();
  // An NTFS that stands where no Windows is known.
  if (absl::StartsWith(AbslView(target), AbslView(kKernelPrefixes[0]))) {
    failure = MakeFailure(v1::CAUSE_NOT_SUPPORTED, Concat("the link leads to ", Printable(target),
                                                          ", a path of a Windows that is not known here"));
    return std::nullopt;
  }
  const bool absolute = absl::StartsWith(AbslView(target), "/");
  return LinkWay{.start = absolute ? LinkWay::Start::kRoot : LinkWay::Start::kFolder, .parts = PathParts(target)};
}

std::vector<std::string> PartsFromRoot(LinkWay way, std::string_view real_folder, char separator) {
  if (way.start == LinkWay::Start::kRoot) return std::move(way.parts);
  std::vector<std::string> parts = PathParts(real_folder, separator);
  if (way.start == LinkWay::Start::kDrive) parts.resize(std::min<size_t>(parts.size(), 1));
  parts.insert(parts.end(), std::make_move_iterator(way.parts.begin()), std::make_move_iterator(way.parts.end()));
  return parts;
}

}  // namespace hozen
