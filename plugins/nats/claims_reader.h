// ClaimsReader takes typed fields out of one JSON object of a JWT.
//
// An absent or null field leaves the value as it was; a field of another type makes the whole reading fail,
// so that a claim that is not understood never counts as one that is not there.
//
// Failure: ok() turns false and stays false.
// Thread: one thread; the object must outlive the reader.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/claims.h"

namespace switchyard::nats {

class ClaimsReader {
 public:
  ClaimsReader(const boost::json::object& object, bool& ok) : object_(object), ok_(ok) {}

  void text(std::string_view name, std::string& out) const;
  void number(std::string_view name, std::int64_t& out) const;
  void flag(std::string_view name, bool& out) const;
  void texts(std::string_view name, std::vector<std::string>& out) const;
  // Null when absent.
  const boost::json::object* object(std::string_view name) const;
  const boost::json::array* array(std::string_view name) const;
  const boost::json::value* any(std::string_view name) const;

  void fail() const { ok_ = false; }
  bool ok() const { return ok_; }
  bool& ok_flag() const { return ok_; }

 private:
  const boost::json::object& object_;
  bool& ok_;
};

// Parts that several kinds of claims share.
// The subjects of a template are judged when it has been filled.
enum class SubjectForm { final, template_ };
void read_permissions(const ClaimsReader& from, SubjectForm form, PermissionClaims& out);
void read_grants(const ClaimsReader& from, SubjectForm form, UserGrants& out);
void read_revocations(const ClaimsReader& from, Revocations& out);
void read_share_kind(const ClaimsReader& from, std::string_view name, ShareKind& out);
// Not empty, no empty token, no white space or control character; wildcards may stand anywhere.
bool is_claim_subject(std::string_view text);

bool read_user(const boost::json::object& root, int version, UserClaims& out);
bool read_account(const boost::json::object& root, int version, AccountClaims& out);
bool read_operator(const boost::json::object& root, int version, OperatorClaims& out);
bool read_activation(const boost::json::object& root, int version, ActivationClaims& out);

}  // namespace switchyard::nats
