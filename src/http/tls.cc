#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <climits>

namespace latchkey::http {
namespace {

// OpenSSL bound to the socket, without a BIO pair: about 15 KB less for each idle connection than
// buffers of our own.
class TlsTransport final : public Transport {
 public:
  TlsTransport(SSL* ssl, int socket) : ssl_(ssl), socket_(socket) {}
  ~TlsTransport() override { SSL_free(ssl_); }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  IoStatus Handshake() override {
    ERR_clear_error();
    const int result = SSL_accept(ssl_);
    return result == 1 ? IoStatus::kOk : Status(result);
  }

  IoResult Read(std::span<char> into) override {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &size);
    return result == 1 ? IoResult{IoStatus::kOk, size} : IoResult{Status(result), 0};
  }

  IoResult Write(std::string_view bytes) override {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &size);
    return result == 1 ? IoResult{IoStatus::kOk, size} : IoResult{Status(result), 0};
  }

  bool Pending() const override { return SSL_has_pending(ssl_) == 1; }

  // Without close_notify clients would drop the session and pay a full handshake next time.
  void Shutdown() override {
    if (!broken_ && SSL_is_init_finished(ssl_)) {
      ERR_clear_error();
      SSL_shutdown(ssl_);  // sent or not, the connection ends now
      ERR_clear_error();
    }
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  IoStatus Status(int result) {
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        return IoStatus::kWantRead;
      case SSL_ERROR_WANT_WRITE:
        return IoStatus::kWantWrite;
      case SSL_ERROR_ZERO_RETURN:
        return IoStatus::kClosed;
      default:
        broken_ = true;  // OpenSSL forbids SSL_shutdown now
        ERR_clear_error();
        return IoStatus::kClosed;
    }
  }

  SSL* const ssl_;
  const int socket_;
  bool broken_ = false;
};

Error Invalid(std::string_view what, const std::string& path) {
  std::string cause = "it is not a readable PEM file";
  if (const unsigned long code = ERR_peek_error(); code != 0)
    if (const char* const reason = ERR_reason_error_string(code)) cause = reason;
  ERR_clear_error();
  return {Errc::kConfigInvalid, std::string(what) + " " + path + " cannot be used: " + cause};
}

// Speaks HTTP/1.1 or nothing: a client that offers other protocols only is told so in the handshake
// (RFC 7301).
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kHttp11, sizeof kHttp11 - 1, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

// An encrypted key is refused: asking at the terminal would stop a server that nobody watches.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const TlsFiles& files) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return Error{Errc::kInternal, "OpenSSL gives no TLS context"};
  const std::shared_ptr<const TlsContext> owner(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_read_ahead(context, 1);  // one recv for the header and body of a record
  // Sessions live in tickets, which need no memory here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, NoPassphrase);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate_chain.c_str()) != 1)
    return Invalid("certificate", files.certificate_chain);
  if (SSL_CTX_use_PrivateKey_file(context, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1)
    return Invalid("private key", files.private_key);
  if (SSL_CTX_check_private_key(context) != 1) return Invalid("private key", files.private_key);
  return owner;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<Transport> TlsContext::MakeTransport(int socket) const {
  SSL* const ssl = SSL_new(context_);
  if (ssl == nullptr) return nullptr;
  auto transport = std::make_unique<TlsTransport>(ssl, socket);
  if (SSL_set_fd(ssl, socket) != 1) return nullptr;
  return transport;
}

}  // namespace latchkey::http
