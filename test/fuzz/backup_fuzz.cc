// Backups: what is sealed opens to the same bytes; what opens does so in this very form alone, so
// that one bit turned, one byte cut or one added is noticed.
#include "fuzz.h"
#include "latchkey/sealed_stream.h"

namespace {

using namespace latchkey;

class Counting : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

app::ReadBytes From(ByteView& rest) {
  return [&rest](std::size_t size) -> Result<Bytes> {
    const ByteView taken = rest.first(std::min(size, rest.size()));
    rest = rest.subspan(taken.size());
    return Bytes(taken.begin(), taken.end());
  };
}
app::WriteBytes To(Bytes& out) {
  return [&out](ByteView bytes) -> Result<void> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  };
}

Result<Bytes> Opened(ByteView sealed, const store::MasterKey& key) {
  Bytes out;
  LK_TRY(app::OpenStream(From(sealed), To(out), key));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const store::MasterKey key =
      store::MasterKey::Parse("lkmk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").value();
  const ByteView input(data, size);

  if (const auto plain = Opened(input, key)) {
    Bytes changed(input.begin(), input.end());
    changed[data[size - 1] % size] ^= 1;
    FUZZ_ASSERT(!Opened(changed, key));
    FUZZ_ASSERT(!Opened(input.first(size - 1), key));
    changed.assign(input.begin(), input.end());
    changed.push_back(0);
    FUZZ_ASSERT(!Opened(changed, key));
  }

  Counting random;
  Bytes sealed;
  ByteView rest = input;
  FUZZ_ASSERT(app::SealStream(From(rest), To(sealed), key, random));
  const auto again = Opened(sealed, key);
  FUZZ_ASSERT(again && std::equal(again->begin(), again->end(), input.begin(), input.end()));
  sealed[size % sealed.size()] ^= static_cast<std::uint8_t>(1u << (size % 8));
  FUZZ_ASSERT(!Opened(sealed, key));
  return 0;
}
