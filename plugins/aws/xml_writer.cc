#include "plugins/aws/xml_writer.h"

#include <array>

namespace switchyard::aws {
namespace {

constexpr std::array<bool, 256> special() {
  std::array<bool, 256> table{};
  for (const unsigned char c : {'<', '>', '&', '"', '\r'}) table[c] = true;
  return table;
}
constexpr auto kSpecial = special();

std::string_view entity(char c) {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    default:
      return "&#xD;";
  }
}

}  // namespace

void append_xml_escaped(std::string& out, std::string_view text) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!kSpecial[static_cast<unsigned char>(text[i])]) continue;
    out.append(text, begin, i - begin);
    out += entity(text[i]);
    begin = i + 1;
  }
  out.append(text, begin, text.size() - begin);
}

}  // namespace switchyard::aws
