#include "service/snapshots.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "service/attachments.h"
#include "service/licenses.h"

namespace latchkey::service {
namespace {

constexpr std::size_t kShards = 16;
// Changes remembered per shard, to judge loads that were under way when they came.
constexpr std::size_t kRecentChanges = 4096;

std::atomic<std::uint64_t> change_counter{1};

}  // namespace

Result<core::Snapshot> LoadSnapshot(const Context& context, core::License license) {
  core::Snapshot snapshot;
  LK_ASSIGN(auto policy, FindPolicy(context, license.policy_id));
  if (!policy) return Error{Errc::kDamaged, "license without policy"};
  snapshot.policy = std::move(*policy);
  if (license.owner_id) {
    LK_ASSIGN(const auto owner, Find<core::User>(context, *license.owner_id));
    if (owner)
      snapshot.owner = core::LicenseUser{owner->id, owner->email, owner->banned_at.has_value()};
  }
  LK_ASSIGN(const auto entitlements, EffectiveEntitlements(context, license));
  for (const auto& entitlement : entitlements) snapshot.entitlements.push_back(entitlement.code);
  if (license.machines_count > 0) {
    LK_ASSIGN(snapshot.machines,
              List<core::Machine>(context, store::Where("license_id = ?", license.id)));
    for (core::Machine& machine : snapshot.machines) machine.metadata = {};
  }
  snapshot.license = std::move(license);
  return snapshot;
}

struct SnapshotCache::Shard {
  struct Entry {
    std::string key;  // account and key index
    SharedSnapshot snapshot;
  };
  mutable std::mutex mutex;
  mutable std::list<Entry> by_use;  // most recent first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key;
  std::unordered_map<Uuid, std::string> by_license;
  std::unordered_map<Uuid, std::uint64_t> recent;  // license → number of its latest change
  std::uint64_t forgotten =
      0;  // changes up to this number are no longer in `recent`: loads older than it are dropped
  std::size_t capacity = 0;
  mutable std::uint64_t hits = 0, misses = 0;

  void Erase(const std::string& key) {
    const auto it = by_key.find(key);
    if (it == by_key.end()) return;
    by_license.erase(it->second->snapshot->license.id);
    by_use.erase(it->second);
    by_key.erase(it);
  }
};

namespace {

std::string CacheKey(const Uuid& account, ByteView key_index) {
  std::string key(base::AsText(account.bytes()));
  key.append(base::AsText(key_index));
  return key;
}

std::size_t ShardOf(ByteView key_index) { return key_index.empty() ? 0 : key_index[0] % kShards; }

}  // namespace

SnapshotCache::SnapshotCache(std::size_t capacity) {
  for (std::size_t i = 0; i < kShards; ++i) {
    auto shard = std::make_unique<Shard>();
    shard->capacity = std::max<std::size_t>(1, capacity / kShards);
    shards_.push_back(std::move(shard));
  }
}

SnapshotCache::~SnapshotCache() = default;

SharedSnapshot SnapshotCache::Find(const Uuid& account, ByteView key_index) const {
  Shard& shard = *shards_[ShardOf(key_index)];
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.by_key.find(CacheKey(account, key_index));
  if (it == shard.by_key.end()) {
    ++shard.misses;
    return nullptr;
  }
  ++shard.hits;
  shard.by_use.splice(shard.by_use.begin(), shard.by_use, it->second);
  return it->second->snapshot;
}

SnapshotCache::Ticket SnapshotCache::BeginLoad() const { return change_counter.load(); }

void SnapshotCache::Put(Ticket ticket, const Uuid& account, ByteView key_index,
                        SharedSnapshot snapshot) {
  Shard& shard = *shards_[ShardOf(key_index)];
  std::string key = CacheKey(account, key_index);
  const std::lock_guard lock(shard.mutex);
  if (ticket <= shard.forgotten) return;
  if (const auto it = shard.recent.find(snapshot->license.id);
      it != shard.recent.end() && it->second >= ticket)
    return;
  shard.Erase(key);
  shard.by_license[snapshot->license.id] = key;
  shard.by_use.push_front({key, std::move(snapshot)});
  shard.by_key[std::move(key)] = shard.by_use.begin();
  while (shard.by_use.size() > shard.capacity) shard.Erase(std::string(shard.by_use.back().key));
}

void SnapshotCache::Apply(std::span<const store::Announcement> changes) {
  for (const store::Announcement& change : changes) {
    if (!change.all && change.license_ids.empty()) continue;
    // Loads begun up to now may have missed it; later ones hold a higher ticket.
    const std::uint64_t number = change_counter.fetch_add(1);
    for (const auto& shard : shards_) {
      const std::lock_guard lock(shard->mutex);
      if (change.all) {
        shard->by_use.clear();
        shard->by_key.clear();
        shard->by_license.clear();
        shard->recent.clear();
        shard->forgotten = number;
        continue;
      }
      if (shard->recent.size() >= kRecentChanges) {
        shard->recent.clear();
        shard->forgotten = number;
      }
      for (const Uuid& license : change.license_ids) {
        shard->recent[license] = number;
        if (const auto it = shard->by_license.find(license); it != shard->by_license.end())
          shard->Erase(std::string(it->second));
      }
    }
  }
}

SnapshotCache::Statistics SnapshotCache::statistics() const {
  Statistics out;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    out.hits += shard->hits;
    out.misses += shard->misses;
    out.size += shard->by_use.size();
  }
  return out;
}

}  // namespace latchkey::service
