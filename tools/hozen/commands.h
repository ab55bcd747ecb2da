// What main puts together: each function adds a group of commands to the tree of arguments. The invocation must outlive
// the tree.
#ifndef HOZEN_TOOLS_HOZEN_COMMANDS_H_
#define HOZEN_TOOLS_HOZEN_COMMANDS_H_

#include "tools/hozen/invocation.h"

namespace CLI {
class App;
}  // namespace CLI

namespace hozen {

void AddLoginCommands(CLI::App& app, Invocation& invocation);        // login, whoami
void AddCustomerCommands(CLI::App& app, Invocation& invocation);     // customer, operator, token
void AddFleetCommands(CLI::App& app, Invocation& invocation);        // hosts
void AddArtifactCommands(CLI::App& app, Invocation& invocation);     // artifacts
void AddCollectCommands(CLI::App& app, Invocation& invocation);      // collect, image
void AddAcquisitionCommands(CLI::App& app, Invocation& invocation);  // acquisitions, show, watch, cancel
// hunt start, retry and stop; then list and show below the same command.
CLI::App* AddHuntOrderCommands(CLI::App& app, Invocation& invocation);
void AddHuntViewCommands(CLI::App& hunt, Invocation& invocation);
void AddItemCommands(CLI::App& app, Invocation& invocation);        // items, cat
void AddSearchCommands(CLI::App& app, Invocation& invocation);      // search
void AddTimelineCommands(CLI::App& app, Invocation& invocation);    // timeline
void AddExportCommands(CLI::App& app, Invocation& invocation);      // export
void AddVerifyCommands(CLI::App& app, Invocation& invocation);      // verify
void AddCustodyCommands(CLI::App& app, Invocation& invocation);     // custody
void AddCompletionCommands(CLI::App& app, Invocation& invocation);  // completion

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_COMMANDS_H_
