#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace latchkey::client {

// One slot of the store (docs/formats/store-file.md): "LKST", version 1, generation, length, sealed
// bytes, SHA-256 of all before. Pure functions.
struct Slot {
  std::uint64_t generation = 0;
  Bytes sealed;
};
Bytes WriteSlot(const Slot& slot);
// kDamaged unless every byte is in its place.
Result<Slot> ParseSlot(ByteView bytes);

// Seals `text` for one product and generation under HKDF(device seed, product id) (decision 12): a
// slot that is renamed, renumbered or carried to another device does not open.
class StoreSealer {
 public:
  StoreSealer(const Secret& device_seed, std::string_view product_id);
  Bytes Seal(std::string_view text, std::uint64_t generation, Random& random) const;
  Result<Secret> Open(ByteView sealed, std::uint64_t generation) const;  // kDecryptionFailed

 private:
  std::string Context(std::uint64_t generation) const;
  Secret key_;
  std::string product_id_;
};

}  // namespace latchkey::client
