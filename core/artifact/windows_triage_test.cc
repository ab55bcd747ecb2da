// What @windows-triage brings home.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "core/artifact/testing_debian_definitions.h"
#include "core/base/concat.h"
#include "core/plan/glob.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using WindowsTriageTest = DebianDefinitionsTest;

// What a variable is for one person of an English Windows.
std::string WithVariables(std::string pattern) {
  return absl::StrReplaceAll(pattern, {{"%%environ_systemdrive%%", "C:"},
                                       {"%%environ_systemroot%%", "C:\\Windows"},
                                       {"%%environ_windir%%", "C:\\Windows"},
                                       {"%%environ_programdata%%", "C:\\ProgramData"},
                                       {"%%environ_allusersappdata%%", "C:\\ProgramData"},
                                       {"%%environ_allusersprofile%%", "C:\\ProgramData"},
                                       {"%%environ_profilesdirectory%%", "C:\\Users"},
                                       {"%%environ_public%%", "C:\\Users\\Public"},
                                       {"%%environ_programfiles%%", "C:\\Program Files"},
                                       {"%%environ_programfilesx86%%", "C:\\Program Files (x86)"},
                                       {"%%users.homedir%%", "C:\\Users\\mika"},
                                       {"%%users.userprofile%%", "C:\\Users\\mika"},
                                       {"%%users.desktop%%", "C:\\Users\\mika\\Desktop"},
                                       {"%%users.personal%%", "C:\\Users\\mika\\Documents"},
                                       {"%%users.temp%%", "C:\\Users\\mika\\AppData\\Local\\Temp"},
                                       {"%%users.appdata%%", "C:\\Users\\mika\\AppData\\Roaming"},
                                       {"%%users.localappdata%%", "C:\\Users\\mika\\AppData\\Local"}});
}

// Of what responders expect to be brought home (the starred ones of a Windows), one path for each.
TEST_F(WindowsTriageTest, TakesWhatRespondersExpect) {
  AddOurs();
  const absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({"@windows-triage"}, "windows");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  std::vector<Glob> globs;
  for (const std::string& pattern : Patterns(*resolved)) {
    absl::StatusOr<Glob> glob = Glob::Parse(WithVariables(pattern), '\\', true);
    if (glob.ok()) globs.push_back(*std::move(glob));
  }
  std::vector<std::string> paths = {
      R"(System Volume Information\Syscache.hve)",
      R"($Recycle.Bin\S-1-5-21-7\$I123456.txt)",
      R"($Recycle.Bin\S-1-5-21-7\$R123456.txt)",
  };
  for (const char* name :
       {"$MFT", "$MFTMirr", "$LogFile", "$Boot", "$Bitmap", "$Secure:$SDS", "$Secure:$SII", "$Extend\\$UsnJrnl:$J",
        "$Extend\\$UsnJrnl:$Max", "$Extend\\$RmMetadata\\$TxfLog\\$TxfLog.blf"}) {
    paths.push_back(name);
  }
  // Of each volume.
  const size_t count = paths.size();
  for (size_t i = 0; i < count; ++i) {
    paths.push_back(Concat("D:\\", paths[i]));
    paths[i] = Concat("C:\\", paths[i]);
  }
  for (const char* hive : {"SAM", "SECURITY", "SOFTWARE", "SYSTEM", "DEFAULT", "DRIVERS", "COMPONENTS", "BBI"}) {
    for (const char* end : {"", ".LOG1", ".LOG2"}) {
      paths.push_back(Concat("C:\\Windows\\System32\\config\\", hive, end));
    }
  }
  for (const char* in_windows : {"System32\\config\\SAM{1-2}.TM.blf",
                                 "System32\\config\\SAM{1-2}.TMContainer1.regtrans-ms",
                                 "System32\\config\\TxR\\{1}.TxR.blf",
                                 "System32\\config\\RegBack\\SYSTEM",
                                 "AppCompat\\Programs\\Amcache.hve",
                                 "AppCompat\\Programs\\Amcache.hve.LOG1",
                                 "ServiceProfiles\\NetworkService\\NTUSER.DAT",
                                 "ServiceProfiles\\LocalService\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat.LOG2",
                                 "System32\\winevt\\Logs\\Security.evtx",
                                 "System32\\WDI\\LogFiles\\BootCKCL.etl",
                                 "System32\\LogFiles\\WMI\\RtBackup\\EtwRTx.etl",
                                 "INF\\setupapi.dev.log",
                                 "PFRO.log",
                                 "Logs\\CBS\\CBS.log",
                                 "Logs\\CBS\\CbsPersist_20260101.cab",
                                 "Logs\\WindowsUpdate\\WindowsUpdate.1.etl",
                                 "WindowsUpdate.log",
                                 "System32\\LogFiles\\Firewall\\pfirewall.log",
                                 "System32\\LogFiles\\Firewall\\pfirewall.log.old",
                                 "Prefetch\\CMD.EXE-1.pf",
                                 "appcompat\\pca\\PcaAppLaunchDic.txt",
                                 "AppCompat\\Programs\\RecentFileCache.bcf",
                                 "System32\\SRU\\SRUDB.dat",
                                 "System32\\LogFiles\\SUM\\Current.mdb",
                                 "AppPatch\\Custom\\{1}.sdb",
                                 "AppPatch\\Custom\\Custom64\\{1}.sdb",
                                 "AppPatch\\CustomSDB\\{1}.sdb",
                                 "System32\\WDI\\LogFiles\\StartupInfo\\S-1_1.xml",
                                 "Tasks\\x.job",
                                 "System32\\Tasks\\Microsoft\\Windows\\x\\y",
                                 "SysWOW64\\Tasks\\x",
                                 "System32\\wbem\\Repository\\OBJECTS.DATA",
                                 "System32\\GroupPolicy\\Machine\\Scripts\\Startup\\x.ps1",
                                 "System32\\GroupPolicyUsers\\S-1\\User\\Registry.pol",
                                 "Temp\\MpCmdRun.log",
                                 "Temp\\ScreenConnect\\23\\x.txt"}) {
    paths.push_back(Concat("C:\\Windows\\", in_windows));
  }
  for (const char* in_data :
       {"Microsoft\\Windows\\WER\\ReportArchive\\x\\Report.wer", "Microsoft\\Network\\Downloader\\qmgr.db",
        "Microsoft\\Windows\\Start Menu\\Programs\\Startup\\x.lnk",
        "Microsoft\\Search\\Data\\Applications\\Windows\\Windows.edb",
        "Microsoft\\Windows\\CapabilityAccessManager\\CapabilityAccessManager.db-wal",
        "Packages\\x_1\\S-1-5-21-7\\SystemAppData\\Helium\\User.dat",
        "Microsoft\\Group Policy\\History\\{1}\\Machine\\x.xml", "Microsoft\\Windows Defender\\Support\\MPLog-1.log",
        "Microsoft\\Windows Defender\\Quarantine\\Entries\\{1}",
        "Microsoft\\Windows Defender\\Scans\\History\\Service\\DetectionHistory\\01\\x", "AnyDesk\\ad_svc.trace",
        "ScreenConnect Client (1)\\user.config", "Splashtop\\Temp\\log\\x.log"}) {
    paths.push_back(Concat("C:\\ProgramData\\", in_data));
  }
  for (const char* in_profile :
       {"NTUSER.DAT", "NTUSER.DAT.LOG1", "NTUSER.DAT{1}.TM.blf", "Downloads\\a\\x.exe:Zone.Identifier",
        "Desktop\\x.exe:Zone.Identifier", "Documents\\x\\y.docm:Zone.Identifier", ".config\\rclone\\rclone.conf",
        "Documents\\20260101\\PowerShell_transcript.PC.1.txt", "Documents\\WinSCP.ini"}) {
    paths.push_back(Concat("C:\\Users\\mika\\", in_profile));
  }
  const std::string local = "C:\\Users\\mika\\AppData\\Local\\";
  const std::string roaming = "C:\\Users\\mika\\AppData\\Roaming\\";
  for (const char* in_local :
       {"Temp\\x.exe:Zone.Identifier", "Microsoft\\Windows\\UsrClass.dat", "Microsoft\\Windows\\UsrClass.dat.LOG1",
        "Packages\\x\\SystemAppData\\Helium\\User.dat", "Packages\\x\\SystemAppData\\Helium\\Cache\\1.dat",
        "CrashDumps\\x.dmp", "ConnectedDevicesPlatform\\L.mika\\ActivitiesCache.db-wal",
        "Microsoft\\Windows\\Explorer\\thumbcache_96.db", "Microsoft\\Windows\\Notifications\\wpndatabase.db-wal",
        "Packages\\Microsoft.WindowsNotepad_8\\LocalState\\TabState\\1.bin", "CoreAIPlatform.00\\UKP\\{1}\\ukg.db",
        "Microsoft\\Terminal Server Client\\Cache\\Cache0000.bin", "Microsoft\\Windows\\WebCache\\WebCacheV01.dat",
        "Mega Limited\\MEGAsync\\logs\\MEGAsync.log"}) {
    paths.push_back(local + in_local);
  }
  for (const char* in_roaming :
       {"Microsoft\\Windows\\Recent\\x.lnk",
        "Microsoft\\Windows\\Recent\\AutomaticDestinations\\1.automaticDestinations-ms",
        "Microsoft\\Office\\Recent\\index.dat", "Microsoft\\Windows\\PowerShell\\PSReadLine\\ConsoleHost_history.txt",
        "Microsoft\\Windows\\Start Menu\\Programs\\Startup\\x.lnk", "AnyDesk\\ad.trace", "RustDesk\\log\\server\\x.log",
        "TeamViewer\\Connections.txt", "rclone\\rclone.conf", "FileZilla\\recentservers.xml", "WinSCP.ini"}) {
    paths.push_back(roaming + in_roaming);
  }
  for (const std::string& profile :
       {local + "Google\\Chrome\\User Data\\Default\\", local + "Google\\Chrome SxS\\User Data\\Profile 1\\",
        local + "Microsoft\\Edge\\User Data\\Default\\", local + "BraveSoftware\\Brave-Browser\\User Data\\Default\\",
        local + "Vivaldi\\User Data\\Default\\", local + "Chromium\\User Data\\Default\\",
        local + "Packages\\TheBrowserCompany.Arc_1\\LocalCache\\Local\\Arc\\User Data\\Default\\",
        roaming + "Opera Software\\Opera Stable\\", roaming + "Opera Software\\Opera Stable\\Default\\"}) {
    for (const char* name :
         {"History", "History-journal", "Cookies", "Network\\Cookies-journal", "Web Data", "Login Data", "Favicons",
          "Bookmarks", "Bookmarks.bak", "Preferences", "Secure Preferences", "Top Sites", "Visited Links", "Shortcuts",
          "Sessions\\Session_1", "Extensions\\x\\1.0\\manifest.json"}) {
      paths.push_back(profile + name);
    }
  }
  for (const std::string& profile :
       {roaming + "Mozilla\\Firefox\\Profiles\\1.default\\",
        local + "Packages\\Mozilla.Firefox_n80\\LocalCache\\Roaming\\Mozilla\\Firefox\\Profiles\\1.default\\"}) {
    for (const char* name : {"places.sqlite", "places.sqlite-wal", "cookies.sqlite-shm", "logins.json", "key4.db",
                             "sessionstore.jsonlz4", "sessionstore-backups\\recovery.jsonlz4"}) {
      paths.push_back(profile + name);
    }
  }
  for (const char* path :
       {R"(C:\Program Files\TeamViewer\Connections_incoming.txt)",
        R"(C:\Program Files\TeamViewer\TeamViewer15_Logfile.log)",
        R"(C:\Program Files (x86)\Splashtop\Splashtop Remote\Server\log\x.log)",
        R"(C:\Program Files\ATERA Networks\AteraAgent\log.txt)", R"(C:\Program Files\Mesh Agent\MeshAgent.log)",
        R"(C:\Windows.old\Windows\System32\config\SYSTEM)"}) {
    paths.push_back(path);
  }
  for (const std::string& path : paths) {
    EXPECT_TRUE(std::any_of(globs.begin(), globs.end(), [&](const Glob& glob) { return glob.Matches(path); })) << path;
  }
}

// A table of files may have gigabytes.
TEST_F(WindowsTriageTest, TakesNoTableOfFilesTwice) {
  AddOurs();
  const absl::StatusOr<ResolvedArtifacts> resolved = definitions_.Resolve({"@windows-triage"}, "windows");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  int tables = 0;
  for (const std::string& pattern : Patterns(*resolved)) tables += pattern.ends_with("\\$MFT") ? 1 : 0;
  // Those of drives, and those of volumes without a letter.
  EXPECT_EQ(tables, 2);
}

}  // namespace
}  // namespace hozen
