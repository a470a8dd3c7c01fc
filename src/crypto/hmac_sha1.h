#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace latchkey::crypto {

using Digest160 = std::array<std::uint8_t, 20>;

// RFC 2104 with SHA-1, for one-time passwords alone (RFC 4226). Never fails; safe from any thread.
Digest160 HmacSha1(ByteView key, ByteView data);

}  // namespace latchkey::crypto
