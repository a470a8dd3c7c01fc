#pragma once

#include <functional>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "store/master_key.h"

namespace latchkey::app {

// The form of backups (docs/formats/backup.md), apart from any file: bytes in, bytes out.

// Up to this many bytes; fewer only at the end.
using ReadBytes = std::function<Result<Bytes>(std::size_t)>;
using WriteBytes = std::function<Result<void>(ByteView)>;

// Seals what `read` gives, in chunks. Errors: those of `read` and `write`.
Result<void> SealStream(const ReadBytes& read, const WriteBytes& write, const store::MasterKey& key,
                        Random& random);

// Opens what SealStream wrote. kMalformed: not of this form. kWrongKey: another master key, or the
// bytes were changed, cut, reordered or added to. What was written by then is to be thrown away:
// only success vouches for the whole.
Result<void> OpenStream(const ReadBytes& read, const WriteBytes& write,
                        const store::MasterKey& key);

}  // namespace latchkey::app
