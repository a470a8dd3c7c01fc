/* The least an application does: open, check, and say what the person can do. */
#include <latchkey/client.h>
#include <stdio.h>
#include <string.h>

static lk_status set(lk_options* options, lk_option option, const char* text) {
  return lk_options_set_text(options, option, text, strlen(text));
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "Usage: %s SERVER-URL PUBLIC-KEY PRODUCT-ID [LICENSE-KEY]\n", argv[0]);
    return 2;
  }
  lk_options* options = lk_options_create();
  lk_client* client = NULL;
  lk_rows* rows = NULL;
  if (options == NULL || set(options, LK_OPTION_SERVER_URL, argv[1]) != LK_OK ||
      set(options, LK_OPTION_PUBLIC_KEY, argv[2]) != LK_OK ||
      set(options, LK_OPTION_PRODUCT_ID, argv[3]) != LK_OK ||
      set(options, LK_OPTION_VENDOR_ID, "example") != LK_OK ||
      set(options, LK_OPTION_APP_NAME, "Minimal") != LK_OK)
    return 1;
  if (lk_client_open(options, &client, &rows) != LK_OK) {
    if (rows != NULL) fprintf(stderr, "%s\n", lk_rows_get(rows, 0, "body"));
    lk_rows_destroy(rows);
    lk_options_destroy(options);
    return 1;
  }
  lk_options_destroy(options);

  if (argc > 4) {
    const lk_status status = lk_client_activate(client, argv[4], strlen(argv[4]), 0);
    printf("%s\n", lk_status_name(status));
  }
  printf("Access: %s\n",
         lk_client_check(client) == LK_ACCESS_FULL ? "full" : "read, export and print only");
  if (lk_client_explain(client, NULL, 0, &rows) == LK_OK) {
    printf("%s\n%s\n", lk_rows_get(rows, 0, "title"), lk_rows_get(rows, 0, "body"));
    lk_rows_destroy(rows);
  }
  lk_client_close(client);
  return 0;
}
