#pragma once

#include <optional>
#include <string_view>

#include "store/database.h"

namespace latchkey::store {

// Single values of the whole database, by name: the key check, cursors of jobs.
Result<std::optional<Bytes>> GetSetting(Session& session, std::string_view name);
Result<void> PutSetting(Session& session, std::string_view name, ByteView value);

}  // namespace latchkey::store
