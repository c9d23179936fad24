#include "plugins/aws/encoding.h"

#include <gtest/gtest.h>

#include "plugins/aws/digest.h"
#include "plugins/aws/json_writer.h"
#include "plugins/aws/text_rules.h"
#include "plugins/aws/timestamp.h"
#include "plugins/aws/xml_writer.h"

namespace switchyard::aws {
namespace {

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

TEST(Base64, published_examples_both_ways) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : cases) {
    EXPECT_EQ(base64(plain), text);
    std::string back;
    EXPECT_TRUE(decode_base64(text, back));
    EXPECT_EQ(back, plain);
  }
}

TEST(Base64, every_byte_survives_in_both_alphabets) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  std::string url, back;
  append_base64url(url, all);
  EXPECT_EQ(url.find_first_of("+/="), std::string::npos);
  EXPECT_TRUE(decode_base64url(url, back));
  EXPECT_EQ(back, all);
  EXPECT_TRUE(decode_base64(base64(all), back));
  EXPECT_EQ(back, all);
}

TEST(Base64, a_value_has_one_spelling) {
  std::string out;
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z m8=", "Zm8=\n", "Zm-_", "====", "=", "Z", "Zm9vY"}) {
    EXPECT_FALSE(decode_base64(bad, out)) << bad;
  }
  EXPECT_FALSE(decode_base64url("Zh", out)) << "stray bits";
  EXPECT_FALSE(decode_base64url("Zg==", out)) << "no padding";
  EXPECT_FALSE(decode_base64url("Zm9+", out));
}

TEST(Percent, decoding_leaves_broken_escapes) {
  std::string out;
  append_percent_decoded(out, "%41%zz%4%", false);
  EXPECT_EQ(out, "A%zz%4%");
  out.clear();
  append_percent_decoded(out, "a+b", false);
  EXPECT_EQ(out, "a+b");
}

TEST(Uuid, text_has_its_dashes) {
  std::uint8_t id[16];
  for (int i = 0; i < 16; ++i) id[i] = static_cast<std::uint8_t>(i * 17);
  std::string out;
  append_uuid(out, id);
  EXPECT_EQ(out, "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(Digests, published_values_also_in_pieces_and_again) {
  Digests digests;
  std::string hex;
  for (int i = 0; i < 2; ++i) {
    hex.clear();
    const Sha256 sha = digests.sha256("abc");
    append_hex(hex, sha.data(), sha.size());
    EXPECT_EQ(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hex.clear();
    const Md5 md5 = digests.md5("message digest");
    append_hex(hex, md5.data(), md5.size());
    EXPECT_EQ(hex, "f96b697d7cb7938d525a2f31aaf161d0");
  }
  const Md5 whole = digests.md5("message digest");
  digests.md5_begin();
  digests.md5_add("message ");
  digests.md5_add("digest");
  EXPECT_EQ(digests.md5_end(), whole);
}

std::string escaped_json(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

TEST(Json, escapes_at_every_place_of_a_word) {
  EXPECT_EQ(escaped_json("a\"b\\c\n\r\t\x01/\x7f"), "a\\\"b\\\\c\\n\\r\\t\\u0001/\x7f");
  for (std::size_t length : {7u, 8u, 9u, 31u}) {
    for (std::size_t at = 0; at < length; ++at) {
      for (const char special : {'"', '\\', '\x1f', '\x00'}) {
        std::string text(length, 'x');
        text[at] = special;
        const std::string escape = special == '"'    ? "\\\""
                                   : special == '\\' ? "\\\\"
                                   : special == 0    ? "\\u0000"
                                                     : "\\u001f";
        EXPECT_EQ(escaped_json(text), std::string(at, 'x') + escape + std::string(length - at - 1, 'x'));
      }
    }
  }
  const std::string utf8 = "\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8 caf\xc3\xa9";
  EXPECT_EQ(escaped_json(utf8), utf8);
}

TEST(Json, writer_sets_commas) {
  std::string out;
  JsonWriter json(out);
  json.open('{');
  json.key("a");
  json.text(":");
  json.key("b");
  json.open('[');
  json.number(-1);
  json.boolean(true);
  json.open('{');
  json.close('}');
  json.close(']');
  json.any_key("c\"");
  json.text("[");
  json.close('}');
  EXPECT_EQ(out, R"({"a":":","b":[-1,true,{}],"c\"":"["})");
}

TEST(Xml, escapes_as_the_service_does) {
  std::string out;
  append_xml_escaped(out, "<a & 'b' \"c\">\r\n");
  EXPECT_EQ(out, "&lt;a &amp; 'b' &quot;c&quot;&gt;&#xD;\n");
}

TEST(MessageText, allows_exactly_what_xml_can_carry) {
  const std::pair<std::string, bool> cases[] = {
      {"", true},
      {"\t\n\r ~\x7f", true},
      {"\xc2\x80", true},          // U+0080
      {"\xed\x9f\xbf", true},      // U+D7FF
      {"\xee\x80\x80", true},      // U+E000
      {"\xef\xbf\xbd", true},      // U+FFFD
      {"\xf0\x90\x80\x80", true},  // U+10000
      {"\xf4\x8f\xbf\xbf", true},  // U+10FFFF
      {std::string(1, '\0'), false},
      {"\x0b", false},
      {"\x1f", false},
      {"\xed\xa0\x80", false},      // A surrogate
      {"\xef\xbf\xbe", false},      // U+FFFE
      {"\xef\xbf\xbf", false},      // U+FFFF
      {"\xf4\x90\x80\x80", false},  // Above U+10FFFF
      {"\xc0\xaf", false},          // Overlong
      {"\xe0\x80\xaf", false},
      {"\xf0\x80\x80\xaf", false},
      {"\x80", false},
      {"\xc3", false},
      {"\xe2\x82", false},
      {"\xf0\x9f\x98", false},
      {"\xff", false},
  };
  for (const auto& [text, legal] : cases) {
    for (const std::size_t before : {0u, 1u, 7u, 8u, 15u}) {
      for (const std::size_t behind : {0u, 9u}) {
        const std::string whole = std::string(before, 'x') + text + std::string(behind, 'y');
        EXPECT_EQ(is_message_text(whole), legal) << before << " " << behind << " " << escaped_json(text);
      }
    }
  }
}

TEST(Timestamp, both_forms_and_nothing_else) {
  EXPECT_EQ(parse_iso_basic("20150830T123600Z"), 1'440'938'160);
  EXPECT_EQ(parse_iso_basic("19700101T000000Z"), 0);
  EXPECT_EQ(parse_iso_basic("20240229T000000Z"), 1'709'164'800);
  for (const char* bad : {"", "20150830T123600", "2015-08-30T12:36:00Z", "20150230T000000Z", "20150830T240000Z",
                          "20150830T126000Z", "20150830X123600Z", "2015083aT123600Z", "20151330T123600Z"}) {
    EXPECT_EQ(parse_iso_basic(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_http_date("Sun, 30 Aug 2015 12:36:00 GMT"), 1'440'938'160);
  for (const char* bad : {"Sun, 30 Aug 2015 12:36:00 UTC", "Sun, 30 Agu 2015 12:36:00 GMT", "30 Aug 2015 12:36:00 GMT",
                          "Sun, 31 Feb 2015 12:36:00 GMT"}) {
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(iso_basic(1'440'938'160), "20150830T123600Z");
}

}  // namespace
}  // namespace switchyard::aws
