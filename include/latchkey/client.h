/* liblatchkey: licensing for applications, in C.
 *
 * Conventions
 *   - Every name starts with lk_ (types, functions) or LK_ (constants).
 *   - Objects are opaque. What lk_x_create, lk_x_open or an output parameter gives is the caller's,
 * and goes back with lk_x_destroy or lk_x_close; both accept NULL.
 *   - Texts are UTF-8, given as pointer and length, need no NUL and are copied. Texts handed out
 * end with NUL and belong to the object they came from.
 *   - Functions that can fail give an lk_status; outputs come last and are written only as
 * documented.
 *   - No function ends the process, throws, installs a signal handler, prints, or opens a window.
 *   - lk_client_check and lk_client_allows are lock-free, allocate nothing and read no clock: call
 * them as often as you like. lk_client_open, lk_client_explain, lk_client_facts never touch the
 * network. The functions marked "asks the server" block their caller for at most a few requests of
 * 10 seconds each: call them from a thread that may wait.
 *   - A client may be used from all threads at once, until lk_client_close begins.
 *
 * What to do with the answer: at every level keep view, save, export, print and
 * finish-the-open-document. Losing access must never lose work.
 */
#ifndef LATCHKEY_CLIENT_H_
#define LATCHKEY_CLIENT_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LK_API __attribute__((visibility("default")))
#define LK_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#define LK_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define LK_API
#define LK_NONNULL(...)
#define LK_CHECK_RESULT
#endif

#ifdef __cplusplus
#define LK_NOEXCEPT noexcept
extern "C" {
#else
#define LK_NOEXCEPT
#endif

typedef int32_t lk_status;
#define LK_OK ((lk_status)0)
#define LK_REFUSED ((lk_status)1)       /* the server said no, signed; lk_client_explain says why */
#define LK_CANNOT_ASK ((lk_status)2)    /* nobody could be asked; access is as before */
#define LK_SEATS_FULL ((lk_status)3)    /* all seats are used; lk_client_devices lists them */
#define LK_KEY_TYPO ((lk_status)4)      /* the key looks mistyped; nothing was sent */
#define LK_NOT_ACTIVATED ((lk_status)5) /* there is no license on this device */
#define LK_STORE_TROUBLE ((lk_status)6) /* done, but it cannot be kept on this device */
#define LK_INVALID_ARGUMENT \
  ((lk_status)7) /* a setting or argument; rows of lk_client_open say which */
#define LK_OUT_OF_MEMORY ((lk_status)8)
#define LK_INTERNAL ((lk_status)9) /* a bug of ours */

/* What the person may do. */
typedef int32_t lk_access;
#define LK_ACCESS_NONE ((lk_access)0)    /* never activated, or ended for good */
#define LK_ACCESS_LIMITED ((lk_access)1) /* open, save, export, print: nothing new */
#define LK_ACCESS_FULL ((lk_access)2)

typedef struct lk_options lk_options;
typedef struct lk_client lk_client;
typedef struct lk_rows lk_rows;

/* ---- About this library ---- */

LK_API const char* lk_version(void) LK_NOEXCEPT;
/* "LK_OK", "LK_REFUSED", ...: for logs. Never NULL. */
LK_API const char* lk_status_name(lk_status status) LK_NOEXCEPT;

/* ---- Settings ---- */

typedef int32_t lk_option;
/* Texts. Needed: server, public key, product, vendor. */
#define LK_OPTION_SERVER_URL \
  ((lk_option)1) /* "https://licenses.example.com"; http:// for this computer only */
#define LK_OPTION_PUBLIC_KEY ((lk_option)2) /* the account's Ed25519 key: 64 hex digits */
#define LK_OPTION_PRODUCT_ID ((lk_option)3) /* a UUID */
#define LK_OPTION_VENDOR_ID \
  ((lk_option)4) /* one word for you, the seller: letters, digits, . _ - */
#define LK_OPTION_ACCOUNT_ID ((lk_option)5) /* a UUID; optional */
#define LK_OPTION_APP_NAME ((lk_option)6)   /* shown to people */
#define LK_OPTION_APP_VERSION ((lk_option)7)
#define LK_OPTION_SELLER ((lk_option)8)      /* your name, shown to people */
#define LK_OPTION_STORAGE_DIR ((lk_option)9) /* absolute; default $XDG_STATE_HOME/latchkey */
#define LK_OPTION_LOCALE ((lk_option)10)     /* "de", "en_GB.UTF-8"; default "en" */
#define LK_OPTION_DEVICE_NAME \
  ((lk_option)11)                         /* shown in lists of devices; default: the host name */
#define LK_OPTION_CA_FILE ((lk_option)12) /* more trusted certificates, PEM */
#define LK_OPTION_PORTAL_URL \
  ((lk_option)13) /* your page where people see and renew their license: https:// */
#define LK_OPTION_SUPPORT_URL ((lk_option)14) /* where they ask for help: https:// or mailto: */
/* Flags. */
#define LK_OPTION_BACKGROUND \
  ((lk_option)101) /* default 1: refresh on a thread of the library's own */
#define LK_OPTION_KEYS_CHECKED ((lk_option)102) /* default 0; 1: all keys have check digits */

LK_API lk_options* lk_options_create(void) LK_NOEXCEPT LK_CHECK_RESULT;
/* LK_INVALID_ARGUMENT for an unknown option; values are checked by lk_client_open. */
LK_API lk_status lk_options_set_text(lk_options* options, lk_option option, const char* text,
                                     size_t size) LK_NOEXCEPT LK_NONNULL(1, 3) LK_CHECK_RESULT;
LK_API lk_status lk_options_set_flag(lk_options* options, lk_option option, int32_t on) LK_NOEXCEPT
    LK_NONNULL(1) LK_CHECK_RESULT;
LK_API void lk_options_destroy(lk_options* options) LK_NOEXCEPT;

/* ---- The client ---- */

/* Opens what this device knows; asks nobody. On LK_OK `*client` is set. On LK_INVALID_ARGUMENT
 * `*problem`, when `problem` is not NULL, gets one row whose field "body" names the setting and
 * what to do. */
LK_API lk_status lk_client_open(const lk_options* options, lk_client** client,
                                lk_rows** problem) LK_NOEXCEPT LK_NONNULL(1, 2) LK_CHECK_RESULT;
/* Ends running requests and the background thread. No other call may be running or follow. */
LK_API void lk_client_close(lk_client* client) LK_NOEXCEPT;

LK_API lk_access lk_client_check(const lk_client* client) LK_NOEXCEPT LK_NONNULL(1);
/* 1 if access is full and the license includes the entitlement with this code, else 0. */
LK_API int32_t lk_client_allows(const lk_client* client, const char* feature,
                                size_t size) LK_NOEXCEPT LK_NONNULL(1, 2);

/* Asks the server: activates the typed key on this device. A retry, a restart or a reinstall gets
 * the same seat. LK_KEY_TYPO: nothing was sent; show the row of lk_client_explain, and offer
 * LK_TRY_ANYWAY. LK_CANNOT_ASK: the key is kept and activated later. LK_SEATS_FULL: offer
 * lk_client_devices and lk_client_takeover. */
#define LK_TRY_ANYWAY ((uint32_t)1)
LK_API lk_status lk_client_activate(lk_client* client, const char* key, size_t size,
                                    uint32_t flags) LK_NOEXCEPT LK_NONNULL(1, 2) LK_CHECK_RESULT;

/* Asks the server whether the license is in order, and fetches a new lease. */
#define LK_IF_DUE ((uint32_t)1) /* LK_OK at once when it is not yet time to ask */
LK_API lk_status lk_client_refresh(lk_client* client, uint32_t flags) LK_NOEXCEPT
    LK_NONNULL(1) LK_CHECK_RESULT;

/* Asks the server: frees the seat of this device and forgets the license here. */
LK_API lk_status lk_client_deactivate(lk_client* client) LK_NOEXCEPT LK_NONNULL(1) LK_CHECK_RESULT;

/* Asks the server for the devices that use the license, also when all seats are full. Fields of the
 * rows: id, name, platform, last_used (RFC 3339), text (for people), current ("yes" or ""),
 * suggested ("yes" or ""). */
LK_API lk_status lk_client_devices(lk_client* client, lk_rows** devices) LK_NOEXCEPT
    LK_NONNULL(1, 2) LK_CHECK_RESULT;

/* Asks the server: this device takes the seat of another one, named by id, or of the one used least
 * ("idlest"). The other one is told and works on for 72 hours. */
LK_API lk_status lk_client_takeover(lk_client* client, const char* machine, size_t size) LK_NOEXCEPT
    LK_NONNULL(1, 2) LK_CHECK_RESULT;

/* ---- Words ---- */

/* What the person should know, most important first: at least one row. Fields: kind ("last": how
 * the newest operation ended; "standing": why access is what it is; "notice"; "status": all is
 * well), code, severity (info, warning, critical), title, body, actions (codes, comma-separated,
 * primary first), labels (for people, one a line), links (one a line like the labels: the address
 * that an action opens, or an empty line), and where they apply detail, suggestion.
 * `locale` may be NULL: the option's. */
LK_API lk_status lk_client_explain(const lk_client* client, const char* locale, size_t size,
                                   lk_rows** rows) LK_NOEXCEPT LK_NONNULL(1, 4) LK_CHECK_RESULT;

/* One row of facts for a license panel: access, access_text, reason, license_name, license_id, key
 * (mostly hidden), expiry, until, next_check, last_contact (RFC 3339 or ""), holder_text,
 * until_text, next_check_text, last_contact_text, expiry_text, takeover_text (for people, or ""),
 * features (codes, comma-separated), device_name, fingerprint, pending, server, store, portal,
 * support (addresses, or ""). */
LK_API lk_status lk_client_facts(const lk_client* client, const char* locale, size_t size,
                                 lk_rows** rows) LK_NOEXCEPT LK_NONNULL(1, 4) LK_CHECK_RESULT;

/* The fingerprint of this installation: 64 hex digits; "" without storage. Lives as long as the
 * client. */
LK_API const char* lk_client_fingerprint(const lk_client* client) LK_NOEXCEPT LK_NONNULL(1);

/* Looks at a key while it is typed, without any request. One row: verdict ("sound", "typo",
 * "unknown"), cleaned, group ("1".."5" or ""), suggestion. */
LK_API lk_status lk_key_check(const char* key, size_t size, lk_rows** rows) LK_NOEXCEPT
    LK_NONNULL(1, 3) LK_CHECK_RESULT;

/* ---- Rows of named texts ---- */

LK_API size_t lk_rows_count(const lk_rows* rows) LK_NOEXCEPT LK_NONNULL(1);
/* The text of `field` in row `row`; NULL when there is no such row or field. Lives as long as
 * `rows`. */
LK_API const char* lk_rows_get(const lk_rows* rows, size_t row, const char* field) LK_NOEXCEPT
    LK_NONNULL(1, 3);
/* All of it as a JSON array of objects. Lives as long as `rows`. */
LK_API const char* lk_rows_json(const lk_rows* rows) LK_NOEXCEPT LK_NONNULL(1);
LK_API void lk_rows_destroy(lk_rows* rows) LK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LATCHKEY_CLIENT_H_ */
