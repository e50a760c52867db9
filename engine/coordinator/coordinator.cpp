#include "engine/coordinator/coordinator.hpp"

#include <set>
#include <string_view>

namespace troupe {

namespace {

using limits = coordinator_limits;

error bad(std::string text) { return {errc::bad_input, std::move(text)}; }

error check_key(const std::string& key) {
  if (key.empty()) return bad("a key is empty; give each key a name");
  if (key.size() <= limits::most_key_bytes) return {};
  return bad(
    "a key has " + std::to_string(key.size()) + " bytes; at most "
    + std::to_string(limits::most_key_bytes) + " are taken");
}

error check_count(std::size_t count, std::size_t most, const char* what) {
  if (count <= most) return {};
  return bad(
    "a txn has " + std::to_string(count) + " " + what + "; at most "
    + std::to_string(most) + " are taken, so send several");
}

error check_bytes(const txn_request& what) {
  auto bytes = std::size_t{0};
  for (const auto& x : what.expects) bytes += x.key.size();
  for (const auto& x : what.puts) bytes += x.key.size() + x.value.size();
  for (const auto& x : what.erases) bytes += x.size();
  if (bytes <= limits::most_txn_bytes) return {};
  return bad(
    "a txn has " + std::to_string(bytes) + " bytes; at most "
    + std::to_string(limits::most_txn_bytes) + " are taken, so send several");
}

error check_written(
  const std::string& key, std::set<std::string_view>& written) {
  if (auto fault = check_key(key); fault.code != errc::none) return fault;
  if (written.insert(key).second) return {};
  return bad(
    "the key '" + key + "' is written twice in one txn; write it once");
}

} // namespace

std::string to_string(txn_outcome outcome) {
  switch (outcome) {
    case txn_outcome::done: return "done";
    case txn_outcome::conflict: return "conflict";
    case txn_outcome::unknown: return "unknown";
    case txn_outcome::refused: return "refused";
  }
  return "unknown";
}

error check(const txn_request& what) {
  auto fault =
    check_count(what.expects.size(), limits::most_expects, "expectations");
  if (fault.code == errc::none)
    fault = check_count(
      what.puts.size() + what.erases.size(), limits::most_writes, "writes");
  if (fault.code == errc::none) fault = check_bytes(what);
  if (fault.code != errc::none) return fault;
  for (const auto& x : what.expects)
    if (fault = check_key(x.key); fault.code != errc::none) return fault;
  auto written = std::set<std::string_view>{};
  for (const auto& x : what.puts)
    if (fault = check_written(x.key, written); fault.code != errc::none)
      return fault;
  for (const auto& x : what.erases)
    if (fault = check_written(x, written); fault.code != errc::none)
      return fault;
  return {};
}

error check_prefix(const std::string& prefix) {
  if (prefix.empty()) return {}; // all keys
  return check_key(prefix);
}

txn_answer refused_txn(std::string why) {
  return {txn_outcome::refused, 0, {}, std::move(why)};
}

txn_answer unknown_txn(std::string why) {
  return {txn_outcome::unknown, 0, {}, std::move(why)};
}

} // namespace troupe
