#include "plugins/aws/query_form.h"

#include <gtest/gtest.h>

namespace switchyard::aws {
namespace {

std::vector<std::string> prefixes(const QueryForm& form, std::string_view prefix, std::string_view name) {
  std::vector<FormElement> elements;
  form.elements(prefix, name, elements);
  std::vector<std::string> out;
  for (const FormElement& element : elements) out.emplace_back(element.prefix);
  return out;
}

TEST(QueryForm, finds_decoded_values) {
  QueryForm form;
  ASSERT_TRUE(form.parse("", "A=1&B=a+b%2B%26&Empty=&NoValue&C%20D=x"));
  EXPECT_EQ(form.find("", "A"), "1");
  EXPECT_EQ(form.find("", "B"), "a b+&");
  EXPECT_EQ(form.find("", "Empty"), "");
  EXPECT_EQ(form.find("", "NoValue"), "");
  EXPECT_EQ(form.find("", "C D"), "x");
  EXPECT_EQ(form.find("", "a"), std::nullopt);
  EXPECT_EQ(form.find("A", ""), "1") << "prefix and name are joined";
}

TEST(QueryForm, body_wins_over_the_query_and_the_first_of_two_wins) {
  QueryForm form;
  ASSERT_TRUE(form.parse("A=query&B=query", "A=first&A=second"));
  EXPECT_EQ(form.find("", "A"), "first");
  EXPECT_EQ(form.find("", "B"), "query");
}

TEST(QueryForm, elements_come_in_the_order_of_their_numbers) {
  QueryForm form;
  ASSERT_TRUE(form.parse("", "E.10.Id=ten&E.2.Id=two&E.1.Id=one&E.2.Body=b&Extra.1=x&E.x.Id=odd"));
  EXPECT_EQ(prefixes(form, "", "E"), (std::vector<std::string>{"E", "E.1", "E.2", "E.10"}));
  EXPECT_EQ(form.find("E.2", ".Id"), "two");
  EXPECT_EQ(form.structure("E.2", ""), "E.2.");
  EXPECT_EQ(form.find(form.structure("E.2", ""), "Body"), "b");
  EXPECT_EQ(form.structure("E.3", ""), "");
}

TEST(QueryForm, nested_lists_stay_in_their_element) {
  QueryForm form;
  ASSERT_TRUE(form.parse("", "E.1.A.1.Name=x&E.1.A.2.Name=y&E.10.A.1.Name=z&E.1.AB.1=no"));
  EXPECT_EQ(prefixes(form, "E.1.", "A"), (std::vector<std::string>{"E.1.A.1", "E.1.A.2"}));
  EXPECT_EQ(prefixes(form, "E.10.", "A"), (std::vector<std::string>{"E.10.A.1"}));
}

TEST(QueryForm, list_of_one_may_have_no_number) {
  QueryForm form;
  ASSERT_TRUE(form.parse("", "AttributeName=All&Attribute.Name=n&Attribute.Value=v"));
  EXPECT_EQ(prefixes(form, "", "AttributeName"), (std::vector<std::string>{"AttributeName"}));
  EXPECT_EQ(form.find("AttributeName", ""), "All");
  EXPECT_EQ(prefixes(form, "", "Attribute"), (std::vector<std::string>{"Attribute"}));
  EXPECT_EQ(form.find("Attribute", ".Value"), "v");
}

TEST(QueryForm, number_of_parameters_is_bounded) {
  QueryForm form;
  std::string text = "a=1";
  for (std::size_t i = 1; i < QueryForm::kMaxParameters; ++i) text += "&b" + std::to_string(i) + "=";
  EXPECT_TRUE(form.parse("", text));
  EXPECT_FALSE(form.parse("c=1", text));
  EXPECT_FALSE(form.parse("", std::string(QueryForm::kMaxParameters, '&')));
}

TEST(QueryForm, next_request_sees_nothing_of_the_one_before) {
  QueryForm form;
  ASSERT_TRUE(form.parse("", "A=1"));
  form.release();
  ASSERT_TRUE(form.parse("", "B=2"));
  EXPECT_EQ(form.find("", "A"), std::nullopt);
}

}  // namespace
}  // namespace switchyard::aws
