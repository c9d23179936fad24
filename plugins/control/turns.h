// Turns lets one thing at a time be done about one key, over all lanes: what looks first and changes later
// must not look while another change of the same kind is under way.
//
// A turn lasts until the last copy of its Turn is gone, so every way out of an operation ends it.  Those that
// wait are started in the order they came, each through its own `post`; there are never more than open
// requests.  A `post` that never runs its task (the server stops) keeps the turn, and nobody follows.
//
// Thread: any.  `start` runs inside take() when nobody has the turn, else inside the task given to `post`.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace switchyard::control {

class Turns : public std::enable_shared_from_this<Turns> {
 public:
  using Turn = std::shared_ptr<void>;
  using Start = std::function<void(Turn)>;
  using Post = std::function<void(std::function<void()> task)>;

  void take(const std::string& key, Start start, Post post);

 private:
  struct Waiting {
    Start start;
    Post post;
  };
  Turn make_turn(const std::string& key);
  void end(const std::string& key);

  std::mutex mutex_;  // Creations are rare; no message waits for it.
  std::map<std::string, std::deque<Waiting>> taken_;
};

}  // namespace switchyard::control
