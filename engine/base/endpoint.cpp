#include "engine/base/endpoint.hpp"

#include <charconv>

namespace troupe {

namespace {

constexpr std::size_t longest_host = 255;

error bad_endpoint(std::string_view text, const std::string& why) {
  return {
    errc::bad_config, "'" + std::string{text} + "' is no address to listen on: "
                        + why + "; write it like 127.0.0.1:5672 or [::1]:5672"};
}

bool is_host(std::string_view host, bool has_brackets) {
  if (host.empty() || host.size() > longest_host) return false;
  for (auto c : host) {
    auto is_bracket = c == '[' || c == ']' || c == '/';
    if (c <= ' ' || c == 127 || is_bracket) return false;
    if (c == ':' && !has_brackets) return false;
  }
  return !has_brackets || host.find(':') != std::string_view::npos;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto* end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data(), end, port);
  return fault == std::errc{} && stop == end;
}

} // namespace

result<endpoint> parse_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return bad_endpoint(text, "the port is missing");
  auto out = endpoint{};
  if (!parse_port(text.substr(colon + 1), out.port))
    return bad_endpoint(text, "the port has to be a number from 0 to 65535");
  auto host = text.substr(0, colon);
  auto has_brackets =
    host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (!is_host(host, has_brackets))
    return bad_endpoint(text, "what stands before the port is no host");
  out.host = host;
  return out;
}

std::string to_string(const endpoint& at) {
  auto is_v6 = at.host.find(':') != std::string::npos;
  auto host = is_v6 ? "[" + at.host + "]" : at.host;
  return host + ":" + std::to_string(at.port);
}

} // namespace troupe
