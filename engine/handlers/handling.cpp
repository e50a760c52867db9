#include "engine/handlers/handling.hpp"

#include "engine/delivery/positions.hpp"

#include <stdexcept>

namespace troupe {

handling::handling(
  const stage& of, state_view& view, const loaned_run& run, std::uint32_t index)
  : stage_{&of},
    view_{&view},
    message_{run[index]},
    at_{run.at + index},
    attempt_{run.attempt},
    published_at_{run.published_at} {
  if (!of.key) return;
  auto scratch = std::string{};
  key_ = of.key(message_, scratch);
}

void handling::emit(std::string_view output, draft message) {
  auto full = stage_->name;
  if (!output.empty()) full.append(".").append(output);
  if (!stage_->outputs.contains(full))
    throw std::invalid_argument{
      "nothing reads the output '" + full
      + "': name it in the `inputs` of a sink, router or handler"};
  emits_.emplace_back(std::move(full), std::move(message));
}

troupe::state& handling::state() {
  if (!stage_->key && !stage_->is_alone)
    throw std::logic_error{
      "handler '" + stage_->name
      + "' keeps state, so its queue needs an `order`, or the handler "
        "`threads = 1`"};
  return *this;
}

std::optional<std::string> handling::get(std::string_view name) {
  for (auto x = changes_.rbegin(); x != changes_.rend(); ++x)
    if (x->name == name) return x->value;
  return view_->get(partition_of(at_), key_, name);
}

void handling::put(std::string_view name, std::string value) {
  change(name, std::move(value));
}

void handling::erase(std::string_view name) { change(name, std::nullopt); }

void handling::change(std::string_view name, std::optional<std::string> value) {
  for (auto& x : changes_)
    if (x.name == name) {
      x.value = std::move(value);
      return;
    }
  changes_.push_back({stage_->name, key_, std::string{name}, std::move(value)});
}

} // namespace troupe
