#include "engine/access/base64.hpp"
#include "engine/coordinator/etcd_codec.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>

// etcd_codec: what comes back. Fields that are zero or empty are left out.

namespace troupe {

namespace {

namespace json = boost::json;

error strange(const std::string& how) {
  return {
    errc::bad_input,
    "etcd's answer makes no sense: " + how
      + "; check that the endpoint is an etcd of version 3.4 or later"};
}

// -- reading fields. The first that does not fit marks the whole as wrong.

class field_source {
public:
  field_source(const json::object& from, bool& is_wrong)
    : from_{from}, is_wrong_{is_wrong} {}

  /// Reads a number, written as such or as text; 0 where it is left out.
  template <class Number>
  Number number(std::string_view name) const {
    const auto* found = from_.if_contains(name);
    if (found == nullptr) return 0;
    auto out = Number{};
    if (const auto* text = found->if_string()) {
      auto [end, why] =
        std::from_chars(text->data(), text->data() + text->size(), out);
      if (why == std::errc{} && end == text->data() + text->size()) return out;
    } else if (const auto* small = found->if_int64(); small && *small >= 0) {
      return static_cast<Number>(*small);
    }
    return wrong(Number{});
  }

  std::string text(std::string_view name) const {
    const auto* found = from_.if_contains(name);
    if (found == nullptr) return {};
    if (const auto* text = found->if_string())
      return {text->begin(), text->end()};
    return wrong(std::string{});
  }

  std::string bytes(std::string_view name) const {
    auto decoded = parse_base64(text(name));
    return decoded ? std::move(*decoded) : wrong(std::string{});
  }

  bool flag(std::string_view name) const {
    const auto* found = from_.if_contains(name);
    if (found == nullptr) return false;
    if (const auto* value = found->if_bool()) return *value;
    return wrong(false);
  }

  /// Reads an object, an empty one where it is left out.
  field_source object(std::string_view name) const {
    static const auto none = json::object{};
    const auto* found = from_.if_contains(name);
    if (found == nullptr) return {none, is_wrong_};
    if (const auto* inner = found->if_object()) return {*inner, is_wrong_};
    return wrong(field_source{none, is_wrong_});
  }

  bool has(std::string_view name) const { return from_.contains(name); }

  template <class Visit>
  void each(std::string_view name, Visit visit) const {
    const auto* found = from_.if_contains(name);
    if (found == nullptr) return;
    const auto* list = found->if_array();
    if (list == nullptr) return void(wrong(0));
    for (const auto& x : *list)
      if (const auto* inner = x.if_object())
        visit(field_source{*inner, is_wrong_});
      else
        wrong(0);
  }

  std::vector<std::string> texts(std::string_view name) const {
    const auto* found = from_.if_contains(name);
    const auto* list = found == nullptr ? nullptr : found->if_array();
    auto out = std::vector<std::string>{};
    if (list == nullptr) return found == nullptr ? out : wrong(out);
    for (const auto& x : *list)
      if (const auto* text = x.if_string())
        out.emplace_back(text->begin(), text->end());
      else
        wrong(0);
    return out;
  }

  template <class Value>
  Value wrong(Value instead) const {
    is_wrong_ = true;
    return instead;
  }

private:
  const json::object& from_;
  bool& is_wrong_;
};

/// Parses a text and shows its object to `read`, which returns what it got.
template <class Answer, class Read>
result<Answer> parsed(std::string_view text, Read read) {
  auto why = json::error_code{};
  auto options = json::parse_options{};
  options.max_depth = 16;
  auto value = json::parse(text, why, {}, options);
  if (why) return strange("it is no JSON (" + why.message() + ')');
  const auto* object = value.if_object();
  if (object == nullptr) return strange("it is no JSON object");
  auto is_wrong = false;
  auto answer = read(field_source{*object, is_wrong});
  if (is_wrong) return strange("a field is missing or has another type");
  return answer;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

etcd_header header_of(const field_source& from) {
  auto in = from.object("header");
  return {
    in.number<std::uint64_t>("cluster_id"),
    in.number<std::uint64_t>("member_id"), in.number<revision>("revision")};
}

/// Reads `kvs`: keys under a prefix, in order, with revisions up to `at`.
std::vector<kept_value>
values_of(const field_source& from, std::string_view prefix, revision at) {
  auto out = std::vector<kept_value>{};
  from.each("kvs", [&](const field_source& in) {
    auto value = kept_value{
      in.bytes("key"), in.bytes("value"), in.number<revision>("mod_revision")};
    auto is_next = out.empty() || out.back().key < value.key;
    if (
      !is_next || value.key.empty() || !begins_with(value.key, prefix)
      || value.changed < 1 || value.changed > at)
      in.wrong(0);
    out.push_back(std::move(value));
  });
  return out;
}

// -- pieces of answers

std::vector<kept_value>
current_of(const field_source& from, const txn_request& asked, revision at) {
  auto out = std::vector<kept_value>{};
  from.each("responses", [&](const field_source& in) {
    if (!in.has("response_range")) in.wrong(0);
    for (auto& x : values_of(in.object("response_range"), {}, at)) {
      auto is_asked = std::any_of(
        asked.expects.begin(), asked.expects.end(),
        [&](const expectation& e) { return e.key == x.key; });
      auto is_next = out.empty() || out.back().key < x.key;
      if (!is_asked || !is_next) in.wrong(0);
      out.push_back(std::move(x));
    }
  });
  return out;
}

/// Reads `events`: in the order of revisions, all after `after`.
std::vector<key_change>
changes_of(const field_source& from, std::string_view prefix, revision after) {
  auto out = std::vector<key_change>{};
  from.each("events", [&](const field_source& in) {
    auto kv = in.object("kv");
    auto type = in.text("type");
    auto change = key_change{
      kv.bytes("key"), kv.bytes("value"), kv.number<revision>("mod_revision")};
    if (type == "DELETE") change.value = {};
    auto least = out.empty() ? after + 1 : out.back().at;
    if (
      (type != "DELETE" && type != "PUT" && !type.empty()) || change.key.empty()
      || !begins_with(change.key, prefix) || change.at < least)
      in.wrong(0);
    out.push_back(std::move(change));
  });
  return out;
}

etcd_watch_line canceled(const field_source& in, etcd_header header) {
  using kind = etcd_watch_line::kind;
  if (in.number<revision>("compact_revision") > 0)
    return {
      kind::forgotten, header, {}, "the changes since then are forgotten"};
  auto why = in.text("cancel_reason");
  return {kind::ended, header, {}, why.empty() ? "etcd ended the watch" : why};
}

} // namespace

// -- answers

result<etcd_range>
parse_range(std::string_view text, const std::string& prefix) {
  return parsed<etcd_range>(text, [&](const field_source& in) {
    auto header = header_of(in);
    if (header.at < 1 || in.flag("more")) in.wrong(0);
    return etcd_range{header, {header.at, values_of(in, prefix, header.at)}};
  });
}

result<etcd_txn> parse_txn(std::string_view text, const txn_request& asked) {
  return parsed<etcd_txn>(text, [&](const field_source& in) {
    auto header = header_of(in);
    if (header.at < 1) in.wrong(0);
    auto answer = txn_answer{txn_outcome::done, header.at, {}, {}};
    if (!in.flag("succeeded")) {
      answer.outcome = txn_outcome::conflict;
      answer.current = current_of(in, asked, header.at);
      if (asked.expects.empty()) in.wrong(0);
    }
    return etcd_txn{header, std::move(answer)};
  });
}

result<etcd_watch_line> parse_watch_line(
  std::string_view text, const std::string& prefix, revision after) {
  using kind = etcd_watch_line::kind;
  return parsed<etcd_watch_line>(text, [&](const field_source& line) {
    if (line.has("error"))
      return etcd_watch_line{
        kind::ended, {}, {}, line.object("error").text("message")};
    if (!line.has("result")) line.wrong(0);
    auto in = line.object("result");
    auto header = header_of(in);
    if (in.flag("canceled")) return canceled(in, header);
    auto changes = changes_of(in, prefix, after);
    auto what = changes.empty() ? kind::nothing : kind::changes;
    return etcd_watch_line{what, header, std::move(changes), {}};
  });
}

result<etcd_lease> parse_lease(std::string_view text) {
  return parsed<etcd_lease>(text, [&](const field_source& whole) {
    auto in = whole.has("result") ? whole.object("result") : whole;
    auto id = in.number<std::int64_t>("ID");
    auto ttl = in.number<std::int64_t>("TTL");
    constexpr auto longest = std::int64_t{9'000'000'000}; // etcd's own
    if (id == 0 || ttl < 0 || ttl > longest) in.wrong(0);
    return etcd_lease{header_of(in), session_id{id}, std::chrono::seconds{ttl}};
  });
}

result<etcd_members> parse_members(std::string_view text) {
  return parsed<etcd_members>(text, [&](const field_source& whole) {
    auto out = etcd_members{header_of(whole), {}};
    whole.each("members", [&](const field_source& in) {
      auto id = in.number<std::uint64_t>("ID");
      if (id == 0) in.wrong(0);
      out.members.push_back(
        {id, in.text("name"), in.texts("peerURLs"), in.texts("clientURLs")});
    });
    if (out.members.empty()) whole.wrong(0);
    return out;
  });
}

// -- failures

bool etcd_failure::is_refusal() const {
  // invalid argument, not found, permission denied, resource exhausted, failed
  // precondition, unauthenticated
  constexpr auto sure = std::array{3, 5, 7, 8, 9, 16};
  return std::find(sure.begin(), sure.end(), code) != sure.end();
}

// The gateway asks for a leader before it hands a request on.
bool etcd_failure::is_leaderless() const {
  return code == 14 && message == "etcdserver: no leader";
}

etcd_failure parse_failure(std::string_view text) {
  constexpr auto most = std::size_t{200};
  auto read = parsed<etcd_failure>(text, [](const field_source& in) {
    return etcd_failure{in.number<int>("code"), in.text("message")};
  });
  auto out = read ? std::move(*read)
                  : etcd_failure{2, std::string{text.substr(0, most)}};
  if (out.code < 1 || out.code > 16) out.code = 2;
  out.message.resize(std::min(out.message.size(), most));
  return out;
}

} // namespace troupe
