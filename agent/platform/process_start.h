// What the system says to a program as it starts.
#ifndef HOZEN_AGENT_PLATFORM_PROCESS_START_H_
#define HOZEN_AGENT_PLATFORM_PROCESS_START_H_

#include <string>
#include <vector>

namespace hozen {

// The words of the command line behind the program's name, as bytes that paths are (WTF-8 on Windows, whose main gets
// them in the code page of the day). Called once, from main.
std::vector<std::string> CommandLineWords(int argc, char** argv);

// A drive without a medium is an error like any other: no window of the system's waits for somebody's click. For this
// process and those that it starts; before anything else.
void ShowNoWindows();

// What is written to standard output and error is UTF-8: tells a console so.
void SpeakUtf8();

// The program's own file; empty where the system does not say. Thread-safe.
std::string OwnExecutable();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_PROCESS_START_H_
