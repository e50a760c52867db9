#include "engine/cluster/replica_actions.hpp"

#include "engine/base/id_text.hpp"

namespace troupe::cluster {

namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }
std::string text(member_id member) { return id_text(member); }
std::string epoch_text(epoch_number epoch) { return "epoch " + text(epoch); }

struct printer {
  std::string operator()(const send_append& x) const {
    return "append to " + text(x.to) + ": " + epoch_text(x.what.epoch) + ", "
           + text(x.what.count) + " entries behind "
           + to_string(x.what.previous) + ", committed "
           + text(x.what.committed);
  }
  std::string operator()(const send_ack& x) const {
    return "ack to " + text(x.to) + ": " + epoch_text(x.what.epoch) + ", match "
           + text(x.what.match);
  }
  std::string operator()(const send_reject& x) const {
    return "reject to " + text(x.to) + ": " + epoch_text(x.what.epoch)
           + ", has " + to_string(x.what.hint);
  }
  std::string operator()(const send_release& x) const {
    return "release to " + text(x.to) + ": " + epoch_text(x.what.epoch);
  }
  std::string operator()(const send_chunk& x) const {
    return "chunk to " + text(x.to) + ": " + text(x.what.number) + " of "
           + to_string(x.what.at);
  }
  std::string operator()(const send_chunk_ack& x) const {
    return "chunk ack to " + text(x.to) + ": wants " + text(x.what.wanted)
           + " of " + to_string(x.what.at);
  }
  std::string operator()(const persist_epoch& x) const {
    return "persist " + epoch_text(x.epoch);
  }
  std::string operator()(const truncate& x) const {
    return "truncate from " + text(x.first);
  }
  std::string operator()(const write_entries& x) const {
    return "write " + text(x.first) + " to " + text(x.last);
  }
  std::string operator()(const append_noop& x) const {
    return "append noop " + to_string(x.at);
  }
  std::string operator()(const commit& x) const {
    return "commit up to " + text(x.up_to);
  }
  std::string operator()(const trim& x) const {
    return "trim up to " + to_string(x.up_to);
  }
  std::string operator()(const compare_and_swap& x) const {
    return "swap " + text(x.number) + ": " + epoch_text(x.record.epoch)
           + ", leader " + text(x.record.leader) + ", "
           + text(x.record.in_sync.size()) + " in sync ("
           + to_string(x.record.cause) + ")";
  }
  std::string operator()(const read_record&) const { return "read record"; }
  std::string operator()(const became& x) const {
    return "became " + to_string(x.role) + " in " + epoch_text(x.epoch);
  }
  std::string operator()(const drop_log&) const { return "drop log"; }
  std::string operator()(const compare_logs& x) const {
    return "compare " + text(x.first) + " to " + text(x.last) + " with "
           + text(x.with);
  }
  std::string operator()(const replace_store&) const { return "replace store"; }
  std::string operator()(const store_chunk& x) const {
    return "store chunk " + text(x.number) + " of " + to_string(x.at);
  }
  std::string operator()(const install_checkpoint& x) const {
    return "install checkpoint " + to_string(x.at);
  }
  std::string operator()(const ask_for_leader& x) const {
    return "ask for leader after " + epoch_text(x.epoch);
  }
  std::string operator()(const move_ended& x) const {
    return "move ended: " + to_string(x.how);
  }
  std::string operator()(const abort_process& x) const {
    return "abort: " + x.why;
  }
};

} // namespace

std::string to_string(replica_role role) {
  switch (role) {
    case replica_role::offline: return "offline";
    case replica_role::learner: return "learner";
    case replica_role::follower: return "follower";
    case replica_role::recovering: return "recovering";
    case replica_role::accepting: return "accepting";
    case replica_role::processing: return "processing";
    case replica_role::draining: return "draining";
  }
  return "unknown";
}

std::string to_string(refusal why) {
  switch (why) {
    case refusal::none: return "none";
    case refusal::not_leader: return "not leader";
    case refusal::not_ready: return "not ready";
    case refusal::too_many: return "too many uncommitted";
    case refusal::no_space: return "no space";
  }
  return "unknown";
}

std::string to_string(move_result how) {
  switch (how) {
    case move_result::done: return "done";
    case move_result::refused: return "refused";
    case move_result::timed_out: return "timed out";
    case move_result::lost: return "lost";
  }
  return "unknown";
}

std::string to_string(const replica_action& action) {
  return std::visit(printer{}, action);
}

} // namespace troupe::cluster
