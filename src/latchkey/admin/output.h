#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "latchkey/admin/refusal.h"
#include "latchkey/admin/table.h"
#include "latchkey/admin_client.h"

namespace latchkey::app {

// One command that talks to a server: where to send, and how to show what comes back.
class Conversation {
 public:
  // Adds the flags that every such command has. `name` is how it is called: "licenses create".
  Conversation(CLI::App& command, std::string name, bool anonymous = false);

  Result<ApiAnswer> Ask(std::string_view method, const std::string& path,
                        const http::Query& query = {}, const json::value& body = nullptr) const;

  // Prints an answer, or why there is none; the status to leave with. `done` is what became of the
  // noun ("created"); its flags are attributes when `flags`.
  int Show(const Result<ApiAnswer>& answer, const Noun* noun, std::string_view done = {},
           bool flags = false) const;
  // A validation as a sentence; kNotValid when it is no.
  int ShowVerdict(const Result<ApiAnswer>& answer) const;
  // The file that was made goes to `path`.
  int SaveCertificate(const Result<ApiAnswer>& answer, const std::string& path) const;
  int Refuse(const Error& error) const;

  // Nothing is printed but what was asked for.
  bool terse() const { return json_ || !print_.empty(); }

 private:
  int Refuse(const ApiAnswer& answer, bool flags) const;

  std::string name_;
  bool anonymous_;
  Connection connection_;
  bool json_ = false;
  std::string print_;  // one member alone
};

}  // namespace latchkey::app
