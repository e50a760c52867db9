#include "engine/source/source_progress.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace {

/// The one description of the format.
template <class Progress, class Visitor>
void fields(Progress& x, Visitor visit) {
  visit("offset", x.at.offset);
  visit("number", x.at.number);
  visit("head_bytes", x.head_bytes);
  visit("head_hash", x.head_hash);
}

} // namespace

std::string encode(const source_progress& progress) {
  auto made = boost::json::object{};
  fields(progress, [&](auto name, auto value) { made[name] = value; });
  return boost::json::serialize(made);
}

result<source_progress> decode_progress(std::string_view text) {
  auto failed = boost::json::error_code{};
  auto read = boost::json::parse({text.data(), text.size()}, failed);
  auto made = source_progress{};
  auto is_good = !failed && read.is_object() && read.get_object().size() == 4;
  fields(made, [&](auto name, auto& value) {
    boost::json::value* found = nullptr;
    if (is_good) found = read.get_object().if_contains(name);
    is_good = found != nullptr;
    if (!found) return;
    value = found->to_number<std::uint64_t>(failed);
    is_good = !failed;
  });
  if (is_good && made.head_bytes <= source_progress::longest_head) return made;
  return error{errc::corrupt, "the stored progress of a source is damaged"};
}

} // namespace troupe
