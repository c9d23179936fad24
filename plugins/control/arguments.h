// Arguments reads a request's JSON body and query, and collects what is wrong with them.
//
// A member that is absent and one that is null are the same.  Members that nobody reads are ignored, as
// clients newer than this server send them.
//
// Failure: a reader answers nothing (or the default) and notes a detail {argument_name, help_message,
// reason}; the caller looks at bad() before it acts.
// Thread: one lane.
#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard::control {

inline constexpr std::size_t kAccountIdLength = 56;

class Arguments {
 public:
  // Both may be empty; a body that is not a JSON object is a detail.
  Arguments(std::string_view query, std::string_view body);

  // ---- body ----
  std::optional<std::string> text(std::string_view key);
  // The text when it is one; anything else is no mistake.
  std::optional<std::string> optional_text(std::string_view key) const;
  std::optional<bool> flag(std::string_view key);
  std::optional<std::uint64_t> number(std::string_view key);
  // Unix milliseconds; 0 for an empty text: never.
  std::optional<std::int64_t> time(std::string_view key);
  // can_publish, can_receive, can_manage: those that are there replace the flags of `now`.
  std::optional<std::uint32_t> permissions(std::uint32_t now, bool all_required);
  bool has(std::string_view key) const;  // And is not null.
  // The same for an id that must be there.
  std::string account_id(std::string_view key);
  std::string uuid(std::string_view key, bool required);

  // ---- query ----
  std::optional<std::string> parameter(std::string_view key) const;
  std::string uuid_parameter(std::string_view key, bool required);
  std::uint32_t page_number(std::string_view key, std::uint32_t otherwise, std::uint32_t most);

  // ---- what is wrong ----
  void complain(std::string_view argument, std::string_view reason, std::string_view help);
  // Checks an id of a path, too.
  void check_account_id(std::string_view argument, std::string_view id);
  bool bad() const { return !details_.empty(); }
  // The members of the error's `details` list.
  const std::string& details() const { return details_; }

 private:
  const boost::json::value* find(std::string_view key) const;
  std::string checked_uuid(std::string_view key, std::optional<std::string> given, bool required);
  boost::json::object body_;
  bool readable_ = true;  // The body; else nobody can say what it lacks.
  std::vector<std::pair<std::string, std::string>> query_;
  std::string details_;
};

}  // namespace switchyard::control
