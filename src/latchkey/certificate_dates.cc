#include "latchkey/certificate_dates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace latchkey::app {
namespace {

struct Free {
  void operator()(std::FILE* file) const { std::fclose(file); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

Result<TimePoint> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    return Error{Errc::kConfigInvalid, "a date in the certificate is not readable"};
  return base::FromUnixSeconds(timegm(&parts));
}

}  // namespace

Result<CertificateDates> ReadCertificateDates(const std::string& path) {
  const std::unique_ptr<std::FILE, Free> file(std::fopen(path.c_str(), "re"));
  if (!file) return Error{Errc::kConfigInvalid, "cannot read the certificate " + path};
  const std::unique_ptr<X509, Free> certificate(
      PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate)
    return Error{Errc::kConfigInvalid, "there is no certificate in " + path + " (PEM)"};
  CertificateDates dates;
  LK_ASSIGN(dates.from, TimeOf(X509_get0_notBefore(certificate.get())));
  LK_ASSIGN(dates.to, TimeOf(X509_get0_notAfter(certificate.get())));
  return dates;
}

}  // namespace latchkey::app
