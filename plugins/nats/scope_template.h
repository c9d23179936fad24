// Fills the template of a scoped signing key with what the user's and the account's claims say.
//
//   {{name()}} {{subject()}} {{account-name()}} {{account-subject()}} {{tag(T)}} {{account-tag(T)}}
//
// may stand anywhere in a subject.  A tag may have several values: each combination becomes a subject.  A value
// never adds a wildcard: whoever holds a scoped key names users and tags, and must not widen the scope by that.
//
// Failure: nothing for an unknown variable, for a deny subject that cannot be made, or when there would be
// more than kMaxScopeSubjects.  An allow subject that cannot be made is left out; when none remains, nothing is
// allowed.
// Thread: pure function.
#pragma once
#include <cstddef>
#include <optional>

#include "plugins/nats/claims.h"

namespace switchyard::nats {

inline constexpr std::size_t kMaxScopeSubjects = 4096;

std::optional<PermissionClaims> fill_scope(const PermissionClaims& scope, const UserClaims& user,
                                           const ClaimsHead& account);

}  // namespace switchyard::nats
