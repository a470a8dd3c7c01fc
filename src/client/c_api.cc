#include <new>

#include "client/client.h"
#include "client/explain.h"
#include "core/license_key.h"
#include "latchkey/client.h"

using latchkey::client::Client;
using latchkey::client::Config;
using latchkey::client::Outcome;
using latchkey::client::Row;
using latchkey::client::Rows;

struct lk_options {
  Config config;
};
struct lk_client {
  std::unique_ptr<Client> client;
};
struct lk_rows {
  Rows rows;
  std::string json;
};

namespace {

// No exception crosses into the host: each function catches once.
template <class Body>
lk_status Guard(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return LK_OUT_OF_MEMORY;
  } catch (...) {
    return LK_INTERNAL;
  }
}

lk_status StatusOf(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kOk:
      return LK_OK;
    case Outcome::Kind::kRefused:
      return LK_REFUSED;
    case Outcome::Kind::kCannotAsk:
      return LK_CANNOT_ASK;
    case Outcome::Kind::kSeatsFull:
      return LK_SEATS_FULL;
    case Outcome::Kind::kNotActivated:
      return LK_NOT_ACTIVATED;
    case Outcome::Kind::kKeyTypo:
      return LK_KEY_TYPO;
    case Outcome::Kind::kSaveFailed:
      return LK_STORE_TROUBLE;
  }
  return LK_INTERNAL;
}

lk_rows* MakeRows(Rows rows) {
  auto out = std::make_unique<lk_rows>();
  out->json = latchkey::client::ToJson(rows);
  out->rows = std::move(rows);
  return out.release();
}

std::string* TextOption(Config& config, lk_option option) {
  switch (option) {
    case LK_OPTION_SERVER_URL:
      return &config.server_url;
    case LK_OPTION_PUBLIC_KEY:
      return &config.public_key;
    case LK_OPTION_PRODUCT_ID:
      return &config.product_id;
    case LK_OPTION_VENDOR_ID:
      return &config.vendor_id;
    case LK_OPTION_ACCOUNT_ID:
      return &config.account_id;
    case LK_OPTION_APP_NAME:
      return &config.app_name;
    case LK_OPTION_APP_VERSION:
      return &config.app_version;
    case LK_OPTION_SELLER:
      return &config.seller;
    case LK_OPTION_STORAGE_DIR:
      return &config.storage_dir;
    case LK_OPTION_LOCALE:
      return &config.locale;
    case LK_OPTION_DEVICE_NAME:
      return &config.device_name;
    case LK_OPTION_CA_FILE:
      return &config.ca_file;
    case LK_OPTION_PORTAL_URL:
      return &config.portal_url;
    case LK_OPTION_SUPPORT_URL:
      return &config.support_url;
    default:
      return nullptr;
  }
}

}  // namespace

extern "C" {

const char* lk_version(void) noexcept { return "0.1.0"; }

const char* lk_status_name(lk_status status) noexcept {
  switch (status) {
    case LK_OK:
      return "LK_OK";
    case LK_REFUSED:
      return "LK_REFUSED";
    case LK_CANNOT_ASK:
      return "LK_CANNOT_ASK";
    case LK_SEATS_FULL:
      return "LK_SEATS_FULL";
    case LK_KEY_TYPO:
      return "LK_KEY_TYPO";
    case LK_NOT_ACTIVATED:
      return "LK_NOT_ACTIVATED";
    case LK_STORE_TROUBLE:
      return "LK_STORE_TROUBLE";
    case LK_INVALID_ARGUMENT:
      return "LK_INVALID_ARGUMENT";
    case LK_OUT_OF_MEMORY:
      return "LK_OUT_OF_MEMORY";
    case LK_INTERNAL:
      return "LK_INTERNAL";
    default:
      return "LK_UNKNOWN_STATUS";
  }
}

lk_options* lk_options_create(void) noexcept { return new (std::nothrow) lk_options; }

lk_status lk_options_set_text(lk_options* options, lk_option option, const char* text,
                              size_t size) noexcept {
  return Guard([&] {
    std::string* target = TextOption(options->config, option);
    if (target == nullptr) return LK_INVALID_ARGUMENT;
    target->assign(text, size);
    return LK_OK;
  });
}

lk_status lk_options_set_flag(lk_options* options, lk_option option, int32_t on) noexcept {
  switch (option) {
    case LK_OPTION_BACKGROUND:
      options->config.background = on != 0;
      return LK_OK;
    case LK_OPTION_KEYS_CHECKED:
      options->config.keys_have_check_digits = on != 0;
      return LK_OK;
    default:
      return LK_INVALID_ARGUMENT;
  }
}

void lk_options_destroy(lk_options* options) noexcept { delete options; }

lk_status lk_client_open(const lk_options* options, lk_client** client,
                         lk_rows** problem) noexcept {
  return Guard([&] {
    auto opened = Client::Open(options->config);
    if (!opened) {
      if (problem != nullptr)
        *problem = MakeRows({{{"kind", "last"},
                              {"code", "CONFIG_INVALID"},
                              {"severity", "critical"},
                              {"title", "A setting of the application is wrong"},
                              {"body", opened.error().detail},
                              {"actions", "contact_support"},
                              {"labels", ""}}});
      return LK_INVALID_ARGUMENT;
    }
    auto out = std::make_unique<lk_client>();
    out->client = std::move(*opened);
    *client = out.release();
    return LK_OK;
  });
}

void lk_client_close(lk_client* client) noexcept {
  const lk_status closed = Guard([&] {
    delete client;
    return LK_OK;
  });
  static_cast<void>(closed);
}

lk_access lk_client_check(const lk_client* client) noexcept {
  return static_cast<lk_access>(client->client->Check());
}

int32_t lk_client_allows(const lk_client* client, const char* feature, size_t size) noexcept {
  return client->client->Allows({feature, size}) ? 1 : 0;
}

lk_status lk_client_activate(lk_client* client, const char* key, size_t size,
                             uint32_t flags) noexcept {
  return Guard([&] {
    if ((flags & ~LK_TRY_ANYWAY) != 0) return LK_INVALID_ARGUMENT;
    return StatusOf(client->client->Activate({key, size}, {(flags & LK_TRY_ANYWAY) != 0}));
  });
}

lk_status lk_client_refresh(lk_client* client, uint32_t flags) noexcept {
  return Guard([&] {
    if ((flags & ~LK_IF_DUE) != 0) return LK_INVALID_ARGUMENT;
    return StatusOf(client->client->Refresh((flags & LK_IF_DUE) != 0));
  });
}

lk_status lk_client_deactivate(lk_client* client) noexcept {
  return Guard([&] { return StatusOf(client->client->Deactivate()); });
}

lk_status lk_client_devices(lk_client* client, lk_rows** devices) noexcept {
  return Guard([&] {
    const lk_status status = StatusOf(client->client->ListDevices());
    if (status == LK_OK) *devices = MakeRows(latchkey::client::DeviceRows(*client->client, {}));
    return status;
  });
}

lk_status lk_client_takeover(lk_client* client, const char* machine, size_t size) noexcept {
  return Guard([&] { return StatusOf(client->client->TakeOver({machine, size})); });
}

lk_status lk_client_explain(const lk_client* client, const char* locale, size_t size,
                            lk_rows** rows) noexcept {
  return Guard([&] {
    const std::string_view wanted =
        locale == nullptr ? std::string_view() : std::string_view(locale, size);
    *rows = MakeRows(latchkey::client::Explain(*client->client, wanted));
    return LK_OK;
  });
}

lk_status lk_client_facts(const lk_client* client, const char* locale, size_t size,
                          lk_rows** rows) noexcept {
  return Guard([&] {
    const std::string_view wanted =
        locale == nullptr ? std::string_view() : std::string_view(locale, size);
    *rows = MakeRows(latchkey::client::Facts(*client->client, wanted));
    return LK_OK;
  });
}

const char* lk_client_fingerprint(const lk_client* client) noexcept {
  return client->client->fingerprint().c_str();
}

lk_status lk_key_check(const char* key, size_t size, lk_rows** rows) noexcept {
  return Guard([&] {
    const auto check = latchkey::core::CheckTypedKey({key, size});
    using Verdict = latchkey::core::KeyCheck::Verdict;
    const char* verdict = check.verdict == Verdict::kSound  ? "sound"
                          : check.verdict == Verdict::kTypo ? "typo"
                                                            : "unknown";
    *rows = MakeRows({{{"verdict", verdict},
                       {"cleaned", check.cleaned},
                       {"group", check.group > 0 ? std::to_string(check.group) : std::string()},
                       {"suggestion", check.suggestion}}});
    return LK_OK;
  });
}

size_t lk_rows_count(const lk_rows* rows) noexcept { return rows->rows.size(); }

const char* lk_rows_get(const lk_rows* rows, size_t row, const char* field) noexcept {
  if (row >= rows->rows.size()) return nullptr;
  for (const auto& [name, text] : rows->rows[row])
    if (name == field) return text.c_str();
  return nullptr;
}

const char* lk_rows_json(const lk_rows* rows) noexcept { return rows->json.c_str(); }

void lk_rows_destroy(lk_rows* rows) noexcept { delete rows; }

}  // extern "C"
