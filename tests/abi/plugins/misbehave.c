/* One source, many bad plugins: each is built with one CASE_... defined.  They are loaded by
 * tests/unit/plugin/loader_test.cc, which says what becomes of them. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <switchyard/plugin.h>

#ifndef PLUGIN_NAME
#define PLUGIN_NAME "good"
#endif

static sw_status create(const sw_host* host, void** self, sw_error* err) {
  (void)host, (void)self, (void)err;
#ifdef CASE_CRASHES
  abort();
#endif
  return SW_OK;
}
static sw_status configure(void* self, sw_str json, uint32_t dry_run, sw_error* err) {
  (void)self, (void)json, (void)dry_run, (void)err;
#ifdef CASE_HANGS
  for (;;) {
  }
#endif
#ifdef CASE_CRASHES_ON_GARBAGE
  if (json.len > 2) raise(SIGSEGV);
#endif
#ifdef CASE_NEEDS_A_KEY
  if (json.len <= 2) {
    strcpy(err->message, "listen must be given");
    return err->code = SW_INVALID;
  }
#endif
  return SW_OK;
}
static sw_status start(void* self, sw_error* err) {
  (void)self, (void)err;
  return SW_OK;
}
static void nothing(void* self) { (void)self; }

static const char* const kNeeds[] = {
#ifdef CASE_NEEDS_THE_FUTURE
    "switchyard.teleport/1",
#endif
    SW_EXT_LOG, NULL};

static const sw_info kInfo = {
#ifdef CASE_SMALL_INFO
    16,
#else
    sizeof kInfo,
#endif
    0,
    "test." PLUGIN_NAME,
    PLUGIN_NAME,
    "1.0.0",
    "test",
    "Apache-2.0",
    "a test",
    kNeeds,
    NULL,
#ifdef CASE_BAD_KEYS
    "{listen: string}"
#else
    "{\"listen\": {\"type\": \"string\"}}"
#endif
};

static const sw_plugin kPlugin = {
#ifdef CASE_SMALL_TABLE
    24,
#else
    sizeof kPlugin,
#endif
    0,    create, configure, start, NULL, NULL, NULL, nothing,
#ifdef CASE_NO_DESTROY
    NULL,
#else
    nothing,
#endif
    NULL};

static const sw_entry kEntry = {
#ifdef CASE_SMALL_ENTRY
    8,
#else
    sizeof kEntry,
#endif
#ifdef CASE_OTHER_GENERATION
    2,
#else
    SW_ABI_GENERATION,
#endif
    SW_ABI_REVISION,
#ifdef CASE_NEWER_REVISION
    999,
#else
    1,
#endif
    &kInfo,
    &kPlugin};

#ifndef CASE_NO_ENTRY
const sw_entry* switchyard_plugin_v1(void) {
#ifdef CASE_NULL_ENTRY
  return NULL;
#endif
  return &kEntry;
}
#endif

#if defined(CASE_NO_ENTRY) || defined(CASE_TWO_SYMBOLS)
SW_EXPORT const void* another_symbol(void);
const void* another_symbol(void) { return &kEntry; }
#endif

#ifdef CASE_MISSING_FUNCTION
extern void not_there_at_all(void);
void (*volatile call_it)(void) = not_there_at_all;
#endif
