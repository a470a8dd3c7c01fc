#include "latchkey/admin/refusal.h"

#include <ctime>

#include "core/message_catalogue.h"
#include "latchkey/admin/command_words.h"
#include "latchkey/attribute_text.h"
#include "latchkey/document_text.h"
#include "latchkey/settings.h"
#include "latchkey/terminal.h"

namespace latchkey::app {
namespace {

const json::value* Member(const json::value* value, std::string_view name) {
  const auto* object = value ? value->if_object() : nullptr;
  return object ? object->if_contains(name) : nullptr;
}

std::string TextOf(const json::value* value, std::string_view name) {
  const auto* text = Member(value, name);
  return text && text->is_string() ? PrintableText(text->get_string()) : std::string();
}

// "/data/attributes/maxMachines" → "--max-machines".
std::string FlagOf(std::string_view pointer) {
  for (const std::string_view place : {"/data/attributes/", "/data/relationships/"})
    if (pointer.starts_with(place)) {
      pointer.remove_prefix(place.size());
      return "--" + FlagName(pointer.substr(0, pointer.find('/')));
    }
  return {};
}

struct Problem {
  std::string flag, fact, code;
};

std::vector<Problem> ProblemsOf(const json::value& document, bool flags) {
  std::vector<Problem> problems;
  const auto* errors = Member(&document, "errors");
  if (!errors || !errors->is_array()) return problems;
  for (const auto& error : errors->get_array()) {
    Problem problem;
    const auto* source = Member(&error, "source");
    if (flags) problem.flag = FlagOf(TextOf(source, "pointer"));
    problem.fact = problem.flag.empty() ? TextOf(source, "parameter") : problem.flag;
    if (!problem.fact.empty()) problem.fact += " ";
    problem.fact += TextOf(&error, "detail");
    problem.code = TextOf(&error, "code");
    if (!problem.code.empty()) problem.fact += " (" + problem.code + ")";
    problems.push_back(std::move(problem));
  }
  return problems;
}

Seconds LocalOffset(TimePoint at) {
  const std::time_t seconds = std::chrono::duration_cast<Seconds>(at.time_since_epoch()).count();
  std::tm local{};
  return Seconds(localtime_r(&seconds, &local) ? local.tm_gmtoff : 0);
}

// What the action means to someone at this command line; actions that a later server adds keep the
// label it gives them.
std::string StepOf(std::string_view action, std::string_view label, const std::string& article,
                   std::string_view locale) {
  for (const std::string_view known :
       {"retry", "enter_key", "open_portal", "activate_in_browser", "use_offline_file",
        "release_device", "renew", "contact_support", "fix_clock", "fix_network", "wait"})
    if (action == known) {
      core::MessageArguments arguments;
      arguments.Set("article", article);
      return SayCommand("cli." + std::string(action), arguments, locale);
    }
  return std::string(label);
}

}  // namespace

Refusal RefusalOf(const ApiAnswer& answer, const Asked& asked, TimePoint now) {
  const auto problems = ProblemsOf(answer.document, asked.flags);
  const auto* given = Member(Member(&answer.document, "meta"), "reason");
  std::string code = TextOf(given, "code");
  if (code.empty())
    code = core::ReasonOf(problems.empty() ? "" : problems.front().code, answer.status);
  core::MessageArguments arguments;
  if (!problems.empty()) arguments.Set("detail", problems.front().fact);
  // Not a key that somebody typed, but a record that somebody asked for.
  const bool record = code == "NOT_FOUND" && answer.status == 404;
  if (record) arguments.Set("what", "record");
  const core::Message own = core::Explain(code, arguments, asked.locale, now, LocalOffset);

  Refusal refusal;
  refusal.title = given && !record ? TextOf(given, "title") : own.title;
  refusal.body = given && !record ? TextOf(given, "body") : own.body;
  std::string flags;
  for (const Problem& problem : problems) {
    refusal.facts.push_back(problem.fact);
    if (!problem.flag.empty()) flags += (flags.empty() ? "" : ", ") + problem.flag;
  }
  if (problems.empty())
    refusal.facts.push_back("the server answered with status " + std::to_string(answer.status));
  core::MessageArguments correct;
  correct.Set("command", asked.command);
  if (!flags.empty()) correct.Set("flags", flags);
  // What the catalogue says of applications would mislead who has typed the request.
  if (code == "REQUEST_INVALID") refusal.body = SayCommand("cli.rejected", correct, asked.locale);
  if (code == "REQUEST_INVALID" || !flags.empty())
    refusal.steps.push_back(SayCommand("cli.correct", correct, asked.locale));
  const auto add = [&](std::string_view action, std::string_view label) {
    refusal.steps.push_back(StepOf(action, label, own.article, asked.locale));
  };
  const auto* actions = Member(given, "actions");
  if (actions && actions->is_array() && !actions->get_array().empty())
    for (const auto& action : actions->get_array())
      add(TextOf(&action, "code"), TextOf(&action, "label"));
  else
    for (const core::Action& action : own.actions) add(action.code, action.label);

  core::MessageArguments details;
  details.Set("code", code).Set("at", now);
  details.Set("request", answer.request_id.empty() ? "-" : answer.request_id);
  refusal.details = core::Say("details.text", details, asked.locale, now, LocalOffset);
  return refusal;
}

std::string RefusalText(const Refusal& refusal, std::string_view locale) {
  std::string text = refusal.title;
  if (!refusal.body.empty()) text += "\n" + refusal.body;
  for (const std::string& fact : refusal.facts) text += "\n  " + fact;
  core::MessageArguments none;
  none.Set("actions", "");
  std::string heading = core::Say("next.step", none, locale, {});
  while (heading.ends_with(' ')) heading.pop_back();
  text += "\n" + heading;
  int number = 0;
  for (const std::string& step : refusal.steps)
    text += "\n  " + std::to_string(++number) + ". " + step;
  return text + "\n" + refusal.details;
}

std::string OwnRefusal(const Error& error, const Asked& asked) {
  std::string text = Describe(error);
  // Sentences about the surroundings name their way out themselves; those about a flag all have the
  // same one.
  if (error.code == Errc::kConfigInvalid && text.starts_with("--"))
    text += "; `" + asked.command + " --help` shows what each flag takes";
  return text;
}

std::string_view SpokenLocale() {
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const auto value = ProcessEnvironment(variable); value && !value->empty())
      return core::PickLocale(*value);
  return core::PickLocale("en");
}

}  // namespace latchkey::app
