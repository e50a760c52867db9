// Whatever an etcd's gateway sends: nothing may crash, and what is taken for
// an answer fits the question.
// sources: engine/coordinator/etcd_answers.cpp
// sources: engine/coordinator/etcd_requests.cpp

#include "engine/coordinator/etcd_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace troupe;

namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

void look_at_range(std::string_view text) {
  auto read = parse_range(text, "t/");
  if (!read) return;
  require(read->range.at >= 1);
  for (const auto& x : read->range.values) {
    require(x.key.compare(0, 2, "t/") == 0);
    require(x.changed >= 1 && x.changed <= read->range.at);
  }
}

void look_at_watch(std::string_view text) {
  auto read = parse_watch_line(text, "t/", 5);
  if (!read) return;
  auto last = revision{6};
  for (const auto& x : read->changes) {
    require(x.key.compare(0, 2, "t/") == 0);
    require(x.at >= last);
    last = x.at;
  }
}

void look_at_txn(std::string_view text) {
  auto asked = txn_request{{{"a", 3}, {"b", 0}}, {{"c", "1"}}, {}, {}};
  auto read = parse_txn(text, asked);
  if (!read) return;
  require(read->answer.current.size() <= asked.expects.size());
  for (const auto& x : read->answer.current)
    require(x.key == "a" || x.key == "b");
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  auto text = std::string_view{reinterpret_cast<const char*>(bytes), n};
  look_at_range(text);
  look_at_watch(text);
  look_at_txn(text);
  parse_lease(text);
  parse_members(text);
  require(parse_failure(text).message.size() <= 200);
  return 0;
}
