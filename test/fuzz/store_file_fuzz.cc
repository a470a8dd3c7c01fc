// Store slots and records: what parses is what writing it again gives; nothing else crashes.
#include <cstdlib>

#include "client/record.h"
#include "client/store_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const ByteView bytes(data, size);
  if (const auto slot = client::ParseSlot(bytes)) {
    const Bytes again = client::WriteSlot(*slot);
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  }
  if (const auto record = client::ParseRecord(base::AsText(bytes))) {
    const auto again = client::ParseRecord(client::WriteRecord(*record));
    if (!again || !(*again == *record)) std::abort();
  }
  return 0;
}
