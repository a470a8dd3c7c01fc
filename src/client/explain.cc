#include "client/explain.h"

#include <time.h>

#include "base/json.h"
#include "core/message_catalogue.h"

namespace latchkey::client {
namespace {

using core::MessageArguments;

Seconds LocalOffset(TimePoint at) {
  const time_t seconds = static_cast<time_t>(base::UnixSeconds(at));
  tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return Seconds(0);
  return Seconds(local.tm_gmtoff);
}

// What everything is said with: the person's language, and a present that is right even when the
// clock of the computer is not.
struct Voice {
  std::string_view locale;
  TimePoint now;
};

Voice VoiceFor(const State& state, const CheckedConfig& config, std::string_view locale) {
  const auto trusted = state.record.time.Now();
  const TimePoint now =
      trusted && state.record.time.WallLooksWrong() ? *trusted : state.record.time.Evidence();
  return {core::PickLocale(locale.empty() ? std::string_view(config.config.locale) : locale), now};
}

std::string Say(std::string_view key, const MessageArguments& arguments, const Voice& voice) {
  return core::Say(key, arguments, voice.locale, voice.now, &LocalOffset);
}

MessageArguments CommonArguments(const CheckedConfig& config) {
  MessageArguments out;
  if (!config.config.app_name.empty()) out.Set("product", config.config.app_name);
  if (!config.config.seller.empty()) out.Set("seller", config.config.seller);
  if (!config.config.app_version.empty()) out.Set("version", config.config.app_version);
  out.Set("host", config.server.host).Set("what", "license");
  return out;
}

// Where an action leads outside of the application, as far as the application has said.
std::string_view LinkOf(std::string_view action, const Config& config) {
  if (action == "open_portal" || action == "renew") return config.portal_url;
  if (action == "contact_support") return config.support_url;
  return {};
}

Row RowOf(std::string_view kind, const core::Message& message, const Config& config) {
  std::string actions, labels, links;
  for (const core::Action& action : message.actions) {
    if (!actions.empty()) actions += ',', labels += '\n', links += '\n';
    actions += action.code;
    labels += action.label;
    links += LinkOf(action.code, config);
  }
  return {{"kind", std::string(kind)},
          {"code", message.code},
          {"severity", std::string(core::NameOf(message.severity))},
          {"title", message.title},
          {"body", message.body},
          {"actions", actions},
          {"labels", labels},
          {"links", links}};
}

bool KnownReason(std::string_view code) {
  const auto codes = core::ReasonCodes();
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

core::Message MessageFor(std::string_view code, const MessageArguments& arguments,
                         const Voice& voice, const std::string& server_title,
                         const std::string& server_body) {
  core::Message out = core::Explain(code, arguments, voice.locale, voice.now, &LocalOffset);
  if (!KnownReason(code) && !server_title.empty()) {
    out.title = server_title;
    out.body = server_body;
  }
  return out;
}

void AddStandingArguments(const State& state, const Standing& standing, std::string_view reason,
                          MessageArguments& out) {
  if (standing.until) out.Set("until", *standing.until);
  const auto& denial = state.record.denial;
  if (denial && reason == denial->reason) {
    out.Set("since", denial->since);
    if (denial->expiry) out.Set("expiry", *denial->expiry);
  } else if (state.lease && state.lease->license_expiry) {
    out.Set("expiry", *state.lease->license_expiry);
  }
  if (reason == "CUT_OFF" && state.record.last_contact)
    out.Set("since", *state.record.last_contact);
  if (reason == "CLOCK_WRONG") out.Set("clock", state.record.time.wall);
}

std::string TimeText(const std::optional<TimePoint>& time) {
  return time ? base::FormatTime(*time) : std::string();
}

std::string HiddenKey(const std::string& key) {
  if (key.empty()) return {};
  const auto dash = key.find('-');
  const std::size_t shown = std::min<std::size_t>(dash == key.npos ? 4 : dash, 6);
  return key.size() > shown + 4 ? key.substr(0, shown) + "-…" : "…";
}

}  // namespace

std::string_view AccessName(core::AccessLevel level) {
  switch (level) {
    case core::AccessLevel::kNone:
      return "none";
    case core::AccessLevel::kLimited:
      return "limited";
    case core::AccessLevel::kFull:
      return "full";
  }
  return "none";
}

Rows Explain(const Client& client, std::string_view locale) {
  const State state = client.Snapshot();
  const Voice voice = VoiceFor(state, client.config(), locale);
  const Standing standing = Judge(state);
  Rows rows;
  std::vector<std::string> said;
  const auto add = [&](std::string_view kind, const std::string& code,
                       const MessageArguments& arguments, const std::string& title,
                       const std::string& body) -> Row* {
    if (std::find(said.begin(), said.end(), code) != said.end()) return nullptr;
    said.push_back(code);
    rows.push_back(
        RowOf(kind, MessageFor(code, arguments, voice, title, body), client.config().config));
    return &rows.back();
  };

  if (state.last && state.last->kind != Outcome::Kind::kOk && !state.last->reason.empty()) {
    const Outcome& last = *state.last;
    MessageArguments arguments = CommonArguments(client.config());
    AddStandingArguments(state, standing, last.reason, arguments);
    if (last.max) arguments.Set("max", *last.max);
    if (last.kind == Outcome::Kind::kSeatsFull && !state.devices.empty())
      arguments.Set("used", static_cast<std::int64_t>(state.devices.size()));
    if (last.group > 0) arguments.Set("group", std::int64_t{last.group});
    if (last.wait_seconds) arguments.Set("seconds", *last.wait_seconds);
    if (last.reason == "SETTING_FORBIDS") arguments.Set("setting", "authenticationStrategy");
    if (!last.detail.empty()) arguments.Set("detail", last.detail);
    if (Row* row = add("last", last.reason, arguments, last.title, last.body)) {
      row->emplace_back("detail", last.detail);
      row->emplace_back("suggestion", last.suggestion);
      if (last.kind == Outcome::Kind::kSaveFailed)
        row->emplace_back("storage", client.StorageTrouble());
    }
  }
  if (!standing.reason.empty()) {
    MessageArguments arguments = CommonArguments(client.config());
    AddStandingArguments(state, standing, standing.reason, arguments);
    const auto& denial = state.record.denial;
    add("standing", standing.reason, arguments, denial ? denial->title : std::string(),
        denial ? denial->body : std::string());
  }
  for (const std::string& notice : Notices(state)) {
    MessageArguments arguments = CommonArguments(client.config());
    AddStandingArguments(state, standing, notice, arguments);
    add("notice", notice, arguments, {}, {});
  }
  if (rows.empty()) {
    const Row facts = Facts(client, locale).front();
    std::string body;
    for (const auto& [name, text] : facts)
      if ((name == "holder_text" || name == "until_text" || name == "next_check_text") &&
          !text.empty())
        body += (body.empty() ? "" : " ") + text;
    rows.push_back({{"kind", "status"},
                    {"code", "OK"},
                    {"severity", "info"},
                    {"title", Say("status.full", {}, voice)},
                    {"body", body},
                    {"actions", ""},
                    {"labels", ""},
                    {"links", ""}});
  }
  return rows;
}

Rows Facts(const Client& client, std::string_view locale) {
  const State state = client.Snapshot();
  const Voice voice = VoiceFor(state, client.config(), locale);
  const Standing standing = Judge(state);
  const Record& record = state.record;
  const std::string access(AccessName(standing.access));
  Row row{{"access", access},
          {"access_text", Say("status." + access, {}, voice)},
          {"reason", standing.reason}};
  const auto put = [&](std::string name, std::string text) {
    row.emplace_back(std::move(name), std::move(text));
  };
  const auto say = [&](std::string name, std::string_view key, std::string_view argument,
                       const std::optional<TimePoint>& time) {
    put(std::move(name),
        time ? Say(key, MessageArguments().Set(argument, *time), voice) : std::string());
  };

  std::optional<TimePoint> next_check, expiry;
  std::string features, name;
  if (state.lease) {
    name = state.lease->license_name;
    expiry = state.lease->license_expiry;
    if (const auto next = NextRefresh(state))
      next_check = voice.now + (*next - record.time.powered);
    for (const std::string& code : state.lease->entitlements)
      features += (features.empty() ? "" : ",") + code;
  }
  // What was held once and is gone is not promised any more.
  const bool held = state.lease && standing.access != core::AccessLevel::kNone;
  if (!held) next_check.reset();
  put("license_name", name);
  put("license_id", record.license_id.empty() ? record.pending_license_id : record.license_id);
  put("key", HiddenKey(record.license_key.empty() ? record.pending_key : record.license_key));
  put("expiry", TimeText(expiry));
  put("until", TimeText(standing.until));
  put("next_check", TimeText(next_check));
  put("last_contact", TimeText(record.last_contact));
  put("holder_text", name.empty() || !held
                         ? std::string()
                         : Say("license.to", MessageArguments().Set("name", name), voice));
  say("until_text", "license.offline_until", "until",
      standing.access == core::AccessLevel::kFull ? standing.until : std::nullopt);
  say("next_check_text", "license.next_check", "until", next_check);
  say("last_contact_text", "license.last_contact", "since", record.last_contact);
  put("expiry_text", !held ? std::string()
                     : expiry
                         ? Say("license.expires", MessageArguments().Set("expiry", *expiry), voice)
                         : Say("license.never_expires", {}, voice));
  put("features", features);
  put("device_name",
      record.device_name.empty() ? client.config().config.device_name : record.device_name);
  put("fingerprint", client.fingerprint());
  put("pending", record.pending_key.empty() ? "" : "yes");
  put("server", client.config().server.url + client.config().server.base);
  const std::string trouble = client.StorageTrouble();
  put("store", !trouble.empty()         ? trouble
               : state.store_unreadable ? "damaged"
               : client.rolled_back()   ? "older copy"
                                        : "ok");
  put("portal", client.config().config.portal_url);
  put("support", client.config().config.support_url);
  put("released", state.released_name);
  put("takeover_text", state.undo_until && !state.released_name.empty()
                           ? Say("takeover.done",
                                 MessageArguments()
                                     .Set("device", state.released_name)
                                     .Set("until", *state.undo_until),
                                 voice)
                           : std::string());
  return {std::move(row)};
}

Rows DeviceRows(const Client& client, std::string_view locale) {
  const State state = client.Snapshot();
  const Voice voice = VoiceFor(state, client.config(), locale);
  Rows rows;
  for (const Device& device : state.devices) {
    const std::string name = device.name.empty() ? device.id : device.name;
    MessageArguments arguments;
    arguments.Set("name", name);
    if (device.last_used) arguments.Set("since", *device.last_used);
    std::string text =
        Say(device.last_used ? "devices.row" : "devices.row_never", arguments, voice);
    if (device.current) text += " (" + Say("devices.this", {}, voice) + ")";
    if (device.suggested) text += " (" + Say("devices.suggested", {}, voice) + ")";
    rows.push_back({{"id", device.id},
                    {"name", name},
                    {"platform", device.platform},
                    {"last_used", TimeText(device.last_used)},
                    {"text", text},
                    {"current", device.current ? "yes" : ""},
                    {"suggested", device.suggested ? "yes" : ""}});
  }
  return rows;
}

std::string ToJson(const Rows& rows) {
  base::JsonWriter out;
  out.BeginArray();
  for (const Row& row : rows) {
    out.BeginObject();
    for (const auto& [name, text] : row) out.Key(name).String(text);
    out.EndObject();
  }
  out.EndArray();
  return out.Take();
}

}  // namespace latchkey::client
