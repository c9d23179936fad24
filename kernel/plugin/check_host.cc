#include "kernel/plugin/check_host.h"

#include "kernel/plugin/check_server.h"

namespace switchyard::plugin {
namespace {

constexpr int kWaitMs = 10'000;

// A refusal is an answer; an exception that crossed the line is not.
Status offer_odd_sections(Host& host, PluginSpec spec, const std::vector<std::string>& sections) {
  for (const auto& section : sections) {
    spec.section = section;
    const auto status = host.reconfigure({spec});
    if (!status && status.error().message.find(" threw in ") != std::string::npos) return status;
    if (auto failure = first_failure(host); !failure) return failure;
  }
  return {};
}

Status live(Host& host, const PluginSpec& spec, const std::vector<std::string>& odd_sections) {
  if (auto status = host.load({spec}); !status) return status;
  if (auto status = host.start(); !status) return status;
  if (auto status = offer_odd_sections(host, spec, odd_sections); !status) return status;
  if (auto status = host.reconfigure({spec}); !status) return status;
  host.drain();
  return {};
}

}  // namespace

Status run_lifecycle(const std::string& folder, const std::string& file, const std::string& name,
                     const std::string& section, std::size_t lanes, const std::vector<std::string>& odd_sections) {
  if (folder.empty())
    return Error{Code::io, "no temporary folder could be made; set TMPDIR to one that can be written"};
  SmallServer server(folder, lanes);
  if (auto status = server.open(); !status) return status;
  PluginSpec spec;
  spec.name = name;
  spec.path = file;
  spec.required = true;
  spec.section = section;
  spec.anonymous_namespace = SmallServer::kNamespace;
  Status status;
  {
    Host host(server.services, {});
    status = live(host, spec, odd_sections);
    host.stop(server.clock.mono_ms() + kWaitMs);
    if (status) status = first_failure(host);
    server.close();
  }
  return status;
}

}  // namespace switchyard::plugin
