// Comparing what a client sent with a configured password or token, plain or as a bcrypt hash.
//
// A bcrypt hash ($2a$, $2b$, $2y$) costs tens of milliseconds or more by design: it must never be computed on
// a lane.  is_bcrypt() tells the two apart; password_matches() computes whatever is needed.
//
// Failure: no match; the hashes of a broken implementation, $2x$, match nothing.  A client's password with a NUL byte
// matches no hash; only its first 72 bytes count. Thread: any; no shared state.
#pragma once
#include <string_view>

namespace switchyard::nats {

bool is_bcrypt(std::string_view configured);
// The time depends on the lengths alone.
bool same_secret(std::string_view a, std::string_view b);
// [not on a lane when is_bcrypt(configured)]
bool password_matches(std::string_view configured, std::string_view sent);

}  // namespace switchyard::nats
