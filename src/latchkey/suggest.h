#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::app {

// The known word nearest to what was typed, empty when none is near: for "did you mean".
std::string Nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace latchkey::app
