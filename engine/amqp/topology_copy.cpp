#include "engine/amqp/topology_copy.hpp"

namespace troupe {

using topology_frames::update;
using part = update::part;

void topology_copy::fix(const std::vector<topology_record>& configured) {
  for (const auto& x : configured) fixed_.insert({x.vhost, x.key});
}

// -- following

topology_copy::followed
topology_copy::on_update(std::uint16_t from, update what) {
  if (what.epoch < epoch_) return {outcome::stale, {}};
  if (what.epoch > epoch_) {
    epoch_ = what.epoch;
    miss();
  }
  return what.what == part::change ? go_on(what) : gather(from, what);
}

topology_copy::followed
topology_copy::gather(std::uint16_t from, update& what) {
  if (what.what == part::first || what.what == part::only)
    gathering_ = gathering{from, what.version, {}};
  auto fits = gathering_ && gathering_->from == from
              && gathering_->version == what.version;
  if (!fits) return miss();
  for (auto& x : what.records)
    if (x.value && !fixed_.contains({x.vhost, x.key}))
      gathering_->records[{x.vhost, x.key}] = std::move(*x.value);
  if (what.what == part::first || what.what == part::middle)
    return {outcome::partial, {}};
  records_ = std::move(gathering_->records);
  gathering_.reset();
  version_ = what.version;
  source_ = from;
  is_whole_ = true;
  return {outcome::whole, {}};
}

topology_copy::followed topology_copy::go_on(update& what) {
  if (!is_whole_) return miss();
  if (what.version <= version_) return {outcome::stale, {}};
  if (what.version != version_ + 1) return miss();
  version_ = what.version;
  auto made = followed{outcome::changed, {}};
  for (auto& x : what.records)
    if (auto changed = put(std::move(x)))
      made.steps.push_back(std::move(*changed));
  return made;
}

topology_copy::followed topology_copy::miss() {
  is_whole_ = false;
  gathering_.reset();
  return {outcome::missed, {}};
}

std::optional<topology_copy::step> topology_copy::put(topology_record what) {
  auto at = name{what.vhost, what.key};
  if (fixed_.contains(at)) return std::nullopt;
  auto known = records_.find(at);
  auto before =
    known == records_.end() ? std::nullopt : std::optional{known->second};
  if (before == what.value) return std::nullopt;
  if (what.value)
    records_[at] = *what.value;
  else
    records_.erase(known);
  return step{std::move(what), std::move(before)};
}

// -- leading

topology_copy::record_map
topology_copy::beginning(const std::vector<topology_record>& stored) const {
  auto all = record_map{};
  for (const auto& x : stored)
    if (x.value && !fixed_.contains({x.vhost, x.key}))
      all[{x.vhost, x.key}] = *x.value;
  for (const auto& [at, value] : records_)
    if (is_in_memory({at.first, at.second, value})) all.insert({at, value});
  return all;
}

void topology_copy::lead(
  std::uint64_t epoch, const std::vector<topology_record>& all) {
  epoch_ = epoch;
  version_ = 0;
  source_ = 0;
  is_whole_ = true;
  gathering_.reset();
  records_.clear();
  for (const auto& x : all) put(x);
}

update topology_copy::change(std::vector<topology_record> records) {
  for (const auto& x : records) put(x);
  return {epoch_, ++version_, part::change, std::move(records)};
}

std::vector<update> topology_copy::whole() const {
  auto all = std::vector<topology_record>{};
  for (const auto& [at, value] : records_)
    all.push_back({at.first, at.second, value});
  return topology_frames::cut_whole(epoch_, version_, std::move(all));
}

} // namespace troupe
