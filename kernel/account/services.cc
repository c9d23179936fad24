// Accounts: services of a project that are activated one by one, all in one namespace.
#include <utility>

#include "kernel/account/accounts.h"
#include "kernel/account/records.h"

namespace switchyard::account {
namespace {

std::string_view part_of(std::uint8_t service) { return service == kServiceSqs ? "sqs/" : "sns/"; }
std::string_view title_of(std::uint8_t service) { return service == kServiceSqs ? "SQS" : "SNS"; }

ServiceTimes& times_of(Namespace& ns, std::uint8_t service) {
  return service == kServiceSqs ? ns.sqs_times : ns.sns_times;
}

Error is_active(std::uint8_t service) {
  return Error{Code::exists, std::string(title_of(service)) + " is already enabled on this project"};
}

Error is_not_active(std::uint8_t service) {
  return Error{Code::not_found, std::string(title_of(service)) + " is not enabled on this project"};
}

}  // namespace

void Accounts::activate_service(std::size_t lane, const std::string& project_id, const std::string& region,
                                std::uint8_t service, NamespaceDone done) {
  const auto* now = view(lane).find_project(Protocol::sqs_sns, project_id, region);
  if (now != nullptr && now->has_service(service)) return refuse(lane, std::move(done), is_active(service));
  if (now == nullptr) {
    NewNamespace wanted;
    wanted.name = "project-" + project_id;
    wanted.style = Style::project;
    wanted.project_id = project_id;
    wanted.region = region;
    wanted.services = service;
    return create_namespace(lane, wanted, [=, this, done = std::move(done)](Result<Namespace> made) {
      if (made.code() != Code::exists) return done(std::move(made));
      // Somebody was faster: with this service, or with the other one.  Or the owner's namespace cannot be read.
      if (view(lane).find_project(Protocol::sqs_sns, project_id, region) == nullptr) {
        return done(Error{Code::corrupt, "the namespace of project '" + project_id + "' cannot be read; see the log"});
      }
      activate_service(lane, project_id, region, service, done);
    });
  }
  const auto* record = kv_.get(lane, namespace_key(now->id));
  Namespace next = *now;
  next.services |= service;
  next.updated_ns = clock_.wall_ns();
  times_of(next, service) = {next.updated_ns, next.updated_ns};
  commit(lane, {{namespace_key(next.id), encode(next), record->revision}}, changed_meanwhile(""),
         [=, this, done = std::move(done)](const Status& status) {
           if (status) return done(next);
           if (status.code() != Code::conflict) return done(Error(status.error()));
           activate_service(lane, project_id, region, service, done);
         });
}

bool Accounts::service_in_use(std::size_t lane, const Namespace& ns, std::uint8_t service) const {
  bool used = false;
  const auto streams = owned_prefix("stream/", ns.number, part_of(service));
  kv_.scan(lane, streams, streams, [&used](std::string_view, const store::KvEntry&) {
    used = true;
    return false;
  });
  view(lane).list_credentials(ns.id, [&](const Credential& credential) {
    used = used || (credential.services & service) != 0;
    return !used;
  });
  return used;
}

void Accounts::deactivate_service(std::size_t lane, const std::string& project_id, const std::string& region,
                                  std::uint8_t service, bool force, VoidDone done) {
  const auto* now = view(lane).find_project(Protocol::sqs_sns, project_id, region);
  if (now == nullptr || !now->has_service(service)) return refuse(lane, std::move(done), is_not_active(service));
  if (now->origin != Origin::control || now->services == 0) {
    return refuse(lane, std::move(done),
                  Error{Code::denied, "namespace '" + now->name +
                                          "' is declared in the server's configuration; take it out there first"});
  }
  if (!force && service_in_use(lane, *now, service)) {
    return refuse(lane, std::move(done),
                  Error{Code::conflict, std::string(title_of(service)) +
                                            " of this project still has resources or credentials; delete them first "
                                            "or set force_delete"});
  }
  const std::string id = now->id;
  const auto revision = kv_.get(lane, namespace_key(id))->revision;
  auto ops = now->services == service ? deletion(lane, *now, revision) : switch_off(lane, *now, revision, service);
  // A queue that was made since the look above stays, too.
  if (!force) ops.push_back({owned_prefix("stream/", now->number, part_of(service)), std::nullopt, 0, true});
  commit(lane, std::move(ops), changed_meanwhile(""), [=, this, done = std::move(done)](const Status& status) {
    if (status.code() == Code::conflict) return deactivate_service(lane, project_id, region, service, force, done);
    if (!status) return done(status);
    delete_leftovers(lane, id, done);
  });
}

Accounts::Ops Accounts::switch_off(std::size_t lane, const Namespace& ns, std::uint64_t revision,
                                   std::uint8_t service) const {
  Namespace next = ns;
  next.services = static_cast<std::uint8_t>(next.services & ~service);
  next.updated_ns = clock_.wall_ns();
  times_of(next, service) = {};
  Ops ops{{namespace_key(next.id), encode(next), revision}};
  for (const auto table : kOwnedTables) {
    ops.push_back({owned_prefix(table, next.number, part_of(service)), std::nullopt, store::KvOp::kAny, true});
  }
  view(lane).list_credentials(next.id, [&](const Credential& credential) {
    if (credential.services == service) ops.push_back({credential_key(credential.access_key), std::nullopt});
    return true;
  });
  return ops;
}

}  // namespace switchyard::account
