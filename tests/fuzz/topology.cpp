// Any bytes as stored exchanges, queues and bindings: key and value, one record
// after another. What reads is written the same; what comes of the records does
// not depend on their order; everything in it can be routed through and taken
// down.

#include "engine/routing/topology.hpp"

#include "engine/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

using namespace troupe;

namespace {

using records = std::map<std::string, std::string, std::less<>>;

void require(bool claim) {
  if (!claim) std::abort();
}

/// Cuts the input: a byte for the key's length, two for the value's. Each key
/// counts once.
records cut(std::string_view input) {
  auto all = records{};
  auto from = byte_reader{input};
  while (from.ok() && !from.at_end()) {
    auto key = from.take_bytes(from.take<std::uint8_t>());
    auto value = from.take_bytes(from.take<std::uint16_t>());
    if (from.ok()) all.emplace(key, value);
  }
  return all;
}

/// What was read and is written reads back as the same.
void check_record(const std::string& key, const std::string& value) {
  auto read = read_record(key, value);
  if (!read) return;
  auto written = keeping("/", *read);
  require(written.key == key);
  auto again = read_record(key, *written.value);
  require(again.has_value() && keeping("/", *again) == written);
}

/// Everything by its name, to compare.
std::set<std::string> names_in(const topology& of) {
  auto all = std::set<std::string>{};
  auto now = of.snapshot();
  now->for_each_exchange(
    "/", [&](const exchange& x) { all.insert(record_key(x.declared())); });
  now->for_each_queue(
    "/", [&](const routed_queue& x) { all.insert("queue/" + x.name); });
  for (const auto& x : of.bindings("/")) {
    all.insert(record_key(*x));
    require(now->find_exchange("/", x->source) != nullptr);
  }
  return all;
}

void route_through_all(const topology& in) {
  auto now = in.snapshot();
  auto found = route_result{};
  now->for_each_exchange("/", [&](const exchange& x) {
    found.clear();
    x.route(*now, message{x.name(), "a.b", "", "body"}, found);
    for (const auto* to : found.queues)
      require(now->find_queue("/", to->name) == to);
  });
}

template <class Records>
void restore(topology& to, const Records& from, bool is_backward) {
  to.add_vhost("/");
  auto put = [&](const auto& x) { (void)to.restore("/", x.first, x.second); };
  if (is_backward)
    for (auto x = from.rbegin(); x != from.rend(); ++x) put(*x);
  else
    for (const auto& x : from) put(x);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n) {
  auto all = cut({reinterpret_cast<const char*>(data), n});
  for (const auto& [key, value] : all) check_record(key, value);
  auto forward = topology{};
  auto backward = topology{};
  restore(forward, all, false);
  restore(backward, all, true);
  require(names_in(forward) == names_in(backward));
  route_through_all(forward);
  forward.drop_vhost("/");
  require(!forward.snapshot()->has_vhost("/"));
  require(forward.bindings("/").empty());
  return 0;
}
