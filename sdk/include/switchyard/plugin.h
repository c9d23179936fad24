/* switchyard/plugin.h -- plugin ABI, generation 1, DRAFT until six core plugins run on it.
 *
 * A plugin is a shared object with one exported symbol, switchyard_plugin_v1.  It asks the host for
 * capabilities by id (host->extension(host, SW_EXT_STREAM)) and gets tables of functions.
 *
 * Rules that keep binaries working
 *  - Plain C99.  Tables and structs with a `size` member only ever grow at the end: set `size` to
 *    sizeof(the struct) when you fill one, test SW_HAS before you use a member that is newer than the
 *    revision you were built against.  Structs without `size` are frozen.
 *  - Arrays of growable structs are arrays of pointers.
 *  - Every pointer argument is borrowed for the duration of the call unless the comment says longer.
 *    Host memory is freed by the host, plugin memory by the plugin.
 *  - Nothing may be thrown through this line.
 *
 * Threads
 *  - [control]  one host thread, calls are serial; may block shortly.
 *  - [lane]     one of the host's event loops.  A request and everything started for it stays on its
 *               lane; callbacks of one lane never overlap.  A callback must not block.
 *  - [any]      safe from any thread of the host, does not block.
 *  Every lane callback is handed the `lane_state` that the plugin made in lane_start, so that a plugin
 *  uses all lanes without locks.
 *
 * Asynchronous calls: a return of SW_OK means accepted: `done` runs exactly once, later, on the lane
 * of the caller, never from inside the call.  Any other return: refused, `done` never runs.  What a
 * `done` is given is borrowed until it returns.
 *
 * Statuses say what kind of refusal it was; sw_error carries the sentence for a person.
 */
/* Laid out by hand: a table reads as a table. */
/* clang-format off */
#ifndef SWITCHYARD_PLUGIN_H
#define SWITCHYARD_PLUGIN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SW_ABI_GENERATION 1u /* a new generation is a new entry symbol          */
#define SW_ABI_REVISION 4u   /* +1 whenever a table or an extension is appended */

#define SW_END_OF(t, m) ((uint32_t)((const char *)(&(t)->m + 1) - (const char *)(t)))
#define SW_HAS(t, m) ((t) && (t)->size >= SW_END_OF(t, m) && (t)->m)

/* ---- frozen: no size, may be passed by value and in arrays ------------------------------------- */

typedef struct sw_str { const char *data; size_t len; } sw_str;       /* UTF-8, not terminated */
typedef struct sw_bytes { const uint8_t *data; size_t len; } sw_bytes;
typedef struct sw_pair { sw_str name; sw_str value; } sw_pair;

/* One delivery of one message to one consumer. */
typedef struct sw_token {
  uint64_t seq;
  uint32_t attempt; /* counts deliveries of this message by this consumer, from 1 */
  uint32_t reserved;
} sw_token;

typedef int32_t sw_status;   /* 0 = ok; treat an unknown value as SW_INTERNAL */
#define SW_OK 0
#define SW_INVALID 1         /* caller's fault, a retry is pointless */
#define SW_NOT_FOUND 2
#define SW_EXISTS 3
#define SW_UNAUTHENTICATED 4 /* no such credential, or its proof is wrong: see the call */
#define SW_DENIED 5
#define SW_QUOTA 6           /* a configured limit or a full disk; the error names it */
#define SW_BUSY 7            /* back-pressure: try again later */
#define SW_TIMEOUT 8
#define SW_CANCELLED 9
#define SW_UNSUPPORTED 10
#define SW_CONFLICT 11       /* a condition did not hold, a token is stale */
#define SW_CORRUPT 12
#define SW_IO 13
#define SW_STOPPING 14
#define SW_INTERNAL 15
#define SW_UNKNOWN_OUTCOME 16 /* the disk failed in the middle: it may or may not have happened */

typedef struct sw_error {    /* owned by the caller, filled by the callee; set size before the call */
  uint32_t size;
  sw_status code;
  uint32_t retry_after_ms;   /* 0 = no hint */
  uint32_t reserved;
  char message[240];         /* NUL-terminated, cut if needed */
} sw_error;

/* ---- entry -------------------------------------------------------------------------------------- */

typedef struct sw_host {
  uint32_t size, generation, revision;
  uint32_t lanes;            /* number of lanes, fixed for the life of the process */
  void *host;                /* opaque */
  sw_str version;            /* of the product, for logs only */
  /* [any] The table with this id, or NULL.  Valid until the process ends. */
  const void *(*extension)(const struct sw_host *, const char *id);
} sw_host;

typedef struct sw_info {     /* static data: readable without running the plugin */
  uint32_t size, flags;
  const char *id;            /* "switchyard.sqs", "com.acme.mqtt" */
  const char *name;          /* its key under `plugins:` in the configuration: "sqs" */
  const char *version, *vendor, *license, *summary;
  const char *const *requires_; /* NULL-terminated extension ids; the host refuses to load without them */
  const char *const *optional;  /* NULL-terminated, or NULL */
  const char *config_keys;   /* JSON object: {"key": {"type": "...", "default": ..., "help": "..."}} */
} sw_info;

/* The instance.  [control] unless said otherwise; order of calls:
 *   create, configure(dry_run=1), configure(dry_run=0), start, lane_start on every lane,
 *   ... configure pairs on reload ..., drain, lane_stop on every lane, stop, destroy. */
typedef struct sw_plugin {
  uint32_t size, reserved;
  sw_status (*create)(const sw_host *host, void **self, sw_error *err);
  /* The plugin's YAML section as a JSON object.  dry_run=1: judge it and change nothing; the host
   * applies a new configuration only if every plugin agreed. */
  sw_status (*configure)(void *self, sw_str json, uint32_t dry_run, sw_error *err);
  /* Register routes and listeners here. */
  sw_status (*start)(void *self, sw_error *err);
  /* [lane] Makes this lane's state; it comes back in every callback of the lane. */
  sw_status (*lane_start)(void *self, uint32_t lane, void **lane_state, sw_error *err);
  /* [lane] No callback of this lane follows. */
  void (*lane_stop)(void *self, uint32_t lane, void *lane_state);
  /* [lane] Stop waiting: answer parked requests now.  New requests may still come for a moment. */
  void (*lane_drain)(void *self, uint32_t lane, void *lane_state);
  void (*stop)(void *self);
  void (*destroy)(void *self);
  /* [any] Tables that the plugin offers to the host, or NULL. */
  const void *(*extension)(void *self, const char *id);
} sw_plugin;

typedef struct sw_entry {
  uint32_t size, generation;
  uint32_t built_revision;   /* SW_ABI_REVISION at build time */
  uint32_t min_revision;     /* the host refuses if its own is lower */
  const sw_info *info;
  const sw_plugin *plugin;
} sw_entry;

#define SW_EXPORT __attribute__((visibility("default")))
SW_EXPORT const sw_entry *switchyard_plugin_v1(void); /* the one exported symbol */

/* Opaque handles.  A namespace handle comes from auth and stays valid until the process ends; a
 * deleted namespace answers SW_NOT_FOUND. */
typedef struct sw_namespace sw_namespace;
typedef uint64_t sw_stream_id; /* never reused: also the incarnation of a name */

/* ---- switchyard.log/1 --------------------------------------------------------------------------- */

#define SW_EXT_LOG "switchyard.log/1"
#define SW_LOG_DEBUG 0u
#define SW_LOG_INFO 1u
#define SW_LOG_WARN 2u
#define SW_LOG_ERROR 3u
typedef struct sw_log_api {
  uint32_t size, reserved;
  int32_t (*enabled)(const sw_host *, uint32_t level); /* [any] */
  /* [any] One line, `event key=value ...`.  Never a secret.  The host adds the plugin's name. */
  void (*write)(const sw_host *, uint32_t level, sw_str event, const sw_pair *fields, size_t n);
} sw_log_api;

/* ---- switchyard.clock/1: all time comes from here, so that tests can drive it --------------------- */

#define SW_EXT_CLOCK "switchyard.clock/1"
typedef uint64_t sw_timer; /* 0 is never a timer */
typedef struct sw_clock_api {
  uint32_t size, reserved;
  int64_t (*wall_ms)(const sw_host *); /* [any] Unix time; may step */
  int64_t (*mono_ms)(const sw_host *); /* [any] never steps back */
  /* [lane] Runs `fire` once on this lane in after_ms or later. */
  sw_timer (*start)(const sw_host *, uint32_t after_ms, void (*fire)(void *user), void *user);
  void (*cancel)(const sw_host *, sw_timer); /* [lane] `fire` will not run after this returns */
  /* [any] Runs `task` on a lane, later.  `task` runs exactly once unless the host stops first. */
  void (*post)(const sw_host *, uint32_t lane, void (*task)(void *user, void *lane_state), void *user);
  /* [any] Fills `out` with random bytes of cryptographic quality. */
  void (*random)(const sw_host *, void *out, size_t n);
} sw_clock_api;

/* ---- switchyard.auth/1: the plugin says what was signed, the host verifies it --------------------- */

#define SW_EXT_AUTH "switchyard.auth/1"
#define SW_PERM_PUBLISH 1u
#define SW_PERM_RECEIVE 2u
#define SW_PERM_MANAGE 4u

typedef struct sw_principal {     /* borrowed until the lane callback that asked for it returns */
  uint32_t size;
  uint32_t permissions;           /* SW_PERM_* */
  sw_namespace *ns;
  sw_str credential_id;           /* stable; for logs and quotas */
  sw_str credential_name;
  int64_t expires_ms;             /* revision 3: wall clock at which the credential ends; 0 = never */
} sw_principal;

typedef struct sw_namespace_info { /* borrowed until the lane callback that asked for it returns */
  uint32_t size;
  uint32_t max_message_bytes;     /* of one message of this namespace */
  sw_str id;                      /* kernel's name of the namespace, unique on this server */
  sw_str name;
  sw_str protocol;                /* "sqs_sns", "nats", "topics", "webhooks" */
  sw_str style;                   /* how resources are named: "account", "project", "namespace" */
  sw_str owner;                   /* what stands in URLs and ARNs: "000000000000", "project-<uuid>", "A..." */
  sw_str region;                  /* region the namespace is bound to; empty = every region */
  sw_str public_url;              /* http.public_url, or empty: build URLs from the Host that was called */
  sw_str signing_key;             /* revision 4: of a NATS namespace the public key (A...) that signs its users' JWTs */
} sw_namespace_info;

typedef struct sw_mac_check {     /* AWS Signature Version 4 */
  uint32_t size, reserved;
  sw_str access_key;
  sw_str date;                    /* YYYYMMDD of the credential scope */
  sw_str region, service;         /* of the credential scope */
  sw_str string_to_sign;
  sw_str signature;               /* hex, as the client sent it */
} sw_mac_check;

typedef struct sw_auth_api {
  uint32_t size, reserved;
  /* [lane] Verifies an HMAC chain without showing the secret.  SW_NOT_FOUND: unknown access key;
   * SW_UNAUTHENTICATED: the signature does not match; SW_DENIED: the credential has expired;
   * SW_QUOTA: its namespace is above its rate of requests, of which this was to be one. */
  sw_status (*verify_mac)(const sw_host *, const sw_mac_check *, const sw_principal **);
  /* [lane] The namespace that plugins.NAME.anonymous_namespace gives to callers without a known
   * credential, with every permission; SW_NOT_FOUND when that is off. */
  sw_status (*anonymous)(const sw_host *, const sw_principal **);
  /* [lane] Never fails for a handle that auth gave out; a deleted namespace is SW_NOT_FOUND. */
  sw_status (*describe)(const sw_host *, sw_namespace *, const sw_namespace_info **);
  /* [lane] Revision 2.  Every namespace there is, in the order of ids, until `visit` returns 0: for a plugin
   * that takes up its own unfinished work after a start.  `info` is borrowed until `visit` returns. */
  void (*namespaces)(const sw_host *, int32_t (*visit)(void *user, sw_namespace *, const sw_namespace_info *info),
                     void *user);
  /* [control] Revision 3.  In start(), once: from lane_start on, `changed` runs on every lane when a credential
   * was changed or revoked there, before whoever did it is answered, with what it may do now (0 = nothing:
   * it or its namespace is gone).  For work that outlives the request that proved the credential: end
   * it there.  Not called when a credential expires: see sw_principal.expires_ms.  SW_INVALID: not in
   * start(), or a second time. */
  sw_status (*watch)(const sw_host *, void (*changed)(void *user, void *lane_state, sw_str credential_id,
                                                      uint32_t permissions), void *user);
  /* [lane] Revision 4.  The namespace with this id, or SW_NOT_FOUND. */
  sw_status (*find_namespace)(const sw_host *, sw_str id, sw_namespace **, const sw_namespace_info **);
  /* [lane] Revision 4.  Whose access key this is; proves nothing.  For credentials whose key is public and whose
   * proof, a signature of their own, the plugin verifies.  SW_NOT_FOUND: nobody's; SW_DENIED: of a credential that has a
   * secret (see verify_mac), or that has expired. */
  sw_status (*find_public)(const sw_host *, sw_str access_key, const sw_principal **);
} sw_auth_api;

/* ---- switchyard.http/1 ---------------------------------------------------------------------------- */

#define SW_EXT_HTTP "switchyard.http/1"
typedef struct sw_http_exchange sw_http_exchange; /* one request; dies when it has been answered */

typedef struct sw_http_request {  /* borrowed until the exchange is answered or aborted */
  uint32_t size, flags;           /* SW_HTTP_TLS */
  sw_str method, target;          /* as sent */
  sw_str path, query;             /* split at the first '?', still percent-encoded */
  const sw_pair *headers;         /* names as sent, in order */
  size_t header_count;
  sw_bytes body;                  /* whole: chunked coding is undone, limits were applied */
  sw_str peer;                    /* address without port */
} sw_http_request;
#define SW_HTTP_TLS 1u

typedef struct sw_http_handler {
  uint32_t size, reserved;
  /* [lane] Is this request yours?  May be NULL: then every request of the route is.  Called with the
   * whole request, in order of priority; must be cheap and change nothing. */
  int32_t (*match)(void *self, void *lane_state, const sw_http_request *);
  /* [lane] Answer with respond(), now or later. */
  void (*handle)(void *self, void *lane_state, sw_http_exchange *, const sw_http_request *);
} sw_http_handler;

typedef struct sw_http_api {
  uint32_t size, reserved;
  /* [control, in start()] Offers requests to a handler.  `method` "" = any.  `pattern` is an exact
   * path, or a prefix when it ends in a star: "/mnq/" and a star is "/mnq" and all below it.
   * Higher `priority` is asked first; `handler` is kept until stop. */
  sw_status (*route)(const sw_host *, sw_str method, sw_str pattern, int32_t priority,
                     const sw_http_handler *handler, sw_error *err);
  /* [lane] Answers, exactly once; the exchange is dead afterwards.  Content-Length, Date and
   * Connection are the host's; everything is copied.  Answering a peer that is gone is fine. */
  void (*respond)(sw_http_exchange *, uint32_t status, const sw_pair *headers, size_t n, sw_bytes body);
  /* [lane] Memory that lives as long as the request; 8-byte aligned; NULL when the request already
   * holds more than its bound (4 x the body limit). */
  void *(*alloc)(sw_http_exchange *, size_t n);
  /* [lane] The peer went away before the answer: `aborted` runs once, the exchange is dead after it
   * returned and must not be answered.  NULL takes the callback off. */
  void (*on_abort)(sw_http_exchange *, void (*aborted)(void *user), void *user);
} sw_http_api;

/* ---- switchyard.stream/1: the one durable primitive ------------------------------------------------ */

#define SW_EXT_STREAM "switchyard.stream/1"

#define SW_STORAGE_FILE 0u
#define SW_STORAGE_MEMORY 1u
#define SW_RETAIN_LIMITS 0u    /* messages leave by limits alone */
#define SW_RETAIN_WORKQUEUE 1u /* an acknowledged message leaves */
#define SW_RETAIN_INTEREST 2u  /* a message leaves when every consumer acknowledged it */

typedef struct sw_stream_config {
  uint32_t size;
  uint32_t storage, retention;
  uint32_t flags;             /* SW_STREAM_* */
  uint64_t max_age_ms;        /* 0 = no limit */
  uint64_t max_messages, max_bytes, max_per_key;
  uint32_t max_message_bytes; /* body, attributes as the plugin counts them are its own matter; 0 = no limit */
  uint32_t dedup_window_ms;   /* 0 = no deduplication */
} sw_stream_config;
#define SW_STREAM_KEYED 1u         /* index by key: groups, subjects */
#define SW_STREAM_DEDUP_PER_KEY 2u /* the scope of a dedup id is its key, not the stream */

/* A shared consumer hands each message to one caller at a time, under a lease. */
typedef struct sw_consumer_config {
  uint32_t size;
  uint32_t flags;             /* SW_CONSUMER_* */
  sw_str name;                /* 1 to 64 of [A-Za-z0-9_-] */
  sw_str filter;              /* keys it is interested in; empty = all */
  uint32_t ack_wait_ms;       /* default lease */
  uint32_t max_attempts;      /* 0 = no limit; then to dead_letter, or out of a work queue */
  uint32_t max_leased;        /* messages out at once; 0 = the server's bound */
  uint32_t reserved;
  sw_stream_id dead_letter;   /* 0 = none; a stream of the same namespace */
  uint64_t start_seq;         /* 0 = from the first message */
} sw_consumer_config;
#define SW_CONSUMER_ORDERED 1u /* per key in order: a message waits while an earlier one of its key is out */
/* A key that takes more than its share of what is out, or of the time, waits behind the others; messages without a
 * key are never such.  Needs SW_STREAM_KEYED, SW_RETAIN_WORKQUEUE, no max_per_key, no filter, not ORDERED. */
#define SW_CONSUMER_FAIR 2u

typedef struct sw_stream_info {  /* borrowed until the lane callback that asked for it returns */
  uint32_t size, reserved;
  sw_stream_id id;
  uint64_t version;              /* changes with every update: a key for parsed copies of the blob */
  int64_t created_ms, updated_ms;
  sw_str name;
  sw_bytes blob;                 /* the plugin's own */
  const sw_stream_config *config;
  const sw_consumer_config *const *consumers;
  size_t consumer_count;
} sw_stream_info;

typedef struct sw_stream_state { /* counts of one stream and one of its consumers */
  uint32_t size, reserved;
  uint64_t messages, bytes;      /* live */
  uint64_t first_seq, last_seq;
  uint64_t available;            /* could be delivered now */
  uint64_t leased, delayed;
  int64_t oldest_ms;             /* arrival of the first live message; 0 = none or not in memory */
} sw_stream_state;

typedef struct sw_message {
  uint32_t size, flags;          /* SW_MESSAGE_* */
  sw_str key;                    /* subject or group; empty = none */
  sw_str dedup_id;               /* empty = no deduplication */
  uint32_t header_format;        /* tag of the plugin that wrote `headers`, for whoever reads them */
  uint32_t delay_ms;             /* deliver not before now + delay */
  sw_bytes headers;              /* opaque block */
  sw_bytes body;
  uint64_t expect_last_seq;      /* with SW_MESSAGE_EXPECT_LAST */
} sw_message;
#define SW_MESSAGE_EXPECT_LAST 1u

typedef struct sw_appended {     /* what became of one message */
  uint32_t size;
  sw_status status;
  uint32_t flags;                /* SW_APPENDED_DUPLICATE: seq and id are the first one's */
  uint32_t reserved;
  uint64_t seq;
  int64_t time_ms;
  uint8_t id[16];                /* UUID, the same at every delivery */
} sw_appended;
#define SW_APPENDED_DUPLICATE 1u

typedef struct sw_delivery {     /* borrowed until the callback returns */
  uint32_t size, flags;
  sw_token token;
  uint8_t id[16];
  int64_t time_ms;               /* arrival */
  int64_t first_delivered_ms;    /* 0 for a read without lease */
  sw_str key, dedup_id;
  uint32_t header_format, reserved;
  sw_bytes headers, body;
  sw_str source;                 /* name of the stream it was dead-lettered from, or empty */
  int64_t delivered_ms;          /* revision 2: this delivery, by its token; 0 for a read without lease */
} sw_delivery;

typedef struct sw_move {         /* revision 2 */
  uint32_t size, flags;          /* SW_MOVE_* */
  sw_stream_id target;           /* of the same namespace; 0 = each goes back to the stream that it was dead-lettered from */
  uint32_t max;                  /* messages, 1 .. 256 */
  uint32_t reserved;
} sw_move;
#define SW_MOVE_AS_NEW 1u        /* new id, time of the move; where it came from is forgotten */

typedef struct sw_fetch {
  uint32_t size, flags;
  uint32_t max;                  /* messages, 1 .. 256 */
  uint32_t wait_ms;              /* 0 = answer at once, also with nothing */
  uint32_t ack_wait_ms;          /* lease of these messages; SW_DEFAULT_ACK_WAIT = the consumer's */
  uint32_t max_bytes;            /* 0 = no limit; the first message always comes */
  sw_str attempt_id;             /* may be empty; the same id again within 5 minutes: same messages, same tokens, fresh
                                  * lease, unless one was acknowledged, changed or became visible; 128 bytes */
} sw_fetch;
#define SW_DEFAULT_ACK_WAIT 0xffffffffu

#define SW_SEALED_BYTES 32       /* of a sealed token */

typedef void (*sw_done)(void *user, sw_status, const sw_error *err);
typedef void (*sw_stream_done)(void *user, sw_status, const sw_stream_info *, const sw_error *err);
/* status is that of the call; with all_or_nothing every result carries it. */
typedef void (*sw_append_done)(void *user, sw_status, const sw_appended *const *, size_t n, const sw_error *err);
typedef void (*sw_fetch_done)(void *user, sw_status, const sw_delivery *const *, size_t n, const sw_error *err);
/* One status per token: SW_OK, SW_NOT_FOUND (gone), SW_CONFLICT (not leased by this token any more). */
typedef void (*sw_tokens_done)(void *user, sw_status, const sw_status *each, size_t n, const sw_error *err);
typedef void (*sw_state_done)(void *user, sw_status, const sw_stream_state *, const sw_error *err);

/* How many arrived there, also when `status` is the refusal of another: SW_NOT_FOUND = its stream is gone,
 * SW_CONFLICT = it was sent here and there is nothing to go back to. */
typedef void (*sw_move_done)(void *user, sw_status, uint32_t moved, const sw_error *err);

typedef uint64_t sw_fetch_id; /* 0 is never one */

typedef struct sw_stream_api {
  uint32_t size, reserved;

  /* ---- definitions.  [lane] Durable and visible on every lane when done runs. ---- */

  /* SW_EXISTS (in done) when the name is taken: `done` then gets the existing one.  Consumers are
   * made together with the stream.  Names: 1 to 255 bytes. */
  sw_status (*create)(const sw_host *, sw_namespace *, sw_str name, const sw_stream_config *,
                      const sw_consumer_config *const *consumers, size_t n, sw_bytes blob,
                      sw_stream_done, void *user);
  /* Replaces configuration, consumers of the same names, and blob.  SW_CONFLICT when the stream is no
   * longer at expect_version (0 = whatever it is). */
  sw_status (*update)(const sw_host *, sw_namespace *, sw_stream_id, uint64_t expect_version, const sw_stream_config *,
                      const sw_consumer_config *const *consumers, size_t n, sw_bytes blob,
                      sw_stream_done, void *user);
  /* One record: messages, leases and waiting fetches (SW_NOT_FOUND) go with it; the name is free. */
  sw_status (*remove)(const sw_host *, sw_namespace *, sw_stream_id, sw_done, void *user);
  /* [lane] From this lane's own copy: SW_NOT_FOUND, or the definition. */
  sw_status (*find)(const sw_host *, sw_namespace *, sw_str name, const sw_stream_info **);
  sw_status (*get)(const sw_host *, sw_namespace *, sw_stream_id, const sw_stream_info **);
  /* [lane] Visits definitions whose names start with `prefix` and are greater than `after`, in byte
   * order, until `visit` returns 0. */
  void (*list)(const sw_host *, sw_namespace *, sw_str prefix, sw_str after,
               int32_t (*visit)(void *user, const sw_stream_info *), void *user);

  /* ---- messages [lane] ---- */

  /* Messages are copied before this returns.  SW_BUSY: too much is in flight.
   * all_or_nothing: one refused message refuses all; else each has its own status.  Durable when done
   * runs. */
  sw_status (*append)(const sw_host *, sw_namespace *, sw_stream_id, const sw_message *const *, size_t n,
                      uint32_t all_or_nothing, sw_append_done, void *user);
  /* Leases up to `max` messages.  The lease is durable when done runs.  *id (may be NULL) names the
   * waiting fetch for cancel. */
  sw_status (*fetch)(const sw_host *, sw_namespace *, sw_stream_id, sw_str consumer, const sw_fetch *,
                     sw_fetch_id *id, sw_fetch_done, void *user);
  /* A fetch that still waits ends with SW_CANCELLED; messages that were just leased for it and not
   * yet handed over go back uncounted. */
  void (*cancel_fetch)(const sw_host *, sw_fetch_id);
  /* Messages are done with.  Without SW_ACK_STRICT a token whose lease has ended, or an older token
   * of the message, still acknowledges it, and a message that is gone is SW_OK. */
  sw_status (*ack)(const sw_host *, sw_namespace *, sw_stream_id, sw_str consumer, const sw_token *, size_t n,
                   uint32_t flags, sw_tokens_done, void *user);
  /* Changes when each leased message becomes visible again: after_ms from now, 0 = at once.  A token
   * that holds no lease any more: SW_CONFLICT; in a consumer that is not ordered, a message that is
   * visible again is hidden again (SW_OK) unless SW_ACK_STRICT. */
  sw_status (*extend)(const sw_host *, sw_namespace *, sw_stream_id, sw_str consumer, const sw_token *,
                      const uint32_t *after_ms, size_t n, uint32_t flags, sw_tokens_done, void *user);
  /* Live messages from sequence `from` on, without lease; changes nothing. */
  sw_status (*read)(const sw_host *, sw_namespace *, sw_stream_id, uint64_t from, uint32_t max, sw_str filter,
                    sw_fetch_done, void *user);
  /* Removes every message that is in the stream now. */
  sw_status (*purge)(const sw_host *, sw_namespace *, sw_stream_id, sw_done, void *user);
  /* `consumer` may be empty: then only the stream's own counts. */
  sw_status (*state)(const sw_host *, sw_namespace *, sw_stream_id, sw_str consumer, sw_state_done, void *user);

  /* ---- tokens as text.  [lane] ---- */

  /* Sealed bytes bind stream, consumer, sequence and attempt under a MAC and survive a restart. */
  void (*seal)(const sw_host *, sw_stream_id, sw_str consumer, sw_token, uint8_t out[SW_SEALED_BYTES]);
  /* SW_INVALID: not made by this server; SW_CONFLICT: of another stream or consumer. */
  sw_status (*open)(const sw_host *, sw_stream_id, sw_str consumer, const uint8_t sealed[SW_SEALED_BYTES],
                    sw_token *out);

  /* ---- revision 2 [lane] ---- */

  /* Up to `max` messages that could be delivered now leave for another stream: each arrives there and leaves
   * here in one record, without a lease and without counting as a delivery.  The target's deduplication
   * window is not asked.  What could not move stays.  SW_OK with 0 moved: nothing could be delivered. */
  sw_status (*move)(const sw_host *, sw_namespace *, sw_stream_id, sw_str consumer, const sw_move *,
                    sw_move_done, void *user);
} sw_stream_api;
#define SW_ACK_STRICT 1u

/* ---- switchyard.kv/1: small records of the plugin, per namespace ------------------------------------ */

#define SW_EXT_KV "switchyard.kv/1"
#define SW_KV_ANY UINT64_MAX
typedef void (*sw_kv_done)(void *user, sw_status, uint64_t revision, const sw_error *err);
typedef struct sw_kv_api {
  uint32_t size, reserved;
  /* [lane] From this lane's own copy; *value is borrowed until the callback returns. */
  sw_status (*get)(const sw_host *, sw_namespace *, sw_str key, sw_bytes *value, uint64_t *revision);
  /* [lane] Keys with `prefix` greater than `after`, in byte order, until `visit` returns 0. */
  void (*scan)(const sw_host *, sw_namespace *, sw_str prefix, sw_str after,
               int32_t (*visit)(void *user, sw_str key, sw_bytes value, uint64_t revision), void *user);
  /* [lane] Durable and visible on every lane when done runs.  `expect`: SW_KV_ANY, 0 = must not
   * exist, or the revision it must have (SW_CONFLICT).  Keys <= 512 bytes, values <= 64 KiB. */
  sw_status (*put)(const sw_host *, sw_namespace *, sw_str key, sw_bytes value, uint64_t expect, sw_kv_done, void *user);
  sw_status (*erase)(const sw_host *, sw_namespace *, sw_str key, uint64_t expect, sw_kv_done, void *user);
} sw_kv_api;

/* ---- switchyard.metrics/1 --------------------------------------------------------------------------- */

#define SW_EXT_METRICS "switchyard.metrics/1"
typedef struct sw_counter sw_counter;
typedef struct sw_metrics_api {
  uint32_t size, reserved;
  /* [control] `name` like "switchyard_sqs_requests_total"; `labels` are fixed; the same name and labels
   * give the same counter.  Valid until the process ends. */
  sw_counter *(*counter)(const sw_host *, sw_str name, sw_str help, const sw_pair *labels, size_t n);
  void (*add)(sw_counter *, uint64_t n); /* [any] lock-free */
} sw_metrics_api;

/* ---- switchyard.accounts/1: namespaces and credentials, for a plugin that offers their administration -- */

#define SW_EXT_ACCOUNTS "switchyard.accounts/1"
#define SW_SERVICE_SQS 1u        /* a project's services are switched on one by one */
#define SW_SERVICE_SNS 2u
#define SW_LIMIT_MESSAGE_BYTES 1u
#define SW_LIMIT_STORED_BYTES 2u
#define SW_LIMIT_REQUESTS 4u
#define SW_LIMIT_CONNECTIONS 8u

typedef struct sw_limits {
  uint32_t size;
  uint32_t set;                   /* SW_LIMIT_*: the namespace's own; the others follow the server's defaults */
  uint64_t max_message_bytes;     /* in force; 0 = no limit, also below */
  uint64_t max_stored_bytes;
  uint64_t requests_per_second;
  uint64_t max_connections;
} sw_limits;

/* A namespace as its administrator sees it.  Borrowed until the lane callback that asked for it returns. */
typedef struct sw_account {
  uint32_t size, flags;           /* SW_ACCOUNT_* */
  sw_str id, name, protocol, style, owner; /* as in sw_namespace_info */
  sw_str project_id, region;      /* empty = none, every region */
  uint32_t services;              /* SW_SERVICE_*; 0 = all of its protocol */
  uint32_t reserved;
  int64_t created_ns, updated_ns; /* Unix time, here and below */
  int64_t sqs_created_ns, sqs_updated_ns; /* of a service that is set; 0 = when the namespace was made */
  int64_t sns_created_ns, sns_updated_ns;
  const sw_limits *limits;
} sw_account;
#define SW_ACCOUNT_DECLARED 1u    /* by the configuration or by dev mode, not by an API */

typedef struct sw_account_usage {
  uint32_t size, reserved;
  uint64_t stored_bytes, streams, credentials;
} sw_account_usage;

typedef struct sw_account_wish {
  uint32_t size, reserved;
  sw_str name, protocol, project_id, region;
} sw_account_wish;

#define SW_CHANGE_NAME 1u
#define SW_CHANGE_LIMITS 2u
#define SW_CHANGE_PERMISSIONS 4u
#define SW_CHANGE_EXPIRY 8u

typedef struct sw_account_change { /* what `flags` does not name stays */
  uint32_t size, flags;
  sw_str name;
  const sw_limits *limits;        /* replaces all: what `set` does not name follows the defaults again */
} sw_account_change;

typedef struct sw_credential {    /* borrowed as sw_account; never the secret */
  uint32_t size;
  uint32_t permissions;           /* SW_PERM_* */
  uint32_t services, reserved;    /* what it is good for; 0 = everything of its namespace */
  sw_str id, name, account_id;
  sw_str access_key;              /* of a NATS user its public key */
  sw_str checksum;                /* SHA-1 in hex of what was shown once; empty when nothing was */
  int64_t created_ns, updated_ns;
  int64_t expires_ms;             /* 0 = never */
} sw_credential;

typedef struct sw_credential_wish {
  uint32_t size;
  uint32_t permissions;
  uint32_t services, reserved;
  sw_str account_id, name;
  int64_t expires_ms;
} sw_credential_wish;

typedef struct sw_credential_change {
  uint32_t size, flags;           /* SW_CHANGE_NAME, _PERMISSIONS, _EXPIRY */
  sw_str name;
  uint32_t permissions, reserved;
  int64_t expires_ms;
} sw_credential_change;

typedef void (*sw_account_done)(void *user, sw_status, const sw_account *, const sw_error *err);
/* `secret` is what may be shown this once: the secret key, or the creds file of a NATS user; else empty. */
typedef void (*sw_credential_done)(void *user, sw_status, const sw_credential *, sw_str secret, const sw_error *err);

/* Changes are durable and in force on every lane when done runs: the next request on any connection sees
 * them.  SW_CONFLICT: somebody else changed it meanwhile. */
typedef struct sw_accounts_api {
  uint32_t size, reserved;

  /* [lane] From this lane's own copy. */
  sw_status (*find)(const sw_host *, sw_str id, const sw_account **);
  /* The namespace of a project (a UUID) in a region, whose services are switched on one by one. */
  sw_status (*find_project)(const sw_host *, sw_str project_id, sw_str region, const sw_account **);
  /* In the order of ids, until `visit` returns 0; what it is given is its own only until then. */
  void (*list)(const sw_host *, int32_t (*visit)(void *user, const sw_account *), void *user);
  sw_status (*usage)(const sw_host *, sw_str id, sw_account_usage *out); /* set out->size before the call */
  sw_status (*find_credential)(const sw_host *, sw_str id, const sw_credential **);
  /* The same in the order of access keys. */
  void (*list_credentials)(const sw_host *, sw_str account_id,
                           int32_t (*visit)(void *user, const sw_credential *), void *user);

  /* [lane] SW_QUOTA at the server's bound.  A namespace of NATS gets its keys here. */
  sw_status (*create)(const sw_host *, const sw_account_wish *, sw_account_done, void *user);
  sw_status (*update)(const sw_host *, sw_str id, const sw_account_change *, sw_account_done, void *user);
  /* Streams, messages, records and credentials go with it, in one record of the journal; its names are free. */
  sw_status (*remove)(const sw_host *, sw_str id, sw_done, void *user);
  /* One service of a project: SW_EXISTS when it is on, SW_NOT_FOUND when it is off.  Switching off is refused
   * with SW_CONFLICT while the service has streams or credentials, unless `force`; with SW_DENIED for a
   * namespace that is declared. */
  sw_status (*activate)(const sw_host *, sw_str project_id, sw_str region, uint32_t service, sw_account_done, void *user);
  sw_status (*deactivate)(const sw_host *, sw_str project_id, sw_str region, uint32_t service, uint32_t force,
                          sw_done, void *user);

  sw_status (*create_credential)(const sw_host *, const sw_credential_wish *, sw_credential_done, void *user);
  sw_status (*update_credential)(const sw_host *, sw_str id, const sw_credential_change *, sw_credential_done, void *user);
  sw_status (*remove_credential)(const sw_host *, sw_str id, sw_done, void *user);

  /* [lane] Where clients of a protocol reach this server, when the configuration says it; else empty: build
   * it from the Host that was called.  Borrowed as sw_account. */
  void (*public_url)(const sw_host *, sw_str protocol, sw_str *out);
} sw_accounts_api;

/* ---- switchyard.listen/1 (revision 4): connections that carry a protocol of the plugin's own ---------- */

#define SW_EXT_LISTEN "switchyard.listen/1"
typedef struct sw_conn sw_conn; /* one connection; on its lane a handle that has ended does nothing */

typedef struct sw_conn_events {
  uint32_t size, reserved;
  /* [lane] A new connection; it stays on this lane.  Returns what the other calls get as `conn_user`; NULL = it
   * is closed.  `peer` is address and port. */
  void *(*open)(void *user, void *lane_state, sw_conn *, sw_str peer);
  /* [lane] What came and was not taken yet, in one piece.  Returns how many bytes it took.  The rest comes
   * again, together with what follows it, as soon as there are *wanted bytes in all: more than it was given
   * now; 0 = one more is enough. */
  size_t (*data)(void *conn_user, sw_bytes bytes, size_t *wanted);
  /* [lane] After write() answered SW_BUSY: half of the queue has left. */
  void (*writable)(void *conn_user);
  /* [lane] The last call: free conn_user here.  `why`: SW_OK = this side closed it, SW_CANCELLED = the peer
   * left, SW_QUOTA = *wanted was above max_read_bytes, SW_STOPPING = the server stops. */
  void (*closed)(void *conn_user, sw_status why);
} sw_conn_events;

typedef struct sw_listener {      /* 0 = the host's default */
  uint32_t size;
  uint32_t max_connections;       /* more are closed unseen; 65,536 */
  sw_str name;                    /* of the address in the ready line: "nats" */
  sw_str address;                 /* "127.0.0.1:4222", "[::1]:4222", "unix:/run/x.sock"; port 0 = any free one */
  uint64_t max_read_bytes;        /* in one piece; 8 MiB */
  uint64_t busy_bytes;            /* queued for one connection, from which on write() answers SW_BUSY; 1 MiB */
  uint64_t max_write_bytes;       /* queued for one connection at most; 64 MiB */
} sw_listener;

typedef struct sw_listen_api {
  uint32_t size, reserved;
  /* [control, in start()] Binds now; connections are accepted when every plugin has started.  `*bound` is
   * the address as it is, for as long as the plugin lives.  `events` and `user` are kept until stop. */
  sw_status (*listen)(const sw_host *, const sw_listener *, const sw_conn_events *events, void *user, sw_str *bound,
                      sw_error *err);
  /* [lane of the connection, as all below] Copies all parts, or nothing; they leave at the end of the turn.
   * SW_BUSY: taken, but the peer is slow: send little more until writable().  SW_QUOTA: not taken, the queue
   * is at max_write_bytes.  SW_NOT_FOUND: it is closed.  SW_INVALID: more than 8 parts. */
  sw_status (*write)(sw_conn *, const sw_bytes *parts, size_t n);
  uint64_t (*queued)(sw_conn *);  /* bytes that wait for the peer to read */
  /* While paused nothing is read and data() is not called; what was not taken comes first afterwards. */
  void (*pause)(sw_conn *, uint32_t paused);
  /* What is queued still leaves, for a while, unless `at_once`.  closed() follows, later. */
  void (*close)(sw_conn *, uint32_t at_once);
} sw_listen_api;

/* ---- switchyard.bus/1 (revision 4): messages by subject, in memory, to whoever is interested now -------- */

#define SW_EXT_BUS "switchyard.bus/1"
typedef struct sw_subscription sw_subscription; /* belong to the lane that made them */
typedef struct sw_publisher sw_publisher;

typedef struct sw_bus_message {   /* borrowed during the call that has it */
  uint32_t size, reserved;
  sw_str subject, reply;          /* tokens separated by dots; no reply = empty */
  sw_bytes headers;               /* one block, opaque */
  sw_bytes body;
} sw_bus_message;

typedef struct sw_bus_api {
  uint32_t size, reserved;
  /* [lane] `pattern`: tokens, `*` for one, `>` for one or more at the end; SW_INVALID when it is none.  A
   * `group` is named: of the members of one name under one pattern one gets each message.  `party` says whose
   * it is, see publish(); 0 = nobody's.  deliver() runs on this lane, also inside a publish() that is made
   * here; it may subscribe, unsubscribe and publish.  It returns 0 when it could not take the message: of
   * a group another member gets it then. */
  sw_status (*subscribe)(const sw_host *, sw_namespace *, sw_str pattern, sw_str group, uint64_t party,
                         int32_t (*deliver)(void *user, const sw_bus_message *), void *user, sw_subscription **out);
  /* [lane] deliver() is called no more, also by a publish() that is under way. */
  void (*unsubscribe)(const sw_host *, sw_subscription *);
  /* [lane] Who publishes to one namespace; it remembers what its last subject matched. */
  sw_status (*publisher)(const sw_host *, sw_namespace *, sw_publisher **out);
  void (*release)(const sw_host *, sw_publisher *); /* [lane] */
  /* [lane] To everybody who is interested, but the subscriptions of `skip` (0 = of nobody).  *receivers (may be
   * NULL): 0 exactly when there was none, on any lane, as far as settled() has said.  SW_BUSY: done, but
   * publish no more from this lane until ready(). */
  sw_status (*publish)(const sw_host *, sw_publisher *, const sw_bus_message *, uint64_t skip, uint32_t *receivers);
  /* [lane] Runs `task` later, when every lane knows what was subscribed and unsubscribed here so far. */
  void (*settled)(const sw_host *, void (*task)(void *user), void *user);
  /* [lane] Runs `task` later, when the lanes that messages went to are not behind. */
  void (*ready)(const sw_host *, void (*task)(void *user), void *user);
} sw_bus_api;

#ifdef __cplusplus
}
#endif
#endif
