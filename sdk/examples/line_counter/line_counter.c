/* line_counter keeps lines of text in a durable queue, at /lines: POST adds the body as one line, DELETE
 * takes the oldest line out and answers it, GET answers how many there are.
 *
 * A whole plugin in plain C99: one exported symbol, tables of the host, asynchronous calls that end in a
 * callback on the same lane, memory that lives as long as a request.  Callers need no credential: the
 * operator names their namespace in plugins.line_counter.anonymous_namespace. */
#include <stdio.h>
#include <string.h>
#include <switchyard/plugin.h>

static const sw_host* host; /* One instance per process. */
static const sw_auth_api* auth;
static const sw_http_api* http;
static const sw_stream_api* streams;

#define TEXT(s) \
  { (s), sizeof(s) - 1 }
static const sw_str kStream = TEXT("line_counter/lines"), kTaker = TEXT("taker"), kNone = {NULL, 0};

typedef struct job { /* One request; lives in the request's memory. */
  sw_http_exchange* exchange;
  sw_namespace* ns;
  sw_stream_id stream;
  sw_bytes body;
  char verb; /* 'P', 'D' or 'G' */
} job;

static void answer(sw_http_exchange* exchange, uint32_t status, const void* text, size_t n) {
  const sw_pair type = {TEXT("Content-Type"), TEXT("text/plain; charset=utf-8")};
  const sw_bytes body = {text, n};
  http->respond(exchange, status, &type, 1, body);
}
static void answer_number(job* j, uint32_t status, uint64_t number) {
  char text[32];
  answer(j->exchange, status, text, (size_t)snprintf(text, sizeof text, "%llu\n", (unsigned long long)number));
}
static void answer_failure(job* j, const sw_error* err) {
  const char* why = err != NULL ? err->message : "the server refused the call\n";
  answer(j->exchange, err != NULL && err->code == SW_BUSY ? 503 : 500, why, strlen(why));
}

static void on_appended(void* user, sw_status status, const sw_appended* const* each, size_t n, const sw_error* err) {
  if (status != SW_OK || n != 1 || each[0]->status != SW_OK)
    answer_failure(user, err);
  else
    answer_number(user, 201, each[0]->seq); /* The line is on disk now. */
}

static void on_acknowledged(void* user, sw_status status, const sw_status* each, size_t n, const sw_error* err) {
  job* j = user;
  if (status != SW_OK || n != 1 || each[0] != SW_OK)
    answer_failure(j, err); /* The line comes back. */
  else
    answer(j->exchange, 200, j->body.data, j->body.len);
}

static void on_fetched(void* user, sw_status status, const sw_delivery* const* got, size_t n, const sw_error* err) {
  job* j = user;
  uint8_t* copy = NULL;
  if (status == SW_OK && n == 0) {
    answer(j->exchange, 204, NULL, 0);
    return;
  }
  if (status == SW_OK) copy = http->alloc(j->exchange, got[0]->body.len + 1);
  if (copy != NULL) { /* The delivery is gone when this function returns. */
    memcpy(copy, got[0]->body.data, got[0]->body.len);
    j->body.data = copy;
    j->body.len = got[0]->body.len;
    status = streams->ack(host, j->ns, j->stream, kTaker, &got[0]->token, 1, SW_ACK_STRICT, on_acknowledged, j);
  }
  if (copy == NULL || status != SW_OK) answer_failure(j, err);
}

static void on_counted(void* user, sw_status status, const sw_stream_state* state, const sw_error* err) {
  if (status != SW_OK)
    answer_failure(user, err);
  else
    answer_number(user, 200, state->messages);
}

static void run(job* j) { /* The stream is there. */
  sw_message message = {sizeof message, 0, {0}, {0}, 0, 0, {0}, {0}, 0};
  const sw_message* list = &message;
  const sw_fetch fetch = {sizeof fetch, 0, 1, 0, SW_DEFAULT_ACK_WAIT, 0, {0}};
  sw_status status;
  message.body = j->body;
  if (j->verb == 'P')
    status = streams->append(host, j->ns, j->stream, &list, 1, 1, on_appended, j);
  else if (j->verb == 'D')
    status = streams->fetch(host, j->ns, j->stream, kTaker, &fetch, NULL, on_fetched, j);
  else
    status = streams->state(host, j->ns, j->stream, kNone, on_counted, j);
  if (status != SW_OK) answer_failure(j, NULL);
}

static void on_created(void* user, sw_status status, const sw_stream_info* info, const sw_error* err) {
  job* j = user;
  if (status == SW_OK || status == SW_EXISTS) { /* Somebody else may have been faster. */
    j->stream = info->id;
    run(j);
  } else
    answer_failure(j, err);
}

static void handle(void* self, void* lane, sw_http_exchange* exchange, const sw_http_request* request) {
  static const char kClosed[] = "set plugins.line_counter.anonymous_namespace to let callers in\n";
  const sw_stream_config config = {sizeof config, SW_STORAGE_FILE, SW_RETAIN_WORKQUEUE, 0, 0, 0, 0, 0, 0, 0};
  sw_consumer_config taker = {sizeof taker, 0, {0}, {0}, 30000, 0, 0, 0, 0, 0};
  const sw_consumer_config* consumers = &taker;
  const sw_bytes no_blob = {NULL, 0};
  const sw_principal* caller;
  const sw_stream_info* info;
  job* j = http->alloc(exchange, sizeof *j);
  (void)self, (void)lane;
  if (j == NULL || auth->anonymous(host, &caller) != SW_OK) {
    answer(exchange, 403, kClosed, sizeof kClosed - 1);
    return;
  }
  j->exchange = exchange;
  j->ns = caller->ns;
  j->body = request->body;
  j->verb = request->method.data[0];
  taker.name = kTaker;
  if (streams->find(host, j->ns, kStream, &info) == SW_OK) {
    on_created(j, SW_OK, info, NULL);
  } else if (streams->create(host, j->ns, kStream, &config, &consumers, 1, no_blob, on_created, j) != SW_OK) {
    answer_failure(j, NULL);
  }
}

static sw_status create(const sw_host* h, void** self, sw_error* err) {
  (void)self, (void)err;
  host = h;
  auth = h->extension(h, SW_EXT_AUTH); /* Required below, so they are there. */
  http = h->extension(h, SW_EXT_HTTP);
  streams = h->extension(h, SW_EXT_STREAM);
  return SW_OK;
}
static sw_status configure(void* self, sw_str json, uint32_t dry_run, sw_error* err) {
  (void)self, (void)json, (void)dry_run, (void)err; /* It has no keys of its own. */
  return SW_OK;
}
static sw_status start(void* self, sw_error* err) {
  static const sw_http_handler handler = {sizeof handler, 0, NULL, handle};
  static const sw_str methods[] = {TEXT("GET"), TEXT("POST"), TEXT("DELETE")}, path = TEXT("/lines");
  sw_status status = SW_OK;
  (void)self;
  for (int i = 0; i < 3 && status == SW_OK; ++i) status = http->route(host, methods[i], path, 0, &handler, err);
  return status;
}
static void nothing(void* self) { (void)self; }

static const char* const kNeeds[] = {SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, NULL};
static const sw_info kInfo = {sizeof kInfo,
                              0,
                              "switchyard.example.line_counter",
                              "line_counter",
                              "1.0.0",
                              "Switchyard",
                              "Apache-2.0",
                              "Keeps lines of text in a durable queue",
                              kNeeds,
                              NULL,
                              "{}"};
static const sw_plugin kPlugin = {sizeof kPlugin, 0,    create,  configure, start, NULL,
                                  NULL,           NULL, nothing, nothing,   NULL};
static const sw_entry kEntry = {sizeof kEntry, SW_ABI_GENERATION, SW_ABI_REVISION, 1, &kInfo, &kPlugin};

const sw_entry* switchyard_plugin_v1(void) { return &kEntry; }
