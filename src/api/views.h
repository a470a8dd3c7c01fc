#pragma once

#include <unordered_map>

#include "api/render.h"
#include "core/license.h"
#include "core/machine.h"
#include "core/policy.h"
#include "core/second_factor.h"
#include "core/user.h"

namespace latchkey::api {

// Records that views need beside their own, loaded once per request.
class Related {
 public:
  explicit Related(Call& call) : call_(call) {}
  Result<const core::Policy*> Policy(const Uuid& id);
  Result<const core::License*> License(const Uuid& id);
  Result<const core::User*> User(const std::optional<Uuid>& id);  // null for none
  Result<const core::Product*> Product(const Uuid& id);
  Result<std::int64_t> AttachedUsers(const Uuid& license);
  void Keep(const core::Policy& policy) { policies_.insert_or_assign(policy.id, policy); }
  void Keep(core::License license) {
    const Uuid id = license.id;
    licenses_.insert_or_assign(id, std::move(license));
  }

 private:
  Call& call_;
  std::unordered_map<Uuid, core::Policy> policies_;
  std::unordered_map<Uuid, core::License> licenses_;
  std::unordered_map<Uuid, core::User> users_;
  std::unordered_map<Uuid, core::Product> products_;
};

// licenses.md §6: status, policy flags, limits in force, key only where it may be seen.
class LicenseView : public RecordView<core::License> {
 public:
  LicenseView(const core::License& license, const core::Policy& policy, const core::User* owner,
              TimePoint now)
      : RecordView(license),
        policy_(policy),
        owner_(owner),
        now_(now),
        limits_(core::EffectiveLimits(license, policy)) {}
  // With the number of attached users, which the store knows.
  static Result<LicenseView> Of(Related& related, const core::License& license, TimePoint now);
  // For the warm path: everything comes from the read model.
  LicenseView(const core::Snapshot& snapshot, TimePoint now);

  // The plain key of a legacy encrypted license, in the answer that creates it.
  void ShowKey(std::string key) { plain_key_ = std::move(key); }
  // This request's own validation, before it is stored (licenses.md §9.1 "Touches").
  void SetLastValidated(TimePoint at) { last_validated_ = at; }

  core::Value Get(const core::Attribute& attribute) const override;
  bool Shows(const core::Attribute& attribute) const override;
  bool Write(const core::Attribute& attribute, base::JsonWriter& out) const override;
  bool WriteMeta(const core::Relationship& relationship, base::JsonWriter& out) const override;

 private:
  const core::Policy& policy_;
  const core::User* owner_;
  TimePoint now_;
  core::Limits limits_;
  bool owner_banned_ = false;
  std::int64_t attached_ = 0;
  std::optional<std::string> plain_key_;
  std::optional<TimePoint> last_validated_;
};

// The document of a snapshot's license, without owner, with gaps for its status and for its last
// validation; and the document again, as an answer that validates it now says it. The bytes are
// those that LicenseView gives.
service::Stencil LicenseStencil(const Call& call, const core::Snapshot& snapshot);
Reply FillLicense(const Call& call, const core::Snapshot& snapshot, const service::Stencil& stencil,
                  std::string_view meta);

// machines.md §1.2.
class MachineView : public RecordView<core::Machine> {
 public:
  MachineView(const core::Machine& machine, const core::License& license,
              const core::Policy& policy, TimePoint now, Duration downtime)
      : RecordView(machine), license_(license), policy_(policy), now_(now), downtime_(downtime) {}
  static Result<MachineView> Of(Related& related, const core::Machine& machine, const Call& call);
  void ShowResurrected() { resurrected_ = true; }

  core::Value Get(const core::Attribute& attribute) const override;

 private:
  const core::License& license_;
  const core::Policy& policy_;
  TimePoint now_;
  Duration downtime_;
  bool resurrected_ = false;
};

// machines.md §4.
class ProcessView : public RecordView<core::Process> {
 public:
  ProcessView(const core::Process& process, const core::Policy& policy, TimePoint now,
              Duration downtime)
      : RecordView(process), policy_(policy), now_(now), downtime_(downtime) {}
  static Result<ProcessView> Of(Related& related, const core::Process& process, const Call& call);
  void ShowResurrected() { resurrected_ = true; }

  core::Value Get(const core::Attribute& attribute) const override;

 private:
  const core::Policy& policy_;
  TimePoint now_;
  Duration downtime_;
  bool resurrected_ = false;
};

// conventions.md §9.1. `raw` is the token itself, shown once. Permissions are the effective ones
// when made by Of, which looks at the bearer; else the token's own list.
class TokenView : public RecordView<core::Token> {
 public:
  explicit TokenView(const core::Token& token, std::string raw = {})
      : RecordView(token), raw_(std::move(raw)), permissions_(token.permissions) {}
  static Result<TokenView> Of(Related& related, const core::Token& token, std::string raw = {});
  core::Value Get(const core::Attribute& attribute) const override;
  bool Shows(const core::Attribute& attribute) const override;
  std::optional<Linkage> LinkageOf(const core::Relationship& relationship) const override;

 private:
  std::string raw_;
  core::Strings permissions_;
};

// events.md §1.1.
class UserView : public RecordView<core::User> {
 public:
  // Whether one of its licenses was active of late is asked of the store.
  static Result<UserView> Of(const Call& call, const core::User& user);
  core::Value Get(const core::Attribute& attribute) const override;

 private:
  UserView(const core::User& user, bool active) : RecordView(user), active_(active) {}
  bool active_;
};

// conventions.md §9.4: `uri` and `secret` only until it is enabled.
class SecondFactorView : public RecordView<core::SecondFactor> {
 public:
  SecondFactorView(const core::SecondFactor& factor, std::string_view email,
                   std::string_view issuer)
      : RecordView(factor), email_(email), issuer_(issuer) {}
  std::string Path() const override {
    return "/users/" + typed_.user_id.ToString() + "/second-factors/" + typed_.id.ToString();
  }
  core::Value Get(const core::Attribute& attribute) const override;
  bool Shows(const core::Attribute& attribute) const override;

 private:
  std::string_view email_, issuer_;
};

// conventions.md §9.5, with the public keys in its meta.
class AccountView : public RecordView<core::Account> {
 public:
  explicit AccountView(const service::AccountContext& account)
      : RecordView(account.account), keys_(account.keys) {}
  bool WriteOwnMeta(base::JsonWriter& out) const override;

 private:
  const crypto::AccountKeys& keys_;
};

}  // namespace latchkey::api
