// RequestFields is what a request asks for, read from either wire: the name of an action and its parameters.
//
// A request is read a second time when the change that it made met another one: the server keeps the
// request until it is answered, and so nothing of it has to be copied for the rare repetition.
//
// Failure: a Refusal for a body or method that is not of the wire.
// Thread: one lane; views hold until the lane's scratch is used again.
#pragma once
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "plugins/sqs/call.h"
#include "plugins/sqs/fields.h"

namespace switchyard::sqs {

struct RequestFields {
  std::string_view action;
  std::optional<boost::json::value> document;  // In the lane's memory for JSON.
  Fields fields;
};

Refusal read_request(Call& call, RequestFields& out);
Refusal unknown_action(Wire wire, std::string_view name);

// How often one request's change is tried.  Of that many changes of one thing at once every one
// succeeds, because each round lets one through.
inline constexpr std::uint32_t kMaxTries = 64;

// What was read was changed by somebody else before the action's own change came: runs the action again, on what
// is there now, or refuses after kMaxTries.  `what`: the thing, as the refusal calls it.
// REQUIRES: the action may run again: it did nothing else, or finds what it did.
void try_again(Call& call, std::string_view what);

}  // namespace switchyard::sqs
