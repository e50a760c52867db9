#pragma once

#include "config/option_visitor.hpp"
#include "config/pipeline.hpp"

namespace troupe {

/// The newest `config_version` this release reads.
inline constexpr std::int64_t config_version = 1;

/// Walk every option of a component in the order of the manual. Options that
/// depend on `type` follow the type the component has once it was visited.
void visit_options(option_visitor& visitor, node_config& node);
void visit_options(option_visitor& visitor, cluster_config& cluster);
void visit_options(option_visitor& visitor, managed_etcd_config& etcd);
void visit_options(option_visitor& visitor, remote_etcd_config& etcd);
void visit_options(option_visitor& visitor, queue_config& queue);
void visit_options(option_visitor& visitor, source_config& source);
void visit_options(option_visitor& visitor, router_config& router);
void visit_options(option_visitor& visitor, handler_config& handler);
void visit_options(option_visitor& visitor, sink_config& sink);
void visit_options(option_visitor& visitor, vhost_config& vhost);

/// Hashes the `password` a file gives, which takes tens of milliseconds.
void visit_options(option_visitor& visitor, user_config& user);

/// Returns what to do about a key or section that other releases know and this
/// one does not, or an empty text.
std::string_view advice_on_unknown(std::string_view key);

} // namespace troupe
