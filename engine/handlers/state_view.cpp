#include "engine/handlers/state_view.hpp"

namespace troupe {

std::optional<std::string> state_view::get(
  std::uint16_t partition, const std::string& scope, std::string_view name) {
  auto found = pending_.find({scope, std::string{name}});
  if (found != pending_.end()) return found->second.value;
  return stage_->read_state(partition, scope, name);
}

void state_view::apply(
  const std::vector<state_change>& changes, std::uint64_t number) {
  for (const auto& x : changes)
    pending_.insert_or_assign({x.scope, x.name}, pending{x.value, number});
}

void state_view::on_settled(std::uint64_t number) {
  std::erase_if(
    pending_, [&](const auto& x) { return x.second.number <= number; });
}

} // namespace troupe
