#pragma once

#include "api/call.h"
#include "store/where.h"

namespace latchkey::api {

// What the bearer may see of each resource (conventions.md §4.4), as conditions for every query of
// it. The account is in every query anyway.
store::Where VisibleProducts(const Call& call);
store::Where VisiblePolicies(const Call& call);
store::Where VisibleEntitlements(const Call& call);
store::Where VisibleUsers(const Call& call);
store::Where VisibleLicenses(const Call& call);
store::Where VisibleMachines(const Call& call);
store::Where VisibleComponents(const Call& call);
store::Where VisibleProcesses(const Call& call);
store::Where VisiblePoolKeys(const Call& call);
store::Where VisibleTokens(const Call& call);
store::Where VisibleGroups(const Call& call);
// Members of call.group (events.md §2.2): its owners see all of them, others what they see anyway.
store::Where UsersOfGroup(const Call& call);
store::Where LicensesOfGroup(const Call& call);
store::Where MachinesOfGroup(const Call& call);

// Of the user itself, whoever asks: owned or attached (conventions.md §4.4 "of its licenses").
store::Where LicensesOf(const core::User& user);
store::Where MachinesOf(const core::User& user);
store::Where ProductsOf(const core::User& user);
// The other way round: owner and attached users.
store::Where UsersOf(const core::License& license);
store::Where UsersOf(const core::Product& product);

// Finds the records named by the path, parent first, each only among those visible and, below a
// parent, only among its own (conventions.md §1.4 step 11). kNotFound with the text of §1.10; a
// tombstone behind it sets call.cause, and call.until when the seat was taken over.
Result<void> FindPathRecords(Call& call);

// Facts for the rule about the record that is acted on: the last one of the path.
Result<Target> TargetOf(Call& call);
Result<Target> TargetOf(Call& call, const core::License& license);
Result<Target> TargetOf(Call& call, const core::Machine& machine);
Target TargetOf(const core::Policy& policy);
Target TargetOf(const core::Product& product);
Target TargetOf(const core::User& user);
// About call.group, also for what is below it.
Result<Target> GroupTarget(Call& call);

Error NotFound(std::string_view noun, std::string_view id);

}  // namespace latchkey::api
