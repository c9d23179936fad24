#include "kernel/bus/interest.h"

#include "kernel/bus/subject.h"

namespace switchyard::bus {

struct PatternTree::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, KeyHash, std::equal_to<>> tokens;
  std::unique_ptr<Node> any;   // '*'
  std::unique_ptr<Node> tail;  // '>'
  Interest interest;           // In the pattern that ends here.

  bool empty() const { return interest.empty() && tokens.empty() && !any && !tail; }
  Node* child(std::string_view token) const {
    if (token == "*") return any.get();
    if (token == ">") return tail.get();
    const auto found = tokens.find(token);
    return found == tokens.end() ? nullptr : found->second.get();
  }
  Node* make(std::string_view token) {
    auto& slot = token == "*" ? any : token == ">" ? tail : tokens[std::string(token)];
    if (!slot) slot = std::make_unique<Node>();
    return slot.get();
  }
  void drop(std::string_view token) {
    if (token == "*") {
      any.reset();
    } else if (token == ">") {
      tail.reset();
    } else {
      tokens.erase(tokens.find(token));
    }
  }
};

PatternTree::PatternTree() : root_(std::make_unique<Node>()) {}
PatternTree::~PatternTree() = default;

bool PatternTree::empty() const { return root_->empty(); }

PatternTree::Node* PatternTree::walk(std::string_view pattern, bool make) {
  Node* node = root_.get();
  for (bool more = true; more && node != nullptr;) {
    const auto token = next_token(pattern, more);
    Node* next = node->child(token);
    node = next == nullptr && make ? node->make(token) : next;
  }
  return node;
}

Interest& PatternTree::at(std::string_view pattern) { return walk(pattern, true)->interest; }

Interest* PatternTree::find(std::string_view pattern) {
  Node* node = walk(pattern, false);
  return node == nullptr || node->interest.empty() ? nullptr : &node->interest;
}

void PatternTree::prune(std::string_view pattern) { prune(*root_, pattern, true); }

// True when `node` holds nothing any more.
bool PatternTree::prune(Node& node, std::string_view rest, bool more) {
  if (more) {
    const auto token = next_token(rest, more);
    Node* child = node.child(token);
    if (child != nullptr && prune(*child, rest, more)) node.drop(token);
  }
  return node.empty();
}

void PatternTree::match(std::string_view subject, const std::function<void(Interest&)>& visit) const {
  match(*root_, subject, true, visit);
}

// As deep as the subject has tokens, and no pattern is deeper than a control line is long.
void PatternTree::match(const Node& node, std::string_view rest, bool more,
                        const std::function<void(Interest&)>& visit) {
  if (!more) {
    if (!node.interest.empty()) visit(const_cast<Interest&>(node.interest));
    return;
  }
  if (node.tail) visit(node.tail->interest);
  const auto token = next_token(rest, more);
  if (const auto found = node.tokens.find(token); found != node.tokens.end()) match(*found->second, rest, more, visit);
  if (node.any) match(*node.any, rest, more, visit);
}

}  // namespace switchyard::bus
