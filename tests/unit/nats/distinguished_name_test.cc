#include "plugins/nats/distinguished_name.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

TEST(DistinguishedName, order_spaces_and_the_case_of_types_do_not_matter) {
  const auto name = canonical_dn("CN=client,OU=ops,O=Example Org");
  ASSERT_TRUE(name);
  EXPECT_EQ(canonical_dn("O=Example Org, OU=ops, CN=client"), name);
  EXPECT_EQ(canonical_dn("o = Example Org ,ou= ops,cn=client"), name);
  EXPECT_NE(canonical_dn("CN=Client,OU=ops,O=Example Org"), name);
  EXPECT_NE(canonical_dn("CN=client,OU=ops"), name);
  EXPECT_NE(canonical_dn("CN=client,OU=ops,OU=ops,O=Example Org"), name);
}

TEST(DistinguishedName, values_cannot_be_mistaken_for_structure) {
  EXPECT_EQ(canonical_dn(R"(CN=a\,b)"), canonical_dn(R"(CN=a\2Cb)"));
  EXPECT_NE(canonical_dn(R"(CN=a\,O=b)"), canonical_dn("CN=a,O=b"));
  EXPECT_NE(canonical_dn("CN=a+O=b"), canonical_dn("CN=a,O=b"));
  EXPECT_EQ(canonical_dn("CN=a+O=b"), canonical_dn("O=b+CN=a"));
  EXPECT_NE(canonical_dn(R"(CN=a\ )"), canonical_dn("CN=a "));
  EXPECT_EQ(canonical_dn("CN=a "), canonical_dn("CN=a"));
  EXPECT_TRUE(canonical_dn("CN="));
}

TEST(DistinguishedName, other_text_is_none) {
  for (const auto* text : {"", "user", "=a", "C N=a", "CN=a,", "CN=a,b", "CN=a\\", ",CN=a", "a@b=c"}) {
    EXPECT_FALSE(canonical_dn(text)) << text;
  }
  EXPECT_FALSE(canonical_dn("CN=" + std::string(5000, 'a')));
}

}  // namespace
}  // namespace switchyard::nats
