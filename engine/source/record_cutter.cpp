#include "engine/source/record_cutter.hpp"

#include <algorithm>

namespace troupe {

record_cutter::record_cutter(record_kind kind, std::uint64_t max_record)
  : cutter_{make(kind, std::min(max_record, longest_record))} {}

record_cutter::any_cutter
record_cutter::make(record_kind kind, std::uint64_t max_record) {
  switch (kind) {
    case record_kind::ndjson: return line_cutter{blank_lines::skip, max_record};
    case record_kind::json: return json_cutter{max_record};
    case record_kind::csv: return csv_cutter{max_record};
    default: return line_cutter{blank_lines::keep, max_record};
  }
}

bool record_cutter::can_resume() const {
  auto* csv = std::get_if<csv_cutter>(&cutter_);
  return !csv || csv->has_header();
}

void record_cutter::resume(const source_place& at) {
  std::visit([&](auto& x) { x.resume(at); }, cutter_);
}

result<std::optional<record>> record_cutter::cut(std::string_view& input) {
  if (fault_.code != errc::none) return fault_;
  return note(std::visit([&](auto& x) { return x.cut(input); }, cutter_));
}

result<std::optional<record>> record_cutter::finish() {
  if (fault_.code != errc::none) return fault_;
  return note(std::visit([](auto& x) { return x.finish(); }, cutter_));
}

result<std::optional<record>>
record_cutter::note(result<std::optional<record>> made) {
  if (!made) fault_ = made.error();
  return made;
}

} // namespace troupe
