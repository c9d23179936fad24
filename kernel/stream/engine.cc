// Engine: definitions, and messages on their way to the lane of their stream.
#include "kernel/stream/engine.h"

#include <algorithm>
#include <utility>

#include "kernel/stream/definition.h"
#include "kernel/stream/engine_impl.h"

namespace switchyard::stream {
namespace {

Error no_stream() { return Error{Code::not_found, "there is no such stream"}; }

// Messages that travel to another lane own their bytes.
struct OwnedMessages {
  std::string bytes;
  std::vector<MessageIn> messages;

  explicit OwnedMessages(std::span<const MessageIn> in) : messages(in.begin(), in.end()) {
    std::size_t total = 0;
    for (const auto& m : messages) {
      total += m.key.size() + m.dedup_id.size() + m.headers.size() + m.body.size();
    }
    bytes.reserve(total);  // The views below point into it.
    for (auto& m : messages) {
      for (auto* view : {&m.key, &m.dedup_id, &m.headers, &m.body}) {
        const auto at = bytes.size();
        bytes += *view;
        *view = std::string_view(bytes).substr(at);
      }
    }
  }
};

// Wraps a completion so that it runs on `lane` with its own copies.
template <class T>
std::function<void(const Status&, std::span<const T>)> carry_back(
    Executor& lane, std::function<void(const Status&, std::span<const T>)> done) {
  return [&lane, done = std::move(done)](const Status& status, std::span<const T> items) {
    lane.post([done, status, copy = std::vector<T>(items.begin(), items.end())] { done(status, copy); });
  };
}

}  // namespace

// ---- definitions -------------------------------------------------------------------------------

void Engine::create(std::size_t lane, NamespaceId ns, std::uint16_t shard, std::string_view name,
                    const StreamConfig& config, std::vector<ConsumerConfig> consumers, std::string blob,
                    DefinitionDone done) {
  auto& executor = *impl_->shared.executors[lane];
  if (auto status = check_definition(name, config, consumers); !status) {
    executor.post([done = std::move(done), status] { done(status, nullptr); });
    return;
  }
  Definition definition;
  definition.shard = shard;
  definition.created_ms = definition.updated_ms = impl_->shared.clock->wall_ms();
  definition.config = config;
  definition.blob = std::move(blob);
  std::uint32_t number = 0;
  for (auto& consumer : consumers) definition.consumers.push_back({++number, std::move(consumer)});
  std::vector<store::KvOp> ops{{definition_key(ns, name), encode_definition(definition), 0}};
  impl_->kv.commit(lane, std::move(ops),
                   [this, lane, ns, name = std::string(name), done = std::move(done)](Result<std::uint64_t> revision) {
                     auto found = find(lane, ns, name);
                     if (revision) {
                       done(found ? Status() : Status(no_stream()), found);
                     } else if (revision.code() == Code::conflict && found) {
                       done(Error{Code::exists, "stream '" + name + "' exists"}, found);
                     } else {
                       done(Error(revision.error()), nullptr);
                     }
                   });
}

void Engine::update(std::size_t lane, StreamId id, std::uint64_t expect_version, const StreamConfig& config,
                    std::vector<ConsumerConfig> consumers, std::string blob, DefinitionDone done) {
  const auto before = get(lane, id);
  auto refuse = [&](Error error) {
    impl_->shared.executors[lane]->post([done = std::move(done), error = std::move(error)] { done(error, nullptr); });
  };
  if (!before) return refuse(no_stream());
  if (expect_version != 0 && before->version != expect_version) {
    return refuse({Code::conflict, "stream '" + before->name + "' was changed in the meantime; read it again"});
  }
  if (auto status = check_definition(before->name, config, consumers); !status) return refuse(status.error());
  if (config.retention != before->config.retention || config.keyed != before->config.keyed) {
    return refuse({Code::invalid, "retention and key index of stream '" + before->name + "' cannot be changed"});
  }
  Definition after = *before;
  after.config = config;
  after.blob = std::move(blob);
  after.updated_ms = impl_->shared.clock->wall_ms();
  for (auto& consumer : consumers) {
    const auto it = std::find_if(after.consumers.begin(), after.consumers.end(),
                                 [&](const auto& c) { return c.config.name == consumer.name; });
    if (it != after.consumers.end()) {
      it->config = std::move(consumer);
    } else {
      const auto number = after.consumers.empty() ? 0 : after.consumers.back().number;
      after.consumers.push_back({number + 1, std::move(consumer)});
    }
  }
  std::vector<ConsumerConfig> together;  // What is not named stays.
  for (const auto& consumer : after.consumers) together.push_back(consumer.config);
  if (auto status = check_definition(before->name, config, together); !status) return refuse(status.error());
  std::vector<store::KvOp> ops{{definition_key(after.ns, after.name), encode_definition(after), before->version}};
  impl_->kv.commit(lane, std::move(ops), [this, lane, id, done = std::move(done)](Result<std::uint64_t> revision) {
    auto found = get(lane, id);
    done(revision ? (found ? Status() : Status(no_stream())) : Status(Error(revision.error())), found);
  });
}

void Engine::remove(std::size_t lane, StreamId id, VoidDone done) {
  const auto definition = get(lane, id);
  if (!definition) {
    impl_->shared.executors[lane]->post([done = std::move(done)] { done(no_stream()); });
    return;
  }
  std::vector<store::KvOp> ops{{definition_key(definition->ns, definition->name), std::nullopt, definition->version}};
  impl_->kv.commit(lane, std::move(ops), [this, lane, id, done = std::move(done)](Result<std::uint64_t> revision) {
    if (revision) {
      done(Status());
    } else if (revision.code() == Code::conflict && get(lane, id)) {
      remove(lane, id, done);  // It was updated in the meantime: it goes all the same.
    } else {
      done(revision.code() == Code::conflict ? Status(no_stream()) : Status(Error(revision.error())));
    }
  });
}

DefinitionPtr Engine::find(std::size_t lane, NamespaceId ns, std::string_view name) const {
  return impl_->lane(lane).find(ns, name);
}

DefinitionPtr Engine::get(std::size_t lane, StreamId id) const { return impl_->lane(lane).get(id); }

void Engine::list(std::size_t lane, NamespaceId ns, std::string_view prefix, std::string_view after,
                  const std::function<bool(const DefinitionPtr&)>& visit) const {
  const auto full_prefix = definition_key(ns, prefix);
  // The smallest key that is greater than `after`.
  const auto from = after.empty() ? full_prefix : definition_key(ns, after) + '\0';
  impl_->kv.scan(lane, full_prefix, from, [&](std::string_view, const store::KvEntry& entry) {
    const auto definition = get(lane, entry.created);
    return !definition || visit(definition);
  });
}

// ---- messages ----------------------------------------------------------------------------------

Status Engine::append(std::size_t lane, StreamId id, std::span<const MessageIn> messages, bool all_or_nothing,
                      AppendDone done) {
  auto* elsewhere = impl_->elsewhere(lane, id);
  if (elsewhere == nullptr) {
    auto* stream = impl_->lane(lane).stream(id);
    return stream != nullptr ? stream->append(messages, all_or_nothing, std::move(done)) : Status(no_stream());
  }
  if (!get(lane, id)) return no_stream();
  auto owned = std::make_shared<OwnedMessages>(messages);
  elsewhere->post(
      [this, id, owned, all_or_nothing, done = carry_back<Appended>(*impl_->shared.executors[lane], std::move(done))] {
        auto* stream = impl_->lane(impl_->shared.owner(id)).stream(id);
        auto status = stream != nullptr ? stream->append(owned->messages, all_or_nothing, done) : Status(no_stream());
        if (!status) done(status, {});
      });
  return {};
}

Result<FetchId> Engine::fetch(std::size_t lane, StreamId id, std::string_view consumer, const FetchRequest& request,
                              FetchDone done) {
  const auto definition = get(lane, id);
  if (!definition) return no_stream();
  const auto it = std::find_if(definition->consumers.begin(), definition->consumers.end(),
                               [&](const auto& c) { return c.config.name == consumer; });
  if (it == definition->consumers.end()) {
    return Error{Code::not_found, "stream '" + definition->name + "' has no consumer '" + std::string(consumer) + "'"};
  }
  if (request.max == 0 || request.max > 256) {
    return Error{Code::invalid, "a fetch of " + std::to_string(request.max) + " messages; 1 to 256 are allowed"};
  }
  const auto owner = impl_->shared.owner(id);
  const FetchId fetch_id = ++impl_->next_fetch[lane] << 16 | lane << 8 | owner;
  const auto run = [this, owner, id, number = it->number, fetch_id](const FetchRequest& r, FetchDone d) {
    auto& engine = impl_->lane(owner);
    auto* stream = engine.stream(id);
    auto* c = stream != nullptr ? stream->consumer(number) : nullptr;
    if (c == nullptr) {
      engine.defer([d = std::move(d)] { d(no_stream(), {}); });
      return;
    }
    engine.remember_fetch(fetch_id, id, number);
    c->fetch(fetch_id, r, std::move(d));
  };
  if (auto* elsewhere = impl_->elsewhere(lane, id)) {
    elsewhere->post([run, request, done = carry_back<Delivery>(*impl_->shared.executors[lane], std::move(done))] {
      run(request, done);
    });
  } else {
    run(request, std::move(done));
  }
  return fetch_id;
}

void Engine::cancel_fetch(std::size_t lane, FetchId fetch) {
  const auto owner = fetch & 0xff;
  if (owner == lane) {
    impl_->lane(lane).cancel_fetch(fetch);
  } else {
    impl_->shared.executors[owner]->post([this, owner, fetch] { impl_->lane(owner).cancel_fetch(fetch); });
  }
}

Status Engine::move(std::size_t lane, StreamId id, std::string_view consumer, const MoveRequest& request,
                    MoveDone done) {
  const auto definition = get(lane, id);
  if (!definition) return no_stream();
  if (request.max == 0 || request.max > 256) {
    return Error{Code::invalid, "a move of " + std::to_string(request.max) + " messages; 1 to 256 are allowed"};
  }
  if (request.target == id) return Error{Code::invalid, "stream '" + definition->name + "' cannot move to itself"};
  const auto target = request.target != 0 ? get(lane, request.target) : definition;
  if (!target || target->ns != definition->ns) {
    return Error{Code::not_found, "the stream to move to does not exist in this namespace"};
  }
  const auto owner = impl_->shared.owner(id);
  const FetchId move_id = ++impl_->next_fetch[lane] << 16 | lane << 8 | owner;
  auto* home = impl_->shared.executors[lane];
  auto run = [this, owner, lane, home, id, name = std::string(consumer), move_id, request, done = std::move(done)] {
    auto answer = lane == owner ? done : MoveDone([home, done](const Status& status, std::uint32_t moved) {
      home->post([done, status, moved] { done(status, moved); });
    });
    auto& engine = impl_->lane(owner);
    auto* stream = engine.stream(id);
    auto* c = stream != nullptr ? stream->consumer(name) : nullptr;
    if (c == nullptr) {
      engine.defer([answer = std::move(answer)] { answer(no_stream(), 0); });
    } else {
      c->move(move_id, request, std::move(answer));
    }
  };
  if (auto* elsewhere = impl_->elsewhere(lane, id)) {
    elsewhere->post(std::move(run));
  } else {
    run();
  }
  return {};
}

Status Engine::ack(std::size_t lane, StreamId id, std::string_view consumer, std::span<const Token> tokens, bool strict,
                   TokensDone done) {
  std::vector<Token> copy(tokens.begin(), tokens.end());
  auto* elsewhere = impl_->elsewhere(lane, id);
  if (elsewhere == nullptr) {
    auto* stream = impl_->lane(lane).stream(id);
    return stream != nullptr ? stream->ack(consumer, std::move(copy), strict, std::move(done)) : Status(no_stream());
  }
  if (!get(lane, id)) return no_stream();
  elsewhere->post([this, id, name = std::string(consumer), copy = std::move(copy), strict,
                   done = carry_back<Code>(*impl_->shared.executors[lane], std::move(done))] {
    auto* stream = impl_->lane(impl_->shared.owner(id)).stream(id);
    auto status = stream != nullptr ? stream->ack(name, copy, strict, done) : Status(no_stream());
    if (!status) done(status, {});
  });
  return {};
}

Status Engine::extend(std::size_t lane, StreamId id, std::string_view consumer, std::span<const Token> tokens,
                      std::span<const std::uint32_t> after_ms, bool strict, TokensDone done) {
  std::vector<Token> copy(tokens.begin(), tokens.end());
  std::vector<std::uint32_t> after(after_ms.begin(), after_ms.end());
  auto* elsewhere = impl_->elsewhere(lane, id);
  if (elsewhere == nullptr) {
    auto* stream = impl_->lane(lane).stream(id);
    if (stream == nullptr) return no_stream();
    return stream->extend(consumer, std::move(copy), std::move(after), strict, std::move(done));
  }
  if (!get(lane, id)) return no_stream();
  elsewhere->post([this, id, name = std::string(consumer), copy = std::move(copy), after = std::move(after), strict,
                   done = carry_back<Code>(*impl_->shared.executors[lane], std::move(done))] {
    auto* stream = impl_->lane(impl_->shared.owner(id)).stream(id);
    auto status = stream != nullptr ? stream->extend(name, copy, after, strict, done) : Status(no_stream());
    if (!status) done(status, {});
  });
  return {};
}

Status Engine::read(std::size_t lane, StreamId id, Seq from, std::uint32_t max, std::string_view filter,
                    FetchDone done) {
  return on_stream(lane, id, carry(lane, id, std::move(done)),
                   [from, max, filter = std::string(filter)](Stream& stream, FetchDone d) {
                     stream.read(from, max, filter, std::move(d));
                   });
}

Status Engine::read_last(std::size_t lane, StreamId id, std::string_view filter, std::string_view after,
                         std::uint32_t max, FetchDone done) {
  return on_stream(lane, id, carry(lane, id, std::move(done)),
                   [filter = std::string(filter), after = std::string(after), max](Stream& stream, FetchDone d) {
                     stream.read_last(filter, after, max, std::move(d));
                   });
}

// Runs `call` on the stream's lane; `done` is already one that answers on the caller's.
Status Engine::on_stream(std::size_t lane, StreamId id, FetchDone done, std::function<void(Stream&, FetchDone)> call) {
  if (!get(lane, id)) return no_stream();
  auto run = [this, id, done = std::move(done), call = std::move(call)] {
    if (auto* stream = impl_->lane(impl_->shared.owner(id)).stream(id)) {
      call(*stream, done);
    } else {
      done(no_stream(), {});
    }
  };
  if (auto* elsewhere = impl_->elsewhere(lane, id)) {
    elsewhere->post(std::move(run));
  } else {
    run();
  }
  return {};
}

FetchDone Engine::carry(std::size_t lane, StreamId id, FetchDone done) {
  if (impl_->elsewhere(lane, id) == nullptr) return done;
  return carry_back<Delivery>(*impl_->shared.executors[lane], std::move(done));
}

Status Engine::purge(std::size_t lane, StreamId id, VoidDone done) {
  return on_stream(
      lane, id, carry(lane, id, [done = std::move(done)](const Status& status, auto) { done(status); }),
      [](Stream& stream, FetchDone d) { stream.purge([d = std::move(d)](const Status& status) { d(status, {}); }); });
}

Status Engine::state(std::size_t lane, StreamId id, std::string_view consumer, StateDone done) {
  if (!get(lane, id)) return no_stream();
  auto* elsewhere = impl_->elsewhere(lane, id);
  auto& home = *impl_->shared.executors[lane];
  auto answer = elsewhere == nullptr ? std::move(done)
                                     : StateDone([&home, done = std::move(done)](const Status& status, const State& s) {
                                         home.post([done, status, s] { done(status, s); });
                                       });
  auto run = [this, id, name = std::string(consumer), answer = std::move(answer)] {
    auto* stream = impl_->lane(impl_->shared.owner(id)).stream(id);
    auto status = stream != nullptr ? stream->state(name, answer) : Status(no_stream());
    if (!status) {
      impl_->shared.executors[impl_->shared.owner(id)]->post([answer, status] { answer(status, {}); });
    }
  };
  if (elsewhere != nullptr) {
    elsewhere->post(std::move(run));
  } else {
    run();
  }
  return {};
}

}  // namespace switchyard::stream
