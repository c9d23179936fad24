#include "kernel/server/config.h"

#include "kernel/server/config_schema.h"
#include "tests/unit/server/config_rig.h"

namespace switchyard::server {
namespace {

using Config = ConfigFolder;

TEST_F(Config, an_empty_file_gives_the_documented_defaults) {
  main_file("");
  const auto settings = accepted();
  EXPECT_FALSE(settings.dev);
  EXPECT_EQ(settings.data_dir, "/var/lib/switchyard");
  EXPECT_EQ(settings.lanes, 0u);
  EXPECT_EQ(settings.http.listen, "127.0.0.1:9324");
  EXPECT_EQ(settings.storage.segment_bytes, 64u << 20);
  EXPECT_EQ(settings.storage.on_damage, journal::OnDamage::refuse);
  EXPECT_EQ(settings.limits.account_message_bytes, 1u << 20);
  EXPECT_EQ(settings.limits.namespace_message_bytes, 256u << 10);
  EXPECT_EQ(settings.limits.control_stored_bytes, 100'000'000u);
  EXPECT_TRUE(settings.plugins.empty());
  EXPECT_TRUE(settings.bootstrap.empty());
}

// Two places state the defaults: the schema and the structs that code uses without a configuration.
TEST_F(Config, schema_and_structs_agree_on_the_defaults) {
  main_file("");
  const auto read = accepted();
  const Settings plain;
  EXPECT_TRUE(read.storage == plain.storage);
  EXPECT_EQ(read.region, plain.region);
  EXPECT_EQ(read.http.limits.max_head_bytes, plain.http.limits.max_head_bytes);
  EXPECT_EQ(read.http.limits.max_headers, plain.http.limits.max_headers);
  EXPECT_EQ(read.http.limits.max_body_bytes, plain.http.limits.max_body_bytes);
  EXPECT_EQ(read.http.limits.max_buffered_bytes, plain.http.limits.max_buffered_bytes);
  EXPECT_EQ(read.http.limits.max_connections, plain.http.limits.max_connections);
  EXPECT_EQ(read.http.limits.header_timeout_ms, plain.http.limits.header_timeout_ms);
  EXPECT_EQ(read.http.limits.body_timeout_ms, plain.http.limits.body_timeout_ms);
  EXPECT_EQ(read.http.limits.idle_timeout_ms, plain.http.limits.idle_timeout_ms);
  EXPECT_EQ(read.http.limits.write_timeout_ms, plain.http.limits.write_timeout_ms);
  EXPECT_EQ(read.limits.requests_per_second, plain.limits.requests_per_second);
  EXPECT_EQ(read.limits.max_connections, plain.limits.max_connections);
}

TEST_F(Config, values_of_every_kind_are_read) {
  main_file(
      "data_dir: /srv/x\nlanes: 4\nregion: eu-west-1\nlog: {level: debug}\n"
      "storage:\n  segment_size: 1MiB\n  on_damage: quarantine\n  checkpoint_interval: 250ms\n"
      "http:\n  listen: '[::1]:0'\n  public_url: https://q.example\n  limits: {max_body_bytes: 64KB, idle_timeout: "
      "5m}\n"
      "limits: {message_size: 512KiB, requests_per_second: 100}\n");
  const auto settings = accepted();
  EXPECT_EQ(settings.data_dir, "/srv/x");
  EXPECT_EQ(settings.lanes, 4u);
  EXPECT_EQ(settings.region, "eu-west-1");
  EXPECT_EQ(settings.log_level, log::Level::debug);
  EXPECT_EQ(settings.storage.segment_bytes, 1u << 20);
  EXPECT_EQ(settings.storage.on_damage, journal::OnDamage::quarantine);
  EXPECT_EQ(settings.storage.checkpoint_interval_ms, 250u);
  EXPECT_EQ(settings.http.listen, "[::1]:0");
  EXPECT_EQ(settings.http.public_url, "https://q.example");
  EXPECT_EQ(settings.http.limits.max_body_bytes, 64'000u);
  EXPECT_EQ(settings.http.limits.idle_timeout_ms, 300'000);
  EXPECT_EQ(settings.limits.account_message_bytes, 512u << 10);
  EXPECT_EQ(settings.limits.requests_per_second, 100u);
}

TEST_F(Config, an_unknown_key_is_an_error_with_line_and_nearest_name) {
  EXPECT_EQ(refused("region: x\nlanse: 2\n"), "switchyard.yaml:2: unknown key 'lanse'; did you mean 'lanes'?");
  EXPECT_EQ(refused("http:\n  lisen: x\n"), "switchyard.yaml:2: unknown key 'http.lisen'; did you mean 'http.listen'?");
  EXPECT_EQ(refused("http:\n  limits:\n    max_boody_bytes: 1\n"),
            "switchyard.yaml:3: unknown key 'http.limits.max_boody_bytes'; did you mean 'http.limits.max_body_bytes'?");
  EXPECT_EQ(refused("pluggins: {}\n"), "switchyard.yaml:1: unknown key 'pluggins'; did you mean 'plugins'?");
  EXPECT_EQ(refused("zzz: 1\n"), "switchyard.yaml:1: unknown key 'zzz'");
}

TEST_F(Config, wrong_values_say_what_would_fit) {
  EXPECT_TRUE(has(refused("lanes: -3\n"), "switchyard.yaml:1: lanes: '-3' is negative"));
  EXPECT_TRUE(has(refused("lanes: 65\n"), "switchyard.yaml:1: lanes: '65' is out of range; it must be from 1 to 64"));
  EXPECT_TRUE(has(refused("lanes: 0\n"), "from 1 to 64"));
  EXPECT_TRUE(has(refused("lanes: many\n"), "lanes: 'many' is not a whole number"));
  EXPECT_TRUE(has(refused("storage:\n  segment_size: 10\n"),
                  "switchyard.yaml:2: storage.segment_size: '10' is out of range; it must be from 64KiB to 1GiB"));
  EXPECT_TRUE(has(refused("storage:\n  checkpoint_interval: 30\n"), "such as 30s"));
  EXPECT_TRUE(has(refused("storage:\n  on_damage: panic\n"), "'panic' is not one of refuse, quarantine"));
  EXPECT_TRUE(has(refused("http: [1]\n"), "switchyard.yaml:1: http is a section"));
  EXPECT_TRUE(has(refused("region: [a]\n"), "region is a list; it must be a text"));
  EXPECT_TRUE(has(refused("region: {a: 1}\n"), "region is a section; it must be a text"));
  EXPECT_TRUE(has(refused("- a\n"), "switchyard.yaml:1: a configuration is a map"));
  EXPECT_TRUE(has(refused("data_dir: ''\n"), "data_dir is empty"));
}

TEST_F(Config, addresses_are_judged) {
  for (const char* good : {"127.0.0.1:0", "'[::1]:9324'", "localhost:80", "unix:/run/x.sock", "0.0.0.0:65535"}) {
    main_file("http:\n  listen: " + std::string(good) + "\n");
    accepted();
  }
  for (const char* bad :
       {"nonsense", "127.0.0.1", ":80", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "unix:x", "a b:1", "h:1x"}) {
    EXPECT_TRUE(has(refused("http:\n  listen: '" + std::string(bad) + "'\n"), "is not an address")) << bad;
  }
  EXPECT_TRUE(has(refused("http:\n  listen: ''\n"), "http.listen is empty"));
}

TEST_F(Config, keys_that_belong_together_are_judged_together) {
  EXPECT_TRUE(
      has(refused("tls:\n  certificate: /a\n"), "switchyard.yaml:2: tls.certificate and tls.key belong together"));
  EXPECT_TRUE(has(refused("http:\n  public_url: https://x/\n"), "ends in '/'"));
  EXPECT_TRUE(has(refused("http:\n  limits: {max_body_bytes: 4MiB, max_buffered_bytes: 2MiB}\n"),
                  "http.limits.max_buffered_bytes (2MiB) is less than http.limits.max_body_bytes (4MiB)"));
  EXPECT_TRUE(has(refused("sealing_key: 0011\n"), "file:/path"));
  main_file("tls: {cert: /a, key: /b}\n");
  EXPECT_EQ(accepted().tls.certificate, "/a");
}

TEST_F(Config, every_mistake_is_found_in_one_run_up_to_a_bound) {
  const auto text = refused("lanse: 1\nregion: [x]\nhttp:\n  listen: y\n");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "zz" + std::to_string(i) + ": 1\n";
  const auto cut = refused(many);
  EXPECT_EQ(static_cast<std::size_t>(std::count(cut.begin(), cut.end(), '\n')), kMaxMistakes);
  EXPECT_TRUE(has(cut, "and 80 more"));
}

TEST_F(Config, drop_ins_win_in_the_order_of_their_names) {
  main_file("lanes: 1\nregion: a\n");
  write("conf.d/20-late.yaml", "lanes: 3\n");
  write("conf.d/10-early.yaml", "lanes: 2\nregion: b\n");
  write("conf.d/30.yaml.bak", "lanes: 9\n");
  write("conf.d/.hidden.yaml", "lanes: 9\n");
  const auto settings = accepted();
  EXPECT_EQ(settings.lanes, 3u);
  EXPECT_EQ(settings.region, "b");
  write("conf.d/20-late.yaml", "lanes: 3\nlames: 2\n");
  EXPECT_TRUE(has(refused(), "conf.d/20-late.yaml:2: unknown key 'lames'; did you mean 'lanes'?"));
}

TEST_F(Config, a_broken_file_does_not_hide_another_one) {
  main_file("a: [\n");
  write("conf.d/1.yaml", "b: {\n");
  const auto text = refused();
  EXPECT_TRUE(has(text, "switchyard.yaml:") && has(text, "conf.d/1.yaml:")) << text;
}

TEST_F(Config, set_wins_over_files_and_the_later_one_wins) {
  main_file("lanes: 1\nhttp: {listen: '127.0.0.1:1'}\n");
  source.sets.insert(source.sets.end(), {"lanes=2", "lanes=3", "http.listen=[::1]:0", "http.limits.idle_timeout=5s"});
  const auto settings = accepted();
  EXPECT_EQ(settings.lanes, 3u);
  EXPECT_EQ(settings.http.listen, "[::1]:0") << "not taken for a list";
  EXPECT_EQ(settings.http.limits.idle_timeout_ms, 5000);
}

TEST_F(Config, wrong_set_options_are_named) {
  main_file("");
  const auto said = [this](const std::string& assignment) {
    source.sets = {assignment};
    return refused();
  };
  EXPECT_EQ(said("htpp.listen=x"), "--set htpp.listen: unknown key 'htpp'; did you mean 'http'?");
  EXPECT_TRUE(has(said("lanes=x"), "--set lanes: lanes: 'x' is not a whole number"));
  for (const char* bad : {"lanes", "=1", ".lanes=1", "http.=1", "http..listen=1", ""}) {
    EXPECT_TRUE(has(said(bad), "write --set dotted.key=value")) << bad;
  }
  EXPECT_TRUE(has(said("http=1"), "http is a section"));
  EXPECT_TRUE(has(said(std::string(200, 'a') + "=1"), "unknown key"));
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  EXPECT_TRUE(has(said(deep + "=1"), "64 levels"));
}

TEST_F(Config, dev_mode_has_its_own_folder_unless_the_file_or_the_option_names_one) {
  source.dev = true;
  main_file("");
  EXPECT_EQ(accepted().data_dir, "./switchyard-data");
  EXPECT_TRUE(accepted().dev);
  main_file("data_dir: /srv/file\n");
  EXPECT_EQ(accepted().data_dir, "/srv/file");
  source.data_dir = "/srv/option";
  EXPECT_EQ(accepted().data_dir, "/srv/option");
  source.file.clear();
  EXPECT_EQ(accepted().data_dir, "/srv/option") << "dev mode needs no file";
}

TEST_F(Config, the_log_level_option_wins) {
  main_file("log: {level: error}\n");
  source.log_level = "debug";
  EXPECT_EQ(accepted().log_level, log::Level::debug);
  source.log_level = "loud";
  EXPECT_TRUE(has(refused(), "--log-level: 'loud'"));
}

TEST_F(Config, a_missing_file_is_named) {
  EXPECT_TRUE(has(refused(), "switchyard.yaml: the configuration cannot be read"));
}

TEST_F(Config, every_row_of_the_schema_is_sound) {
  for (const auto& key : config_schema()) {
    EXPECT_FALSE(key.help.empty()) << key.path;
    EXPECT_EQ(find_key(key.path), &key) << key.path << " is there twice";
    EXPECT_FALSE(is_section(key.path)) << key.path;
    EXPECT_LE(key.least, key.most) << key.path;
    // The default passes its own check, range included.
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.text = key.fallback;
    node.quoted = true;
    EXPECT_TRUE(key.type == KeyType::text_list || check_value(key, node)) << key.path;
    EXPECT_TRUE(has(schema_reference(), std::string(key.path) + ": "));
  }
}

TEST_F(Config, the_nearest_name_is_near) {
  const std::vector<std::string_view> names = {"lanes", "region", "data_dir"};
  EXPECT_EQ(nearest_name("lanse", names), "lanes");
  EXPECT_EQ(nearest_name("datadir", names), "data_dir");
  EXPECT_EQ(nearest_name("regoin", names), "region");
  EXPECT_EQ(nearest_name("storage", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), names), "") << "and is cheap for a huge key";
}

}  // namespace
}  // namespace switchyard::server
