#include "plugins/nats/zones.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace switchyard::nats {
namespace {

constexpr std::int64_t kWinter2027 = 1'800'000'000;  // 2027-01-15 08:00:00 UTC.
constexpr std::int64_t kSummer2027 = 1'816'000'000;  // 2027-07-19.
constexpr std::int64_t kDay = 86400;

TEST(PosixZone, a_fixed_zone_has_one_offset) {
  EXPECT_EQ(posix_zone_offset_s("UTC0", kWinter2027), 0);
  EXPECT_EQ(posix_zone_offset_s("JST-9", kWinter2027), 9 * 3600);
  EXPECT_EQ(posix_zone_offset_s("<-0330>3:30", kSummer2027), -(3 * 3600 + 1800));
}

TEST(PosixZone, summer_begins_and_ends_to_the_second) {
  constexpr std::string_view kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
  // 2027-03-28 01:00:00 UTC and 2027-10-31 01:00:00 UTC.
  EXPECT_EQ(posix_zone_offset_s(kBerlin, 1'806'195'599), 3600);
  EXPECT_EQ(posix_zone_offset_s(kBerlin, 1'806'195'600), 7200);
  EXPECT_EQ(posix_zone_offset_s(kBerlin, 1'824'944'399), 7200);
  EXPECT_EQ(posix_zone_offset_s(kBerlin, 1'824'944'400), 3600);
}

TEST(PosixZone, summer_of_the_south_lies_over_the_new_year) {
  constexpr std::string_view kSydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
  EXPECT_EQ(posix_zone_offset_s(kSydney, kWinter2027), 11 * 3600);
  EXPECT_EQ(posix_zone_offset_s(kSydney, kSummer2027), 10 * 3600);
}

TEST(PosixZone, days_of_the_year_are_counted_both_ways) {
  // 2028 is a leap year: J60 is March 1, 59 counted from zero is February 29.
  constexpr std::int64_t kFebruary29 = 1'835'395'200;
  EXPECT_EQ(posix_zone_offset_s("AAA0BBB,J60/0,J300/0", kFebruary29), 0);
  EXPECT_EQ(posix_zone_offset_s("AAA0BBB,J60/0,J300/0", kFebruary29 + kDay), 3600);
  EXPECT_EQ(posix_zone_offset_s("AAA0BBB,59/0,300/0", kFebruary29), 3600);
  EXPECT_EQ(posix_zone_offset_s("AAA0BBB,59/0,300/0", kFebruary29 - 1), 0);
}

TEST(PosixZone, broken_rules_are_none) {
  for (const auto* rule : {"", "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-25",
                           "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J2", "<CET-1",
                           "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0x", "CET--1", "UTC0 "}) {
    EXPECT_FALSE(posix_zone_offset_s(rule, kWinter2027)) << rule;
  }
  EXPECT_FALSE(posix_zone_offset_s("CET-1CEST,M3.5.0,M10.5.0/3", INT64_MAX));
  EXPECT_FALSE(posix_zone_offset_s("CET-1CEST,M3.5.0,M10.5.0/3", INT64_MIN));
}

std::string big_endian(std::int64_t value, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string header(int times, int types, int letters) {
  return "TZif2" + std::string(15, '\0') + std::string(12, '\0') + big_endian(times, 4) + big_endian(types, 4) +
         big_endian(letters, 4);
}

// +01:00 until 1000, +02:00 until 2000, then the rule.
std::string zone_file(std::string_view rule) {
  const auto type = [](int offset) { return big_endian(offset, 4) + std::string(2, '\0'); };
  return header(0, 1, 1) + type(0) + std::string(1, '\0') + header(2, 3, 4) + big_endian(1000, 8) +
         big_endian(2000, 8) + "\x01\x02" + type(3600) + type(7200) + type(10800) + std::string("AAA\0", 4) + "\n" +
         std::string(rule) + "\n";
}

TEST(ZoneFile, the_last_change_before_a_time_counts) {
  const auto file = zone_file("JST-9");
  EXPECT_EQ(tzif_offset_s(file, -5), 3600);
  EXPECT_EQ(tzif_offset_s(file, 999), 3600);
  EXPECT_EQ(tzif_offset_s(file, 1000), 7200);
  EXPECT_EQ(tzif_offset_s(file, 1999), 7200);
  EXPECT_EQ(tzif_offset_s(file, 2000), 9 * 3600);
  EXPECT_EQ(tzif_offset_s(zone_file(""), 2000), 10800);
}

TEST(ZoneFile, any_bytes_are_read_safely) {
  const auto file = zone_file("CET-1CEST,M3.5.0,M10.5.0/3");
  for (std::size_t size = 0; size < file.size() - 30; ++size) {
    EXPECT_FALSE(tzif_offset_s(file.substr(0, size), kWinter2027)) << size;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    auto bent = file;
    bent[random() % bent.size()] = static_cast<char>(random() % 256);
    const auto offset = tzif_offset_s(bent, static_cast<std::int64_t>(random() % 4000));
    if (!offset) continue;
    EXPECT_LE(std::abs(*offset), 26 * 3600);
  }
}

TEST(SystemZones, reads_the_files_of_its_folder_and_nothing_else) {
  const auto root = std::filesystem::path(testing::TempDir()) / "switchyard_zones_test";
  std::filesystem::create_directories(root / "zones" / "Area");
  std::ofstream(root / "zones" / "Area" / "City", std::ios::binary) << zone_file("JST-9");
  std::ofstream(root / "outside", std::ios::binary) << zone_file("JST-9");
  const SystemZones zones((root / "zones").string());
  EXPECT_EQ(zones.utc_offset_s("Area/City", kWinter2027), 9 * 3600);
  for (const auto* name : {"../outside", "Area", "Area/", "/Area/City", "Area/Town", "Area/../Area/City", "."}) {
    EXPECT_FALSE(zones.utc_offset_s(name, kWinter2027)) << name;
  }
  EXPECT_FALSE(zones.utc_offset_s(std::string_view("Area/City\0", 10), kWinter2027));
  EXPECT_FALSE(zones.utc_offset_s(std::string(100, 'a'), kWinter2027));
  std::filesystem::remove_all(root);
}

TEST(SystemZones, the_empty_name_is_the_servers_zone) {
  const std::time_t now = kWinter2027;
  std::tm local{};
  ASSERT_NE(localtime_r(&now, &local), nullptr);
  EXPECT_EQ(SystemZones().utc_offset_s("", kWinter2027), local.tm_gmtoff);
  EXPECT_EQ(SystemZones().utc_offset_s("Local", kWinter2027), local.tm_gmtoff);
}

}  // namespace
}  // namespace switchyard::nats
