#include "engine/cluster/group_record.hpp"

#include "engine/base/id_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace troupe::cluster {

namespace {

bool read_hex(std::string_view digits, std::uint64_t& into) {
  auto end = digits.data() + digits.size();
  auto [at, failure] = std::from_chars(digits.data(), end, into, 16);
  return failure == std::errc{} && at == end;
}

} // namespace

std::string member_text(member_id member) {
  return member == nobody ? "nobody" : id_text(member);
}

bool contains(const std::vector<member_id>& all, member_id member) {
  return std::ranges::find(all, member) != all.end();
}

result<store_id> parse_store_id(std::string_view text) {
  auto id = store_id{};
  if (
    text.size() == 32 && read_hex(text.substr(0, 16), id.high)
    && read_hex(text.substr(16), id.low))
    return id;
  return error{
    errc::bad_input, "a store id has 32 hex digits; check the record or start "
                     "the member with the store it was made with"};
}

std::string to_string(store_id id) {
  char text[33];
  std::snprintf(
    text, sizeof text, "%016llx%016llx",
    static_cast<unsigned long long>(id.high),
    static_cast<unsigned long long>(id.low));
  return text;
}

std::string to_string(log_mark mark) {
  return std::to_string(mark.epoch) + ':' + std::to_string(mark.index);
}

std::string to_string(record_cause cause) {
  switch (cause) {
    case record_cause::creation: return "creation";
    case record_cause::failover: return "failover";
    case record_cause::move: return "move";
    case record_cause::resignation: return "resignation";
    case record_cause::shrink: return "shrink";
    case record_cause::expand: return "expand";
    case record_cause::removal: return "removal";
    case record_cause::operation: return "operation";
  }
  return "unknown";
}

bool group_record::has(member_id member) const {
  return contains(replicas, member) || contains(adding, member)
         || find_in_sync(member);
}

bool group_record::is_removing(member_id member) const {
  return contains(removing, member);
}

const in_sync_member* group_record::find_in_sync(member_id member) const {
  auto found = std::ranges::find(in_sync, member, &in_sync_member::member);
  return found == in_sync.end() ? nullptr : &*found;
}

bool group_record::is_in_sync(member_id member, store_id store) const {
  auto found = find_in_sync(member);
  return found && found->store == store;
}

} // namespace troupe::cluster
