#include <latchkey/client.h>
#include <stdio.h>

int main(void) {
  lk_options* options = lk_options_create();
  if (!options) return 1;
  lk_options_destroy(options);
  puts(lk_version());
  return 0;
}
