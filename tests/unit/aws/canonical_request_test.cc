#include "plugins/aws/canonical_request.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plugins/aws/sigv4.h"
#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

std::string path_of(std::string_view path) {
  std::string out;
  append_canonical_path(out, path);
  return out;
}

std::string query_of(std::string_view query, bool presigned = false) {
  std::string out;
  append_canonical_query(out, query, presigned);
  return out;
}

struct Request {
  std::vector<sw_pair> pairs;
  sw_http_request request{};

  Request(std::string_view method, std::string_view path, std::string_view query,
          std::vector<std::pair<std::string_view, std::string_view>> headers, std::string_view body = {}) {
    for (const auto& [name, value] : headers) pairs.push_back({to_str(name), to_str(value)});
    request.size = sizeof request;
    request.method = to_str(method);
    request.path = to_str(path);
    request.query = to_str(query);
    request.headers = pairs.data();
    request.header_count = pairs.size();
    request.body = to_bytes(body);
  }
};

TEST(CanonicalPath, plain_paths_stay) {
  for (const char* path : {"/", "/000000000000/orders", "/a-b_c~d/e.f", "/a/"}) EXPECT_EQ(path_of(path), path);
}

TEST(CanonicalPath, is_normalized) {
  EXPECT_EQ(path_of(""), "/");
  EXPECT_EQ(path_of("//"), "/");
  EXPECT_EQ(path_of("/./"), "/");
  EXPECT_EQ(path_of("/./example"), "/example");
  EXPECT_EQ(path_of("/example/.."), "/");
  EXPECT_EQ(path_of("/example1/example2/../.."), "/");
  EXPECT_EQ(path_of("//example//"), "/example/");
  EXPECT_EQ(path_of("/../../a"), "/a");
  EXPECT_EQ(path_of("/a/."), "/a/");
  EXPECT_EQ(path_of("/a/b/.."), "/a/");
  EXPECT_EQ(path_of("/.hidden/..b"), "/.hidden/..b");
}

TEST(CanonicalPath, is_encoded_once_more) {
  EXPECT_EQ(path_of("/example space/"), "/example%20space/");
  EXPECT_EQ(path_of("/\xe1\x88\xb4"), "/%E1%88%B4");
  EXPECT_EQ(path_of("/%E1%88%B4"), "/%25E1%2588%25B4");
  EXPECT_EQ(path_of("/a:b@c"), "/a%3Ab%40c");
}

TEST(CanonicalQuery, is_sorted_by_name_then_value) {
  EXPECT_EQ(query_of(""), "");
  EXPECT_EQ(query_of("Param2=value2&Param1=value1"), "Param1=value1&Param2=value2");
  EXPECT_EQ(query_of("Param1=value2&Param1=Value1"), "Param1=Value1&Param1=value2");
  EXPECT_EQ(query_of("a-b=1&a=2"), "a=2&a-b=1") << "names before the equals sign";
  EXPECT_EQ(query_of("b&a=&&c=x=y"), "a=&b=&c=x%3Dy");
}

TEST(CanonicalQuery, is_encoded_by_one_rule_whatever_the_client_wrote) {
  EXPECT_EQ(query_of("a=%7e&b=~"), "a=~&b=~");
  EXPECT_EQ(query_of("a=b+c"), "a=b%20c");
  EXPECT_EQ(query_of("a=b%20c%2f"), "a=b%20c%2F");
  EXPECT_EQ(query_of("a=\xe1\x88\xb4"), "a=%E1%88%B4");
  EXPECT_EQ(query_of("a=100%"), "a=100%25");
}

TEST(CanonicalQuery, leaves_the_signature_of_a_presigned_one_out) {
  EXPECT_EQ(query_of("X-Amz-Signature=abc&X-Amz-Date=d", true), "X-Amz-Date=d");
  EXPECT_EQ(query_of("X-Amz-Signature=abc", false), "X-Amz-Signature=abc");
}

TEST(CanonicalHeaders, are_trimmed_folded_and_joined) {
  const Request r("GET", "/", "",
                  {{"Host", "example.amazonaws.com"},
                   {"My-Header1", " value1"},
                   {"My-Header2", " \"a   b   c\" "},
                   {"my-header1", "value3"},
                   {"X-Tab", "a\t b"},
                   {"Unsigned", "x"}});
  std::string out;
  append_canonical_headers(out, r.request, "host;my-header1;my-header2;x-missing;x-tab");
  EXPECT_EQ(out, "host:example.amazonaws.com\nmy-header1:value1,value3\nmy-header2:\"a b c\"\nx-missing:\nx-tab:a b\n");
}

TEST(CanonicalHeaders, names_are_sorted_and_lowered) {
  EXPECT_EQ(sorted_signed_headers("X-Amz-Date;host;Content-Type"), "content-type;host;x-amz-date");
}

// The published example of the signing process: every byte up to the string to sign.
TEST(CanonicalRequest, of_the_published_example) {
  const Request r("GET", "/", "Param2=value2&Param1=value1",
                  {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}});
  std::string canonical;
  append_canonical_request(canonical, r.request, "host;x-amz-date", false,
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(canonical,
            "GET\n/\nParam1=value1&Param2=value2\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
            "host;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(StringToSign, of_the_published_example) {
  const Request r("GET", "/", "",
                  {{"Host", "example.amazonaws.com"},
                   {"X-Amz-Date", "20150830T123600Z"},
                   {"Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
                    "service/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"}});
  SigV4 signature;
  ASSERT_FALSE(parse_sigv4(r.request, signature));
  EXPECT_EQ(signature.access_key, "AKIDEXAMPLE");
  EXPECT_EQ(signature.region, "us-east-1");
  EXPECT_EQ(signature.service, "service");
  EXPECT_EQ(signature.time_s, 1'440'938'160);
  Digests digests;
  std::string to_sign, scratch;
  append_string_to_sign(to_sign, scratch, r.request, signature, digests);
  EXPECT_EQ(to_sign,
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
            "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
}

TEST(Credential, access_key_may_hold_slashes) {
  const Request r("GET", "/", "",
                  {{"Host", "h"},
                   {"X-Amz-Date", "20150830T123600Z"},
                   {"Authorization",
                    "AWS4-HMAC-SHA256 Credential=team/key/20150830/r/sqs/aws4_request,"
                    "SignedHeaders=host;x-amz-date,Signature=00"}});
  SigV4 signature;
  ASSERT_FALSE(parse_sigv4(r.request, signature));
  EXPECT_EQ(signature.access_key, "team/key");
  EXPECT_EQ(scope_service(r.request), "sqs");
}

TEST(ScopeService, is_read_from_header_or_query) {
  const auto of_header = [](std::string_view value) {
    return std::string(scope_service(Request("GET", "/", "", {{"authorization", value}}).request));
  };
  EXPECT_EQ(of_header("AWS4-HMAC-SHA256 Credential=a/b/c/sns/aws4_request, SignedHeaders=x"), "sns");
  EXPECT_EQ(of_header("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=x/sqs/y"), "");
  EXPECT_EQ(of_header("AWS4-HMAC-SHA256 Credential=/"), "");
  EXPECT_EQ(of_header("AWS4-HMAC-SHA256 SignedHeaders=a/sqs/b"), "");
  EXPECT_EQ(of_header("Bearer a/sqs/b"), "");
  const auto of_query = [](std::string_view query) {
    return std::string(scope_service(Request("GET", "/", query, {}).request));
  };
  EXPECT_EQ(of_query("X-Amz-Credential=a%2Fb%2Fc%2Fsqs%2Faws4_request"), "sqs");
  EXPECT_EQ(of_query("X-Amz-Credential=a/b/c/sqs/aws4_request"), "sqs");
  EXPECT_EQ(of_query("X-Amz-Credential=%2F%2"), "");
  EXPECT_EQ(of_query(""), "");
}

}  // namespace
}  // namespace switchyard::aws
