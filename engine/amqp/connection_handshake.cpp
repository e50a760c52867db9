#include "engine/amqp/connection_machine.hpp"
#include "engine/amqp/sasl.hpp"

#include <algorithm>
#include <limits>

namespace troupe::amqp {

namespace {

constexpr std::uint32_t least_frame_max = 4096;       // AMQP 0-9-1, §2.3.5
constexpr std::uint32_t strict_frame_max = 8192;      // RabbitMQ 4.1 and later
constexpr std::uint64_t room_for_fields = 128 * 1024; // of a method or header
constexpr auto login_failure_delay = std::chrono::seconds{3};

protocol_error
wrong_tuning(const char* what, std::uint32_t value, bool is_low, auto limit) {
  auto text = std::string{"negotiated "}.append(what);
  text += " = " + std::to_string(value);
  if (value == 0) text += " (no limit)";
  text += is_low ? " is lower than the minimum allowed value ("
                 : " is higher than the maximum allowed value (";
  text += std::to_string(limit) + ")";
  return {
    reply_code::not_allowed, std::move(text), connection_tune::class_id,
    connection_tune::method_id};
}

} // namespace

void connection_machine::on_own_frame(const frame& what) {
  if (what.type == frame_type::heartbeat) return;
  if (what.type != frame_type::method) {
    if (phase_ != phase::closing)
      fail(
        {reply_code::unexpected_frame,
         "expected a method frame on channel 0, got one of type "
           + std::to_string(static_cast<int>(what.type))});
    return;
  }
  auto read = decode_method(what.payload);
  if (read)
    on_own_method(*read);
  else if (phase_ != phase::closing)
    fail(read.error());
}

void connection_machine::on_own_method(const method& what) {
  if (std::holds_alternative<connection_close>(what)) return on_close_method();
  if (phase_ == phase::closing) {
    if (std::holds_alternative<connection_close_ok>(what)) end();
    return;
  }
  const auto* start = std::get_if<connection_start_ok>(&what);
  if (start && phase_ == phase::starting) return on_start_ok(*start);
  const auto* tune = std::get_if<connection_tune_ok>(&what);
  if (tune && phase_ == phase::tuning) return on_tune_ok(*tune);
  const auto* open = std::get_if<connection_open>(&what);
  if (open && phase_ == phase::opening) return on_open(*open);
  if (
    phase_ == phase::running
    && std::holds_alternative<connection_update_secret>(what))
    return on_update_secret();
  std::visit(
    [this]<class M>(const M&) {
      fail(
        {reply_code::channel_error,
         "unexpected " + std::string{M::name} + " on channel 0", M::class_id,
         M::method_id});
    },
    what);
}

// -- logging in

void connection_machine::on_start_ok(const connection_start_ok& m) {
  auto client = read_client(m.client_properties);
  if (!client) return fail(client.error());
  core_->client = std::move(*client);
  mechanism_ = m.mechanism;
  auto wanted = read_login(core_->options, m.mechanism, m.response);
  if (!wanted) {
    auto why = wanted.error();
    why.class_id = connection_start_ok::class_id;
    why.method_id = connection_start_ok::method_id;
    return fail(std::move(why));
  }
  core_->requests.emplace_back(std::move(*wanted));
  phase_ = phase::securing;
  awaits_answer_ = true;
}

void connection_machine::on_login(const answer& what) {
  if (const auto* in = std::get_if<logged_in>(&what); in && in->who) {
    core_->who = in->who;
    phase_ = phase::tuning;
    return core_->send(
      0, connection_tune{
           core_->options.channel_max, core_->options.frame_max,
           core_->options.heartbeat});
  }
  if (core_->client.takes_login_failures)
    return fail(
      {reply_code::access_refused,
       "Login was refused using authentication mechanism " + mechanism_
         + ". For details see the broker logfile."});
  // AMQP 0-9-1 has the server close the socket; later, so that guessing is
  // slow.
  phase_ = phase::silent;
  deadline_ = core_->now + login_failure_delay;
}

// -- tuning

void connection_machine::on_tune_ok(const connection_tune_ok& m) {
  if (auto right = check_tuning(m); !right) return fail(right.error());
  channel_max_ = m.channel_max;
  core_->frame_max = m.frame_max;
  heartbeat_seconds_ = m.heartbeat;
  // Without a limit a frame still has to fit into memory.
  auto most = core_->options.max_message_bytes + room_for_fields;
  auto unlimited = static_cast<std::uint32_t>(
    std::min<std::uint64_t>(most, std::numeric_limits<std::int32_t>::max()));
  reader_.set_frame_max(m.frame_max == 0 ? unlimited : m.frame_max);
  heartbeat_.start(m.heartbeat, core_->now);
  phase_ = phase::opening;
}

checked<> connection_machine::check_tuning(const connection_tune_ok& m) const {
  const auto& mine = core_->options;
  auto least = core_->options.compat == compatibility::strict ? strict_frame_max
                                                              : least_frame_max;
  if (m.frame_max != 0 && m.frame_max < least)
    return wrong_tuning("frame_max", m.frame_max, true, least);
  if (mine.frame_max != 0 && (m.frame_max == 0 || m.frame_max > mine.frame_max))
    return wrong_tuning("frame_max", m.frame_max, false, mine.frame_max);
  if (
    mine.channel_max != 0
    && (m.channel_max == 0 || m.channel_max > mine.channel_max))
    return wrong_tuning("channel_max", m.channel_max, false, mine.channel_max);
  return {};
}

// -- opening

void connection_machine::on_open(const connection_open& m) {
  core_->vhost = m.virtual_host;
  core_->requests.emplace_back(open_vhost{core_->vhost});
  phase_ = phase::entering;
  awaits_answer_ = true;
}

void connection_machine::on_vhost(const answer& what) {
  auto as_open = [](protocol_error why) {
    why.class_id = connection_open::class_id;
    why.method_id = connection_open::method_id;
    return why;
  };
  if (const auto* no = std::get_if<refused>(&what))
    return fail(as_open({no->code, no->text}));
  auto entry = check_entry(*core_->who, core_->vhost);
  if (!entry) return fail(as_open(entry.error()));
  run();
}

void connection_machine::run() {
  phase_ = phase::running;
  deadline_.reset();
  core_->send(0, connection_open_ok{});
  if (!blocked_by_.empty() && core_->client.takes_blocked)
    core_->send(0, connection_blocked{blocked_by_});
}

/// A user of ours has no secret that could run out: the rights are checked
/// anew, as RabbitMQ does, and the secret itself says nothing.
void connection_machine::on_update_secret() {
  if (auto entry = check_entry(*core_->who, core_->vhost); !entry)
    return fail(entry.error());
  for (const auto& x : channels_)
    if (x && !x->is_closing) x->open.recheck_rights();
  core_->send(0, connection_update_secret_ok{});
}

} // namespace troupe::amqp
