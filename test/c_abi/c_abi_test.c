/* The C interface as a C program meets it. Prints what failed and ends with 1, else with 0. */
#include <latchkey/client.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                     \
    }                                                                 \
  } while (0)

static const char kPublicKey[] = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
static const char kProduct[] = "8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21";

static void put(lk_options* options, lk_option option, const char* text) {
  CHECK(lk_options_set_text(options, option, text, strlen(text)) == LK_OK);
}

static lk_options* good_options(const char* folder) {
  lk_options* options = lk_options_create();
  put(options, LK_OPTION_SERVER_URL, "http://127.0.0.1:9"); /* discard: nobody answers */
  put(options, LK_OPTION_PUBLIC_KEY, kPublicKey);
  put(options, LK_OPTION_PRODUCT_ID, kProduct);
  put(options, LK_OPTION_VENDOR_ID, "acme");
  put(options, LK_OPTION_APP_NAME, "C test");
  put(options, LK_OPTION_STORAGE_DIR, folder);
  CHECK(lk_options_set_flag(options, LK_OPTION_BACKGROUND, 0) == LK_OK);
  return options;
}

static void wrong_settings_are_named(const char* folder) {
  static const struct {
    lk_option option;
    const char* value;
    const char* word; /* in the explanation */
  } kWrong[] = {{LK_OPTION_SERVER_URL, "http://licenses.example.com", "https"},
                {LK_OPTION_SERVER_URL, "", "https"},
                {LK_OPTION_PUBLIC_KEY, "abc", "64 hex digits"},
                {LK_OPTION_PRODUCT_ID, "my product", "UUID"},
                {LK_OPTION_VENDOR_ID, "../up", "vendor"},
                {LK_OPTION_PORTAL_URL, "javascript:alert(1)", "https"},
                {LK_OPTION_PORTAL_URL, "mailto:a@b.example", "https"},
                {LK_OPTION_SUPPORT_URL, "file:///etc/passwd", "mailto"},
                {LK_OPTION_SUPPORT_URL, "https://a b.example", "mailto"},
                {LK_OPTION_STORAGE_DIR, "relative", "absolute"}};
  for (size_t i = 0; i < sizeof kWrong / sizeof kWrong[0]; ++i) {
    lk_options* options = good_options(folder);
    lk_client* client = NULL;
    lk_rows* problem = NULL;
    put(options, kWrong[i].option, kWrong[i].value);
    CHECK(lk_client_open(options, &client, &problem) == LK_INVALID_ARGUMENT);
    CHECK(client == NULL);
    CHECK(problem != NULL && strstr(lk_rows_get(problem, 0, "body"), kWrong[i].word) != NULL);
    lk_rows_destroy(problem);
    CHECK(lk_client_open(options, &client, NULL) == LK_INVALID_ARGUMENT);
    lk_options_destroy(options);
  }
  lk_options* options = lk_options_create();
  CHECK(lk_options_set_text(options, 12345, "x", 1) == LK_INVALID_ARGUMENT);
  CHECK(lk_options_set_flag(options, LK_OPTION_SERVER_URL, 1) == LK_INVALID_ARGUMENT);
  lk_options_destroy(options);
}

static void the_whole_life_without_a_server(const char* folder) {
  lk_options* options = good_options(folder);
  lk_client* client = NULL;
  lk_rows* rows = NULL;
  CHECK(lk_client_open(options, &client, NULL) == LK_OK);
  lk_options_destroy(options);
  CHECK(lk_client_check(client) == LK_ACCESS_NONE);
  CHECK(lk_client_allows(client, "EXPORT", 6) == 0);
  CHECK(strlen(lk_client_fingerprint(client)) == 64);
  CHECK(lk_client_refresh(client, 0) == LK_NOT_ACTIVATED);
  CHECK(lk_client_refresh(client, LK_IF_DUE) == LK_OK);
  CHECK(lk_client_refresh(client, 0x80) == LK_INVALID_ARGUMENT);
  CHECK(lk_client_deactivate(client) == LK_NOT_ACTIVATED);
  CHECK(lk_client_devices(client, &rows) == LK_NOT_ACTIVATED);
  CHECK(lk_client_takeover(client, "idlest", 6) == LK_NOT_ACTIVATED);
  CHECK(lk_client_activate(client, "", 0, 0) == LK_KEY_TYPO);

  CHECK(lk_client_explain(client, "de", 2, &rows) == LK_OK);
  CHECK(lk_rows_count(rows) >= 1);
  CHECK(lk_rows_get(rows, 0, "title")[0] != 0);
  CHECK(lk_rows_get(rows, 0, "no such field") == NULL);
  CHECK(lk_rows_get(rows, 1000, "title") == NULL);
  CHECK(lk_rows_json(rows)[0] == '[');
  lk_rows_destroy(rows);

  /* Nobody can be asked: the key is kept, and a week of work given. */
  CHECK(lk_client_activate(client, "a-key-of-some-vendor-0001", 25, 0) == LK_CANNOT_ASK);
  CHECK(lk_client_check(client) == LK_ACCESS_FULL);
  CHECK(lk_client_facts(client, NULL, 0, &rows) == LK_OK);
  CHECK(strcmp(lk_rows_get(rows, 0, "access"), "full") == 0);
  CHECK(strcmp(lk_rows_get(rows, 0, "pending"), "yes") == 0);
  CHECK(strstr(lk_rows_json(rows), "a-key-of-some-vendor-0001") == NULL);
  lk_rows_destroy(rows);
  lk_client_close(client);

  options = good_options(folder);
  CHECK(lk_client_open(options, &client, NULL) == LK_OK);
  CHECK(lk_client_check(client) == LK_ACCESS_FULL); /* kept */
  lk_client_close(client);
  lk_options_destroy(options);
}

static void a_background_client_closes_at_once(const char* folder) {
  lk_options* options = good_options(folder);
  lk_client* client = NULL;
  CHECK(lk_options_set_flag(options, LK_OPTION_BACKGROUND, 1) == LK_OK);
  for (int i = 0; i < 20; ++i) {
    CHECK(lk_client_open(options, &client, NULL) == LK_OK);
    lk_client_close(client);
  }
  lk_options_destroy(options);
}

static void keys_are_looked_at_while_typed(void) {
  lk_rows* rows = NULL;
  CHECK(lk_key_check("hello", 5, &rows) == LK_OK);
  CHECK(strcmp(lk_rows_get(rows, 0, "verdict"), "unknown") == 0);
  lk_rows_destroy(rows);
  CHECK(lk_key_check("000000-000000-000000-000000-000001-V3", 37, &rows) == LK_OK);
  CHECK(strcmp(lk_rows_get(rows, 0, "verdict"), "typo") == 0);
  lk_rows_destroy(rows);
}

int main(void) {
  char folder[] = "/tmp/latchkey-c-abi-XXXXXX";
  if (mkdtemp(folder) == NULL) return 1;
  CHECK(lk_version()[0] != 0);
  CHECK(strcmp(lk_status_name(LK_SEATS_FULL), "LK_SEATS_FULL") == 0);
  CHECK(strcmp(lk_status_name(77), "LK_UNKNOWN_STATUS") == 0);
  lk_rows_destroy(NULL);
  lk_options_destroy(NULL);
  lk_client_close(NULL);
  wrong_settings_are_named(folder);
  the_whole_life_without_a_server(folder);
  a_background_client_closes_at_once(folder);
  keys_are_looked_at_while_typed();
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) ++failures;
  if (failures == 0) printf("c_abi: all well\n");
  return failures == 0 ? 0 : 1;
}
