/* One source, many rude plugins: each is built with one CASE_... defined and does one thing against
 * plugin.h.  `plugin check` is to find it; polite does nothing wrong, and is_picky neither, but refuses all
 * but "yes" before it calls its host.  Loaded by
 * tests/unit/plugin/chaos_test.cc. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <switchyard/plugin.h>

static const sw_host* host;
static const sw_auth_api* auth;
static const sw_http_api* http;
static const sw_kv_api* records;
static const sw_clock_api* clocks;
static int broken; /* By a bad configuration. */

#define TEXT(s) \
  { (s), sizeof(s) - 1 }

typedef struct job {
  sw_http_exchange* exchange;
  int gone;
} job;

static void answer(job* j, uint32_t status) {
  const sw_bytes body = {NULL, 0};
  http->respond(j->exchange, status, NULL, 0, body);
}

static void end(job* j, uint32_t status) {
#ifndef CASE_ANSWERS_THE_DEAD
  if (j->gone) {
    free(j);
    return;
  }
#endif
  answer(j, status);
#ifdef CASE_ANSWERS_TWICE
  answer(j, status);
#endif
  free(j);
}

static void on_put(void* user, sw_status status, uint64_t revision, const sw_error* err) {
  (void)revision;
#ifdef CASE_TRUSTS_ERRORS
  if (status != SW_OK && err->message[0] == '\0') status = SW_OK; /* The pointer may be null. */
#endif
  (void)err;
#ifdef CASE_FORGETS_FAILURES
  if (status != SW_OK) {
    free(user);
    return;
  }
#endif
  end(user, status == SW_OK ? 200 : 503);
}

static void aborted(void* user) { ((job*)user)->gone = 1; }

#ifdef CASE_CALLS_FROM_A_THREAD
static void* elsewhere(void* ns) {
  sw_bytes value;
  static const sw_str key = TEXT("k");
  records->get(host, ns, key, &value, NULL);
  return NULL;
}
#endif
#ifdef CASE_LEAVES_TIMERS
static void fire(void* user) { (void)user; }
#endif
#ifdef CASE_ANSWERS_ELSEWHERE
static void on_other_lane(void* user, void* lane_state) {
  (void)lane_state;
  end(user, 200);
}
#endif

static void handle(void* self, void* lane, sw_http_exchange* exchange, const sw_http_request* request) {
  static const sw_str key = TEXT("k");
  const sw_principal* caller;
  const sw_bytes value = {request->body.data, request->body.len > 100 ? 100 : request->body.len};
  job* j = malloc(sizeof *j);
  sw_status status;
  (void)self, (void)lane;
  j->exchange = exchange;
  j->gone = 0;
#ifdef CASE_NEEDS_MEMORY
  memset(http->alloc(exchange, 64), 0, 64);
#endif
  if (broken || auth->anonymous(host, &caller) != SW_OK) {
    end(j, 500);
    return;
  }
#ifdef CASE_IS_PICKY
  if (request->body.len < 3 || memcmp(request->body.data, "yes", 3) != 0) {
    end(j, 400);
    return;
  }
#endif
#ifdef CASE_PARKS_FOREVER
  if (request->method.data[0] == 'G') return;
#endif
#ifdef CASE_CALLS_FROM_A_THREAD
  {
    pthread_t thread;
    pthread_create(&thread, NULL, elsewhere, caller->ns);
    pthread_join(thread, NULL);
  }
#endif
#ifdef CASE_LEAVES_TIMERS
  clocks->start(host, 3600 * 1000, fire, NULL);
#endif
#ifdef CASE_ANSWERS_ELSEWHERE
  clocks->post(host, 1, on_other_lane, j);
  return;
#endif
  http->on_abort(exchange, aborted, j);
  status = records->put(host, caller->ns, key, value, SW_KV_ANY, on_put, j);
#ifdef CASE_FORGETS_REFUSALS
  (void)status;
#else
  if (status != SW_OK) end(j, 503);
#endif
#ifdef CASE_ANSWERS_REFUSALS_TWICE
  if (status != SW_OK) {
    job again = {exchange, 0};
    answer(&again, 503);
  }
#endif
}

static sw_status create(const sw_host* h, void** self, sw_error* err) {
  (void)self, (void)err;
  host = h;
  auth = h->extension(h, SW_EXT_AUTH);
  http = h->extension(h, SW_EXT_HTTP);
  records = h->extension(h, SW_EXT_KV);
  clocks = h->extension(h, SW_EXT_CLOCK);
#ifdef CASE_CALLS_TOO_EARLY
  {
    const sw_principal* caller;
    auth->anonymous(host, &caller);
  }
#endif
  return SW_OK;
}
static sw_status configure(void* self, sw_str json, uint32_t dry_run, sw_error* err) {
  (void)self, (void)dry_run, (void)err, (void)json;
#ifdef CASE_APPLIES_IN_THE_DRY_RUN
  broken = json.len != 2;
  if (broken) return err->code = SW_INVALID;
#endif
#ifdef CASE_HAS_TWO_MINDS
  if (json.len > 2 && !dry_run) return err->code = SW_INVALID;
#endif
#ifdef CASE_STAYS_BROKEN
  if (json.len != 2) broken = 1;
#endif
  return SW_OK;
}
static sw_status start(void* self, sw_error* err) {
  static const sw_http_handler handler = {sizeof handler, 0, NULL, handle};
  static const sw_str any = TEXT(""), path = TEXT("/rude");
  (void)self;
  return http->route(host, any, path, 0, &handler, err);
}
static void nothing(void* self) { (void)self; }

static const char* const kNeeds[] = {SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_KV, SW_EXT_CLOCK, NULL};
static const sw_info kInfo = {sizeof kInfo, 0,        "test.rude", "rude", "1.0.0", "test",
                              "Apache-2.0", "a test", kNeeds,      NULL,   "{}"};
static const sw_plugin kPlugin = {sizeof kPlugin, 0,    create,  configure, start, NULL,
                                  NULL,           NULL, nothing, nothing,   NULL};
static const sw_entry kEntry = {sizeof kEntry, SW_ABI_GENERATION, SW_ABI_REVISION, 1, &kInfo, &kPlugin};

const sw_entry* switchyard_plugin_v1(void) { return &kEntry; }
