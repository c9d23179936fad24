// The chaos of `plugin check` finds what plugins do against plugin.h, and nothing in those that do not.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "kernel/plugin/check_requests.h"
#include "tests/unit/plugin/plugin_folder.h"

namespace switchyard::plugin::test {
namespace {

struct Ran {
  int code;
  std::string out;
};

// In a process of its own: the command forks, and this one has had threads.
Ran check(const std::string& plugin, const std::string& more = "") {
  const Folder folder;
  const auto line = std::string(SWITCHYARD_PLUGIN_COMMAND) + " /nowhere check '" + folder.put(plugin).string() + "' " +
                    more + " 2>&1";
  std::FILE* pipe = ::popen(line.c_str(), "r");
  Ran ran{-1, {}};
  char buffer[4096];
  for (std::size_t n; pipe != nullptr && (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    ran.out.append(buffer, n);
  const int status = pipe == nullptr ? -1 : ::pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}

TEST(Chaos, finds_nothing_in_a_polite_plugin) {
  for (const char* seed : {"1", "2", "3"}) {
    const auto ran = check("rude_polite", std::string("--seed ") + seed);
    EXPECT_EQ(ran.code, 0) << ran.out;
  }
}

// A sanitizer may take the signal itself and end the process, or let it through.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SWITCHYARD_SANITIZED 1
#endif
#endif
#if defined(SWITCHYARD_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr const char* kTaken = "ended with status ";
#else
constexpr const char* kTaken = nullptr;
#endif
constexpr const char* kCrashed = "was killed by signal 11";

struct Rude {
  const char* plugin;
  const char* sentence;  // A part of what is found.
};

class ChaosFinds : public ::testing::TestWithParam<Rude> {};

TEST_P(ChaosFinds, what_a_rude_plugin_does) {
  const auto ran = check(std::string("rude_") + GetParam().plugin);
  EXPECT_EQ(ran.code, 1) << ran.out;
  const auto found = [&](const char* sentence) { return ran.out.find(sentence) != std::string::npos; };
  const bool taken = GetParam().sentence == kCrashed && kTaken != nullptr && found(kTaken);
  EXPECT_TRUE(taken || found(GetParam().sentence)) << ran.out;
}

INSTANTIATE_TEST_SUITE_P(
    Each, ChaosFinds,
    ::testing::Values(Rude{"answers_twice", "called http.respond for POST /rude after it had answered it"},
                      Rude{"answers_the_dead", "after its peer had left and the abort callback had run"},
                      Rude{"forgets_failures", "unanswered when its lanes stopped, one is "},
                      Rude{"forgets_refusals", "answer in every completion, also one that failed"},
                      Rude{"answers_refusals_twice", "after it had answered it"}, Rude{"trusts_errors", kCrashed},
                      Rude{"calls_from_a_thread", "called kv.get outside of a lane callback, from another thread"},
                      Rude{"calls_too_early", "called auth.anonymous outside of a lane callback"},
                      Rude{"leaves_timers", "left timers running when its lane stopped; cancel them in lane_stop"},
                      Rude{"answers_elsewhere", "on another lane than the request's"},
                      Rude{"parks_forever", "park nothing beyond lane_drain"}, Rude{"needs_memory", kCrashed},
                      Rude{"applies_in_the_dry_run",
                           "was answered with 200 before the trouble and with 500 when it was over"},
                      Rude{"has_two_minds", "agreed to a configuration in its dry run and refused it in earnest"},
                      Rude{"stays_broken", "was answered with 200 before the trouble and with 500 when it was over"}),
    [](const auto& tested) { return std::string(tested.param.plugin); });

// With a file of one request with this body.
Ran check_picky(const std::string& body) {
  const Folder folder;
  const auto file = folder.path / "requests.http";
  std::ofstream(file) << "POST /rude\n> " << body << "\n";
  return check("rude_is_picky", "--requests '" + file.string() + "'");
}

TEST(Chaos, that_never_happened_is_said_and_counted) {
  const auto ran = check("rude_is_picky");
  EXPECT_EQ(ran.code, 0) << ran.out;
  for (const char* part :
       {"\nNOT SHOWN  answers while calls are refused: no call was refused (",
        "\nNOT SHOWN  answers while completions are late and peers leave: no completion was late, no peer left (",
        "); give --requests FILE with requests that the plugin accepts, or --config JSON\n",
        "\nok      goes on after a bad configuration (", "\ngood, but 5 things were not shown\n"})
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << " is missing in\n" << ran.out;
}

TEST(Chaos, that_never_happened_is_a_failure_of_the_requests_given) {
  const auto ran = check_picky("no");
  EXPECT_EQ(ran.code, 1) << ran.out;
  EXPECT_NE(ran.out.find("; the requests reach nothing that this can happen to: add some"), std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("\n5 checks failed\n"), std::string::npos) << ran.out;
}

TEST(Chaos, that_the_requests_given_meet_is_good) {
  const auto ran = check_picky("yes");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_NE(ran.out.find("\ngood\n"), std::string::npos) << ran.out;
}

TEST(CheckRequests, are_read_with_headers_bodies_and_comments) {
  const auto list = parse_requests("# first\nPOST /a?b=c\nX: y\n> one\n> two\n>\n\n\nGET /\r\n", "f");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ(list->front().name(), "POST /a?b=c");
  EXPECT_EQ(list->front().headers, (std::vector<std::pair<std::string, std::string>>{{"X", "y"}}));
  EXPECT_EQ(list->front().body, "one\ntwo\n");
  EXPECT_EQ(list->back().name(), "GET /");
}

TEST(CheckRequests, say_which_line_is_wrong) {
  const auto why = [](const char* text) {
    const auto list = parse_requests(text, "f");
    return list ? std::string() : list.error().message;
  };
  EXPECT_EQ(why("post /a"), "f:1: a request starts with METHOD /TARGET");
  EXPECT_EQ(why("GET a"), "f:1: a request starts with METHOD /TARGET");
  EXPECT_EQ(why("GET"), "f:1: a request starts with METHOD /TARGET");
  EXPECT_EQ(why("GET /\n\nGET /\nX"), "f:4: neither 'Name: value' before the body nor '> body'");
  EXPECT_EQ(why("GET /\n> b\nX: y"), "f:3: neither 'Name: value' before the body nor '> body'");
}

}  // namespace
}  // namespace switchyard::plugin::test
