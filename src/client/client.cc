#include "client/client.h"

#include "base/random.h"
#include "client/curl_transport.h"
#include "client/posix_clock.h"
#include "client/posix_files.h"
#include "core/license_key.h"

namespace latchkey::client {
namespace {

constexpr Duration kLongestNap = std::chrono::seconds(60);
constexpr Duration kKeepHours = std::chrono::hours(1);
constexpr std::size_t kShortestKey = 16;  // of keys that buy a provisional week

std::string_view Trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// Keys travel in a header; none of ours has other characters.
bool IsSendable(std::string_view key) {
  return !key.empty() && key.size() <= 8192 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool IsMachineName(std::string_view text) {
  return text == "idlest" || Uuid::Parse(text).has_value();
}

const std::string& NoFingerprint() {
  static const std::string none;
  return none;
}

}  // namespace

Client::Parts Client::SystemParts(const CheckedConfig& config) {
  std::string agent = "liblatchkey/0.1";
  if (!config.config.app_version.empty()) agent += " app/" + config.config.app_version;
  for (char& c : agent)
    if (c < ' ' || c == 0x7f) c = '_';
  Parts parts;
  parts.clock = std::make_unique<PosixClock>();
  parts.transport = std::make_unique<CurlTransport>(config, std::move(agent));
  parts.files = std::make_unique<PosixFiles>();
  parts.random = &base::SystemRandom();
  return parts;
}

Result<std::unique_ptr<Client>> Client::Open(Config config) {
  LK_ASSIGN(CheckedConfig checked, client::Check(std::move(config)));
  Parts parts = SystemParts(checked);
  return Open(std::move(checked), std::move(parts));
}

std::unique_ptr<Client> Client::Open(CheckedConfig config, Parts parts) {
  std::unique_ptr<Client> client(new Client(std::move(config), std::move(parts)));
  client->Load();
  client->Publish();
  if (client->config_.config.background) {
    // Without a thread the client still works: the application's own calls refresh it.
    try {
      client->background_ = std::thread(&Client::Background, client.get());
    } catch (const std::system_error&) {
      const std::lock_guard lock(client->state_mutex_);
      client->trouble_ = "no background thread could be started";
    }
  }
  return client;
}

Client::Client(CheckedConfig config, Parts parts)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      keys_{config_.public_key, std::nullopt, std::nullopt},
      fingerprint_(&NoFingerprint()) {}

Client::~Client() {
  Cancel();
  if (background_.joinable()) background_.join();
  const std::lock_guard operation(operation_mutex_);
  {
    const std::lock_guard lock(state_mutex_);
    state_ = Step(state_, client::Tick{}, parts_.clock->Now(), fingerprint()).state;
  }
  if (store_ && state_.record.time.powered - saved_powered_ >= kKeepHours &&
      !store_->ChangedElsewhere())
    Save();
}

void Client::Cancel() {
  {
    const std::lock_guard lock(wake_mutex_);
    closing_.store(true);
  }
  wake_.notify_all();
  parts_.transport->Cancel();
}

// False when there is no usable storage; tried again at the next operation or tick.
bool Client::Load() {
  const std::string vendor = config_.config.storage_dir + "/" + config_.config.vendor_id;
  auto device = LoadDevice(*parts_.files, vendor, false, *parts_.random);
  bool replaced = false;
  if (!device && device.error().code == Errc::kDamaged) {
    device = LoadDevice(*parts_.files, vendor, true, *parts_.random);
    replaced = true;
  }
  if (!device) {
    const std::lock_guard lock(state_mutex_);
    trouble_ = device.error().detail;
    return false;
  }
  own_fingerprint_ = std::make_unique<const std::string>(device->fingerprint);
  fingerprint_.store(own_fingerprint_.get(), std::memory_order_release);
  store_.emplace(*parts_.files, vendor + "/" + config_.config.product_id,
                 StoreSealer(device->seed, config_.config.product_id), *parts_.random);
  auto loaded = store_->Load();
  {
    const std::lock_guard lock(state_mutex_);
    trouble_ = loaded ? std::string() : loaded.error().detail;
  }
  if (!loaded) {
    loaded = Store::Loaded{};
    loaded->damaged = true;
  }
  if (replaced) loaded->damaged = true;
  Adopt(std::move(*loaded));
  return true;
}

void Client::Adopt(Store::Loaded loaded) {
  State next;
  next.store_unreadable = loaded.damaged && !loaded.record;
  rolled_back_ = loaded.rolled_back;
  if (loaded.record) {
    next.record = std::move(*loaded.record);
    next.lease = LeaseOf(next.record.certificate, next.record.license_key);
  }
  next = Step(std::move(next), client::Tick{}, parts_.clock->Now(), fingerprint()).state;
  next.record.time.powered = std::max(next.record.time.powered, loaded.powered);
  saved_powered_ = next.record.time.powered;
  const std::lock_guard lock(state_mutex_);
  next.last = std::move(state_.last);
  next.devices = std::move(state_.devices);
  next.failures = state_.failures;
  state_ = std::move(next);
}

void Client::AdoptChanges() {
  // What could not be opened holds nothing of this session yet: nothing is lost by looking again.
  if (!store_) {
    Load();
    return;
  }
  if (!store_->ChangedElsewhere()) return;
  auto loaded = store_->Load();
  if (loaded && loaded->record) Adopt(std::move(*loaded));
}

std::optional<Lease> Client::LeaseOf(const std::string& certificate, const std::string& key) const {
  if (certificate.empty()) return std::nullopt;
  auto lease = OpenLease(certificate, key, fingerprint(), config_.config.product_id, keys_);
  return lease ? std::optional(std::move(*lease)) : std::nullopt;
}

Answered Client::Perform(const Call& call) {
  const SentCall sent = WriteCall(call, config_, fingerprint(), *parts_.random);
  Answered out{ReadReply(sent, parts_.transport->Send(sent.request), config_, keys_, fingerprint()),
               std::nullopt, 0};
  const Bytes dice = parts_.random->Take(4);
  for (const std::uint8_t byte : dice) out.dice = out.dice << 8 | byte;
  if (out.asked && out.asked->ok && call.kind == Call::Kind::kCheckOut) {
    out.lease = LeaseOf(out.asked->certificate, call.key);
    if (!out.lease) out.asked = tl::unexpected(AskFailure{CannotAsk::kUnverified, std::nullopt});
  }
  return out;
}

bool Client::Save() {
  Record record;
  {
    const std::lock_guard lock(state_mutex_);
    record = state_.record;
  }
  auto saved = store_->Save(record);
  const std::lock_guard lock(state_mutex_);
  trouble_ = saved ? std::string() : saved.error().detail;
  if (saved) saved_powered_ = record.time.powered;
  return saved.has_value();
}

// An outcome that needs no server.
Outcome Client::Local(Outcome outcome) {
  outcome.at = parts_.clock->Now().wall;
  const std::lock_guard lock(state_mutex_);
  state_.last = outcome;
  return outcome;
}

Outcome Client::Run(const Begin& begin) {
  if (!store_ && !Load()) {
    Outcome out;
    out.kind = Outcome::Kind::kSaveFailed;
    out.reason = "STORE_UNREADABLE";
    return Local(std::move(out));
  }
  AdoptChanges();
  Event event = begin;
  bool saved = true;
  for (;;) {
    Effects effects;
    {
      const std::lock_guard lock(state_mutex_);
      auto stepped = Step(state_, event, parts_.clock->Now(), fingerprint());
      state_ = std::move(stepped.state);
      effects = std::move(stepped.effects);
    }
    if (effects.save) saved = Save();
    Publish();
    if (effects.call) {
      event = Perform(*effects.call);
      continue;
    }
    Outcome out = effects.done.value_or(Outcome{});
    // Access counts at once; the person is told that it will not survive the end of the program.
    if (!saved && out.kind == Outcome::Kind::kOk) {
      out.kind = Outcome::Kind::kSaveFailed;
      out.reason = "STORE_UNREADABLE";
      return Local(std::move(out));
    }
    return out;
  }
}

Outcome Client::Activate(std::string_view typed_key, ActivateFlags flags) {
  const std::lock_guard operation(operation_mutex_);
  const std::string_view trimmed = Trim(typed_key);
  const core::KeyCheck check = core::CheckTypedKey(trimmed);
  using Verdict = core::KeyCheck::Verdict;
  const bool strict = config_.config.keys_have_check_digits;
  const bool mistyped = (check.verdict == Verdict::kTypo && (strict || !flags.try_anyway)) ||
                        (check.verdict == Verdict::kOtherShape && strict) ||
                        (check.verdict != Verdict::kSound && !IsSendable(trimmed));
  if (mistyped) {
    Outcome out;
    out.kind = Outcome::Kind::kKeyTypo;
    out.reason = "KEY_TYPO";
    out.group = check.group;
    out.suggestion = check.suggestion;
    return Local(std::move(out));
  }
  Begin begin;
  begin.verb = Verb::kActivate;
  begin.key = check.verdict == Verdict::kSound ? check.cleaned : std::string(trimmed);
  begin.device_name = config_.config.device_name;
  begin.may_be_provisional =
      check.verdict == Verdict::kSound ||
      (check.verdict == Verdict::kOtherShape && trimmed.size() >= kShortestKey);
  return Run(begin);
}

Outcome Client::Refresh(bool only_if_due) {
  const std::lock_guard operation(operation_mutex_);
  if (only_if_due) {
    AdoptChanges();
    const std::lock_guard lock(state_mutex_);
    state_ = Step(state_, client::Tick{}, parts_.clock->Now(), fingerprint()).state;
    const auto next = NextRefresh(state_);
    if (!next || *next > state_.record.time.powered) return {};
  }
  Begin begin;
  begin.verb = Verb::kRefresh;
  return Run(begin);
}

Outcome Client::Deactivate() {
  const std::lock_guard operation(operation_mutex_);
  Begin begin;
  begin.verb = Verb::kDeactivate;
  return Run(begin);
}

Outcome Client::ListDevices() {
  const std::lock_guard operation(operation_mutex_);
  Begin begin;
  begin.verb = Verb::kDevices;
  return Run(begin);
}

Outcome Client::TakeOver(std::string_view machine) {
  const std::lock_guard operation(operation_mutex_);
  const std::string_view wanted = Trim(machine);
  if (!IsMachineName(wanted)) {
    Outcome out;
    out.kind = Outcome::Kind::kRefused;
    out.reason = "NOT_FOUND";
    return Local(std::move(out));
  }
  Begin begin;
  begin.verb = Verb::kTakeover;
  begin.release = std::string(wanted);
  begin.device_name = config_.config.device_name;
  return Run(begin);
}

Duration Client::Tick(bool may_ask) {
  const std::lock_guard operation(operation_mutex_);
  AdoptChanges();
  bool keep = false, due = false;
  {
    const std::lock_guard lock(state_mutex_);
    state_ = Step(state_, client::Tick{}, parts_.clock->Now(), fingerprint()).state;
    const Duration powered = state_.record.time.powered;
    keep = store_ && !state_.record.license_key.empty() && powered - saved_powered_ >= kKeepHours;
    const auto next = NextRefresh(state_);
    due = may_ask && next && *next <= powered && !closing_.load();
  }
  if (keep) Save();
  Publish();
  if (due) {
    Begin begin;
    begin.verb = Verb::kRefresh;
    // What comes of it is in the state; a failure is retried at its time.
    const Outcome outcome = Run(begin);
    static_cast<void>(outcome.kind);
  }
  const std::lock_guard lock(state_mutex_);
  const Duration powered = state_.record.time.powered;
  Duration nap = kLongestNap;
  if (const auto changes = Judge(state_).changes) nap = std::min(nap, *changes - powered);
  if (const auto next = NextRefresh(state_); next && may_ask) nap = std::min(nap, *next - powered);
  return std::max<Duration>(nap, std::chrono::milliseconds(100));
}

void Client::Background() {
  Duration nap = std::chrono::milliseconds(50);  // opening comes first
  for (;;) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, nap, [&] { return closing_.load(); });
    }
    if (closing_.load()) return;
    nap = Tick(true);
  }
}

const Client::Features* Client::Intern(const Features& features) {
  for (const auto& known : interned_)
    if (*known == features) return known.get();
  interned_.push_back(std::make_unique<const Features>(features));
  return interned_.back().get();
}

void Client::Publish() {
  const std::lock_guard lock(state_mutex_);
  static const Features kNone;
  features_.store(Intern(state_.lease ? state_.lease->entitlements : kNone),
                  std::memory_order_release);
  verdict_.store(static_cast<std::uint32_t>(Judge(state_).access), std::memory_order_release);
}

bool Client::Allows(std::string_view code) const noexcept {
  if (Check() != core::AccessLevel::kFull) return false;
  const Features* features = features_.load(std::memory_order_acquire);
  if (features == nullptr) return false;
  const auto found =
      std::lower_bound(features->begin(), features->end(), code,
                       [](const std::string& a, std::string_view b) { return a < b; });
  return found != features->end() && *found == code;
}

State Client::Snapshot() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

std::string Client::StorageTrouble() const {
  const std::lock_guard lock(state_mutex_);
  return trouble_;
}

}  // namespace latchkey::client
