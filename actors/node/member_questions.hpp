#pragma once

#include "actors/cluster/frame_carrier.hpp"
#include "engine/base/result.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace troupe {

/// Asks other members, and answers them: one JSON object for another. Texts in
/// it may be any bytes. Every method may be called from any thread.
class member_questions {
public:
  using member_id = cluster::member_id;
  using answerer =
    std::function<boost::json::object(const boost::json::object&)>;

  /// Takes questions and answers from `links`, which have not begun and are
  /// stopped before this ends.
  explicit member_questions(std::shared_ptr<frame_carrier> links);
  ~member_questions();

  /// Says who answers, on a thread of its own, one question at a time; it may
  /// block. Before the first question comes.
  void answer_by(answerer who) { answerer_ = std::move(who); }

  /// Blocks until the member has answered. Fails with `refused` where it is
  /// not reached, does not answer in time, or its link breaks.
  result<boost::json::object> ask(
    member_id to,
    const boost::json::object& what,
    std::chrono::milliseconds patience);

  /// Answers no more, from when this returns.
  void stop();

  /// No link to the member works any more.
  void link_broke(member_id with);

private:
  struct open_question {
    member_id to{};
    bool is_lost = false;
    std::optional<boost::json::object> answer;
  };

  void take_question(member_id from, const std::string& bytes);
  void take_answer(member_id from, const std::string& bytes);
  bool is_reachable(member_id to) const;

  std::shared_ptr<frame_carrier> links_;
  answerer answerer_;
  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, open_question> open_;
  std::atomic<int> waiting_ = 0; // questions of others
  boost::asio::thread_pool worker_{1};
};

} // namespace troupe
