#include "plugins/control/arguments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "plugins/control/routes.h"
#include "plugins/control/timestamps.h"

namespace switchyard::control {
namespace {

TEST(ControlTimes, are_written_as_recorded_clients_saw_them) {
  EXPECT_EQ(format_time(1'700'000'000'427'657'228, Precision::nanoseconds), "2023-11-14T22:13:20.427657228Z");
  EXPECT_EQ(format_time(1'700'000'000'427'657'228, Precision::microseconds), "2023-11-14T22:13:20.427657Z");
  EXPECT_EQ(format_time(951'782'400'000'000'005, Precision::nanoseconds), "2000-02-29T00:00:00.000000005Z");
}

TEST(ControlTimes, are_read_with_any_zone_and_fraction) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time("2023-11-14T22:13:20.4276Z"), 1'700'000'000'427);
  EXPECT_EQ(parse_time("2023-11-15T00:13:20+02:00"), 1'700'000'000'000);
  EXPECT_EQ(parse_time("2023-11-14t16:43:20.5-05:30"), 1'700'000'000'500);
  EXPECT_EQ(parse_time("2000-02-29T00:00:00Z"), 951'782'400'000);
}

TEST(ControlTimes, what_is_none_is_refused) {
  for (const char* text :
       {"", "2023", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z", "2023-02-29T00:00:00Z",
        "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx", "2023-11-14T22:13:20+2:00",
        "-023-11-14T22:13:20Z", "2023-11-14 22:13:20Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(ControlArguments, null_and_absent_are_the_same) {
  Arguments arguments("", R"({"name":null,"permissions":null})");
  EXPECT_FALSE(arguments.text("name"));
  EXPECT_FALSE(arguments.has("permissions"));
  EXPECT_FALSE(arguments.permissions(7, true));
  EXPECT_FALSE(arguments.bad());
}

TEST(ControlArguments, permissions_that_are_there_replace_those_before) {
  Arguments arguments("", R"({"permissions":{"can_publish":false,"can_manage":true,"can_receive":null}})");
  EXPECT_EQ(arguments.permissions(SW_PERM_PUBLISH | SW_PERM_RECEIVE, false), SW_PERM_RECEIVE | SW_PERM_MANAGE);
  EXPECT_FALSE(arguments.bad());
  arguments.permissions(0, true);
  EXPECT_EQ(arguments.details(),
            R"({"argument_name":"permissions.can_receive","help_message":"value is required","reason":"required"})");
}

TEST(ControlArguments, every_mistake_is_listed) {
  Arguments arguments("page=0&page_size=x&project_id=1", R"({"name":5,"force_delete":"yes","n":-1,"at":"soon"})");
  arguments.text("name");
  arguments.flag("force_delete");
  arguments.number("n");
  arguments.time("at");
  arguments.page_number("page", 1, 100);
  arguments.page_number("page_size", 20, 100);
  arguments.uuid_parameter("project_id", true);
  for (const char* name : {"name", "force_delete", "n", "at", "page", "page_size", "project_id"}) {
    EXPECT_NE(arguments.details().find("{\"argument_name\":\"" + std::string(name) + "\""), std::string::npos) << name;
  }
}

TEST(ControlArguments, a_body_that_is_no_object_is_a_mistake) {
  for (const char* body : {"[]", "5", "{", "{\"a\":\"\xff\"}", "{}{}"}) EXPECT_TRUE(Arguments("", body).bad()) << body;
  EXPECT_FALSE(Arguments("", "{}").bad());
  EXPECT_TRUE(Arguments("", std::string(100'000, '[')).bad());
}

TEST(ControlArguments, a_query_is_decoded_and_a_large_page_is_cut) {
  Arguments arguments("order_by=a%5fb&page_size=1000000&empty", "");
  EXPECT_EQ(arguments.parameter("order_by"), "a_b");
  EXPECT_EQ(arguments.page_number("page_size", 20, 100), 100u);
  EXPECT_EQ(arguments.parameter("empty"), "");
  EXPECT_FALSE(arguments.parameter("absent"));
}

TEST(ControlRoutes, a_path_gives_its_operation_region_and_id) {
  const auto match = match_operation("DELETE", "/mnq/v1beta1/regions/nl-ams/sqs-credentials/a%62c/");
  ASSERT_NE(match.operation, nullptr);
  EXPECT_EQ(match.operation->id, "DeleteSqsCredentials");
  EXPECT_EQ(match.region, "nl-ams");
  EXPECT_EQ(match.id, "abc");
}

TEST(ControlRoutes, a_known_path_tells_its_methods_and_an_unknown_one_nothing) {
  EXPECT_EQ(match_operation("PUT", "/mnq/v1alpha1/regions/fr-par/namespaces").allowed, "GET, POST, PATCH");
  for (const char* path : {"/mnq", "/mnq/", "/mnq/v1alpha1/regions//namespaces",
                           "/mnq/v1alpha1/regions/fr-par/namespaces/a/b", "//mnq/v1alpha1/regions/fr-par/namespaces"}) {
    const auto match = match_operation("GET", path);
    EXPECT_EQ(match.operation, nullptr) << path;
    EXPECT_EQ(match.allowed, "") << path;
  }
}

TEST(ControlRoutes, operations_have_names_of_their_own) {
  std::vector<std::string_view> ids;
  for (const auto& operation : operations()) {
    EXPECT_EQ(std::count(ids.begin(), ids.end(), operation.id), 0) << operation.id;
    ids.push_back(operation.id);
  }
}

}  // namespace
}  // namespace switchyard::control
