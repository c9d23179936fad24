// Local time for users whose claims name times of the day.
//
// The zones are those of the system's zoneinfo folder; its files are read again at each question, so that an
// update of the zone data counts at once.  Only logins with times ask.
//
// Failure: nothing for a zone that nobody knows or a file that is broken; the login is refused then.
// Thread: any.  A question reads one small file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::nats {

class Zones {
 public:
  virtual ~Zones() = default;
  // Seconds east of UTC; the empty name and "Local" are the server's zone.
  virtual std::optional<std::int32_t> utc_offset_s(std::string_view zone, std::int64_t unix_s) const = 0;
};

class SystemZones final : public Zones {
 public:
  explicit SystemZones(std::string folder = "/usr/share/zoneinfo") : folder_(std::move(folder)) {}
  std::optional<std::int32_t> utc_offset_s(std::string_view zone, std::int64_t unix_s) const override;

 private:
  std::string folder_;
};

// What a zone file (TZif, RFC 8536, version 2 and newer) says.  Total for any bytes.
std::optional<std::int32_t> tzif_offset_s(std::string_view file, std::int64_t unix_s);
// What its last line, for all times behind the last change listed, says: "CET-1CEST,M3.5.0,M10.5.0/3".
std::optional<std::int32_t> posix_zone_offset_s(std::string_view rule, std::int64_t unix_s);

}  // namespace switchyard::nats
