#include "core/base/log.h"

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/spdlog.h"

namespace hozen {
namespace {

spdlog::level::level_enum LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARN";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

// Not spdlog's own: on Windows that one keeps the handle that it found at first, and throws where there is none, as in
// a service.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override { std::fflush(stderr); }
};

spdlog::logger& Logger() {
  // Never destroyed: the last threads log while the program ends.
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("hozen", std::make_shared<StderrSink>());
    // spdlog would write its own names for the levels, so ours are part of the message.
    made->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc, "\n"));
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

}  // namespace

void Log(Severity severity, std::string_view message) {
  const spdlog::level::level_enum level = LevelOf(severity);
  spdlog::logger& logger = Logger();
  if (!logger.should_log(level)) return;
  const std::string line = Concat(NameOf(severity), " ", PrintableLine(message));
  logger.log(level, spdlog::string_view_t(line.data(), line.size()));
}

void SetLogLevel(Severity lowest) { Logger().set_level(LevelOf(lowest)); }

}  // namespace hozen
