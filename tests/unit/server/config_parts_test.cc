#include "kernel/server/config_bootstrap.h"
#include "kernel/server/config_plugins.h"
#include "tests/unit/server/config_rig.h"

namespace switchyard::server {
namespace {

struct Parts : ConfigFolder {
  std::string said() const { return mistakes.empty() ? "" : mistakes.error().message; }

  std::vector<account::DeclaredNamespace> bootstrap(const std::string& text) {
    mistakes = {};
    const auto root = parse_yaml(text, "f");
    EXPECT_TRUE(root) << root.error().message;
    return read_bootstrap(*root, mistakes);
  }
  std::vector<plugin::PluginSpec> plugins(const std::string& text) {
    mistakes = {};
    plugin_warnings.clear();
    const auto root = parse_yaml(text, "f");
    EXPECT_TRUE(root) << root.error().message;
    return read_plugins(&*root, context, known, mistakes, plugin_warnings);
  }

  Mistakes mistakes;
  PluginContext context{false, true};
  std::vector<std::string> plugin_warnings;
  std::vector<KnownPlugin> known = {
      {"acme", "/p/acme.so", ""},
      {"sqs", "/p/sqs.so",
       R"({"wait":{"type":"duration","default":"0s","help":"w"},"size":{"type":"size"},"count":{"type":"integer"},
           "rate":{"type":"number"},"on":{"type":"boolean"},"name":{"type":"string"},"list":{"type":"list"},
           "map":{"type":"object"},"odd":{"type":"secret thing"}})"}};
};

TEST_F(Parts, a_declared_namespace_is_read_whole) {
  const auto list = bootstrap(
      "namespaces:\n"
      "  - name: orders\n    protocol: sqs_sns\n    account_id: 000000000012\n    region: eu-west-1\n"
      "    limits: {message_size: 4KiB, stored_bytes: 0, connections: 5}\n"
      "    credentials:\n"
      "      - {name: boss, access_key: 0123, secret_key: 0456}\n"
      "      - {name: sender, access_key: s, secret_key: t, permissions: [publish]}\n"
      "      - {name: both, access_key: b, secret_key: t, permissions: {can_publish: true, can_receive: true, "
      "can_manage: false}}\n"
      "  - {name: news, protocol: topics}\n");
  ASSERT_EQ(said(), "");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].account_id, "000000000012") << "digits stay text";
  EXPECT_EQ(list[0].limits.max_message_bytes, 4096u);
  EXPECT_EQ(list[0].limits.max_stored_bytes, 0u);
  EXPECT_EQ(list[0].limits.requests_per_second, std::nullopt);
  ASSERT_EQ(list[0].credentials.size(), 3u);
  EXPECT_EQ(list[0].credentials[0].access_key, "0123");
  EXPECT_EQ(list[0].credentials[0].secret.view(), "0456");
  EXPECT_EQ(list[0].credentials[0].permissions, account::kMayAll);
  EXPECT_EQ(list[0].credentials[1].permissions, account::kMayPublish);
  EXPECT_EQ(list[0].credentials[2].permissions, account::kMayPublish | account::kMayReceive);
  EXPECT_EQ(list[1].protocol, account::Protocol::topics);
}

TEST_F(Parts, mistakes_in_bootstrap_name_their_line) {
  const auto refusal = [this](const std::string& text) {
    bootstrap(text);
    return said();
  };
  EXPECT_TRUE(
      has(refusal("namespaces:\n  - name: a\n    protocol: smtp\n"), "f:3: bootstrap.namespaces.protocol: 'smtp'"));
  EXPECT_TRUE(has(refusal("namespaces:\n  - protocol: nats\n"), "f:2: bootstrap.namespaces needs the key 'name'"));
  EXPECT_TRUE(has(refusal("namespaces:\n  - {name: a, protocol: nats, acount_id: 1}\n"),
                  "did you mean 'bootstrap.namespaces.account_id'?"));
  EXPECT_TRUE(has(refusal("namespaces: {a: 1}\n"), "must be a list"));
  EXPECT_TRUE(has(refusal("namespaces: [1]\n"), "a map of keys"));
  EXPECT_TRUE(has(refusal("namespace: []\n"), "did you mean 'bootstrap.namespaces'?"));
  EXPECT_TRUE(
      has(refusal("namespaces:\n  - name: a\n    protocol: nats\n    limits: {stored_bytes: lots}\n"), "f:4: "));
  EXPECT_TRUE(
      has(refusal("namespaces:\n  - name: a\n    protocol: nats\n    credentials: [{name: x, access_key: [1]}]\n"),
          "access_key must be text"));
  EXPECT_TRUE(has(refusal("namespaces:\n  - name: a\n    protocol: nats\n    credentials: [{name: x, access_key: k, "
                          "secret_key: s, permissions: [fly]}]\n"),
                  "'fly' is not one of publish, receive, manage"));
  EXPECT_TRUE(
      has(refusal("namespaces:\n  - name: a\n    protocol: nats\n    credentials: [{name: x, access_key: k}]\n"),
          "needs the key 'secret_key'"));
}

TEST_F(Parts, secrets_may_be_references_and_are_never_in_a_complaint) {
  write("secret", "from-a-file\n");
  const auto list = bootstrap(
      "namespaces:\n  - name: a\n    protocol: nats\n    credentials: [{name: x, access_key: k, secret_key: 'file:" +
      path("secret") + "'}]\n");
  ASSERT_EQ(said(), "");
  EXPECT_EQ(list[0].credentials[0].secret.view(), "from-a-file");
  bootstrap(
      "namespaces:\n  - name: a\n    protocol: nats\n    credentials: [{name: x, access_key: k, secret_key: "
      "'file:/nonexistent'}]\n");
  EXPECT_TRUE(has(said(), "f:4: ") && has(said(), "/nonexistent")) << said();
}

TEST_F(Parts, a_plugin_gets_its_own_keys_as_json_with_the_types_it_asked_for) {
  const auto specs = plugins(
      "sqs:\n  required: true\n  sha256: abc\n  wait: 5s\n  size: 10\n  count: 7\n  rate: 2\n  on: true\n  name: "
      "0012\n  list: [1, a]\n  map: {k: true}\n");
  ASSERT_EQ(said(), "");
  ASSERT_EQ(specs.size(), 1u);
  EXPECT_EQ(specs[0].name, "sqs");
  EXPECT_TRUE(specs[0].required);
  EXPECT_EQ(specs[0].sha256, "abc");
  EXPECT_EQ(specs[0].section,
            R"({"wait":"5s","size":"10","count":7,"rate":2,"on":true,"name":"0012","list":[1,"a"],"map":{"k":true}})");
}

TEST_F(Parts, a_plugins_values_are_judged_by_its_own_schema_with_lines) {
  plugins(
      "sqs:\n  wait: 5\n  size: big\n  count: x\n  rate: fast\n  on: maybe\n  list: 1\n  map: 1\n  name: [1]\n  odd: "
      "anything\n  wiat: 5s\n");
  const auto text = said();
  for (const char* part :
       {"f:2: plugins.sqs.wait", "f:3: plugins.sqs.size", "f:4: plugins.sqs.count must be a whole number, not 'x'",
        "f:5: plugins.sqs.rate must be a number", "f:6: plugins.sqs.on must be true or false",
        "f:7: plugins.sqs.list must be a list", "f:8: plugins.sqs.map must be a map", "f:9: plugins.sqs.name",
        "f:11: unknown key 'plugins.sqs.wiat'; did you mean 'plugins.sqs.wait'?"}) {
    EXPECT_TRUE(has(text, part)) << part << "\nin\n" << text;
  }
  EXPECT_FALSE(has(text, "odd"));
}

TEST_F(Parts, plugins_run_when_they_are_named_and_in_dev_mode_all_core_ones) {
  EXPECT_TRUE(plugins("").empty());
  EXPECT_EQ(plugins("sqs:\n").size(), 1u);
  EXPECT_TRUE(plugins("sqs: {enabled: false}\n").empty());
  context.dev = true;
  EXPECT_EQ(plugins("").size(), 1u) << "sqs, not acme";
  EXPECT_TRUE(plugins("sqs: {enabled: false}\n").empty());
  EXPECT_EQ(plugins("acme: {}\n").size(), 2u);
  EXPECT_EQ(plugins("acme: {}\n").front().name, "sqs") << "core plugins first";
}

TEST_F(Parts, a_core_plugin_outside_of_the_build_is_a_warning_and_a_strange_one_an_error) {
  EXPECT_TRUE(plugins("nats:\n  listen: x\n").empty());
  EXPECT_EQ(said(), "");
  ASSERT_EQ(plugin_warnings.size(), 1u);
  EXPECT_TRUE(has(plugin_warnings[0], "f:2: plugins.nats is ignored: this build has no plugin 'nats'"))
      << plugin_warnings[0];
  plugins("sqss: {}\n");
  EXPECT_TRUE(has(said(), "there is no sqss.so in the plugin folders; did you mean 'sqs'?")) << said();
  plugins("mine: {enabled: false}\n");
  EXPECT_EQ(said(), "") << "a plugin that shall not run need not be there";
}

TEST_F(Parts, wrong_shapes_of_plugin_sections_are_named) {
  plugins("sqs: 5\n");
  EXPECT_TRUE(has(said(), "f:1: plugins.sqs is a section"));
  plugins("[sqs]\n");
  EXPECT_TRUE(has(said(), "plugins is a section"));
  plugins("sqs:\n  enabled: maybe\n");
  EXPECT_TRUE(has(said(), "f:2: plugins.sqs.enabled: 'maybe' must be true or false"));
}

TEST_F(Parts, callers_without_a_key_are_taken_on_loopback_only) {
  EXPECT_EQ(plugins("sqs: {anonymous_namespace: dev}\n").front().anonymous_namespace, "sqs_sns/dev");
  EXPECT_EQ(plugins("acme: {anonymous_namespace: dev}\n").front().anonymous_namespace, "dev");
  context.http_is_loopback = false;
  plugins("sqs: {anonymous_namespace: dev}\n");
  EXPECT_TRUE(has(said(), "needs http.listen on loopback"));
  main_file("http: {listen: '0.0.0.0:1'}\nplugins: {nats: {anonymous_namespace: dev}}\n");
  accepted();
}

TEST_F(Parts, namespaces_of_drop_ins_are_added) {
  main_file("bootstrap: {namespaces: [{name: a, protocol: nats}]}\n");
  write("conf.d/1.yaml", "bootstrap: {namespaces: [{name: b, protocol: nats}]}\n");
  EXPECT_EQ(accepted().bootstrap.size(), 2u);
}

TEST_F(Parts, a_plugin_path_that_is_not_there_is_left_to_the_host_to_name) {
  main_file("plugins: {mine: {path: /nonexistent/mine.so}}\n");
  const auto settings = accepted();
  ASSERT_EQ(settings.plugins.size(), 1u);
  EXPECT_EQ(settings.plugins[0].path, "/nonexistent/mine.so");
}

}  // namespace
}  // namespace switchyard::server
