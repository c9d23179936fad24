// Distinguished names of certificates, made comparable.
//
// A user name of the configuration may be the subject of a certificate, and people write its parts in either
// order: two texts of RFC 4514 name the same subject when they have the same canonical form.
//
// Failure: nothing for text that is no distinguished name, or longer than 4 KiB.
// Thread: pure function.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::nats {

// Types in upper case, values unescaped, parts sorted.  For comparing only.
std::optional<std::string> canonical_dn(std::string_view text);

}  // namespace switchyard::nats
