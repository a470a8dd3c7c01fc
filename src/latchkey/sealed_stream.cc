#include "latchkey/sealed_stream.h"

#include "crypto/aead.h"
#include "crypto/hash.h"

namespace latchkey::app {
namespace {

constexpr std::string_view kMagic = "lkbk1\n";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kChunk = 1024 * 1024;
constexpr std::size_t kHead = 1 + 4 + 12 + 16;

Bytes FileKey(const store::MasterKey& key, ByteView salt) {
  return crypto::HkdfSha256(key.bytes().RevealBytes(), salt, "latchkey backup v1", 32);
}

Bytes Place(std::uint64_t number, bool last) {
  Bytes place;
  for (int shift = 56; shift >= 0; shift -= 8)
    place.push_back(static_cast<std::uint8_t>(number >> shift));
  place.push_back(last ? 1 : 0);
  return place;
}

}  // namespace

Result<void> SealStream(const ReadBytes& read, const WriteBytes& write, const store::MasterKey& key,
                        Random& random) {
  const Bytes salt = random.Take(kSaltBytes);
  LK_TRY(write(base::AsBytes(kMagic)));
  LK_TRY(write(salt));
  const Bytes file_key = FileKey(key, salt);
  LK_ASSIGN(Bytes chunk, read(kChunk));
  for (std::uint64_t number = 0;; ++number) {
    LK_ASSIGN(Bytes next, read(kChunk));
    const bool last = next.empty();
    const auto box = crypto::AesGcmSeal(file_key, chunk, Place(number, last), random);
    const auto size = static_cast<std::uint32_t>(box.ciphertext.size());
    Bytes record{static_cast<std::uint8_t>(last ? 1 : 0), static_cast<std::uint8_t>(size >> 24),
                 static_cast<std::uint8_t>(size >> 16), static_cast<std::uint8_t>(size >> 8),
                 static_cast<std::uint8_t>(size)};
    record.insert(record.end(), box.iv.begin(), box.iv.end());
    record.insert(record.end(), box.tag.begin(), box.tag.end());
    LK_TRY(write(record));
    LK_TRY(write(box.ciphertext));
    if (last) return {};
    chunk = std::move(next);
  }
}

Result<void> OpenStream(const ReadBytes& read, const WriteBytes& write,
                        const store::MasterKey& key) {
  const Error broken{Errc::kWrongKey, "another master key, or changed bytes"};
  LK_ASSIGN(const Bytes head, read(kMagic.size() + kSaltBytes));
  if (head.size() != kMagic.size() + kSaltBytes || !base::AsText(head).starts_with(kMagic))
    return Error{Errc::kMalformed, "not a backup"};
  const Bytes file_key = FileKey(key, ByteView(head).subspan(kMagic.size()));
  for (std::uint64_t number = 0;; ++number) {
    LK_ASSIGN(const Bytes record, read(kHead));
    if (record.size() != kHead || record[0] > 1) return broken;
    const std::size_t size = std::size_t{record[1]} << 24 | std::size_t{record[2]} << 16 |
                             std::size_t{record[3]} << 8 | record[4];
    if (size > kChunk) return broken;
    LK_ASSIGN(const Bytes sealed, read(size));
    if (sealed.size() != size) return broken;
    const ByteView view(record);
    const bool last = record[0] == 1;
    const auto chunk = crypto::AesGcmOpen(file_key, view.subspan(5, 12), sealed,
                                          view.subspan(17, 16), Place(number, last));
    if (!chunk) return broken;
    LK_TRY(write(*chunk));
    if (last) break;
  }
  LK_ASSIGN(const Bytes rest, read(1));
  if (!rest.empty()) return broken;
  return {};
}

}  // namespace latchkey::app
