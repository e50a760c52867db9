#pragma once

#include "engine/delivery/log_entry.hpp"
#include "engine/store/queue_record.hpp"
#include "engine/store/replica_mark.hpp"
#include "engine/store/store_membership.hpp"

#include <concepts>
#include <type_traits>

// What is stored of each struct, in order: one walk that the encoder and the
// decoder share. A change here changes the format (docs/store_format.md).

namespace troupe {

template <class T, class Of>
concept same_but_const = std::same_as<std::remove_const_t<T>, Of>;

template <class Visitor, same_but_const<position_run> T>
void fields(Visitor& visit, T& x) {
  visit(x.first, x.count);
}

template <class Visitor, same_but_const<failed_attempt> T>
void fields(Visitor& visit, T& x) {
  visit(x.at, x.error_class, x.text);
}

template <class Visitor, same_but_const<retry_record> T>
void fields(Visitor& visit, T& x) {
  visit(x.at, x.not_before, x.why);
}

template <class Visitor, same_but_const<emission> T>
void fields(Visitor& visit, T& x) {
  visit(x.output, x.sequences, x.messages);
}

template <class Visitor, same_but_const<state_change> T>
void fields(Visitor& visit, T& x) {
  visit(x.handler, x.scope, x.name, x.value);
}

template <class Visitor, same_but_const<publish_entry> T>
void fields(Visitor& visit, T& x) {
  visit(x.queue, x.first, x.published_at, x.publisher, x.last_sequence);
  visit.rest(x.messages);
}

template <class Visitor, same_but_const<settle_entry> T>
void fields(Visitor& visit, T& x) {
  visit(x.queue, x.settled, x.retries, x.emits, x.changes);
}

template <class Visitor, same_but_const<checkpoint_entry> T>
void fields(Visitor& visit, T& x) {
  visit(x.queue, x.next, x.next_sequence, x.settled);
  visit(x.attempts, x.waiting, x.publishers);
}

/// What an entry that needs it has between its fields and its batch, or behind
/// them: the kinds "with more".
template <class Visitor, same_but_const<publish_entry> T>
void more_fields(Visitor& visit, T& x) {
  visit(x.has_expirations, x.is_delayed);
}

template <class Visitor, same_but_const<settle_entry> T>
void more_fields(Visitor& visit, T& x) {
  visit(x.requeued);
}

template <class Visitor, same_but_const<checkpoint_entry> T>
void more_fields(Visitor& visit, T& x) {
  visit(x.lent_to, x.deliveries, x.seen);
}

template <class Visitor, same_but_const<checkpoint_entry> T>
void erasing_fields(Visitor& visit, T& x) {
  more_fields(visit, x);
  visit(x.erases);
}

template <class Visitor, same_but_const<queue_record> T>
void fields(Visitor& visit, T& x) {
  visit(x.name, x.id, x.partitions);
}

template <class Visitor, same_but_const<applied_mark> T>
void fields(Visitor& visit, T& x) {
  visit(x.index, x.to_erase);
}

template <class Visitor, same_but_const<store_membership> T>
void fields(Visitor& visit, T& x) {
  visit(x.cluster_id, x.cluster, x.member, x.number, x.replicas, x.beginning);
}

template <class Visitor, same_but_const<kept_checkpoint> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.index, x.view, x.next, x.is_whole);
  visit(x.stage, x.erased_to, x.put_to, x.last_put);
}

template <class Visitor, same_but_const<replica_mark> T>
void fields(Visitor& visit, T& x) {
  visit(x.epoch, x.base, x.base_epoch, x.runs, x.was_stopped_cleanly);
}

} // namespace troupe
