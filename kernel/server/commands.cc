#include <cstdio>
#include <map>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/journal/journal.h"
#include "kernel/server/cli.h"
#include "kernel/server/config.h"
#include "kernel/server/data_folder.h"
#include "kernel/server/wiring.h"
#include "kernel/store/record.h"
#include "kernel/store/write_log_check.h"

namespace switchyard::server {

int check_command(const CliOptions& options) {
  ConfigSource source{options.dev, options.config, options.data_dir, options.log_level, options.sets};
  if (source.file.empty() && !source.dev) source.file = kDefaultConfig;
  // Only the judgement belongs on the screen.
  log::set_level(log::Level::error);
  const auto loaded = load_config(source);
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    return 1;
  }
  if (const auto tls = load_tls(loaded->settings.tls); !tls) {
    std::fprintf(stderr, "%s\n", tls.error().message.c_str());
    return 1;
  }
  for (const auto& warning : loaded->warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::printf("%s: ok\n", source.file.empty() ? "configuration" : source.file.c_str());
  return 0;
}

int fsck_command(const CliOptions& options) {
  if (options.data_dir.empty()) {
    std::fprintf(stderr, "switchyard: fsck needs --data-dir DIR\n");
    return 2;
  }
  const auto folder = DataFolder::open(options.data_dir, true);
  if (!folder) {
    std::fprintf(stderr, "%s\n", folder.error().message.c_str());
    return 1;
  }
  const auto files = journal::make_posix_file_system();
  std::uint64_t unknown = 0;
  const auto report = journal::fsck(*files, folder->journal(), [&](const journal::Place&, std::string_view body) {
    constexpr auto last_message_record = static_cast<std::uint8_t>(store::RecordType::kv_erase_prefix);
    unknown += body.empty() || static_cast<std::uint8_t>(body.front()) > last_message_record;
  });
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().message.c_str());
    return 1;
  }
  // Not opened: that would write to it.
  const auto store = files->list(folder->store());
  const auto logs = store ? store::check_write_logs(*files, folder->store()) : Status();
  std::printf("segments %u, batches %llu, records %llu, bytes %llu, torn tail bytes %llu, unknown records %llu\n",
              report->segments, static_cast<unsigned long long>(report->batches),
              static_cast<unsigned long long>(report->records), static_cast<unsigned long long>(report->bytes),
              static_cast<unsigned long long>(report->torn_tail_bytes), static_cast<unsigned long long>(unknown));
  for (const auto& damage : report->damage) std::printf("damage: %s\n", damage.what.c_str());
  if (!logs) std::printf("damage: %s\n", logs.error().message.c_str());
  const bool whole = report->damage.empty() && logs;
  if (whole) std::printf("%s: no damage\n", options.data_dir.c_str());
  return whole ? 0 : 1;
}

}  // namespace switchyard::server
