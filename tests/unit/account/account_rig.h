// AccountRig is a server's account room without a disk: the real key-value store over a journal that
// keeps its batches in memory, so that a test can stop, lose nothing and start again.
//
// Thread: the test's.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/account/accounts.h"
#include "kernel/account/bootstrap.h"
#include "kernel/store/lane_log.h"
#include "kernel/store/record.h"

namespace switchyard::account {

// Acknowledges when the test says so.
class MemoryJournal final : public journal::Journal {
 public:
  void start(std::vector<Executor*>, std::vector<Completed>) override {}
  void stop() override {}
  void submit(std::size_t, journal::Submission submission) override { waiting_.push_back(std::move(submission)); }
  journal::Position committed() const override { return {}; }
  bool failed() const override { return false; }
  void add_live(std::uint32_t, std::int64_t) override {}
  Status check_segment(std::uint32_t) override { return {}; }
  void checkpointed(const journal::Position&) override {}
  std::vector<std::uint32_t> pick_victims() override { return {}; }
  Status scan(std::uint32_t, const RecordVisitor&) override { return {}; }
  Result<std::vector<journal::Place>> write_cold(std::span<const std::string_view>) override {
    return Error{Code::unsupported, ""};
  }
  void pin(std::uint32_t) override {}
  void unpin(std::uint32_t) override {}
  std::unique_ptr<journal::Reader> make_reader(Executor&, std::size_t) override { return nullptr; }
  journal::Stats stats() const override { return {}; }

  // Makes what was submitted durable, or fails it.  Returns how many batches.
  std::size_t commit_into(store::LaneLog& log, const Status& status = {}) {
    std::vector<journal::Committed> batches;
    for (auto& submission : waiting_) {
      if (status) durable_.push_back(submission.payload);
      batches.push_back({status, durable_.size(), 1, 0, submission.payload});
    }
    waiting_.clear();
    log.on_committed(batches);
    return batches.size();
  }
  const std::vector<std::shared_ptr<std::string>>& durable() const { return durable_; }

 private:
  std::vector<journal::Submission> waiting_;
  std::vector<std::shared_ptr<std::string>> durable_;
};

class AccountRig {
 public:
  explicit AccountRig(std::size_t lanes = 2, SealingKey key = SealingKey::random())
      : sealer_(std::move(key)), lanes_(lanes) {
    start();
  }

  // A new process on the same data.
  void restart() { start(); }

  // Until nothing moves any more.
  void run(const Status& disk = {}) {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& lane : executors_) moved = lane->run() > 0 || moved;
      moved = journal_.commit_into(*log_, disk) > 0 || moved;
    }
  }

  Accounts& accounts() { return *accounts_; }
  AccountView& view(std::size_t lane = 0) { return accounts_->view(lane); }
  Sealer& sealer() { return sealer_; }
  std::size_t durable_batches() const { return journal_.durable().size(); }
  std::size_t lanes() const { return lanes_; }

  // Every byte that reached the disk.
  std::string disk() const {
    std::string all;
    for (const auto& payload : journal_.durable()) all += *payload;
    return all;
  }

  Result<Namespace> make_namespace(const NewNamespace& wanted, std::size_t lane = 0) {
    std::optional<Result<Namespace>> answer;
    accounts_->create_namespace(lane, wanted, [&](Result<Namespace> result) { answer = std::move(result); });
    run();
    return answer ? std::move(*answer) : Result<Namespace>(Error{Code::internal, "no answer"});
  }

  Result<Credential> make_credential(const NewCredential& wanted, std::size_t lane = 0) {
    std::optional<Result<Credential>> answer;
    accounts_->create_credential(lane, wanted, [&](Result<Credential> result) { answer = std::move(result); });
    run();
    return answer ? std::move(*answer) : Result<Credential>(Error{Code::internal, "no answer"});
  }

  Result<BootstrapReport> apply(std::vector<DeclaredNamespace> declared, std::size_t lane = 0) {
    std::optional<Result<BootstrapReport>> answer;
    apply_bootstrap(*accounts_, lane, std::move(declared), [&](Result<BootstrapReport> r) { answer = std::move(r); });
    run();
    return answer ? std::move(*answer) : Result<BootstrapReport>(Error{Code::internal, "no answer"});
  }

  Result<std::vector<DevAccount>> dev(std::vector<Protocol> protocols) {
    std::optional<Result<std::vector<DevAccount>>> answer;
    ensure_dev_accounts(*accounts_, 0, std::move(protocols), [&](auto result) { answer = std::move(result); });
    run();
    return answer ? std::move(*answer) : Result<std::vector<DevAccount>>(Error{Code::internal, "no answer"});
  }

  ManualClock clock;

 private:
  void start() {
    accounts_.reset();
    kv_ = std::make_unique<store::Kv>(lanes_);
    replay();
    executors_.clear();
    std::vector<Executor*> lanes;
    for (std::size_t i = 0; i < lanes_; ++i) {
      executors_.push_back(std::make_unique<ManualExecutor>(clock, i));
      lanes.push_back(executors_.back().get());
    }
    log_ = std::make_unique<store::LaneLog>(journal_, *executors_[0], 8u << 20);
    accounts_ = std::make_unique<Accounts>(*kv_, sealer_, clock, lanes);
    accounts_->attach();
    kv_->start(lanes, *log_);
  }

  void replay() {
    for (const auto& payload : journal_.durable()) {
      std::string_view rest = *payload;
      while (!rest.empty()) {
        ByteReader header(rest);
        header.u32();
        const auto length = journal::kRecordHeaderBytes + header.u32();
        std::string_view body;
        if (!journal::open_record(rest.substr(0, length), body)) std::abort();
        rest.remove_prefix(length);
        ByteReader reader(body);
        const auto type = static_cast<store::RecordType>(reader.u8());
        if (type == store::RecordType::kv_put) kv_->replay_put(reader);
        if (type == store::RecordType::kv_erase) kv_->replay_erase(reader);
        if (type == store::RecordType::kv_erase_prefix) kv_->replay_erase_prefix(reader);
      }
    }
  }

  Sealer sealer_;
  const std::size_t lanes_;
  MemoryJournal journal_;
  std::unique_ptr<store::Kv> kv_;
  std::vector<std::unique_ptr<ManualExecutor>> executors_;
  std::unique_ptr<store::LaneLog> log_;
  std::unique_ptr<Accounts> accounts_;
};

inline NewNamespace account_namespace(std::string name, std::string account_id) {
  NewNamespace wanted;
  wanted.name = std::move(name);
  wanted.style = Style::account;
  wanted.account_id = std::move(account_id);
  return wanted;
}

inline NewCredential new_credential(const std::string& namespace_id, std::string access_key, std::string secret) {
  NewCredential wanted;
  wanted.namespace_id = namespace_id;
  wanted.name = "worker";
  wanted.access_key = std::move(access_key);
  wanted.secret = Secret(std::move(secret));
  return wanted;
}

// What a client with this secret sends.
inline std::string client_signature(std::string_view secret, const SigningScope& scope, std::string_view text) {
  const auto digest = derive_signing_key(secret, scope).sign(text);
  std::string hex;
  for (const auto byte : digest) {
    constexpr char kHex[] = "0123456789abcdef";
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

inline constexpr SigningScope kScope{"20260101", "us-east-1", "sqs"};

inline Code verify(AccountView& view, std::string_view access_key, std::string_view secret, Principal* out = nullptr,
                   const SigningScope& scope = kScope) {
  const auto signature = client_signature(secret, scope, "string to sign");
  Principal principal;
  const auto code = view.verify_mac({access_key, scope, "string to sign", signature}, principal);
  if (out != nullptr) *out = principal;
  return code;
}

}  // namespace switchyard::account
