#include "service/snapshots.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <list>
#include <unordered_map>

#include "service/attachments.h"
#include "service/licenses.h"

namespace latchkey::service {
namespace {

constexpr std::size_t kShards = 16;
constexpr std::size_t kPlaces = 8192;  // of changes that are remembered

std::atomic<std::uint64_t> change_counter{1};

// Components and processes of the license's machines.
Result<void> LoadParts(const Context& context, const Uuid& license, core::Snapshot& snapshot) {
  LK_TRY(context.session.Query(
      "SELECT machine_id, fingerprint FROM components WHERE account_id = $1 AND license_id = $2",
      store::Params(context.account_id(), license), [&](const store::Row& row) {
        snapshot.machine_components[row.Id(0)].emplace_back(row.Text(1));
      }));
  LK_TRY(context.session.Query(
      "SELECT machine_id, count(*) FROM processes WHERE account_id = $1 AND license_id = $2 GROUP "
      "BY machine_id",
      store::Params(context.account_id(), license), [&](const store::Row& row) {
        snapshot.machine_processes[row.Id(0)] = row.Int(1);
        snapshot.processes += row.Int(1);
      }));
  return {};
}

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
  LK_TRY(context.session.Query(
      "SELECT users.id, users.email, users.banned_at IS NOT NULL FROM license_users JOIN users ON "
      "users.id = license_users.user_id WHERE license_users.license_id = $1 ORDER BY "
      "license_users.seq",
      store::Params(license.id), [&](const store::Row& row) {
        snapshot.users.push_back({row.Id(0), std::string(row.Text(1)), row.Int(2) != 0});
      }));
  LK_ASSIGN(const auto entitlements, EffectiveEntitlements(context, license));
  for (const auto& entitlement : entitlements) snapshot.entitlements.push_back(entitlement.code);
  if (license.machines_count > 0) {
    LK_ASSIGN(snapshot.machines,
              List<core::Machine>(context, store::Where("license_id = ?", license.id)));
    for (core::Machine& machine : snapshot.machines) machine.metadata = {};
    LK_TRY(LoadParts(context, license.id, snapshot));
  }
  snapshot.license = std::move(license);
  return snapshot;
}

namespace {

// Account and key index.
std::string CacheKey(const Uuid& account, ByteView key_index) {
  std::string key(base::AsText(account.bytes()));
  key.append(base::AsText(key_index));
  return key;
}

// The end of a key index, a keyed digest, is as good a hash as any.
struct KeyHash {
  std::size_t operator()(std::string_view key) const {
    std::size_t hash = 0;
    if (key.size() >= sizeof hash)
      std::memcpy(&hash, key.data() + key.size() - sizeof hash, sizeof hash);
    return hash;
  }
};

std::size_t ShardOf(ByteView key_index) { return key_index.empty() ? 0 : key_index[0] % kShards; }

}  // namespace

struct SnapshotCache::Shard {
  struct Entry {
    std::string key;
    SharedSnapshot snapshot;
  };
  using Place = std::list<Entry>::iterator;

  mutable std::mutex mutex;
  mutable std::list<Entry> by_use;  // most recent first
  std::unordered_map<std::string_view, Place, KeyHash> by_key;
  std::unordered_map<Uuid, Place> by_license;
  std::size_t capacity = 0;
  mutable std::uint64_t hits = 0, misses = 0;

  void Erase(Place place) {
    by_license.erase(place->snapshot->license.id);
    by_key.erase(place->key);
    by_use.erase(place);
  }
  void EraseKey(std::string_view key) {
    if (const auto it = by_key.find(key); it != by_key.end()) Erase(it->second);
  }
  void EraseLicense(const Uuid& license) {
    if (const auto it = by_license.find(license); it != by_license.end()) Erase(it->second);
  }
};

// The latest changes, to judge loads that were under way when they came. A change that has no place
// of its own any more makes every load stale that began before it.
class SnapshotCache::Changes {
 public:
  void Note(const Uuid& license, std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    Change& change = PlaceOf(license);
    if (change.license != license) forgotten_ = std::max(forgotten_, change.number);
    change = {license, number};
  }
  void NoteAll(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    forgotten_ = std::max(forgotten_, number);
  }
  bool MissedBy(Ticket ticket, const Uuid& license) const {
    const std::lock_guard lock(mutex_);
    if (ticket <= forgotten_) return true;
    const Change& change = PlaceOf(license);
    return change.license == license && change.number >= ticket;
  }

 private:
  struct Change {
    Uuid license;
    std::uint64_t number = 0;
  };
  Change& PlaceOf(const Uuid& license) { return latest_[std::hash<Uuid>()(license) % kPlaces]; }
  const Change& PlaceOf(const Uuid& license) const {
    return latest_[std::hash<Uuid>()(license) % kPlaces];
  }

  mutable std::mutex mutex_;
  std::vector<Change> latest_ = std::vector<Change>(kPlaces);
  std::uint64_t forgotten_ = 0;
};

SnapshotCache::SnapshotCache(std::size_t capacity) : changes_(std::make_unique<Changes>()) {
  for (std::size_t i = 0; i < kShards; ++i) {
    auto shard = std::make_unique<Shard>();
    shard->capacity = std::max<std::size_t>(1, capacity / kShards);
    shards_.push_back(std::move(shard));
  }
}

SnapshotCache::~SnapshotCache() = default;

SharedSnapshot SnapshotCache::Find(const Uuid& account, ByteView key_index) const {
  Shard& shard = *shards_[ShardOf(key_index)];
  const std::string key = CacheKey(account, key_index);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.by_key.find(key);
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
  const Uuid license = snapshot->license.id;
  std::string key = CacheKey(account, key_index);
  // A change notes itself before it comes to the shards: either this load sees it, or it sees what
  // this load has put there.
  const std::lock_guard lock(shard.mutex);
  if (changes_->MissedBy(ticket, license)) return;
  shard.EraseKey(key);
  shard.EraseLicense(license);
  shard.by_use.push_front({std::move(key), std::move(snapshot)});
  const auto place = shard.by_use.begin();
  shard.by_key[place->key] = place;
  shard.by_license[license] = place;
  while (shard.by_use.size() > shard.capacity) shard.Erase(std::prev(shard.by_use.end()));
}

void SnapshotCache::Apply(std::span<const store::Announcement> changes) {
  bool all = false;
  bool any = false;
  for (const store::Announcement& change : changes) {
    if (!change.all && change.license_ids.empty()) continue;
    any = true;
    // Loads begun up to now may have missed it; later ones hold a higher ticket.
    const std::uint64_t number = change_counter.fetch_add(1);
    all = all || change.all;
    if (change.all) changes_->NoteAll(number);
    for (const Uuid& license : change.license_ids) changes_->Note(license, number);
  }
  if (!any) return;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    if (all) {
      shard->by_key.clear();
      shard->by_license.clear();
      shard->by_use.clear();
      continue;
    }
    if (shard->by_license.empty()) continue;
    for (const store::Announcement& change : changes)
      for (const Uuid& license : change.license_ids) shard->EraseLicense(license);
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
