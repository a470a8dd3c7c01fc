#include "client/store.h"

#include <charconv>

namespace latchkey::client {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);
constexpr std::uint64_t kMarkGeneration = ~std::uint64_t{0};  // no slot has it

std::string SlotName(std::uint64_t generation) {
  if (generation == 0) return "/kept";
  return generation % 2 == 1 ? "/slot-a" : "/slot-b";
}

Record KeptOf(const Record& record) {
  Record out;
  out.license_key = record.license_key;
  out.license_id = record.license_id;
  out.provisional_used = record.provisional_used;
  out.device_name = record.device_name;
  return out;
}

}  // namespace

Store::Store(FileSystem& files, std::string directory, StoreSealer sealer, Random& random)
    : files_(files),
      directory_(std::move(directory)),
      sealer_(std::move(sealer)),
      random_(random) {}

Result<Store::Found> Store::ReadSlot(const std::string& name) {
  Found out;
  auto bytes = files_.Read(directory_ + name);
  if (!bytes) {
    if (bytes.error().code == Errc::kNotFound) return out;
    return std::move(bytes).error();
  }
  out.exists = true;
  const auto slot = ParseSlot(*bytes);
  if (!slot || SlotName(slot->generation) != name) return out;
  const auto text = sealer_.Open(slot->sealed, slot->generation);
  if (!text) return out;
  auto record = ParseRecord(text->Reveal());
  if (!record) return out;
  out.readable = true;
  out.generation = slot->generation;
  out.record = std::move(*record);
  return out;
}

// The mark lies beside the slots, in the vendor's folder: when an old copy of the product's folder
// is put back, the time that passed since still counts. Losing it costs nothing; it is sealed, so
// that a damaged one is not believed.
Store::Mark Store::ReadMark() {
  const auto bytes = files_.Read(directory_ + ".mark");
  if (!bytes) return {};
  const auto text = sealer_.Open(*bytes, kMarkGeneration);
  if (!text) return {};
  const std::string_view words = text->Reveal();
  Mark out;
  std::int64_t powered = 0;
  const auto first = std::from_chars(words.data(), words.data() + words.size(), out.generation);
  if (first.ec != std::errc() || first.ptr == words.data() + words.size()) return {};
  const auto second = std::from_chars(first.ptr + 1, words.data() + words.size(), powered);
  if (second.ec != std::errc()) return {};
  out.powered = Duration(powered);
  return out;
}

void Store::WriteMark(Duration powered) {
  const std::string path = directory_ + ".mark";
  const std::string text = std::to_string(generation_) + " " + std::to_string(powered.count());
  // Not made durable, and its failures are nobody's business: an older mark only notices less.
  if (!files_.Write(path + ".new", sealer_.Seal(text, kMarkGeneration, random_))) return;
  if (!files_.Rename(path + ".new", path)) return;
}

Result<Store::Loaded> Store::Load() {
  LK_ASSIGN(Found a, ReadSlot("/slot-a"));
  LK_ASSIGN(Found b, ReadSlot("/slot-b"));
  Loaded out;
  out.damaged = (a.exists && !a.readable) || (b.exists && !b.readable);
  Found& newest = a.generation > b.generation ? a : b;
  generation_ = newest.generation;
  out.record = std::move(newest.record);
  const Mark mark = ReadMark();
  if (!out.record && out.damaged) {
    LK_ASSIGN(Found kept, ReadSlot("/kept"));
    out.record = std::move(kept.record);
    out.kept_only = out.record.has_value();
  }
  out.rolled_back = !out.damaged && generation_ < mark.generation;
  out.powered = mark.powered;
  return out;
}

std::uint64_t Store::NewestOnDisk() {
  std::uint64_t newest = 0;
  for (const char* name : {"/slot-a", "/slot-b"}) {
    const auto bytes = files_.Read(directory_ + name);
    if (!bytes) continue;
    if (const auto slot = ParseSlot(*bytes)) newest = std::max(newest, slot->generation);
  }
  return newest;
}

bool Store::ChangedElsewhere() { return NewestOnDisk() > generation_; }

Result<void> Store::Save(const Record& record) {
  LK_TRY(files_.MakeDirectories(directory_));
  LK_ASSIGN(const auto lock, files_.Acquire(directory_ + "/lock", kPatience));
  const std::uint64_t next = std::max(NewestOnDisk(), generation_) + 1;
  LK_TRY(WriteSlotFile(SlotName(next), next, record));
  generation_ = next;
  WriteMark(record.time.powered);
  return Keep(record);
}

Result<void> Store::WriteSlotFile(const std::string& name, std::uint64_t generation,
                                  const Record& record) {
  const Secret text(WriteRecord(record));
  const Bytes bytes = WriteSlot({generation, sealer_.Seal(text.Reveal(), generation, random_)});
  const std::string path = directory_ + name;
  LK_TRY(files_.Write(path + ".new", bytes));
  LK_TRY(files_.Sync(path + ".new"));
  LK_TRY(files_.Rename(path + ".new", path));
  return files_.SyncDirectory(directory_);
}

Result<void> Store::Keep(const Record& record) {
  const Record kept = KeptOf(record);
  std::string text = WriteRecord(kept);
  if (text == kept_) return {};
  if (kept_.empty()) {
    const auto on_disk = ReadSlot("/kept");
    if (on_disk && on_disk->readable && WriteRecord(*on_disk->record) == text) {
      kept_ = std::move(text);
      return {};
    }
  }
  LK_TRY(WriteSlotFile("/kept", 0, kept));
  kept_ = std::move(text);
  return {};
}

}  // namespace latchkey::client
