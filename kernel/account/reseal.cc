#include "kernel/account/reseal.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "kernel/account/records.h"

namespace switchyard::account {
namespace {

// A turn's work: opening and sealing one secret takes some microseconds, and lane 0 serves meanwhile.
constexpr std::size_t kBatch = 128, kLook = 1024;
constexpr std::string_view kTables[] = {kNamespacePrefix, kCredentialPrefix};

class ResealRun : public std::enable_shared_from_this<ResealRun> {
 public:
  ResealRun(Accounts& accounts, ResealDone done) : accounts_(accounts), done_(std::move(done)) {}

  // A lane may have sealed with the key before and be on its way to the store.  What it sent arrives here
  // before its answer does, and is applied before the empty change is.
  void start() {
    const auto left = std::make_shared<std::size_t>(accounts_.lanes().size());
    for (auto* lane : accounts_.lanes()) {
      lane->post([self = shared_from_this(), left] {
        self->accounts_.lanes()[0]->post([self, left] {
          if (--*left == 0) self->barrier();
        });
      });
    }
  }

 private:
  void barrier() {
    accounts_.kv().commit(0, {}, [self = shared_from_this()](const Result<std::uint64_t>& result) {
      if (!result) return self->done_(Error(result.error()));
      self->next();
    });
  }

  // Where to go on; empty = the end of the table.
  void commit(std::vector<store::KvOp> ops, std::string resume) {
    const auto count = ops.size();
    accounts_.kv().commit(0, std::move(ops),
                          [self = shared_from_this(), count, resume = std::move(resume)](const auto& result) {
                            if (result) {
                              self->sealed_ += count;
                              self->advance(resume);
                            } else if (result.code() != Code::conflict) {
                              return self->done_(Error(result.error()));
                            }
                            // A conflict: somebody changed one of them meanwhile; another look at the same ones.
                            self->next();
                          });
  }

  void advance(const std::string& resume) {
    if (resume.empty()) ++table_;
    from_ = resume;
  }

  void next() {
    if (table_ == std::size(kTables)) return done_(sealed_);
    std::vector<store::KvOp> ops;
    std::string resume;
    Status wrong;
    std::size_t looked_at = 0;
    const auto prefix = kTables[table_];
    accounts_.kv().scan(0, prefix, std::max(prefix, std::string_view(from_)), [&](auto key, const auto& entry) {
      if (++looked_at > kLook || ops.size() == kBatch) {
        resume = key;
        return false;
      }
      auto again = sealed_again(key, *entry.value);
      if (!again) {
        wrong = again.error();
      } else if (!again->empty()) {
        ops.push_back({std::string(key), std::move(*again), entry.revision});
      }
      return wrong.ok();
    });
    if (!wrong) return done_(Error(wrong.error()));
    if (!ops.empty()) return commit(std::move(ops), std::move(resume));
    advance(resume);
    accounts_.lanes()[0]->post([self = shared_from_this()] { self->next(); });
  }

  // The record with its secret sealed again; empty when it need not be, or is none that can be read.
  Result<std::string> sealed_again(std::string_view key, std::string_view value) const {
    if (key.starts_with(kNamespacePrefix)) {
      auto ns = decode_namespace(key, value);
      if (!ns || !accounts_.sealer().is_stale(ns->sealed_signing_seed)) return std::string();
      if (auto status = seal_again(ns->sealed_signing_seed, key); !status) return Error(status.error());
      return encode(*ns);
    }
    auto credential = decode_credential(key, value);
    if (!credential || !accounts_.sealer().is_stale(credential->sealed_secret)) return std::string();
    if (auto status = seal_again(credential->sealed_secret, key); !status) return Error(status.error());
    return encode(*credential);
  }

  Status seal_again(std::string& sealed, std::string_view key) const {
    const auto plain = accounts_.sealer().unseal(sealed, key);
    if (!plain) return Error(plain.error());
    sealed = accounts_.sealer().seal(plain->view(), key);
    return {};
  }

  Accounts& accounts_;
  ResealDone done_;
  std::uint64_t sealed_ = 0;
  std::size_t table_ = 0;
  std::string from_;
};

}  // namespace

void reseal(Accounts& accounts, ResealDone done) { std::make_shared<ResealRun>(accounts, std::move(done))->start(); }

}  // namespace switchyard::account
