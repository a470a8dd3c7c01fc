#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/environment.h"
#include "client/record.h"
#include "client/store_file.h"

namespace latchkey::client {

// The record of one product on this device, in two slots written in turn (threat-model M8): a power
// cut at any moment leaves the old record or the new one, never neither. Safe between processes;
// one thread at a time.
class Store {
 public:
  // `directory` is made at the first save.
  Store(FileSystem& files, std::string directory, StoreSealer sealer, Random& random);

  struct Loaded {
    std::optional<Record> record;  // nullopt: nothing stored yet, or nothing readable
    bool damaged = false;          // a slot exists that cannot be read
    bool kept_only = false;    // both slots are lost: the record is what was kept of it, the key
    bool rolled_back = false;  // older than what this device has seen before (threat-model row 15)
    Duration powered{};        // powered-on time this device has seen before, at least
  };
  // The newest readable generation. Errors: those of FileSystem other than kNotFound.
  Result<Loaded> Load();
  // True if another process has saved since our last Load or Save. Reads the slots' heads only.
  bool ChangedElsewhere();
  // Durable when it returns success. On failure the stored record is the old or the new one. A
  // third file keeps the key and what it is for; it is written only when these change, so that it
  // survives what happens to slots, and the lease can be fetched again without retyping.
  Result<void> Save(const Record& record);

  std::uint64_t generation() const { return generation_; }

 private:
  struct Found {
    std::uint64_t generation = 0;
    std::optional<Record> record;
    bool exists = false, readable = false;
  };
  Result<Found> ReadSlot(const std::string& name);
  std::uint64_t NewestOnDisk();
  Result<void> WriteSlotFile(const std::string& name, std::uint64_t generation,
                             const Record& record);
  Result<void> Keep(const Record& record);
  struct Mark {
    std::uint64_t generation = 0;
    Duration powered{};
  };
  Mark ReadMark();
  void WriteMark(Duration powered);

  FileSystem& files_;
  std::string directory_;
  StoreSealer sealer_;
  Random& random_;
  std::uint64_t generation_ = 0;
  std::string kept_;  // what the third file holds; empty: not known
};

}  // namespace latchkey::client
