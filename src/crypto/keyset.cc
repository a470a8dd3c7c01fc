#include "crypto/keyset.h"

#include <algorithm>
#include <stdexcept>

#include "crypto/hash.h"

namespace latchkey::crypto {
namespace {

std::string SignedText(Purpose purpose, std::string_view body) {
  return std::string(Prefix(purpose)).append(body);
}

bool IsLive(const VerifyingKey& key, TimePoint now) {
  return key.status != KeyStatus::kDistrusted && key.not_before <= now &&
         (!key.not_after || now < *key.not_after);
}

}  // namespace

KeyId IdOf(const Ed25519PublicKey& key) {
  const Digest256 digest = Sha256(key.bytes());
  return "k_" + base::Hex(ByteView(digest).first(8));
}

Keyset Keyset::Generate(Purpose purpose, TimePoint now, Random& random) {
  Keyset keyset;
  keyset.purpose_ = purpose;
  keyset.Rotate(now, now, random);
  return keyset;
}

Result<Keyset> Keyset::Import(Purpose purpose, const std::vector<StoredKey>& keys) {
  Keyset keyset;
  keyset.purpose_ = purpose;
  for (const StoredKey& stored : keys) {
    LK_ASSIGN(auto key, Ed25519PrivateKey::FromSeed(stored.seed.RevealBytes()));
    const VerifyingKey& verifying = stored.verifying;
    if (key.public_key() != verifying.key || IdOf(verifying.key) != verifying.id)
      return Error{Errc::kMalformed,
                   "signing key " + verifying.id + " does not belong to its seed"};
    for (const Entry& entry : keyset.entries_)
      if (entry.verifying.id == verifying.id)
        return Error{Errc::kMalformed, "signing key " + verifying.id + " twice"};
    if (verifying.status == KeyStatus::kPrimary) {
      if (!keyset.primary_.empty()) return Error{Errc::kMalformed, "two primary signing keys"};
      keyset.primary_ = verifying.id;
    }
    keyset.entries_.push_back({verifying, std::move(key)});
  }
  if (keyset.primary_.empty()) return Error{Errc::kMalformed, "no primary signing key"};
  return keyset;
}

std::vector<StoredKey> Keyset::Export() const {
  std::vector<StoredKey> keys;
  for (const Entry& entry : entries_) keys.push_back({entry.verifying, entry.key.Seed()});
  return keys;
}

KeyId Keyset::Rotate(TimePoint now, TimePoint overlap_until, Random& random) {
  for (Entry& entry : entries_) {
    if (entry.verifying.status != KeyStatus::kPrimary) continue;
    entry.verifying.status = KeyStatus::kVerifying;
    entry.verifying.not_after = overlap_until;
  }
  Ed25519PrivateKey key = Ed25519PrivateKey::Generate(random);
  VerifyingKey verifying{IdOf(key.public_key()), key.public_key(), KeyStatus::kPrimary, now,
                         std::nullopt};
  primary_ = verifying.id;
  entries_.push_back({std::move(verifying), std::move(key)});
  return primary_;
}

Result<void> Keyset::Distrust(const KeyId& id) {
  if (id == primary_) return Error{Errc::kForbidden, "the primary key signs: rotate first"};
  const auto entry = std::ranges::find(entries_, id, [](const Entry& e) { return e.verifying.id; });
  if (entry == entries_.end()) return Error{Errc::kNotFound, "no signing key " + id};
  entry->verifying.status = KeyStatus::kDistrusted;
  return {};
}

Bytes Keyset::Sign(std::string_view body) const {
  const std::string text = SignedText(purpose_, body);
  for (const Entry& entry : entries_) {
    if (entry.verifying.status != KeyStatus::kPrimary) continue;
    const auto signature = entry.key.Sign(base::AsBytes(text));
    return Bytes(signature.begin(), signature.end());
  }
  throw std::logic_error("a keyset without keys cannot sign");
}

bool Keyset::Verify(std::string_view body, ByteView signature, TimePoint now,
                    const KeyId& hint) const {
  const std::string text = SignedText(purpose_, body);
  const ByteView message = base::AsBytes(text);
  const auto passes = [&](const Entry& entry) {
    return IsLive(entry.verifying, now) && entry.verifying.key.Verify(message, signature);
  };
  const auto hinted = [&](const Entry& entry) {
    return !hint.empty() && entry.verifying.id == hint;
  };
  return std::ranges::any_of(entries_,
                             [&](const Entry& entry) { return hinted(entry) && passes(entry); }) ||
         std::ranges::any_of(entries_,
                             [&](const Entry& entry) { return !hinted(entry) && passes(entry); });
}

std::vector<VerifyingKey> Keyset::PublicKeys() const {
  std::vector<VerifyingKey> keys;
  for (const Entry& entry : entries_) keys.push_back(entry.verifying);
  return keys;
}

}  // namespace latchkey::crypto
