/* A line-based work queue in plain C99: POST /lines/NAME with one line, answered by one line.
 *   put TEXT    -> "put SEQUENCE"     the text is on disk
 *   take        -> "line TOKEN TEXT"  leased for 30 s; "empty" when there is nothing
 *   done TOKEN  -> "done"             the text is gone; "gone" when it was, or its lease had ended
 * Each NAME is a durable stream.  Callers need no credential: the operator names their namespace in
 * plugins.lines.anonymous_namespace.  What a request needs until its answer lives in the request's memory. */
#include <stdio.h>
#include <string.h>
#include <switchyard/plugin.h>

static const sw_host* host; /* One instance per process. */
static const sw_auth_api* auth;
static const sw_http_api* http;
static const sw_stream_api* streams;

#define TEXT(s) {(s), sizeof(s) - 1}
static const sw_str kTaker = TEXT("taker");
typedef struct job {
  sw_http_exchange* exchange;
  sw_namespace* ns;
  sw_stream_id stream;
  sw_bytes line; /* Of the request, without its end. */
} job;

static void answer(job* j, uint32_t status, const char* text, size_t n) {
  const sw_pair type = {TEXT("Content-Type"), TEXT("text/plain; charset=utf-8")};
  const sw_bytes body = {(const uint8_t*)text, n};
  http->respond(j->exchange, status, &type, 1, body);
}
static void say(job* j, uint32_t status, const char* text) { answer(j, status, text, strlen(text)); }
static void refuse(job* j, sw_status status, const sw_error* err) {
  const int busy = status == SW_BUSY || status == SW_STOPPING || status == SW_CANCELLED;
  say(j, busy ? 503 : status == SW_QUOTA ? 429 : status == SW_INVALID ? 400 : 500,
      err != NULL ? err->message : "the server refused the call\n");
}

static void on_put(void* user, sw_status status, const sw_appended* const* each, size_t n, const sw_error* err) {
  char text[40];
  if (status == SW_OK && n == 1) snprintf(text, sizeof text, "put %llu\n", (unsigned long long)each[0]->seq);
  if (status == SW_OK) say(user, 200, text);
  else refuse(user, status, err);
}

static void on_take(void* user, sw_status status, const sw_delivery* const* got, size_t n, const sw_error* err) {
  enum { kHead = 5 + 2 * SW_SEALED_BYTES + 1 }; /* "line TOKEN " */
  job* j = user;
  uint8_t token[SW_SEALED_BYTES];
  if (status != SW_OK) refuse(j, status, err);
  else if (n == 0) say(j, 200, "empty\n");
  else { /* The delivery is gone when this function returns. */
    char* text = http->alloc(j->exchange, kHead + got[0]->body.len + 1);
    if (text == NULL) { refuse(j, SW_QUOTA, NULL); return; } /* The line comes back when its lease ends. */
    streams->seal(host, j->stream, kTaker, got[0]->token, token);
    memcpy(text, "line ", 5);
    for (int i = 0; i < SW_SEALED_BYTES; ++i) snprintf(text + 5 + 2 * i, 4, "%02x ", token[i]);
    if (got[0]->body.len > 0) memcpy(text + kHead, got[0]->body.data, got[0]->body.len);
    text[kHead + got[0]->body.len] = '\n';
    answer(j, 200, text, kHead + got[0]->body.len + 1);
  }
}

static void on_done(void* user, sw_status status, const sw_status* each, size_t n, const sw_error* err) {
  if (status == SW_OK && n == 1) status = each[0];
  if (status == SW_OK) say(user, 200, "done\n");
  else if (status == SW_NOT_FOUND || status == SW_CONFLICT) say(user, 200, "gone\n");
  else refuse(user, status, err);
}

static sw_status done(job* j, const uint8_t* hex, size_t n) {
  uint8_t sealed[SW_SEALED_BYTES];
  sw_token token;
  if (n != 2 * sizeof sealed) return SW_INVALID;
  for (size_t i = 0; i < n; ++i) {
    const int c = hex[i], digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
    sealed[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : sealed[i / 2] | digit);
  }
  if (streams->open(host, j->stream, kTaker, sealed, &token) != SW_OK) return SW_INVALID;
  return streams->ack(host, j->ns, j->stream, kTaker, &token, 1, SW_ACK_STRICT, on_done, j);
}

static void on_opened(void* user, sw_status status, const sw_stream_info* info, const sw_error* err) {
  job* j = user;
  const uint8_t* line = j->line.data;
  const size_t n = j->line.len;
  sw_message message = {sizeof message, 0, {0}, {0}, 0, 0, {0}, {0}, 0};
  const sw_message* list = &message;
  const sw_fetch fetch = {sizeof fetch, 0, 1, 0, SW_DEFAULT_ACK_WAIT, 0, {0}};
  if (status == SW_OK || status == SW_EXISTS) { /* Somebody else may have been faster. */
    j->stream = info->id;
    status = SW_INVALID;
    if (n > 4 && memcmp(line, "put ", 4) == 0) {
      message.body = (sw_bytes){line + 4, n - 4};
      status = streams->append(host, j->ns, j->stream, &list, 1, 1, on_put, j);
    } else if (n == 4 && memcmp(line, "take", 4) == 0) {
      status = streams->fetch(host, j->ns, j->stream, kTaker, &fetch, NULL, on_take, j);
    } else if (n > 5 && memcmp(line, "done ", 5) == 0) {
      status = done(j, line + 5, n - 5);
    }
  }
  if (status == SW_INVALID) say(j, 400, "say put TEXT, take or done TOKEN\n");
  else if (status != SW_OK) refuse(j, status, err);
}

static void handle(void* self, void* lane, sw_http_exchange* exchange, const sw_http_request* request) {
  static const sw_stream_config config = {sizeof config, SW_STORAGE_FILE, SW_RETAIN_WORKQUEUE, 0, 0, 0, 0, 0, 0, 0};
  const sw_consumer_config taker = {sizeof taker, 0, kTaker, {0}, 30000, 0, 0, 0, 0, 0}, *consumers = &taker;
  const sw_str name = {request->path.data + 1, request->path.len - 1}; /* "lines/NAME" */
  const sw_bytes none = {NULL, 0};
  const sw_principal* caller;
  const sw_stream_info* info;
  job* j = http->alloc(exchange, sizeof *j);
  sw_status status;
  if ((void)self, (void)lane, j == NULL || auth->anonymous(host, &caller) != SW_OK) { /* Off in the YAML. */
    http->respond(exchange, 403, NULL, 0, none);
    return;
  }
  *j = (job){exchange, caller->ns, 0, request->body};
  if (j->line.len > 0 && j->line.data[j->line.len - 1] == '\n') --j->line.len;
  status = streams->find(host, j->ns, name, &info);
  if (status == SW_OK) on_opened(j, SW_OK, info, NULL);
  else status = streams->create(host, j->ns, name, &config, &consumers, 1, none, on_opened, j);
  if (status != SW_OK) refuse(j, status, NULL);
}

static sw_status create(const sw_host* h, void** self, sw_error* err) {
  (void)self, (void)err, host = h;
  auth = h->extension(h, SW_EXT_AUTH); /* Required below, so they are there. */
  http = h->extension(h, SW_EXT_HTTP);
  streams = h->extension(h, SW_EXT_STREAM);
  return SW_OK;
}
static sw_status configure(void* self, sw_str json, uint32_t dry_run, sw_error* err) {
  return (void)self, (void)json, (void)dry_run, (void)err, SW_OK; /* It has no keys of its own. */
}
static sw_status start(void* self, sw_error* err) {
  static const sw_http_handler handler = {sizeof handler, 0, NULL, handle};
  static const sw_str post = TEXT("POST"), path = TEXT("/lines/*");
  return (void)self, http->route(host, post, path, 0, &handler, err);
}
static void nothing(void* self) { (void)self; }

static const char* const kNeeds[] = {SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, NULL};
static const sw_info kInfo = {sizeof kInfo, 0, "com.example.lines", "lines", "1.0.0", "Example", "Apache-2.0",
                              "A line-based work queue", kNeeds, NULL, "{}"};
static const sw_plugin kPlugin = {
    sizeof kPlugin, 0, create, configure, start, NULL, NULL, NULL, nothing, nothing, NULL};
static const sw_entry kEntry = {sizeof kEntry, SW_ABI_GENERATION, SW_ABI_REVISION, 1, &kInfo, &kPlugin};

const sw_entry* switchyard_plugin_v1(void) { return &kEntry; }
