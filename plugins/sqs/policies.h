// The attributes whose value is a JSON document: access policy, redrive policy, redrive allow policy.
//
// Failure: a Refusal with AWS's sentence; is_policy answers false.
// Thread: pure functions; they allocate, so they stay off the message path.
#pragma once
#include <cstddef>
#include <string_view>

namespace switchyard::sqs {

inline constexpr std::size_t kMaxPolicyBytes = 8192;

// A JSON object with a Statement list of at most 20.
bool is_policy(std::string_view text);

}  // namespace switchyard::sqs
