#include "engine/source/batch_cutter.hpp"

#include <utility>

namespace troupe {

result<cut_batch> batch_cutter::cut(std::string_view& input) {
  return gather(&input);
}

result<cut_batch> batch_cutter::finish() { return gather(nullptr); }

result<cut_batch> batch_cutter::gather(std::string_view* input) {
  auto first = place_.number + 1;
  if (large_) add(*std::exchange(large_, std::nullopt));
  while (!builder_.is_full()) {
    auto made = input ? cutter_.cut(*input) : cutter_.finish();
    if (!made && builder_.empty()) return made.error();
    if (!made || !*made) break; // the cutter keeps a fault for the next time
    if ((*made)->body.size() > batch::most_bytes && !builder_.empty()) {
      large_ = **made;
      break;
    }
    add(**made);
  }
  return cut_batch{builder_.take(), first, place_};
}

void batch_cutter::add(const record& from) {
  auto key = std::string_view{};
  if (key_) key = key_(message{{}, {}, {}, from.body}, scratch_);
  builder_.add(message{{}, key, {}, from.body});
  place_ = {from.end, from.number};
}

} // namespace troupe
