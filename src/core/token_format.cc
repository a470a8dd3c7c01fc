// Raw tokens (conventions.md §3.2).
#include <stdexcept>

#include "core/license_key.h"

namespace latchkey::core {
namespace {

struct Format {
  std::string_view kind;
  std::string_view prefix;
  std::size_t bytes;
};
constexpr auto kFormats = std::to_array<Format>({{"admin-token", "admin", 32},
                                                 {"developer-token", "dev", 32},
                                                 {"sales-token", "sales", 32},
                                                 {"support-token", "spprt", 32},
                                                 {"read-only-token", "read", 32},
                                                 {"user-token", "user", 32},
                                                 {"product-token", "prod", 32},
                                                 {"environment-token", "env", 32},
                                                 {"activation-token", "activ", 16}});

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string GenerateToken(std::string_view kind, Random& random) {
  for (const Format& format : kFormats)
    if (format.kind == kind)
      return std::string(format.prefix) + '-' + base::Hex(random.Take(format.bytes)) + "v3";
  throw std::logic_error("unknown token kind");
}

TokenShape ShapeOf(std::string_view token) {
  if (Uuid::LooksLikeUuid(token)) return TokenShape::kUuid;
  std::size_t end = token.size();
  while (end > 0 && IsDigit(token[end - 1])) --end;
  const bool versioned = end < token.size() && end > 0 && token[end - 1] == 'v';
  return versioned ? TokenShape::kLookUp : TokenShape::kUnknown;
}

}  // namespace latchkey::core
