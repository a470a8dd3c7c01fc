#include "api/reasons.h"

#include "core/message_catalogue.h"

namespace latchkey::api {
namespace {

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
  meta.emplace("reason", ReasonObject(call, reason, arguments));
}

}  // namespace latchkey::api
