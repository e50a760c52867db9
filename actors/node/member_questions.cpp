#include "actors/node/member_questions.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

// More questions at once come from nobody who means well.
constexpr int most_questions_waiting = 256;

struct numbered_object {
  std::uint64_t number = 0;
  json::object what;
};

std::string numbered_text(std::uint64_t number, json::object what) {
  return json::serialize(
    json::object{{"number", number}, {"what", std::move(what)}});
}

std::optional<numbered_object> read_numbered(const std::string& bytes) {
  auto options = json::parse_options{};
  options.max_depth = 8;
  options.allow_invalid_utf8 = true; // state is any bytes
  auto ec = boost::system::error_code{};
  auto root = json::parse(bytes, ec, {}, options);
  if (ec || !root.is_object()) return {};
  auto* number = root.get_object().if_contains("number");
  auto* what = root.get_object().if_contains("what");
  if (!number || !what || !what->is_object()) return {};
  auto read = number->to_number<std::uint64_t>(ec);
  if (ec) return {};
  return numbered_object{read, std::move(what->get_object())};
}

error not_told(const std::string& how) { return {errc::refused, how}; }

} // namespace

member_questions::member_questions(std::shared_ptr<frame_carrier> links)
  : links_{std::move(links)} {
  links_->take(
    message_kind::question,
    [this](member_id from, std::string bytes) { take_question(from, bytes); });
  links_->take(message_kind::answer, [this](member_id from, std::string bytes) {
    take_answer(from, bytes);
  });
}

member_questions::~member_questions() { stop(); }

void member_questions::stop() {
  worker_.stop();
  worker_.join();
}

// -- asking

bool member_questions::is_reachable(member_id to) const {
  auto all = links_->reachable();
  return std::ranges::find(all, to) != all.end();
}

result<json::object> member_questions::ask(
  member_id to, const json::object& what, std::chrono::milliseconds patience) {
  if (!is_reachable(to)) return not_told("it is not reached");
  auto guard = std::unique_lock{mutex_};
  auto number = ++last_number_;
  auto& asked = open_[number];
  asked.to = to;
  guard.unlock();
  links_->send(to, message_kind::question, numbered_text(number, what));
  guard.lock();
  changed_.wait_for(
    guard, patience, [&] { return asked.answer || asked.is_lost; });
  auto told = open_.extract(number);
  if (told.mapped().answer) return std::move(*told.mapped().answer);
  if (told.mapped().is_lost) return not_told("the link to it broke");
  return not_told("it did not answer in time");
}

void member_questions::take_answer(member_id from, const std::string& bytes) {
  auto read = read_numbered(bytes);
  if (!read) return;
  auto guard = std::lock_guard{mutex_};
  auto asked = open_.find(read->number);
  if (asked == open_.end() || asked->second.to != from) return;
  asked->second.answer = std::move(read->what);
  changed_.notify_all();
}

void member_questions::link_broke(member_id with) {
  auto guard = std::lock_guard{mutex_};
  for (auto& [number, x] : open_)
    if (x.to == with) x.is_lost = true;
  changed_.notify_all();
}

// -- answering

void member_questions::take_question(member_id from, const std::string& bytes) {
  auto read = read_numbered(bytes);
  if (!read || !answerer_ || waiting_ >= most_questions_waiting) return;
  ++waiting_;
  boost::asio::post(worker_, [this, from, asked = std::move(*read)] {
    auto answer = answerer_(asked.what);
    --waiting_;
    links_->send(
      from, message_kind::answer,
      numbered_text(asked.number, std::move(answer)));
  });
}

} // namespace troupe
