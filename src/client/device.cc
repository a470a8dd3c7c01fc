#include "client/device.h"

#include "base/bytes.h"
#include "crypto/hash.h"

namespace latchkey::client {
namespace {

constexpr std::string_view kPrefix = "lkdk1_";
constexpr Duration kPatience = std::chrono::seconds(2);

Result<DeviceIdentity> FromSeed(Secret seed) {
  LK_ASSIGN(const auto key, crypto::Ed25519PrivateKey::FromSeed(seed.RevealBytes()));
  DeviceIdentity out;
  out.fingerprint = base::Hex(crypto::Sha256(key.public_key().bytes()));
  out.seed = std::move(seed);
  return out;
}

Result<DeviceIdentity> Parse(ByteView bytes) {
  std::string_view text = base::AsText(bytes);
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const Error damaged{Errc::kDamaged, "the device key file is not readable"};
  if (!text.starts_with(kPrefix)) return damaged;
  auto seed = base::FromBase64UrlUnpadded(text.substr(kPrefix.size()));
  if (!seed || seed->size() != 32) return damaged;
  Secret secret{ByteView(*seed)};
  base::Wipe(seed->data(), seed->size());
  return FromSeed(std::move(secret));
}

Result<void> Save(FileSystem& files, const std::string& directory, const std::string& name,
                  const Secret& seed) {
  const std::string path = directory + "/" + name;
  const std::string text =
      std::string(kPrefix) + base::Base64UrlUnpadded(seed.RevealBytes()) + "\n";
  LK_TRY(files.Write(path + ".new", base::AsBytes(text)));
  LK_TRY(files.Sync(path + ".new"));
  LK_TRY(files.Rename(path + ".new", path));
  return files.SyncDirectory(directory);
}

}  // namespace

Result<DeviceIdentity> LoadDevice(FileSystem& files, const std::string& directory, bool replace,
                                  Random& random) {
  const std::string path = directory + "/device.key";
  const auto read = [&](const std::string& name) -> Result<DeviceIdentity> {
    LK_ASSIGN(const Bytes bytes, files.Read(name));
    return Parse(bytes);
  };
  // The ordinary start: one read, no lock.
  if (auto device = read(path)) return device;

  LK_TRY(files.MakeDirectories(directory));
  LK_ASSIGN(const auto lock, files.Acquire(directory + "/device.lock", kPatience));
  auto first = read(path);
  if (first) return first;  // another process was faster
  auto second = read(path + ".copy");
  if (second) {
    LK_TRY(Save(files, directory, "device.key", second->seed));
    return second;
  }
  const bool none = first.error().code == Errc::kNotFound && second.error().code == Errc::kNotFound;
  if (!none && !replace) {
    const bool unreadable =
        first.error().code != Errc::kNotFound && first.error().code != Errc::kDamaged;
    return unreadable ? first.error() : Error{Errc::kDamaged, "the device key file is damaged"};
  }
  Bytes seed = random.Take(32);
  Secret secret{ByteView(seed)};
  base::Wipe(seed.data(), seed.size());
  // The copy first: from the rename of device.key on, this is the key.
  LK_TRY(Save(files, directory, "device.key.copy", secret));
  LK_TRY(Save(files, directory, "device.key", secret));
  LK_ASSIGN(auto device, FromSeed(std::move(secret)));
  device.created = true;
  return device;
}

}  // namespace latchkey::client
