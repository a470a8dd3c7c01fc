// liblatchkey for C++20: ownership and string_view over the C interface (client.h). Header only,
// throws nothing.
#ifndef LATCHKEY_CLIENT_HPP_
#define LATCHKEY_CLIENT_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "latchkey/client.h"

namespace latchkey::sdk {

enum class Access : lk_access {
  kNone = LK_ACCESS_NONE,
  kLimited = LK_ACCESS_LIMITED,
  kFull = LK_ACCESS_FULL
};

// Named texts in rows. Empty when nothing could be had.
class Rows {
 public:
  Rows() = default;
  explicit Rows(lk_rows* rows) : rows_(rows) {}
  std::size_t size() const { return rows_ ? lk_rows_count(rows_.get()) : 0; }
  // Empty when there is no such row or field. Valid as long as this object.
  std::string_view Get(const char* field, std::size_t row = 0) const {
    const char* text = rows_ ? lk_rows_get(rows_.get(), row, field) : nullptr;
    return text ? std::string_view(text) : std::string_view();
  }
  std::string_view Json() const {
    return rows_ ? std::string_view(lk_rows_json(rows_.get())) : "[]";
  }

 private:
  struct Destroy {
    void operator()(lk_rows* rows) const { lk_rows_destroy(rows); }
  };
  std::unique_ptr<lk_rows, Destroy> rows_;
};

class Options {
 public:
  Options() : options_(lk_options_create()) {}
  // The first failure is remembered and given by Client::Open.
  Options& Set(lk_option option, std::string_view text) {
    Note(options_ ? lk_options_set_text(options_.get(), option, text.data() ? text.data() : "",
                                        text.size())
                  : LK_OUT_OF_MEMORY);
    return *this;
  }
  Options& Set(lk_option option, bool on) {
    Note(options_ ? lk_options_set_flag(options_.get(), option, on ? 1 : 0) : LK_OUT_OF_MEMORY);
    return *this;
  }
  // A literal is a text, not a flag.
  Options& Set(lk_option option, const char* text) { return Set(option, std::string_view(text)); }

 private:
  friend class Client;
  struct Destroy {
    void operator()(lk_options* options) const { lk_options_destroy(options); }
  };
  void Note(lk_status status) {
    if (status_ == LK_OK) status_ = status;
  }
  std::unique_ptr<lk_options, Destroy> options_;
  lk_status status_ = LK_OK;
};

// See client.h for what each function promises.
class Client {
 public:
  Client() = default;
  [[nodiscard]] lk_status Open(const Options& options, Rows* problem = nullptr) {
    if (options.status_ != LK_OK) return options.status_;
    lk_client* client = nullptr;
    lk_rows* rows = nullptr;
    const lk_status status =
        lk_client_open(options.options_.get(), &client, problem ? &rows : nullptr);
    if (status == LK_OK) client_.reset(client);
    if (problem) *problem = Rows(rows);
    return status;
  }
  explicit operator bool() const { return client_ != nullptr; }

  Access Check() const { return static_cast<Access>(lk_client_check(client_.get())); }
  bool Allows(std::string_view feature) const {
    return lk_client_allows(client_.get(), feature.data() ? feature.data() : "", feature.size()) !=
           0;
  }
  [[nodiscard]] lk_status Activate(std::string_view key, std::uint32_t flags = 0) {
    return lk_client_activate(client_.get(), key.data() ? key.data() : "", key.size(), flags);
  }
  [[nodiscard]] lk_status Refresh(std::uint32_t flags = 0) {
    return lk_client_refresh(client_.get(), flags);
  }
  [[nodiscard]] lk_status Deactivate() { return lk_client_deactivate(client_.get()); }
  [[nodiscard]] lk_status Devices(Rows& devices) {
    lk_rows* rows = nullptr;
    const lk_status status = lk_client_devices(client_.get(), &rows);
    devices = Rows(rows);
    return status;
  }
  [[nodiscard]] lk_status TakeOver(std::string_view machine) {
    return lk_client_takeover(client_.get(), machine.data() ? machine.data() : "", machine.size());
  }
  Rows Explain(std::string_view locale = {}) const { return Say(&lk_client_explain, locale); }
  Rows Facts(std::string_view locale = {}) const { return Say(&lk_client_facts, locale); }
  std::string_view Fingerprint() const { return lk_client_fingerprint(client_.get()); }

 private:
  template <class Function>
  Rows Say(Function function, std::string_view locale) const {
    lk_rows* rows = nullptr;
    const lk_status status =
        function(client_.get(), locale.empty() ? nullptr : locale.data(), locale.size(), &rows);
    return status == LK_OK ? Rows(rows) : Rows();
  }
  struct Close {
    void operator()(lk_client* client) const { lk_client_close(client); }
  };
  std::unique_ptr<lk_client, Close> client_;
};

}  // namespace latchkey::sdk

#endif  // LATCHKEY_CLIENT_HPP_
