// Lane is everything the plugin keeps for one event loop: contexts, reused buffers, and the calls that are
// under way.
//
// Nothing in it is shared, so nothing in it is locked.
//
// Failure: none of its own.
// Thread: one lane.
#pragma once
#include <boost/json/parser.hpp>
#include <memory>
#include <string>
#include <vector>

#include "plugins/aws/authenticate.h"
#include "plugins/aws/digest.h"
#include "plugins/aws/host.h"
#include "plugins/aws/json_arena.h"
#include "plugins/aws/message_attributes.h"
#include "plugins/aws/query_form.h"
#include "plugins/aws/random_ids.h"
#include "plugins/sqs/move_runner.h"
#include "plugins/sqs/settings.h"

namespace switchyard::sqs {

class Call;

class Lane {
  static constexpr std::size_t kJsonArena = 64 * 1024;
  static constexpr std::size_t kIdleCalls = 1024;

 public:
  Lane(const aws::Host& the_host, const LiveSettings& the_settings, std::uint32_t index, std::string process);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  Call& acquire(sw_http_exchange* exchange, const sw_http_request& request);
  void release(Call& call);

  // Ends the waits of all calls; later ones do not wait.
  void drain();
  bool draining() const { return draining_; }
  // Ends the waits of calls whose credential may not wait any longer.
  void credential_changed(std::string_view id, std::uint32_t permissions);

  // Back to a small memory after a large request.
  void reset_scratch();

  const aws::Host& host;
  const LiveSettings& settings;
  aws::Digests digests;
  aws::RandomIds ids;
  MoveRunners moves;

  // Scratch of the request being handled; nothing in it outlives the callback.
  aws::AuthScratch auth;
  aws::QueryForm form;
  aws::JsonArena json_memory;
  boost::json::parser json_parser;
  std::string response, headers, name;
  aws::MessageHeaders message_headers;

 private:
  std::vector<std::unique_ptr<Call>> idle_;
  Call* live_ = nullptr;  // Head of a list through the calls under way.
  bool draining_ = false;
};

}  // namespace switchyard::sqs
