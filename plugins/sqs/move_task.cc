#include "plugins/sqs/move_task.h"

#include <boost/json.hpp>
#include <charconv>

#include "plugins/aws/encoding.h"

namespace switchyard::sqs {
namespace {

namespace json = boost::json;

constexpr std::string_view kMovedPrefix = "moved/";
constexpr std::size_t kDigits = 16;

std::string hex(std::uint64_t number) {
  char digits[kDigits];
  const auto end = std::to_chars(digits, digits + kDigits, number, 16).ptr;
  std::string out(kDigits - static_cast<std::size_t>(end - digits), '0');
  return out.append(digits, end);
}

// Null when the text is not an object.
json::value parse_object(std::string_view text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  return error || !value.is_object() ? json::value() : value;
}

bool read(const json::object& from, std::string_view name, std::string& out) {
  const json::value* value = from.if_contains(name);
  if (value == nullptr || !value->is_string()) return false;
  out = std::string_view(value->get_string().data(), value->get_string().size());
  return true;
}

bool read(const json::object& from, std::string_view name, std::int64_t& out) {
  const json::value* value = from.if_contains(name);
  if (value == nullptr || !value->is_int64()) return false;
  out = value->get_int64();
  return true;
}

}  // namespace

std::string moving_key(sw_stream_id source) { return std::string(kMovingPrefix) + hex(source); }
std::string moved_prefix(sw_stream_id source) { return std::string(kMovedPrefix) + hex(source) + "/"; }
std::string moved_key(sw_stream_id source, const MoveTask& task) {
  return moved_prefix(source) + hex(static_cast<std::uint64_t>(task.started_ms)) + task.id;
}

sw_stream_id source_of_key(std::string_view key) {
  if (!key.starts_with(kMovingPrefix)) return 0;
  key.remove_prefix(kMovingPrefix.size());
  sw_stream_id id = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id, 16);
  return error == std::errc() && end == key.data() + key.size() ? id : 0;
}

std::string encode_task(const MoveTask& task) {
  return json::serialize(json::object{{"id", task.id},
                                      {"status", task.status},
                                      {"reason", task.reason},
                                      {"destination", task.destination},
                                      {"target", static_cast<std::int64_t>(task.target)},
                                      {"started_ms", task.started_ms},
                                      {"rate", task.rate},
                                      {"to_move", task.to_move},
                                      {"moved", task.moved},
                                      {"process", task.process}});
}

std::optional<MoveTask> decode_task(std::string_view text) {
  const json::value value = parse_object(text);
  if (!value.is_object()) return std::nullopt;
  const json::object& from = value.get_object();
  MoveTask task;
  std::int64_t target = 0;
  const bool whole = read(from, "id", task.id) && read(from, "status", task.status) &&
                     read(from, "reason", task.reason) && read(from, "destination", task.destination) &&
                     read(from, "target", target) && read(from, "started_ms", task.started_ms) &&
                     read(from, "rate", task.rate) && read(from, "to_move", task.to_move) &&
                     read(from, "moved", task.moved) && read(from, "process", task.process);
  if (!whole) return std::nullopt;
  task.target = static_cast<sw_stream_id>(target);
  return task;
}

std::string task_handle(std::string_view id, std::string_view source_arn) {
  std::string out;
  aws::append_base64(out, json::serialize(json::object{{"taskId", id}, {"sourceArn", source_arn}}));
  return out;
}

bool read_task_handle(std::string_view handle, std::string& id, std::string& source_arn) {
  constexpr std::size_t kMaxHandle = 4096;
  std::string text;
  if (handle.size() > kMaxHandle || !aws::decode_base64(handle, text)) return false;
  const json::value value = parse_object(text);
  return value.is_object() && read(value.get_object(), "taskId", id) &&
         read(value.get_object(), "sourceArn", source_arn);
}

}  // namespace switchyard::sqs
