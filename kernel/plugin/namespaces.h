// Namespaces gives each namespace one handle for the life of the process.
//
// A plugin may keep a handle in its own tables and compare handles, so the same namespace has the same
// handle on every lane; a number is never reused, so an old handle can only name a deleted namespace.
//
// Bounded by the number of namespaces that ever answered a request since the start (24 bytes each).
//
// Thread: any; each lane keeps what it got, so the mutex is taken once per lane and namespace.
#pragma once
#include <map>
#include <memory>
#include <mutex>

#include "kernel/account/types.h"
#include "switchyard/plugin.h"

struct sw_namespace {
  switchyard::account::NamespaceNumber number;
  std::uint16_t shard;
};

namespace switchyard::plugin {

class Namespaces {
 public:
  sw_namespace* handle(account::NamespaceNumber number, std::uint16_t shard) {
    const std::lock_guard lock(mutex_);
    auto& slot = handles_[number];
    if (!slot) slot = std::make_unique<sw_namespace>(sw_namespace{number, shard});
    return slot.get();
  }

 private:
  std::mutex mutex_;
  std::map<account::NamespaceNumber, std::unique_ptr<sw_namespace>> handles_;
};

}  // namespace switchyard::plugin
