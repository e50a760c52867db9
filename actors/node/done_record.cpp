#include "actors/node/done_record.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t most_failure_bytes = 4096;

error not_a_done_record(std::string_view key, const std::string& why) {
  return {
    errc::corrupt,
    "the coordinator's key '" + std::string{key} + "' is damaged: " + why
      + "; erase it, since it only says that an earlier run is done"};
}

} // namespace

std::string done_key(std::string_view prefix) {
  return std::string{prefix} + "done";
}

std::string encode(const done_record& record) {
  auto runs = json::object{};
  for (const auto& [member, incarnation] : record.runs)
    runs[member] = incarnation;
  return json::serialize(json::object{
    {"runs", std::move(runs)},
    {"failure", record.failure.substr(0, most_failure_bytes)}});
}

result<done_record> decode_done(std::string_view key, std::string_view text) {
  auto options = json::parse_options{};
  options.max_depth = 4;
  options.allow_invalid_utf8 = true; // a failure may name any file
  try {
    auto root = json::parse({text.data(), text.size()}, {}, options);
    auto made = done_record{};
    for (const auto& [member, x] : root.at("runs").as_object())
      made.runs[member] = x.to_number<std::uint64_t>();
    made.failure = root.at("failure").as_string();
    return made;
  } catch (const std::exception& e) {
    return not_a_done_record(key, e.what());
  }
}

} // namespace troupe
