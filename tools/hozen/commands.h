// What main puts together: each function adds a group of commands to the tree of arguments. The invocation must outlive
// the tree.
#ifndef HOZEN_TOOLS_HOZEN_COMMANDS_H_
#define HOZEN_TOOLS_HOZEN_COMMANDS_H_

#include "core/command_line/command_line.h"
#include "tools/hozen/invocation.h"

namespace hozen {

void AddLoginCommands(Command app, Invocation& invocation);        // login, whoami
void AddCustomerCommands(Command app, Invocation& invocation);     // customer, operator, token
void AddFleetCommands(Command app, Invocation& invocation);        // hosts
void AddArtifactCommands(Command app, Invocation& invocation);     // artifacts
void AddCollectCommands(Command app, Invocation& invocation);      // collect, image
void AddAcquisitionCommands(Command app, Invocation& invocation);  // acquisitions, show, watch, cancel
// hunt start, retry and stop; then list and show below the same command.
Command AddHuntOrderCommands(Command app, Invocation& invocation);
void AddHuntViewCommands(Command hunt, Invocation& invocation);
void AddItemCommands(Command app, Invocation& invocation);        // items, cat
void AddSearchCommands(Command app, Invocation& invocation);      // search
void AddTimelineCommands(Command app, Invocation& invocation);    // timeline
void AddExportCommands(Command app, Invocation& invocation);      // export
void AddVerifyCommands(Command app, Invocation& invocation);      // verify
void AddCustodyCommands(Command app, Invocation& invocation);     // custody
void AddCompletionCommands(Command app, Invocation& invocation);  // completion

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_COMMANDS_H_
