// Who may call: signatures in the header and in the URL, time, permissions, anonymous callers, routing.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

HttpRequest list(World& world) { return world.json_request("ListQueues", "{}"); }

HttpRequest form_request(World& world, const std::string& body) {
  HttpRequest request;
  request.body = body;
  request.headers = {{"Host", world.host_name}, {"Content-Type", "application/x-www-form-urlencoded"}};
  return request;
}

std::string& header_of(HttpRequest& request, std::string_view name) {
  for (auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  static std::string none;
  ADD_FAILURE() << "no header " << name;
  return none;
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

TEST(Signature, of_every_part_of_the_request_is_checked) {
  World world;
  const auto tampered = [&](auto change) {
    HttpRequest request = list(world);
    request.headers.emplace_back("X-Custom", "  two   spaces ");
    sign(request, world.who, world.host.wall_ms());
    change(request);
    return world.raw(request);
  };
  const auto refused = [&](auto change) {
    const Answer answer = tampered(change);
    EXPECT_EQ(answer.query_error(), "SignatureDoesNotMatch;Sender") << answer.body;
    EXPECT_EQ(answer.error_type(), "InvalidSignatureException");
    EXPECT_EQ(answer.status, 403u) << "also without query mode";
  };
  refused([](HttpRequest& r) { r.body = "{ }"; });
  refused([](HttpRequest& r) { r.target = "/other"; });
  refused([](HttpRequest& r) { r.target = "/?a=b"; });
  refused([](HttpRequest& r) { r.method = "PUT"; });
  refused([](HttpRequest& r) { header_of(r, "X-Amz-Target") = "AmazonSQS.CreateQueue"; });
  refused([](HttpRequest& r) { header_of(r, "Host") = "elsewhere"; });
  refused([](HttpRequest& r) { replace(header_of(r, "Authorization"), "us-east-1", "us-east-2"); });
  refused([](HttpRequest& r) { header_of(r, "Authorization").back() ^= 1; });
  refused([](HttpRequest& r) { r.headers.emplace_back("X-Amz-Extra", "not signed"); });
}

TEST(Signature, folds_spaces_in_header_values) {
  World world;
  HttpRequest request = list(world);
  request.headers.emplace_back("X-Custom", "a b");
  sign(request, world.who, world.host.wall_ms());
  header_of(request, "X-Custom") = "   a    b ";
  EXPECT_EQ(world.raw(request).status, 200u);
}

TEST(Signature, joins_repeated_headers_with_a_comma) {
  World world;
  HttpRequest request = list(world);
  request.headers.emplace_back("X-Custom", "a,b");
  sign(request, world.who, world.host.wall_ms());
  header_of(request, "X-Custom") = "a";
  request.headers.emplace_back("x-custom", "b");
  EXPECT_EQ(world.raw(request).status, 200u);
}

TEST(Signature, header_that_is_not_signed_may_change_on_the_way) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  request.headers.emplace_back("X-Amzn-Trace-Id", "Root=1");
  request.headers.emplace_back("User-Agent", "proxy");
  EXPECT_EQ(world.raw(request).status, 200u);
}

TEST(Signature, unsigned_payload_and_declared_hashes) {
  World world;
  HttpRequest request = list(world);
  request.headers.emplace_back("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  sign(request, world.who, world.host.wall_ms());
  request.body = "{  }";
  EXPECT_EQ(world.raw(request).status, 200u) << "the client chose not to sign the body";
  request = list(world);
  request.headers.emplace_back("X-Amz-Content-Sha256", sha256_hex("{}"));
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).status, 200u);
  request = list(world);
  request.headers.emplace_back("X-Amz-Content-Sha256", sha256_hex("another body"));
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).query_error(), "SignatureDoesNotMatch;Sender") << "the hash is of what came";
}

TEST(Signature, host_and_target_must_be_signed) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  replace(header_of(request, "Authorization"), "content-type;host;x-amz-date", "content-type;x-amz-date");
  const Answer host = world.raw(request);
  EXPECT_EQ(host.query_error(), "SignatureDoesNotMatch;Sender");
  EXPECT_EQ(host.error_message(), "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  request = list(world);
  sign(request, world.who, world.host.wall_ms());
  replace(header_of(request, "Authorization"), ";x-amz-target", "");
  EXPECT_EQ(world.raw(request).error_message(), "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(Signature, missing_is_named) {
  World world;
  const Answer json = world.raw(list(world));
  EXPECT_EQ(json.status, 403u);
  EXPECT_EQ(json.error_type(), "MissingAuthenticationTokenException");
  EXPECT_EQ(json.query_error(), "MissingAuthenticationToken;Sender");
  const Answer query = world.raw(form_request(world, "Action=ListQueues&Version=2012-11-05"));
  EXPECT_EQ(query.status, 403u);
  EXPECT_EQ(query.code(), "MissingAuthenticationToken");
  EXPECT_EQ(query.error_message(), "Request is missing Authentication Token");
}

TEST(Signature, incomplete_is_named) {
  World world;
  HttpRequest signed_one = list(world);
  sign(signed_one, world.who, world.host.wall_ms());
  const auto refused = [&](auto change, const char* part) {
    HttpRequest request = signed_one;
    change(request);
    const Answer answer = world.raw(request);
    EXPECT_EQ(answer.status, 400u);
    EXPECT_EQ(answer.query_error(), "IncompleteSignature;Sender") << answer.body;
    EXPECT_NE(answer.error_message().find(part), std::string::npos) << answer.body;
  };
  refused([](HttpRequest& r) { replace(header_of(r, "Authorization"), "Signature=", "Sig="); }, "requires 'Signature'");
  refused([](HttpRequest& r) { replace(header_of(r, "Authorization"), "SignedHeaders=", "Signed="); },
          "requires 'SignedHeaders'");
  refused([](HttpRequest& r) { header_of(r, "Authorization") = "AWS4-HMAC-SHA256"; }, "requires 'Credential'");
  refused([](HttpRequest& r) { header_of(r, "X-Amz-Date") = "yesterday"; }, "ISO-8601");
  refused([](HttpRequest& r) { header_of(r, "X-Amz-Date") = "20260230T000000Z"; }, "ISO-8601");
  refused([](HttpRequest& r) { replace(header_of(r, "Authorization"), "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"); },
          "Unsupported AWS 'algorithm'");
  refused([](HttpRequest& r) { replace(header_of(r, "Authorization"), "/us-east-1/sqs/aws4_request", ""); },
          "slash-delimited");
  refused([](HttpRequest& r) { header_of(r, "Authorization") = "Bearer token"; }, "Unsupported AWS 'algorithm'");
  refused([](HttpRequest& r) { std::erase_if(r.headers, [](const auto& h) { return h.first == "X-Amz-Date"; }); },
          "X-Amz-Date");
}

TEST(Signature, date_header_serves_when_there_is_no_amz_date) {
  World world;
  HttpRequest request = list(world);
  const std::string date = amz_date(world.host.wall_ms());
  request.headers.emplace_back("Date", "Fri, 02 Jan 2026 03:04:05 GMT");
  const std::string names = "content-type;date;host;x-amz-target";
  const std::string canonical =
      "POST\n/\n\ncontent-type:application/x-amz-json-1.0\ndate:Fri, 02 Jan 2026 03:04:05 GMT\nhost:localhost:9324\n"
      "x-amz-target:AmazonSQS.ListQueues\n\n" +
      names + "\n" + sha256_hex("{}");
  request.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=AKDEV/" + date.substr(0, 8) +
                                                    "/us-east-1/sqs/aws4_request, SignedHeaders=" + names +
                                                    ", Signature=" + signature_of(world.who, date, canonical));
  EXPECT_EQ(world.raw(request).status, 200u);
}

TEST(Signature, order_and_case_of_signed_headers_do_not_matter) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  replace(header_of(request, "Authorization"), "content-type;host;x-amz-date;x-amz-target",
          "X-Amz-Target;host;X-Amz-Date;Content-Type");
  EXPECT_EQ(world.raw(request).status, 200u);
}

TEST(Signature, order_of_lower_case_names_does_not_matter_either) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  replace(header_of(request, "Authorization"), "content-type;host;x-amz-date;x-amz-target",
          "host;content-type;x-amz-target;x-amz-date");
  EXPECT_EQ(world.raw(request).status, 200u);
}

TEST(Signature, list_of_signed_headers_is_bounded) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  std::string many = "SignedHeaders=";
  for (int i = 0; i < 3'000; ++i) many += std::to_string(i) + ";";
  replace(header_of(request, "Authorization"), "SignedHeaders=", many);
  EXPECT_EQ(world.raw(request).query_error(), "IncompleteSignature;Sender");
}

TEST(Signature, a_header_that_is_signed_twice_is_refused_before_anything_is_hashed) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  for (const char* names : {"host;host", "host;x-amz-date;host", "Host;host"}) {
    HttpRequest twice = request;
    replace(header_of(twice, "Authorization"), "SignedHeaders=", "SignedHeaders=" + std::string(names) + ";");
    const Answer answer = world.raw(twice);
    EXPECT_EQ(answer.query_error(), "SignatureDoesNotMatch;Sender");
    EXPECT_NE(answer.error_message().find("more than once"), std::string::npos) << answer.body;
  }
}

TEST(Signature, unknown_key_and_wrong_secret_and_expired_key) {
  World world;
  world.who.secret = "wrong";
  const Answer wrong = world.json("ListQueues", boost::json::object());
  EXPECT_EQ(wrong.status, 403u);
  EXPECT_EQ(wrong.query_error(), "SignatureDoesNotMatch;Sender");
  EXPECT_EQ(wrong.error_message().substr(0, 66), "The request signature we calculated does not match the signature y");
  world.who = {"NOBODY", "x"};
  const Answer unknown = world.query("ListQueues", {});
  EXPECT_EQ(unknown.status, 403u);
  EXPECT_EQ(unknown.code(), "InvalidClientTokenId");
  EXPECT_EQ(unknown.error_message(), "The security token included in the request is invalid.");
  EXPECT_EQ(world.json("ListQueues", boost::json::object()).error_type(), "UnrecognizedClientException");
  world.who = {};
  world.host.expire_key("AKDEV");
  EXPECT_EQ(world.json("ListQueues", boost::json::object()).query_error(), "ExpiredToken;Sender");
}

TEST(Signature, is_good_for_fifteen_minutes_either_way) {
  World world;
  const auto at = [&](std::int64_t skew_ms) {
    HttpRequest request = list(world);
    sign(request, world.who, world.host.wall_ms() + skew_ms);
    return world.raw(request);
  };
  EXPECT_EQ(at(900'000).status, 200u);
  EXPECT_EQ(at(-900'000).status, 200u);
  const Answer old = at(-901'000);
  EXPECT_EQ(old.query_error(), "SignatureDoesNotMatch;Sender");
  EXPECT_EQ(old.error_message(),
            "Signature expired: 20260102T024904Z is now earlier than 20260102T024905Z (20260102T030405Z - 15 min.)");
  const Answer early = at(901'000);
  EXPECT_EQ(early.error_message(),
            "Signature not yet current: 20260102T031906Z is still later than 20260102T031905Z (20260102T030405Z + 15 "
            "min.)");
}

TEST(Signature, scope_is_checked) {
  World world;
  HttpRequest request = list(world);
  sign(request, world.who, world.host.wall_ms());
  replace(header_of(request, "Authorization"), "/20260102/", "/20260103/");
  EXPECT_EQ(world.raw(request).error_message(),
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260103' != "
            "'20260102', from '20260102T030405Z'.");
  request = list(world);
  sign(request, world.who, world.host.wall_ms());
  replace(header_of(request, "Authorization"), "aws4_request", "aws5_request");
  EXPECT_EQ(world.raw(request).error_message().substr(0, 60),
            "Credential should be scoped with a valid terminator: 'aws4_r");
  world.who.region = "US EAST/..";
  EXPECT_NE(world.json("ListQueues", boost::json::object()).status, 200u);
  world.who.region = "us_east";
  EXPECT_EQ(world.json("ListQueues", boost::json::object()).error_message(),
            "Credential should be scoped to a valid region.");
}

// ---- presigned URLs ----

std::string presigned(World& world, const std::string& action, std::int64_t expires_s, const std::string& path = "/") {
  const std::string date = amz_date(world.host.wall_ms());
  const std::string scope = date.substr(0, 8) + "/us-east-1/sqs/aws4_request";
  const std::string query =
      "Action=" + action +
      "&Version=2012-11-05&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + percent_encoded("AKDEV/" + scope) +
      "&X-Amz-Date=" + date + "&X-Amz-Expires=" + std::to_string(expires_s) + "&X-Amz-SignedHeaders=host";
  const std::string canonical = "GET\n" + path + "\n" + query + "\nhost:localhost:9324\n\nhost\n" + sha256_hex("");
  return path + "?" + query + "&X-Amz-Signature=" + signature_of(world.who, date, canonical);
}

HttpRequest get(World& world, std::string target) {
  HttpRequest request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers = {{"Host", world.host_name}};
  return request;
}

TEST(Presigned, url_alone_is_a_request) {
  World world;
  EXPECT_EQ(world.raw(get(world, presigned(world, "ListQueues", 60))).status, 200u);
}

TEST(Presigned, url_ends_with_its_seconds) {
  World world;
  const std::string target = presigned(world, "ListQueues", 1'800);
  world.host.advance(1'800'000);
  EXPECT_EQ(world.raw(get(world, target)).status, 200u);
  world.host.advance(1'000);
  const Answer answer = world.raw(get(world, target));
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.code(), "RequestExpired");
}

TEST(Presigned, tampering_and_missing_parts_are_refused) {
  World world;
  const std::string good = presigned(world, "ListQueues", 60);
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string target = good;
    replace(target, from, to);
    return world.raw(get(world, target)).code();
  };
  EXPECT_EQ(with("Action=ListQueues", "Action=PurgeQueue"), "SignatureDoesNotMatch");
  EXPECT_EQ(with("X-Amz-Expires=60", "X-Amz-Expires=600"), "SignatureDoesNotMatch");
  EXPECT_EQ(with("X-Amz-Expires=60", "X-Amz-Expires=604801"), "IncompleteSignature");
  EXPECT_EQ(with("X-Amz-Signature=", "X-Amz-Sig="), "IncompleteSignature");
  EXPECT_EQ(with("X-Amz-Date=2026", "X-Amz-Date=x"), "IncompleteSignature");
  EXPECT_EQ(with("AWS4-HMAC-SHA256", "AWS4"), "IncompleteSignature");
  EXPECT_EQ(with("SignedHeaders=host", "SignedHeaders=date"), "SignatureDoesNotMatch");
}

TEST(Presigned, and_signed_in_the_header_is_refused) {
  World world;
  HttpRequest request = get(world, presigned(world, "ListQueues", 60));
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).code(), "SignatureDoesNotMatch");
}

// ---- routing ----

TEST(Routing, takes_what_is_for_sqs_and_nothing_else) {
  World world;
  const auto taken = [&](HttpRequest request) { return world.start(std::move(request)) != nullptr; };
  const auto post = [&](const std::string& body) { return taken(form_request(world, body)); };
  EXPECT_TRUE(post("Action=ListQueues&Version=2012-11-05"));
  EXPECT_TRUE(post("Action=Anything&Version=2012-11-05")) << "the version is of SQS";
  EXPECT_TRUE(post("Action=SendMessage&MessageBody=x")) << "the action is of SQS";
  EXPECT_TRUE(taken(get(world, "/?Action=ListQueues")));
  EXPECT_TRUE(taken(get(world, "/000000000000/q?Version=2012-11-05&Action=X")));
  EXPECT_FALSE(post("Action=Publish&Version=2010-03-31")) << "SNS";
  EXPECT_FALSE(post("Action=Publish"));
  EXPECT_FALSE(post("Action=AddPermission&Version=2010-03-31")) << "both have it; the version decides";
  EXPECT_FALSE(post("hello"));
  EXPECT_FALSE(taken(get(world, "/")));
  HttpRequest sns = form_request(world, "Action=ListQueues&Version=2012-11-05");
  Credentials who = world.who;
  who.service = "sns";
  sign(sns, who, world.host.wall_ms());
  EXPECT_FALSE(taken(sns)) << "signed for SNS";
  HttpRequest json = world.json_request("ListQueues", "{}");
  header_of(json, "X-Amz-Target") = "DynamoDB_20120810.ListTables";
  EXPECT_FALSE(taken(json));
  HttpRequest plain = form_request(world, "Action=ListQueues&Version=2012-11-05");
  header_of(plain, "Content-Type") = "text/plain";
  EXPECT_FALSE(taken(plain)) << "a body that is not a form says nothing";
  EXPECT_TRUE(taken(get(world, presigned(world, "ListQueues", 60))));
}

}  // namespace
}  // namespace switchyard::sqs::testing
