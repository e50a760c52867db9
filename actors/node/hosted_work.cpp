#include "actors/node/hosted_work.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

json::object hosted_work::report() const {
  auto guard = std::lock_guard{mutex_};
  auto sources = json::object{};
  for (const auto& [name, weak] : sources_) {
    auto report = weak.lock();
    if (!report) continue; // its group is led elsewhere now
    auto x = report->read();
    sources[name] = json::object{
      {"ended", x.has_ended && x.confirmed == x.published},
      {"failure", x.failure.detail}};
  }
  auto paused = json::array{};
  for (const auto& [key, weak] : stages_)
    if (auto figures = weak.lock(); figures && figures->has_given_up)
      paused.emplace_back(key.first);
  return {
    {"ok", true},
    {"sources", std::move(sources)},
    {"paused", std::move(paused)}};
}

} // namespace troupe
