/* Every member of every struct of plugin.h stays where it is.  Sizes of growable structs are no promise:
 * only those without a `size` member are asserted.  Compiled as C11 and as C++20. */
#include <switchyard/plugin.h>

#ifdef __cplusplus
#define SW_ASSERT(condition, text) static_assert(condition, text)
#else
#define SW_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* C can compare types, C++ sees the same header; so types are asserted in C alone. */
#ifdef __cplusplus
#define SW_SAME(a, b) true
#else
#define SW_SAME(a, b) __builtin_types_compatible_p(a, b)
#endif

#define SW_MEMBER(type, member, at, ...)                                       \
  SW_ASSERT(offsetof(type, member) == at, #type "." #member " has moved");     \
  SW_ASSERT(SW_SAME(__typeof__(((type *)0)->member), __typeof__(__VA_ARGS__)), \
            #type "." #member " has another type");
#define SW_CALLBACK(type, ...) SW_ASSERT(SW_SAME(type, __typeof__(__VA_ARGS__)), #type " has another signature");
#define SW_SIZE(type, bytes) SW_ASSERT(sizeof(type) >= bytes, #type " has shrunk");
#include "layout.inc"

SW_ASSERT(sizeof(sw_str) == 16, "sw_str is frozen");
SW_ASSERT(sizeof(sw_bytes) == 16, "sw_bytes is frozen");
SW_ASSERT(sizeof(sw_pair) == 32, "sw_pair is frozen");
SW_ASSERT(sizeof(sw_token) == 16, "sw_token is frozen");
SW_ASSERT(sizeof(sw_status) == 4, "sw_status is frozen");

/* Numbers that binaries have compiled in. */
SW_ASSERT(SW_OK == 0 && SW_INVALID == 1 && SW_NOT_FOUND == 2 && SW_EXISTS == 3 && SW_UNAUTHENTICATED == 4 &&
              SW_DENIED == 5 && SW_QUOTA == 6 && SW_BUSY == 7 && SW_TIMEOUT == 8 && SW_CANCELLED == 9 &&
              SW_UNSUPPORTED == 10 && SW_CONFLICT == 11 && SW_CORRUPT == 12 && SW_IO == 13 && SW_STOPPING == 14 &&
              SW_INTERNAL == 15 && SW_UNKNOWN_OUTCOME == 16,
          "a status has another number");
SW_ASSERT(SW_PERM_PUBLISH == 1 && SW_PERM_RECEIVE == 2 && SW_PERM_MANAGE == 4, "a permission has another bit");
SW_ASSERT(SW_LOG_DEBUG == 0 && SW_LOG_INFO == 1 && SW_LOG_WARN == 2 && SW_LOG_ERROR == 3, "a log level has moved");
SW_ASSERT(SW_STORAGE_FILE == 0 && SW_STORAGE_MEMORY == 1 && SW_RETAIN_LIMITS == 0 && SW_RETAIN_WORKQUEUE == 1 &&
              SW_RETAIN_INTEREST == 2 && SW_STREAM_KEYED == 1 && SW_STREAM_DEDUP_PER_KEY == 2 &&
              SW_CONSUMER_ORDERED == 1 && SW_CONSUMER_FAIR == 2 && SW_MESSAGE_EXPECT_LAST == 1 &&
              SW_APPENDED_DUPLICATE == 1 && SW_ACK_STRICT == 1 && SW_HTTP_TLS == 1,
          "a flag has another bit");
SW_ASSERT(SW_SEALED_BYTES == 32 && SW_DEFAULT_ACK_WAIT == 0xffffffffu && SW_KV_ANY == UINT64_MAX &&
              SW_ABI_GENERATION == 1,
          "a constant has another value");
