#include "api/reasons.h"

#include <charconv>

#include "core/message_catalogue.h"

namespace latchkey::api {
namespace {

// What a limit's code counts, in the words' own names (messages/en.json).
std::string_view LimitOf(std::string_view code) {
  struct Word {
    std::string_view in_code, name;
  };
  static constexpr Word kWords[] = {{"CORE", "cores"},         {"MEMORY", "memory"},
                                    {"DISK", "disk"},          {"PROCESS", "processes"},
                                    {"USER", "users"},         {"ACTIVATIONS", "activations"},
                                    {"TAKEOVER", "takeovers"}, {"MACHINE", "machines"}};
  for (const Word& word : kWords)
    if (code.find(word.in_code) != std::string_view::npos) return word.name;
  return {};
}

// "… exceeded maximum allowed for license (5)" → 5.
std::optional<std::int64_t> MaximumIn(std::string_view detail) {
  const std::size_t open = detail.rfind('(');
  if (open == std::string_view::npos || !detail.ends_with(')')) return std::nullopt;
  const std::string_view digits = detail.substr(open + 1, detail.size() - open - 2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void SetLimit(std::string_view code, std::string_view detail, core::MessageArguments& arguments) {
  if (const std::string_view limit = LimitOf(code); !limit.empty()) arguments.Set("limit", limit);
  if (const auto maximum = MaximumIn(detail)) arguments.Set("max", *maximum);
}

json::object ReasonObject(const Call& call, std::string_view reason,
                          const core::MessageArguments& arguments) {
  const core::Message message = core::Explain(reason, arguments, call.locale, call.now);
  json::array actions;
  for (const core::Action& action : message.actions)
    actions.push_back(json::object{{"code", action.code}, {"label", action.label}});
  return {{"code", message.code},
          {"title", message.title},
          {"body", message.body},
          {"actions", std::move(actions)}};
}

}  // namespace

void AddReason(const Call& call, const Failure& failure, json::object& meta) {
  const Problem* problem = failure.problems.empty() ? nullptr : &failure.problems.front();
  core::MessageArguments arguments;
  std::string_view reason = core::ReasonOf(problem ? problem->code : "", failure.status);
  // Other causes end a license or seat for good; these two do not.
  if (call.cause == "SEAT_TAKEN_OVER" || call.cause == "HEARTBEAT_LOST")
    reason = call.cause;
  else if (!call.cause.empty())
    reason = "REVOKED";
  if (problem) arguments.Set("detail", problem->detail);
  if (failure.status == 404) arguments.Set("what", "record");
  if (problem && problem->code.ends_with("_LIMIT_EXCEEDED"))
    SetLimit(problem->code, problem->detail, arguments);
  const bool until = reason == "SEAT_TAKEN_OVER" && call.until;
  if (until) arguments.Set("until", *call.until);
  json::object object = ReasonObject(call, reason, arguments);
  if (until) object.emplace("until", base::FormatTime(*call.until));
  meta.emplace("reason", std::move(object));
}

void AddReason(const Call& call, std::string_view validation_code, const core::License* license,
               json::object& meta) {
  std::string_view reason = core::ReasonOf(validation_code);
  if (validation_code == "NOT_FOUND" && !call.cause.empty()) reason = "REVOKED";
  if (reason.empty()) return;
  core::MessageArguments arguments;
  if (license && license->expiry) arguments.Set("expiry", *license->expiry);
  if (validation_code.starts_with("TOO_M")) SetLimit(validation_code, {}, arguments);
  meta.emplace("reason", ReasonObject(call, reason, arguments));
}

}  // namespace latchkey::api
