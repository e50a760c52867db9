#pragma once

#include "actors/cluster/frame_carrier.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe {

/// The members' links by number, shared by all that talk to other members.
class member_links final : public frame_carrier {
public:
  /// Told on the links' thread; none may block.
  struct events {
    std::function<void(member_id)> on_up;
    std::function<void(member_id)> on_down;
  };

  static result<std::unique_ptr<member_links>> open(peer_links_options options);

  void start(events told);

  void set_members(const std::map<member_id, named_member>& all) override;

  /// One that is lost is followed by `on_down`.
  void send(member_id to, message_kind kind, std::string message) override;

  std::vector<member_id> reachable() const override;

  void stop() { links_->stop(); }
  const endpoint& bound() const { return links_->bound(); }

private:
  void received(const std::string& from, std::string message);
  member_id id_of(const std::string& name) const;
  void begin_anew(const std::string& name);
  void tell(const std::string& name, bool is_up);

  events events_;
  std::unique_ptr<peer_links> links_;

  mutable std::mutex mutex_; // guards what follows
  std::map<std::string, member_id> ids_;
  std::map<member_id, std::string> names_;
  std::map<member_id, bool> up_;
};

} // namespace troupe
