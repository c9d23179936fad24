#include "kernel/plugin/elf.h"

#include <elf.h>

#include <cstring>
#include <optional>

namespace switchyard::plugin {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kMachine = EM_RISCV;
#else
#error "name this machine's ELF number here"
#endif

// Copies out of the file, so that neither alignment nor a lying offset matters.
class Image {
 public:
  explicit Image(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::optional<std::string_view> range(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) return std::nullopt;
    return bytes_.substr(offset, size);
  }

 private:
  std::string_view bytes_;
};

std::optional<std::string> text_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return std::nullopt;
  const auto end = table.find('\0', offset);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(table.substr(offset, end - offset));
}

struct Section {
  Elf64_Shdr header;
  std::string_view content;
  std::string_view strings;  // Of the linked string table, when there is one.
};

std::optional<Section> find_section(const Image& image, const Elf64_Ehdr& head, Elf64_Word type) {
  const auto section = [&](std::uint64_t index) {
    return index < head.e_shnum ? image.at<Elf64_Shdr>(head.e_shoff + index * sizeof(Elf64_Shdr)) : std::nullopt;
  };
  for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
    const auto header = section(i);
    if (!header || header->sh_type != type) continue;
    const auto content = image.range(header->sh_offset, header->sh_size);
    const auto linked = section(header->sh_link);
    if (!content || !linked || linked->sh_type != SHT_STRTAB) return std::nullopt;
    const auto strings = image.range(linked->sh_offset, linked->sh_size);
    if (!strings) return std::nullopt;
    return Section{*header, *content, *strings};
  }
  return std::nullopt;
}

bool read_symbols(const Section& symbols, ElfFacts& facts) {
  const Image table(symbols.content);
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols.content.size(); at += sizeof(Elf64_Sym)) {
    const auto symbol = *table.at<Elf64_Sym>(at);
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || binding == STB_LOCAL) continue;
    if (ELF64_ST_VISIBILITY(symbol.st_other) != STV_DEFAULT && ELF64_ST_VISIBILITY(symbol.st_other) != STV_PROTECTED) {
      continue;
    }
    auto name = text_at(symbols.strings, symbol.st_name);
    if (!name) return false;
    if (binding == STB_GNU_UNIQUE) facts.unique.push_back(*name);
    facts.exported.push_back(std::move(*name));
  }
  return true;
}

bool read_dynamic(const Section& dynamic, ElfFacts& facts) {
  const Image table(dynamic.content);
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.content.size(); at += sizeof(Elf64_Dyn)) {
    const auto entry = *table.at<Elf64_Dyn>(at);
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_BIND_NOW) facts.bind_now = true;
    if (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_BIND_NOW) != 0) facts.bind_now = true;
    if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_NOW) != 0) facts.bind_now = true;
    if (entry.d_tag != DT_NEEDED) continue;
    auto name = text_at(dynamic.strings, entry.d_un.d_val);
    if (!name) return false;
    facts.needed.push_back(std::move(*name));
  }
  return true;
}

// No PT_GNU_STACK at all means that the loader makes the stack executable, too.
bool has_executable_stack(const Image& image, const Elf64_Ehdr& head) {
  for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
    const auto segment = image.at<Elf64_Phdr>(head.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment && segment->p_type == PT_GNU_STACK) return (segment->p_flags & PF_X) != 0;
  }
  return true;
}

}  // namespace

Result<ElfFacts> read_elf(std::string_view bytes, std::string_view path) {
  const auto refuse = [path](std::string_view what) {
    return Error{Code::invalid, std::string(path) + " " + std::string(what)};
  };
  const Image image(bytes);
  const auto head = image.at<Elf64_Ehdr>(0);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) {
    return refuse("is not a shared object; name the .so file that the plugin's build makes");
  }
  if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB || head->e_machine != kMachine) {
    return refuse("was built for another kind of machine; build it for this one");
  }
  if (head->e_type != ET_DYN) return refuse("is not a shared object; link it with -shared");
  if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_phentsize != sizeof(Elf64_Phdr)) {
    return refuse("is damaged or was stripped of its section table; install it again");
  }
  const auto symbols = find_section(image, *head, SHT_DYNSYM);
  const auto dynamic = find_section(image, *head, SHT_DYNAMIC);
  ElfFacts facts;
  if (!symbols || !dynamic || !read_symbols(*symbols, facts) || !read_dynamic(*dynamic, facts)) {
    return refuse("is damaged or was stripped of its section table; install it again");
  }
  facts.executable_stack = has_executable_stack(image, *head);
  return facts;
}

}  // namespace switchyard::plugin
