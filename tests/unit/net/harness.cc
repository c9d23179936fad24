#include "harness.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

namespace switchyard::net::test {

std::string describe(const HttpRequest& request) {
  std::string text = "method=" + std::string(request.method) + "\ntarget=" + std::string(request.target) +
                     "\npath=" + std::string(request.path) + "\nquery=" + std::string(request.query) +
                     "\nversion=" + std::to_string(request.version) + "\nhost=" + std::string(request.host) + "\n";
  for (const auto& header : request.headers) {
    text += "header " + std::string(header.name) + "=" + std::string(header.value) + "\n";
  }
  return text + "body=" + std::string(request.body);
}

void ScriptedHandler::handle(const HttpRequest& request, HttpExchange exchange) {
  if (script) return script(request, exchange);
  exchange.respond(200, {}, describe(request));
}

TestServer::TestServer(ServerSettings settings) : lanes(clock, settings.lanes) {
  handler.script = std::move(settings.script);
  server = std::make_unique<HttpServer>(lanes, handler, std::move(settings.options));
  lanes.start();
  ListenOptions listen;
  listen.address = settings.address;
  listen.tls = settings.tls;
  auto bound = server->listen(listen);
  if (!bound) throw std::runtime_error(bound.error().message);
  listening = *bound;
}

TestServer::~TestServer() {
  server.reset();
  lanes.stop();
}

void TestServer::advance_ms(std::int64_t ms) {
  turn();
  clock.advance_ms(ms);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i].kick();
  turn();
}

void TestServer::turn() {
  lanes.run_on_all([](Lane&) {});
}

bool TestServer::eventually(const std::function<bool()>& reached) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kWaitMs);
  while (!reached()) {
    if (std::chrono::steady_clock::now() > until) return false;
    turn();
  }
  return true;
}

std::uint64_t TestServer::rejected(Reject reason) const {
  return server->stats().rejected[static_cast<std::size_t>(reason)];
}

std::string Answer::header(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name)) {
      return std::string(line.substr(colon + 2));
    }
    at = end;
  }
  return "";
}

Client::Client(const TestServer& server) : Client(server.listening.address) {}

Client::Client(const std::string& address) {
  int connected;
  if (address.starts_with("unix:")) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, address.c_str() + 5, sizeof to.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else if (address.starts_with('[')) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_addr = in6addr_loopback;
    to.sin6_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    fd_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (connected != 0) throw std::runtime_error("connect to " + address + ": " + std::strerror(errno));
}

Client::~Client() { close(); }

void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Client::close_write() { ::shutdown(fd_, SHUT_WR); }

void Client::reset() {
  const linger hard{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool Client::fill() {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, kWaitMs) <= 0) return false;
  char chunk[65536];
  const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

Answer Client::read_answer(bool to_head) {
  Answer answer;
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return answer;
  }
  answer.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::stoi(answer.head.substr(9, 3));
  const std::string length = answer.header("content-length");
  const std::size_t wanted = to_head || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < wanted) {
    if (!fill()) return {};
  }
  answer.body = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  return answer;
}

std::string Client::read_all() {
  while (fill()) continue;
  return std::exchange(buffer_, {});
}

bool Client::closed_by_peer() {
  pollfd wait{fd_, POLLIN, 0};
  if (!buffer_.empty() || ::poll(&wait, 1, kWaitMs) <= 0) return false;
  char byte;
  return ::recv(fd_, &byte, 1, MSG_PEEK) <= 0;
}

std::string post(std::string_view path, std::string_view body, std::string_view extra_headers) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(extra_headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string get(std::string_view path, std::string_view extra_headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(extra_headers) + "\r\n";
}

}  // namespace switchyard::net::test
