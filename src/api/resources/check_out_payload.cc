#include "api/resources/check_out_payload.h"

#include <algorithm>
#include <span>

#include "core/access_level.h"
#include "service/attachments.h"

namespace latchkey::api {
namespace {

// One row of the table of machines.md §6.8.
struct Include {
  std::string_view name;
  std::string_view permission;
};
constexpr Include kLicenseIncludes[] = {{"entitlements", "entitlement.read"},
                                        {"environment", "environment.read"},
                                        {"product", "product.read"},
                                        {"policy", "policy.read"},
                                        {"group", "group.read"},
                                        {"owner", "user.read"},
                                        {"users", "user.read"}};
constexpr Include kMachineIncludes[] = {{"license", "license.read"},
                                        {"license.entitlements", "entitlement.read"},
                                        {"license.product", "product.read"},
                                        {"license.policy", "policy.read"},
                                        {"license.owner", "user.read"},
                                        {"license.users", "user.read"},
                                        {"components", "component.read"},
                                        {"environment", "environment.read"},
                                        {"group", "group.read"},
                                        {"owner", "user.read"}};

std::span<const Include> IncludesOf(CheckOutOf kind) {
  if (kind == CheckOutOf::kLicense) return kLicenseIncludes;
  return kMachineIncludes;
}

const Include* FindInclude(CheckOutOf kind, std::string_view name) {
  for (const Include& include : IncludesOf(kind))
    if (include.name == name) return &include;
  return nullptr;
}

// Older names, understood in every version.
std::string_view Unaliased(CheckOutOf kind, std::string_view name) {
  if (name == "user") return "owner";
  if (kind == CheckOutOf::kMachine && name == "license.user") return "license.owner";
  return name;
}

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// `included`: each resource once, in the order of its first mention.
class Included {
 public:
  void Add(const View& view, const RenderOptions& options) {
    base::JsonWriter out;
    WriteResource(out, view, options);
    Add({view.resource().type, view.record().id, out.Take()});
  }
  void Append(Included other) {
    for (Item& item : other.items_) Add(std::move(item));
  }
  void WriteTo(base::JsonWriter& out) const {
    if (items_.empty()) return;  // absent, not empty
    out.Key("included").BeginArray();
    for (const Item& item : items_) out.Raw(item.document);
    out.EndArray();
  }

 private:
  struct Item {
    std::string_view type;
    Uuid id;
    std::string document;
  };
  void Add(Item item) {
    const bool known = std::any_of(items_.begin(), items_.end(), [&](const Item& other) {
      return other.type == item.type && other.id == item.id;
    });
    if (!known) items_.push_back(std::move(item));
  }
  std::vector<Item> items_;
};

// Adds what the includes of one file name.
class Collector {
 public:
  Collector(Call& call, const core::License& license, const core::Policy& policy)
      : call_(call), related_(call), license_(license), options_(RenderOptionsOf(call)) {
    related_.Keep(license);
    related_.Keep(policy);
  }
  Related& related() { return related_; }

  // `names` are includes of a license; `linkage` gets what stands in its to-many relationships.
  // Environments do not exist yet: no record is in one, so they add nothing.
  Result<void> OfLicense(const std::vector<std::string>& names, RenderOptions& linkage,
                         Included& included) {
    for (const std::string& name : names) {
      if (name == "entitlements") LK_TRY(Entitlements(linkage.linkage["entitlements"], included));
      if (name == "product") LK_TRY(Product(included));
      if (name == "policy") LK_TRY(Policy(included));
      if (name == "group") LK_TRY(Group(license_.group_id, included));
      if (name == "owner") LK_TRY(User(license_.owner_id, included));
      if (name == "users") LK_TRY(Users(linkage.linkage["users"], included));
    }
    return {};
  }
  Result<void> Group(const std::optional<Uuid>& id, Included& included) {
    if (!id) return {};
    LK_ASSIGN(const auto group, service::Find<core::Group>(call_.context(), *id));
    if (!group) return Error{Errc::kDamaged, "a member of a group that does not exist"};
    included.Add(RecordView<core::Group>(*group), options_);
    return {};
  }
  Result<void> User(const std::optional<Uuid>& id, Included& included) {
    LK_ASSIGN(const core::User* user, related_.User(id));
    if (!user) return {};
    LK_ASSIGN(const UserView view, UserView::Of(call_, *user));
    included.Add(view, options_);
    return {};
  }
  Result<void> Components(const core::Machine& machine, std::vector<Linkage>& linkage,
                          Included& included) {
    LK_ASSIGN(const auto components,
              service::List<core::Component>(call_.context(),
                                             store::Where("machine_id = ?", machine.id)));
    for (const core::Component& component : components) {
      included.Add(RecordView<core::Component>(component), options_);
      linkage.push_back({"components", component.id});
    }
    return {};
  }

 private:
  Result<void> Entitlements(std::vector<Linkage>& linkage, Included& included) {
    LK_ASSIGN(const auto entitlements, service::EffectiveEntitlements(call_.context(), license_));
    for (const core::Entitlement& entitlement : entitlements) {
      included.Add(RecordView<core::Entitlement>(entitlement), options_);
      linkage.push_back({"entitlements", entitlement.id});
    }
    return {};
  }
  Result<void> Product(Included& included) {
    LK_ASSIGN(const auto product,
              service::Find<core::Product>(call_.context(), license_.product_id));
    if (!product) return Error{Errc::kDamaged, "license without product"};
    included.Add(RecordView<core::Product>(*product), options_);
    return {};
  }
  Result<void> Policy(Included& included) {
    LK_ASSIGN(const core::Policy* policy, related_.Policy(license_.policy_id));
    included.Add(RecordView<core::Policy>(*policy), options_);
    return {};
  }
  Result<void> Users(std::vector<Linkage>& linkage, Included& included) {
    std::vector<Uuid> ids;
    if (license_.owner_id) ids.push_back(*license_.owner_id);
    LK_TRY(call_.session->Query(
        "SELECT user_id FROM license_users WHERE account_id = $1 AND license_id = $2 ORDER BY seq",
        store::Params(call_.account_id(), license_.id),
        [&](const store::Row& row) { ids.push_back(row.Id(0)); }));
    for (const Uuid& id : ids) {
      LK_TRY(User(id, included));
      linkage.push_back({"users", id});
    }
    return {};
  }

  Call& call_;
  Related related_;
  const core::License& license_;
  RenderOptions options_;
};

void WriteMeta(base::JsonWriter& out, const FileTimes& times, const core::Terms& terms) {
  out.Key("meta").BeginObject().Key("issued").Time(times.issued).Key("expiry");
  if (times.expiry)
    out.Time(*times.expiry);
  else
    out.Null();
  out.Key("ttl");
  if (times.ttl)
    out.Int(*times.ttl);
  else
    out.Null();
  out.Key("terms").BeginObject().Key("sync").Int(terms.sync).Key("grace").Int(terms.grace);
  out.Key("expiryGrace").Int(terms.expiry_grace).Key("until").Time(terms.until).EndObject();
  out.EndObject();
}

}  // namespace

Result<std::vector<std::string>> ParseIncludes(CheckOutOf kind,
                                               const std::vector<std::string>& sent) {
  std::vector<std::string> names;
  std::vector<std::string> aliased;
  for (const std::string& name : sent) {
    const std::string_view real = Unaliased(kind, name);
    if (!FindInclude(kind, real)) return Error{Errc::kCheckoutIncludeInvalid};
    (real == name ? names : aliased).emplace_back(real);
  }
  names.insert(names.end(), aliased.begin(), aliased.end());
  std::vector<std::string> once;
  for (std::string& name : names)
    if (!Has(once, name)) once.push_back(std::move(name));
  return once;
}

Result<void> AuthorizeIncludes(CheckOutOf kind, const std::vector<std::string>& includes,
                               const service::Actor& actor) {
  for (const std::string& name : includes)
    LK_TRY(NeedPermission(FindInclude(kind, name)->permission, actor));
  return {};
}

Result<std::string> WritePayload(Call& call, const core::License& license,
                                 const core::Policy& policy, const core::Machine* machine,
                                 const std::vector<std::string>& includes, const FileTimes& times) {
  constexpr std::string_view kBelowLicense = "license.";
  Collector collector(call, license, policy);
  RenderOptions license_options = RenderOptionsOf(call);
  Included included;
  base::JsonWriter data;
  if (machine) {
    std::vector<std::string> below;
    for (const std::string& name : includes)
      if (name.starts_with(kBelowLicense)) below.push_back(name.substr(kBelowLicense.size()));
    Included deeper;
    LK_TRY(collector.OfLicense(below, license_options, deeper));
    if (!below.empty() || Has(includes, "license")) {  // a dotted include brings the license along
      LK_ASSIGN(const LicenseView view, LicenseView::Of(collector.related(), license, call.now));
      included.Add(view, license_options);
    }
    if (Has(includes, "group")) LK_TRY(collector.Group(machine->group_id, included));
    if (Has(includes, "owner")) LK_TRY(collector.User(machine->owner_id, included));
    RenderOptions machine_options = RenderOptionsOf(call);
    if (Has(includes, "components"))
      LK_TRY(collector.Components(*machine, machine_options.linkage["components"], included));
    included.Append(std::move(deeper));  // breadth first
    LK_ASSIGN(const MachineView view, MachineView::Of(collector.related(), *machine, call));
    WriteResource(data, view, machine_options);
  } else {
    LK_TRY(collector.OfLicense(includes, license_options, included));
    LK_ASSIGN(const LicenseView view, LicenseView::Of(collector.related(), license, call.now));
    WriteResource(data, view, license_options);
  }
  base::JsonWriter out;
  out.BeginObject().Key("data").Raw(data.text());
  included.WriteTo(out);
  WriteMeta(out, times, core::TermsOf(policy, times.issued));
  out.EndObject();
  return out.Take();
}

}  // namespace latchkey::api
