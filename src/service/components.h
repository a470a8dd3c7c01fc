#pragma once

#include <span>

#include "core/component.h"
#include "core/machine.h"
#include "core/policy.h"
#include "service/context.h"

namespace latchkey::service {

// machines.md §3. `machine` null: unknown (MACHINE_NOT_FOUND). kInvalid lists all violations.
Result<core::Component> CreateComponent(const Context& context, core::Component record,
                                        const core::Machine* machine);
Result<void> UpdateComponent(const Context& context, core::Component& record);
Result<void> DeleteComponent(const Context& context, const core::Component& record);

// Components that come with a new machine (machines.md §1.7). Fills in what they copy from it, and
// adds what is wrong with them to `violations`, each under `components[<index>]`. Without a
// `policy` only what needs no database is checked.
Result<void> CheckEmbedded(const Context& context, const core::Machine& machine,
                           const core::Policy* policy, std::span<core::Component> components,
                           std::vector<Violation>& violations);
// Stores what CheckEmbedded found sound, without events of their own. Ids and creations that are
// set are kept.
Result<void> InsertEmbedded(const Context& context, const core::Machine& machine,
                            std::span<core::Component> components);

}  // namespace latchkey::service
