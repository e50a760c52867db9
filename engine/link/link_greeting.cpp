#include "engine/link/link_greeting.hpp"

#include "engine/base/bytes.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::string_view magic = "troupe members\n";
constexpr std::size_t most_name = 255; // bytes

void put_identity(std::string& out, const member_identity& x) {
  put_text(out, x.cluster);
  put_text(out, x.member);
  put_text(out, x.store_id);
  put(out, x.incarnation);
}

/// Takes a name, which logs may show as it is.
std::string take_name(byte_reader& in) {
  auto text = in.take_text();
  auto is_odd = [](char x) { return static_cast<unsigned char>(x) < ' '; };
  if (text.size() > most_name || std::ranges::any_of(text, is_odd)) in.fail();
  return std::string{text};
}

member_identity take_identity(byte_reader& in) {
  auto made = member_identity{};
  made.cluster = take_name(in);
  made.member = take_name(in);
  made.store_id = take_name(in);
  made.incarnation = in.take<std::uint64_t>();
  return made;
}

error not_a_greeting() {
  return {
    errc::corrupt, "what came is no greeting of a Troupe member; check that "
                   "the address is a member's peer listener"};
}

std::string quoted(const std::string& x) { return "'" + x + "'"; }

std::optional<std::string>
find_fault(const member_identity& other, const admission& with) {
  const auto& self = with.self;
  if (other.cluster != self.cluster)
    return quoted(other.member) + " belongs to the cluster "
           + quoted(other.cluster) + ", not to " + quoted(self.cluster)
           + "; set cluster.name alike on all members";
  if (other.member == self.member)
    return "two members are called " + quoted(self.member)
           + "; give each node.name once";
  if (with.certificate && *with.certificate != other.member)
    return "the certificate is for " + quoted(*with.certificate)
           + ", but the member says it is " + quoted(other.member)
           + "; its common name has to be the member's name";
  if (other.store_id == self.store_id)
    return quoted(other.member) + " runs on a copy of the folder of "
           + quoted(self.member) + "; start it with an empty data_dir";
  for (const auto& [member, store] : with.stores) {
    if (member != other.member && store == other.store_id)
      return quoted(other.member) + " runs on a copy of the folder of "
             + quoted(member) + "; start it with an empty data_dir";
  }
  auto known = with.stores.find(other.member);
  if (!with.stores.empty() && known == with.stores.end())
    return quoted(other.member)
           + " is not registered as a member yet; if it "
             "does not come by itself, see `troupe cluster status`";
  if (known != with.stores.end() && known->second != other.store_id)
    return quoted(other.member)
           + " is registered with another folder; if it "
             "does not come by itself, see `troupe cluster status`";
  return {};
}

} // namespace

std::string encode(const link_hello& hello) {
  auto out = std::string{magic};
  put(out, hello.oldest);
  put(out, hello.newest);
  put_identity(out, hello.from);
  put_text(out, hello.to);
  return out;
}

std::string encode(const link_welcome& welcome) {
  auto out = std::string{magic};
  put(out, welcome.protocol);
  put_identity(out, welcome.from);
  put(out, welcome.credit);
  return out;
}

result<link_hello> decode_hello(std::string_view payload) {
  auto in = byte_reader{payload};
  if (in.take_bytes(magic.size()) != magic) return not_a_greeting();
  auto made = link_hello{};
  made.oldest = in.take<std::uint16_t>();
  made.newest = in.take<std::uint16_t>();
  made.from = take_identity(in);
  made.to = take_name(in);
  if (!in.ok()) return not_a_greeting();
  return made;
}

result<link_welcome> decode_welcome(std::string_view payload) {
  auto in = byte_reader{payload};
  if (in.take_bytes(magic.size()) != magic) return not_a_greeting();
  auto made = link_welcome{};
  made.protocol = in.take<std::uint16_t>();
  made.from = take_identity(in);
  made.credit = in.take<std::uint64_t>();
  if (!in.ok()) return not_a_greeting();
  return made;
}

std::optional<std::string>
find_fault(const link_hello& hello, const admission& with) {
  if (auto fault = find_fault(hello.from, with)) return fault;
  if (
    hello.newest < oldest_link_protocol || hello.oldest > newest_link_protocol)
    return quoted(hello.from.member) + " speaks the members' protocol "
           + std::to_string(hello.oldest) + " to "
           + std::to_string(hello.newest) + ", " + quoted(with.self.member)
           + " " + std::to_string(oldest_link_protocol) + " to "
           + std::to_string(newest_link_protocol) + "; upgrade the older one";
  if (!hello.to.empty() && hello.to != with.self.member)
    return quoted(hello.from.member) + " looks for " + quoted(hello.to)
           + " where " + quoted(with.self.member)
           + " listens; check cluster.listen of both";
  return {};
}

std::optional<std::string> find_fault(
  const link_welcome& welcome, const std::string& to, const admission& with) {
  if (auto fault = find_fault(welcome.from, with)) return fault;
  if (
    welcome.protocol < oldest_link_protocol
    || welcome.protocol > newest_link_protocol)
    return quoted(to) + " answers in the members' protocol "
           + std::to_string(welcome.protocol)
           + ", which was not offered; upgrade the older member";
  if (!to.empty() && welcome.from.member != to)
    return quoted(welcome.from.member) + " listens where " + quoted(to)
           + " should; check cluster.listen of both";
  return {};
}

} // namespace troupe
