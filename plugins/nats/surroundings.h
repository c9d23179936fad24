// Surroundings are what the drop-in start takes from outside its arguments: files and environment variables.
//
// Everything that reads a configuration goes through this seam, so that tests and fuzzers run without a disk.
// Failure: read_file() says in a sentence why there are no bytes.
// Thread: the control thread.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace switchyard::nats {

class Surroundings {
 public:
  virtual ~Surroundings() = default;

  // The whole file in `out`.  A file above `max_bytes` is refused, not cut.
  virtual bool read_file(const std::string& path, std::size_t max_bytes, std::string& out, std::string& error) = 0;
  virtual std::optional<std::string> environment(const std::string& name) = 0;
};

// The files and the environment of this process.
class ProcessSurroundings : public Surroundings {
 public:
  bool read_file(const std::string& path, std::size_t max_bytes, std::string& out, std::string& error) override;
  std::optional<std::string> environment(const std::string& name) override;
};

}  // namespace switchyard::nats
