// hozen-collector: flags, signals, exit codes.
#include <signal.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/app/collector_server.h"
#include "collector/app/data_folder.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/log.h"
#include "core/base/tls_only_1_3.h"
#include "core/base/version.h"
#include "core/command_line/command_line.h"

namespace hozen {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitDataFolder = 3;
constexpr int kExitAddress = 4;

constexpr absl::Duration kCertificateInterval = absl::Hours(24);
constexpr absl::Duration kStopPatience = absl::Seconds(10);
constexpr unsigned kPortFileMode = 0644;

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "hozen-collector: " << status.message() << "\n";
  return exit_code;
}

int Init(const InitOptions& options) {
  if (const absl::Status done = InitDataFolder(options, Clock::Real()); !done.ok()) {
    return Fail(done, absl::IsInvalidArgument(done) ? kExitUsage : kExitDataFolder);
  }
  const std::string& folder = options.folder.native();
  std::cout
      << Say("Initialised ", "初期化しました: ") << folder << "\n\n"
      << Say("What to do next:", "次の手順:") << "\n"
      << "  hozen-collector serve --data " << folder << "\n      "
      << Say("start the collector", "コレクターを起動します") << "\n"
      << "  hozen login " << folder << "/admin.credential\n      "
      << Say("become its service administrator; whoever has this file can add customers, so move it to where you "
             "keep secrets",
             "サービス管理者になります。このファイルを持つ人は顧客を追加できます。秘密情報の保管場所へ移してください")
      << "\n"
      << "  hozen customer add NAME\n      "
      << Say("add the first customer; its keys are made on your side and stay there",
             "最初の顧客を追加します。顧客の鍵は手元で作られ、手元に残ります")
      << "\n";
  return kExitOk;
}

// Blocks until SIGTERM or SIGINT comes, or `timeout` is over; 0 in that case.
int WaitForSignal(const sigset_t& signals, absl::Duration timeout) {
  const timespec wait = absl::ToTimespec(timeout);
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  return signal > 0 ? signal : 0;
}

struct ServeOptions {
  std::filesystem::path data;
  std::filesystem::path port_file;
  CollectorServerOptions server;
};

// Where the server listens, with the real port.
std::string ListeningAt(const std::string& listen, int port) {
  return Concat(std::string_view(listen).substr(0, listen.rfind(':')), ":", port);
}

int Serve(const ServeOptions& options) {
  // Blocked before any thread is made, so that no other thread gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  absl::StatusOr<DataFolder> data = DataFolder::Open(options.data);
  if (!data.ok()) return Fail(data.status(), kExitDataFolder);
  absl::StatusOr<std::unique_ptr<CollectorServer>> server =
      CollectorServer::Start(options.server, *std::move(data), Clock::Real());
  if (!server.ok()) {
    return Fail(server.status(), absl::IsUnavailable(server.status()) ? kExitAddress : kExitFailed);
  }
  const std::string address = ListeningAt(options.server.listen, (*server)->port());
  std::cout << Say("Listening at ", "待ち受け中: ") << address << std::endl;
  Log(Severity::kInfo, Concat("collector started listen=", address, " data=", options.data.native()));
  if (!options.port_file.empty()) {
    const absl::Status written = WriteFileAtomically(options.port_file, Concat((*server)->port(), "\n"), kPortFileMode);
    if (!written.ok()) return Fail(written, kExitFailed);
  }

  int signal_number = 0;
  while ((signal_number = WaitForSignal(signals, kCertificateInterval)) == 0) {
    if (const absl::Status renewed = (*server)->RenewCertificate(); !renewed.ok()) {
      Log(Severity::kError, Concat("the server's certificate was not renewed: it lasts a year from the last renewal "
                                   "error=",
                                   renewed.message()));
    }
  }
  Log(Severity::kInfo, Concat("collector stopping signal=", signal_number));
  (*server)->Stop(kStopPatience);
  Log(Severity::kInfo, "collector stopped");
  return kExitOk;
}

constexpr char kExamples[] = R"(
Examples:
  # A collector that agents reach as collector.example.com
  hozen-collector init --data /var/lib/hozen --address collector.example.com:8443
  hozen-collector serve --data /var/lib/hozen

  # On this machine only, on any free port
  hozen-collector init --data ./data --address localhost:0
  hozen-collector serve --data ./data --listen 127.0.0.1:0 --port-file ./port

  # Stop taking chunks while 20 GiB are still free, and give each customer 500 GiB
  hozen-collector serve --data /var/lib/hozen --reserve-mib 20480 --quota-mib 512000

Exit codes:
  0  done; for serve: stopped by SIGTERM or SIGINT
  1  something failed; the message says what
  2  wrong use: an unknown option, a malformed address
  3  the data folder cannot be used: not initialised, initialised already, in use by another server, or of a newer version
  4  cannot listen at the address: the port is in use, or the address is not this machine's

The data folder holds all evidence and all keys of the collector. Nobody but its owner can read it; back it up whole.
Messages follow LC_ALL, LC_MESSAGES or LANG (English, Japanese).
)";

int Main(int argc, char** argv) {
  RequireTls13();
  // Debian's Abseil looks for deadlocks at every lock, and aborts where it sees one coming: right for tests only.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  MakeNewFilesPrivate();

  CommandTree commands(
      Say("hozen-collector receives, verifies and keeps forensic evidence that Hozen's agents send, and "
          "hands it to analysts with its proofs.",
          "hozen-collector は、Hozen のエージェントから証拠を受信・検証・保管し、証明とともに分析者へ渡します。"),
      "hozen-collector");
  const Command app = commands.root();
  commands.SetVersion(kHozenVersion);
  app.Footer(kExamples);
  commands.SetHelpAllFlag("--help-all", Say("Print the help of all commands", "すべてのコマンドのヘルプを表示します"));
  app.RequireCommand();

  InitOptions init;
  std::string init_data;
  const Command init_command =
      app.AddCommand("init", Say("Make a data folder: keys, certificates, and a credential for you",
                                 "データフォルダーを作成します(鍵、証明書、管理者の資格情報)"));
  init_command
      .AddOption("--data", init_data,
                 Say("The data folder, empty or not there yet", "データフォルダー(空、または未作成)"))
      .Required()
      .TypeName("DIR");
  init_command
      .AddOption("--address", init.address,
                 Say("What agents and operators dial", "エージェントと運用者が接続するアドレス"))
      .TypeName("HOST:PORT")
      .ShowDefault();
  init_command
      .AddOption("--name", init.names,
                 Say("A DNS name or IP address for the server's certificate, beside that of --address; "
                     "the first is what clients expect; may be given many times",
                     "サーバー証明書に加える DNS 名または IP アドレス(複数指定可。最初のものを接続側が確認します)"))
      .TypeName("DNSNAME");

  ServeOptions serve;
  std::string data;
  std::string port_file;
  uint64_t reserve_mib = 256;
  uint64_t quota_mib = 0;
  uint32_t heartbeat_s = 30;
  constexpr uint64_t kMaxMib = uint64_t{1} << 40;
  const Command serve_command = app.AddCommand(
      "serve", Say("Serve agents and operators until SIGTERM", "SIGTERM を受けるまでサービスを提供します"));
  serve_command.AddOption("--data", data, Say("The data folder that init made", "init で作成したデータフォルダー"))
      .Required()
      .TypeName("DIR");
  serve_command
      .AddOption("--listen", serve.server.listen,
                 Say("Where to listen; port 0 takes any that is free and prints it",
                     "待ち受けるアドレス(ポート 0 は空きポートを選び、表示します)"))
      .TypeName("ADDR:PORT")
      .ShowDefault();
  serve_command
      .AddOption("--port-file", port_file,
                 Say("Write the port into this file once the server listens",
                     "待ち受け開始後、ポート番号をこのファイルに書き込みます"))
      .TypeName("FILE");
  serve_command
      .AddOption("--reserve-mib", reserve_mib,
                 Say("Room on the disk that evidence never takes; agents pause before",
                     "証拠で使わずに残すディスク容量。不足するとエージェントは一時停止します"))
      .Between(uint64_t{0}, kMaxMib)
      .TypeName("MIB")
      .ShowDefault();
  serve_command
      .AddOption("--quota-mib", quota_mib,
                 Say("How much each customer may store; 0 for no limit", "顧客ごとの保管上限(0 は無制限)"))
      .Between(uint64_t{0}, kMaxMib)
      .TypeName("MIB")
      .ShowDefault();

  serve_command
      .AddOption("--heartbeat-s", heartbeat_s,
                 Say("How often agents say that they are there, in seconds; a large fleet may want fewer",
                     "エージェントの生存通知の間隔(秒)。端末が多い場合は長くできます"))
      .Between(uint32_t{1}, uint32_t{600})
      .TypeName("SECONDS")
      .ShowDefault();

  const ParseResult parsed = commands.Parse(std::vector<std::string>(argv + 1, argv + argc));
  if (parsed.kind == ParseResult::Kind::kAnswer) {
    std::cout << parsed.text;
    return kExitOk;
  }
  if (parsed.kind == ParseResult::Kind::kMisuse) {
    std::cerr << parsed.text;
    return kExitUsage;
  }

  if (init_command.WasGiven()) {
    init.folder = init_data;
    return Init(init);
  }
  if (const absl::Status address = HostOfAddress(serve.server.listen).status(); !address.ok()) {
    return Fail(address, kExitUsage);
  }
  serve.data = data;
  serve.port_file = port_file;
  serve.server.reserve_bytes = reserve_mib << 20;
  serve.server.quota_bytes = quota_mib << 20;
  serve.server.heartbeat_interval = absl::Seconds(heartbeat_s);
  return Serve(serve);
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) { return hozen::Main(argc, argv); }
