// OptionsReader is what the readers of all blocks share: typed access to values, and the list of problems.
//
// Reading goes on after a problem, so that a person sees all of them at once, as with nats-server.
// Failure: a getter that returns false has reported the problem and left `out` alone.
// Thread: the control thread.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/server_options.h"

namespace switchyard::nats {

// ASCII lower case: names of fields have no case.
std::string lower_case(std::string_view text);

class OptionsReader {
 public:
  // A file of garbage gets this many problems told, not one per line.
  static constexpr std::size_t kMaxProblems = 100;

  OptionsReader(const ConfDocument& document, Surroundings& surroundings, ServerOptions& options,
                OptionProblems& problems)
      : surroundings(surroundings), options(options), document_(document), problems_(problems) {}

  bool error(const ConfPlace& place, std::string text);
  void warn(const ConfPlace& place, std::string text);
  // Reports a field that nats-server does not know, unless it only defines a variable.
  void unknown(const ConfMember& field);
  void unserved(std::string name, const ConfPlace& place);

  bool text(const ConfMember& field, std::string& out);
  bool boolean(const ConfMember& field, bool& out);
  bool integer(const ConfMember& field, std::int64_t& out,
               std::int64_t least = std::numeric_limits<std::int64_t>::min(),
               std::int64_t most = std::numeric_limits<std::int64_t>::max());
  bool port(const ConfMember& field, int& out);
  // A string or an array of strings.
  bool texts(const ConfMember& field, std::vector<std::string>& out);
  // A duration; a bare number is seconds and a warning.
  bool duration_ms(const ConfMember& field, std::int64_t& out);
  // A duration; a bare number is seconds, also with a fraction.
  bool timeout_ms(const ConfMember& field, std::int64_t& out);
  bool map(const ConfMember& field) { return expect(field, ConfValue::Kind::map); }
  bool array(const ConfMember& field) { return expect(field, ConfValue::Kind::array); }
  bool expect(const ConfMember& field, ConfValue::Kind kind);

  std::size_t error_count() const { return error_count_; }

  Surroundings& surroundings;
  ServerOptions& options;

 private:
  const ConfDocument& document_;
  OptionProblems& problems_;
  std::size_t error_count_ = 0;
};

}  // namespace switchyard::nats
