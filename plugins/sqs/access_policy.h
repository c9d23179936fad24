// A queue's access policy, the attribute Policy: kept, judged in form and shown.  It grants and denies nothing,
// see the README of this folder; what AWS would refuse as malformed is refused all the same, so that a policy
// with a slip does not pass its tests here.
//
// Failure: is_access_policy answers false.
// Thread: pure functions; they allocate, so they stay off the message path.
#pragma once
#include <boost/json/fwd.hpp>
#include <cstddef>
#include <string_view>

namespace switchyard::sqs {

// Of one policy, over all its statements.
inline constexpr std::size_t kMaxPolicyBytes = 8192;
inline constexpr std::size_t kMaxStatements = 20;
inline constexpr std::size_t kMaxPrincipals = 50;
inline constexpr std::size_t kMaxConditions = 10;

// An object with a known Version, if any, and a Statement or a list of them; each with an Effect, one of Principal and
// NotPrincipal, one of Action and NotAction; within the bounds above.
bool is_access_policy(std::string_view text);

// How many principals a statement names; "*" is one.
std::size_t count_principals(const boost::json::value& statement);

}  // namespace switchyard::sqs
