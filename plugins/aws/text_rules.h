// Which texts a message may carry: valid UTF-8 of the code points that XML 1.0 can hold.
//
// Failure: false names no place; callers say which parameter it was.
// Thread: pure functions.
#pragma once
#include <string_view>

namespace switchyard::aws {

// #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD #x10000-#x10FFFF, well-formed.
bool is_message_text(std::string_view text);

}  // namespace switchyard::aws
