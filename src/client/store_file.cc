#include "client/store_file.h"

#include "crypto/aead.h"
#include "crypto/hash.h"

namespace latchkey::client {
namespace {

constexpr std::string_view kMagic = "LKST";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeader = 4 + 1 + 8 + 4;
constexpr std::size_t kChecksum = 32;
constexpr std::size_t kLargest = std::size_t{4} << 20;

Error Damaged(std::string what) { return Error{Errc::kDamaged, "store file: " + std::move(what)}; }

}  // namespace

Bytes WriteSlot(const Slot& slot) {
  Bytes out;
  out.reserve(kHeader + slot.sealed.size() + kChecksum);
  for (const char c : kMagic) out.push_back(static_cast<std::uint8_t>(c));
  out.push_back(kVersion);
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(slot.generation >> shift));
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(slot.sealed.size() >> shift));
  out.insert(out.end(), slot.sealed.begin(), slot.sealed.end());
  const auto checksum = crypto::Sha256(ByteView(out));
  out.insert(out.end(), checksum.begin(), checksum.end());
  return out;
}

Result<Slot> ParseSlot(ByteView bytes) {
  if (bytes.size() < kHeader + kChecksum) return Damaged("shorter than its header");
  if (base::AsText(bytes.first(4)) != kMagic) return Damaged("not one of ours");
  if (bytes[4] != kVersion) return Damaged("of another version");
  Slot out;
  for (std::size_t i = 5; i < 13; ++i) out.generation = out.generation << 8 | bytes[i];
  std::size_t size = 0;
  for (std::size_t i = 13; i < 17; ++i) size = size << 8 | bytes[i];
  if (size > kLargest || bytes.size() != kHeader + size + kChecksum)
    return Damaged("cut off or too long");
  const ByteView body = bytes.first(kHeader + size);
  const auto checksum = crypto::Sha256(body);
  if (!base::ConstantTimeEqual(checksum, bytes.last(kChecksum)))
    return Damaged("its checksum does not fit");
  out.sealed.assign(body.begin() + kHeader, body.end());
  return out;
}

StoreSealer::StoreSealer(const Secret& device_seed, std::string_view product_id)
    : key_(ByteView(crypto::HkdfSha256(device_seed.RevealBytes(), base::AsBytes(product_id),
                                       "latchkey store v1", 32))),
      product_id_(product_id) {}

std::string StoreSealer::Context(std::uint64_t generation) const {
  return "store/" + product_id_ + "/" + std::to_string(generation);
}

Bytes StoreSealer::Seal(std::string_view text, std::uint64_t generation, Random& random) const {
  return crypto::Sealer(key_).Seal(base::AsBytes(text), Context(generation), random);
}

Result<Secret> StoreSealer::Open(ByteView sealed, std::uint64_t generation) const {
  LK_ASSIGN(Bytes plain, crypto::Sealer(key_).Open(sealed, Context(generation)));
  Secret out{ByteView(plain)};
  base::Wipe(plain.data(), plain.size());
  return out;
}

}  // namespace latchkey::client
