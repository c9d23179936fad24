/* @NAME@: POST /@NAME@ keeps the body as one message of a durable stream and answers its sequence;
 * GET /@NAME@ answers how many there are.
 *
 * Callers need no credential: plugins.@NAME@.anonymous_namespace in switchyard.yaml names their namespace. */
#include <stdio.h>
#include <string.h>
#include <switchyard/plugin.h>

static const sw_host *host; /* One instance per process. */
static const sw_auth_api *auth;
static const sw_http_api *http;
static const sw_stream_api *streams;

#define TEXT(s) {(s), sizeof(s) - 1}
static const sw_str kStream = TEXT("@NAME@/messages"), kConsumer = TEXT("reader");

/* What a request needs until it is answered; lives in the request's memory. */
typedef struct job {
  sw_http_exchange *exchange;
  sw_namespace *ns;
  sw_stream_id stream;
  sw_bytes body;
  int adds;
} job;

static void answer(job *j, uint32_t status, const char *text) {
  const sw_pair type = {TEXT("Content-Type"), TEXT("text/plain; charset=utf-8")};
  const sw_bytes body = {(const uint8_t *)text, strlen(text)};
  http->respond(j->exchange, status, &type, 1, body);
}
static void answer_number(job *j, uint32_t status, uint64_t number) {
  char text[32];
  snprintf(text, sizeof text, "%llu\n", (unsigned long long)number);
  answer(j, status, text);
}
static void refuse(job *j, sw_status status, const sw_error *err) {
  const int busy = status == SW_BUSY || status == SW_STOPPING || status == SW_CANCELLED;
  answer(j, busy ? 503 : status == SW_QUOTA ? 429 : 500, err != NULL ? err->message : "the server refused the call\n");
}

static void on_added(void *user, sw_status status, const sw_appended *const *each, size_t n, const sw_error *err) {
  if (status == SW_OK && n == 1)
    answer_number(user, 201, each[0]->seq); /* It is on disk now. */
  else
    refuse(user, status, err);
}

static void on_counted(void *user, sw_status status, const sw_stream_state *state, const sw_error *err) {
  if (status == SW_OK)
    answer_number(user, 200, state->messages);
  else
    refuse(user, status, err);
}

static void on_opened(void *user, sw_status status, const sw_stream_info *info, const sw_error *err) {
  job *j = user;
  sw_message message = {sizeof message, 0, {0}, {0}, 0, 0, {0}, {0}, 0};
  const sw_message *list = &message;
  if (status == SW_OK || status == SW_EXISTS) { /* Somebody else may have been faster. */
    j->stream = info->id;
    message.body = j->body;
    if (j->adds)
      status = streams->append(host, j->ns, j->stream, &list, 1, 1, on_added, j);
    else
      status = streams->state(host, j->ns, j->stream, kConsumer, on_counted, j);
  }
  if (status != SW_OK) refuse(j, status, err); /* A refused call never runs its completion. */
}

static void handle(void *self, void *lane, sw_http_exchange *exchange, const sw_http_request *request) {
  const sw_stream_config config = {sizeof config, SW_STORAGE_FILE, SW_RETAIN_WORKQUEUE, 0, 0, 0, 0, 0, 0, 0};
  const sw_consumer_config reader = {sizeof reader, 0, kConsumer, {0}, 30000, 0, 0, 0, 0, 0}, *consumers = &reader;
  const sw_bytes none = {NULL, 0};
  const sw_principal *caller;
  const sw_stream_info *info;
  sw_status status;
  job *j = http->alloc(exchange, sizeof *j);
  (void)self, (void)lane;
  if (j == NULL || auth->anonymous(host, &caller) != SW_OK) { /* Off in switchyard.yaml. */
    http->respond(exchange, 403, NULL, 0, none);
    return;
  }
  j->exchange = exchange;
  j->ns = caller->ns;
  j->body = request->body;
  j->adds = request->method.data[0] == 'P';
  status = streams->find(host, j->ns, kStream, &info);
  if (status == SW_OK) {
    on_opened(j, SW_OK, info, NULL);
    return;
  }
  status = streams->create(host, j->ns, kStream, &config, &consumers, 1, none, on_opened, j);
  if (status != SW_OK) refuse(j, status, NULL);
}

static sw_status create(const sw_host *h, void **self, sw_error *err) {
  (void)self, (void)err;
  host = h;
  auth = h->extension(h, SW_EXT_AUTH); /* Required below, so they are there. */
  http = h->extension(h, SW_EXT_HTTP);
  streams = h->extension(h, SW_EXT_STREAM);
  return SW_OK;
}
/* The section of this plugin as JSON.  It has no keys yet: name them in config_keys below. */
static sw_status configure(void *self, sw_str json, uint32_t dry_run, sw_error *err) {
  (void)self, (void)json, (void)dry_run, (void)err;
  return SW_OK;
}
static sw_status start(void *self, sw_error *err) {
  static const sw_http_handler handler = {sizeof handler, 0, NULL, handle};
  static const sw_str post = TEXT("POST"), get = TEXT("GET"), path = TEXT("/@NAME@");
  const sw_status status = http->route(host, post, path, 0, &handler, err);
  (void)self;
  return status != SW_OK ? status : http->route(host, get, path, 0, &handler, err);
}
static void nothing(void *self) { (void)self; }

static const char *const kNeeds[] = {SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, NULL};
static const sw_info kInfo = {sizeof kInfo, 0, "com.example.@NAME@", "@NAME@", "0.1.0", "Example", "Apache-2.0",
                              "Keeps messages and counts them", kNeeds, NULL, "{}"};
static const sw_plugin kPlugin = {
    sizeof kPlugin, 0, create, configure, start, NULL, NULL, NULL, nothing, nothing, NULL};
static const sw_entry kEntry = {sizeof kEntry, SW_ABI_GENERATION, SW_ABI_REVISION, 1, &kInfo, &kPlugin};

const sw_entry *switchyard_plugin_v1(void) { return &kEntry; }
