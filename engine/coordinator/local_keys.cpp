#include "engine/base/bytes.hpp"
#include "engine/coordinator/local_worker.hpp"

// How a local_coordinator uses its store: as the state of a handler named
// `coordinator` in group 0. Under the scope `key` each key has its revision and
// its session, 8 bytes each, then the value; under `revision` is the newest.

namespace troupe {

namespace {

constexpr auto handler = "coordinator";
constexpr auto key_scope = "key";
constexpr auto revision_scope = "revision";

std::string encode(const key_cell& cell) {
  auto out = std::string{};
  put(out, static_cast<std::uint64_t>(cell.changed));
  put(out, static_cast<std::uint64_t>(cell.under));
  return out + cell.value;
}

std::optional<key_cell> decode(std::string_view bytes) {
  auto in = byte_reader{bytes};
  auto out = key_cell{};
  out.changed = static_cast<revision>(in.take<std::uint64_t>());
  out.under = session_id{static_cast<std::int64_t>(in.take<std::uint64_t>())};
  out.value = in.rest();
  if (!in.ok() || out.changed <= 0) return {};
  return out;
}

error damaged(std::string_view name) {
  return {
    errc::corrupt, "the coordinator's key '" + std::string{name}
                     + "' is damaged; restore a copy of its folder"};
}

} // namespace

result<key_space> read_keys(const log_store& from) {
  auto out = key_space{};
  auto at = revision{1};
  auto fault = error{};
  auto read = from.scan_state(
    handler,
    [&](std::string_view scope, std::string_view name, std::string_view value) {
      auto in = byte_reader{value};
      auto cell = decode(value);
      if (scope == revision_scope)
        at = static_cast<revision>(in.take<std::uint64_t>());
      else if (cell)
        out.restore(std::string{name}, std::move(*cell));
      if (scope == revision_scope ? !in.ok() : !cell) fault = damaged(name);
    });
  if (!read) return read.error();
  if (fault.code != errc::none) return fault;
  out.restored(at);
  return out;
}

state_write stored_key(const key_space& space, const std::string& key) {
  const auto* cell = space.find(key);
  auto value = cell == nullptr ? std::optional<std::string>{} : encode(*cell);
  return {group_id{0}, {handler, key_scope, key, std::move(value)}};
}

state_write stored_revision(revision at) {
  auto value = std::string{};
  put(value, static_cast<std::uint64_t>(at));
  return {group_id{0}, {handler, revision_scope, {}, std::move(value)}};
}

} // namespace troupe
