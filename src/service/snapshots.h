#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/validation.h"
#include "service/context.h"

namespace latchkey::service {

// Loads everything a verdict over `license` depends on (core::Snapshot) in the running transaction.
// Machines come without their metadata, which no verdict reads, so that what people store in it
// does not decide how much memory the read model takes.
Result<core::Snapshot> LoadSnapshot(const Context& context, core::License license);

// A document with gaps for what each answer says anew.
struct Stencil {
  std::string text;
  std::vector<std::size_t> gaps;  // places in `text`, rising
};

// A snapshot and the document that was made of it. Neither ever changes: a change of the license,
// or of anything else that is in them, replaces both at once.
class ReadModel : public core::Snapshot {
 public:
  explicit ReadModel(core::Snapshot snapshot) : core::Snapshot(std::move(snapshot)) {}

  // Made by the first who asks; thread-safe. `make` depends on this snapshot alone.
  const Stencil& Document(const std::function<Stencil()>& make) const {
    std::call_once(made_, [&] { document_ = make(); });
    return document_;
  }

 private:
  mutable std::once_flag made_;
  mutable Stencil document_;
};

using SharedSnapshot = std::shared_ptr<const ReadModel>;

// The read model of design.md §3: immutable snapshots found by the key's blind index, replaced when
// their license changes, bounded, least recently used first out. Thread-safe; a look-up takes one
// short lock of its shard.
class SnapshotCache {
 public:
  explicit SnapshotCache(std::size_t capacity);
  ~SnapshotCache();

  SharedSnapshot Find(const Uuid& account, ByteView key_index) const;

  // A load begins before its transaction does; Put drops a snapshot that a change since then made
  // stale.
  using Ticket = std::uint64_t;
  Ticket BeginLoad() const;
  void Put(Ticket ticket, const Uuid& account, ByteView key_index, SharedSnapshot snapshot);

  // Called for committed changes (store::Database::Observe).
  void Apply(std::span<const store::Announcement> changes);

  struct Statistics {
    std::uint64_t hits = 0, misses = 0, size = 0;
  };
  Statistics statistics() const;

 private:
  struct Shard;
  class Changes;
  std::vector<std::unique_ptr<Shard>> shards_;
  const std::unique_ptr<Changes> changes_;
};

}  // namespace latchkey::service
