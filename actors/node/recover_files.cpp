#include "actors/node/recover_files.hpp"

#include "engine/ring/slot_map.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>

namespace troupe {

namespace json = boost::json;

using namespace cluster;

namespace {

// Of both kinds of files; another one is of another release.
constexpr std::uint64_t survey_version = 1;
constexpr std::uint64_t recovery_version = 1;

constexpr auto most_epoch = std::numeric_limits<std::uint64_t>::max();

// -- writing

json::object to_object(const surveyed_group& x) {
  return {
    {"seen", x.seen},
    {"last_epoch", x.last.epoch},
    {"last_index", x.last.index},
    {"base", x.base},
    {"committed", x.committed},
    {"stopped_cleanly", x.was_stopped_cleanly}};
}

json::object to_object(const store_survey& survey) {
  auto all = json::array{};
  for (const auto& x : survey.groups) all.emplace_back(to_object(x));
  return {
    {"survey", survey_version},
    {"store_id", to_string(survey.store)},
    {"cluster", survey.cluster},
    {"cluster_id", survey.cluster_id},
    {"member", survey.member},
    {"number", static_cast<std::uint64_t>(survey.number)},
    {"replicas", survey.replicas},
    {"groups", std::move(all)}};
}

// -- reading

/// Reads the fields of one object. What does not fit is noted, and what is
/// read from then on means nothing.
class object_reader {
public:
  object_reader(const json::value* from, std::string& wrong) : wrong_{wrong} {
    if (from) fields_ = from->if_object();
    if (!fields_) note("an object");
  }

  template <class Number>
  Number number(const char* name) {
    auto found = find(name);
    auto wide = std::uint64_t{0};
    auto fits = true;
    if (found && found->is_uint64())
      wide = found->get_uint64();
    else if (found && found->is_int64() && found->get_int64() >= 0)
      wide = static_cast<std::uint64_t>(found->get_int64());
    else
      fits = false;
    if (!fits || wide > std::numeric_limits<Number>::max()) note(name);
    return static_cast<Number>(wide);
  }

  std::string text(const char* name) {
    auto found = find(name);
    auto read = found ? found->if_string() : nullptr;
    if (!read || read->size() > most_field_bytes) return note(name), "";
    return {read->data(), read->size()};
  }

  bool flag(const char* name) {
    auto found = find(name);
    if (found && found->is_bool()) return found->get_bool();
    note(name);
    return false;
  }

  const json::array&
  list(const char* name, std::size_t least, std::size_t most) {
    static const auto empty = json::array{};
    auto found = find(name);
    auto read = found ? found->if_array() : nullptr;
    if (read && read->size() >= least && read->size() <= most) return *read;
    note(name);
    return empty;
  }

  void note(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

private:
  const json::value* find(const char* name) const {
    return fields_ ? fields_->if_contains(name) : nullptr;
  }

  const json::object* fields_ = nullptr;
  std::string& wrong_;
};

surveyed_group to_surveyed_group(const json::value& from, std::string& wrong) {
  auto in = object_reader{&from, wrong};
  auto made = surveyed_group{};
  made.seen = in.number<std::uint64_t>("seen");
  made.last.epoch = in.number<std::uint64_t>("last_epoch");
  made.last.index = in.number<std::uint64_t>("last_index");
  made.base = in.number<std::uint64_t>("base");
  made.committed = in.number<std::uint64_t>("committed");
  made.was_stopped_cleanly = in.flag("stopped_cleanly");
  // There is always a next epoch.
  if (std::max(made.seen, made.last.epoch) >= most_epoch) in.note("seen");
  return made;
}

store_survey to_survey(const json::value& from, std::string& wrong) {
  auto in = object_reader{&from, wrong};
  auto made = store_survey{};
  if (in.number<std::uint64_t>("survey") != survey_version) in.note("survey");
  auto id = parse_store_id(in.text("store_id"));
  if (id)
    made.store = *id;
  else
    in.note("store_id");
  made.cluster = in.text("cluster");
  made.cluster_id = in.text("cluster_id");
  made.member = in.text("member");
  made.number = member_id{in.number<std::uint16_t>("number")};
  made.replicas = in.number<std::uint32_t>("replicas");
  for (const auto& x : in.list("groups", groups, groups))
    made.groups.push_back(to_surveyed_group(x, wrong));
  return made;
}

recovery to_recovery(const json::value& from, std::string& wrong) {
  auto in = object_reader{&from, wrong};
  auto made = recovery{};
  if (in.number<std::uint64_t>("recovery") != recovery_version)
    in.note("recovery");
  made.cluster = in.text("cluster");
  made.cluster_id = in.text("cluster_id");
  made.replicas = in.number<std::uint32_t>("replicas");
  if (made.cluster_id.empty()) in.note("cluster_id");
  if (made.replicas == 0) in.note("replicas");
  for (const auto& x : in.list("groups", groups, groups)) {
    auto record = decode_group("groups", json::serialize(x));
    if (!record) in.note("groups");
    made.groups.push_back(record ? *record : group_record{});
  }
  for (const auto& x : in.list("surveys", 1, most_surveys))
    made.surveys.push_back(to_survey(x, wrong));
  return made;
}

/// Parses and reads; what is wrong with it becomes a sentence.
template <class Read>
auto parse(std::string_view text, const std::string& from, Read read)
  -> result<decltype(read(json::value{}, std::declval<std::string&>()))> {
  auto failed = [&](const std::string& how) {
    return error{
      errc::bad_input,
      from + " cannot be used: " + how + "; make it again with this program"};
  };
  if (text.size() > most_recovery_bytes) return failed("it is too large");
  auto options = json::parse_options{};
  options.max_depth = 8;
  try {
    auto ec = boost::system::error_code{};
    auto root = json::parse({text.data(), text.size()}, ec, {}, options);
    if (ec) return failed("it is no JSON");
    auto wrong = std::string{};
    auto made = read(root, wrong);
    if (wrong.empty()) return made;
    return failed("'" + wrong + "' is missing or wrong");
  } catch (const std::exception&) {
    return failed("it is no JSON");
  }
}

} // namespace

std::string to_json(const store_survey& survey) {
  return json::serialize(to_object(survey));
}

std::string to_json(const recovery& what) {
  auto records = json::array{};
  for (const auto& x : what.groups) records.push_back(json::parse(encode(x)));
  auto surveys = json::array{};
  for (const auto& x : what.surveys) surveys.emplace_back(to_object(x));
  return json::serialize(json::object{
    {"recovery", recovery_version},
    {"cluster", what.cluster},
    {"cluster_id", what.cluster_id},
    {"replicas", what.replicas},
    {"groups", std::move(records)},
    {"surveys", std::move(surveys)}});
}

result<store_survey>
parse_survey(std::string_view text, const std::string& from) {
  return parse(text, from, to_survey);
}

result<recovery>
parse_recovery(std::string_view text, const std::string& from) {
  return parse(text, from, to_recovery);
}

first_records first_records_of(const recovery& what) {
  auto made = first_records{};
  made.meta.slots = slots;
  made.meta.groups = groups;
  made.meta.replicas = what.replicas;
  made.meta.cluster_id = what.cluster_id;
  made.groups = what.groups;
  for (const auto& x : what.surveys) {
    auto& member = made.members[x.member];
    member.id = x.number;
    member.store = x.store;
  }
  return made;
}

} // namespace troupe
