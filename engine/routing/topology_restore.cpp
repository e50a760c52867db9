#include "engine/routing/plain_value.hpp"
#include "engine/routing/topology.hpp"

namespace troupe {

result<> topology::restore(
  const std::string& vhost, std::string_view key, std::string_view value) {
  auto read = read_record(key, value);
  if (!read) return read.error();
  make_vhost(vhost);
  if (auto* declared = std::get_if<exchange_declaration>(&*read)) {
    auto settings = read_exchange(*declared, vhost);
    if (!settings)
      return error{
        errc::corrupt, "the stored exchange '" + declared->name
                         + "' makes no sense: " + settings.error().text};
    restore(vhost, *declared, std::move(*settings));
  } else if (auto* queue = std::get_if<stored_queue>(&*read)) {
    restore(vhost, *queue);
  } else if (auto* bound = std::get_if<binding>(&*read)) {
    restore(vhost, *bound);
  }
  publish();
  return {};
}

void topology::restore(const std::string& vhost, const binding& stored) {
  if (!exchange_at(vhost, stored.source)) {
    waiting_.insert({{vhost, binding::kind::exchange, stored.source}, stored});
    return;
  }
  if (!check_ends(vhost, stored)) {
    waiting_.insert({{vhost, stored.to, stored.destination}, stored});
    return;
  }
  auto made = stored;
  made.arguments = sorted(std::move(made.arguments));
  auto type = exchange_at(vhost, made.source)->settings().routes_as;
  if (!check_binding(type, made) || index_of(vhost)->find(made)) return;
  link(vhost, std::make_shared<const binding>(std::move(made)));
}

void topology::restore_waiting(const end_name& come) {
  auto [first, last] = waiting_.equal_range(come);
  auto ready = std::vector<binding>{};
  for (auto at = first; at != last; ++at) ready.push_back(at->second);
  waiting_.erase(first, last);
  for (const auto& b : ready) restore(std::get<0>(come), b);
}

} // namespace troupe
