// Secret is text that is wiped from memory when it goes, and where secrets come from.
//
// A reference is `file:/absolute/path` or `credential:NAME` (systemd's LoadCredential folder); other
// text is the secret itself.  One line end at the end of a file is not part of the secret.
//
// Failure: the sentence names the key of the configuration and the file, never the content.
//
// Thread: plain values.
#pragma once
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace switchyard::account {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }
  // In constant time for texts of one length.
  bool equals(std::string_view other) const;

 private:
  std::string text_;
};

bool is_secret_reference(std::string_view text);
// The file that a reference names; it need not be there.
Result<std::string> secret_path(std::string_view key, std::string_view reference);
Result<Secret> read_secret_file(std::string_view key, const std::string& path);
// Reads what `text` refers to, or takes it as it is.  `key` is for the error.
Result<Secret> resolve_secret(std::string_view key, std::string_view text);

}  // namespace switchyard::account
