#pragma once

#include "config/cluster_config.hpp"
#include "engine/base/backoff.hpp"
#include "engine/base/clock.hpp"
#include "engine/supervision/restart_policy.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What a configuration says, once read and checked: values only.

namespace troupe {

struct node_config {
  std::string name = "troupe-0";
  std::filesystem::path data_dir =
    "troupe-data"; // relative to the working directory
  duration shutdown_grace = std::chrono::seconds{60};
  std::uint64_t memory_budget = 256 * 1024 * 1024; // bytes of bodies in memory
  std::string log_level = "info"; // trace debug info warn error off
  bool operator==(const node_config&) const = default;
};

enum class queue_type : std::uint8_t { memory, durable };

/// What "done" means to whoever publishes to a durable queue.
enum class confirm_policy : std::uint8_t { fsync, memory };

struct order_config {
  std::string key; // a key expression: engine/routing/key_expression.hpp
  std::uint16_t partitions = 16; // 1 to 64
  bool operator==(const order_config&) const = default;
};

struct queue_config {
  std::string name;
  queue_type type = queue_type::durable;
  confirm_policy confirm = confirm_policy::fsync;
  /// A queue this long makes its publishers wait; 0 is unlimited.
  std::uint64_t max_length = 1'000'000;
  std::optional<order_config> order;
  bool is_dead_letters = false; // set in the plan: some `.dead` ends here
  bool operator==(const queue_config&) const = default;
};

enum class record_format : std::uint8_t { lines, ndjson, json, csv };

/// What is asked of a client's certificate.
enum class client_certificate : std::uint8_t { none, peer, require };

struct tls_config {
  std::string listen = "127.0.0.1:5671"; // engine/base/endpoint.hpp
  std::filesystem::path cert;            // these three are PEM
  std::filesystem::path key;
  std::filesystem::path ca; // of clients; may be empty
  client_certificate verify = client_certificate::none;
  bool operator==(const tls_config&) const = default;
};

/// Whose behaviour clients find.
enum class amqp_compat : std::uint8_t { strict, lenient, rabbitmq_3_13 };

/// What a source of type amqp_server says.
struct amqp_server_config {
  std::string listen = "127.0.0.1:5672"; // engine/base/endpoint.hpp
  std::optional<tls_config> tls;
  std::string vhost = "/"; // the one `exchange` is in
  /// What is published to it also comes out of the source; empty: nothing does.
  std::string exchange;
  amqp_compat compat = amqp_compat::lenient;
  std::uint32_t max_connections = 10'000;
  std::uint16_t channel_max = 2047;
  std::uint64_t frame_max = 128 * 1024;              // bytes
  duration heartbeat = std::chrono::seconds{60};     // whole seconds; 0: none
  std::uint64_t max_message_size = 16 * 1024 * 1024; // bytes
  bool operator==(const amqp_server_config&) const = default;
};

struct source_config {
  std::string name;
  enum class kind : std::uint8_t { file, standard_input, amqp_server } type{};
  std::filesystem::path path; // file only
  record_format format = record_format::lines;
  /// Key expression whose value becomes the routing key; empty leaves the
  /// routing key empty.
  std::string key;
  std::uint64_t max_record = 16 * 1024 * 1024; // bytes
  amqp_server_config amqp = {}; // amqp_server only, and then nothing above
  bool operator==(const source_config&) const = default;
};

/// Hashes each message's key to a partition of one queue.
struct hash_router {
  std::string key;
  std::string queue;
  bool operator==(const hash_router&) const = default;
};

/// Sends each message to every output whose condition holds.
struct match_router {
  struct route {
    std::string output;
    std::string condition; // engine/routing/condition.hpp
    bool operator==(const route&) const = default;
  };
  std::vector<route> routes; // in the order of the file
  /// "reject" (to the router's dead-letter output), "drop", or an output,
  /// which need not be one of the routes.
  std::string unmatched = "reject";
  bool operator==(const match_router&) const = default;
};

struct router_config {
  std::string name;
  std::vector<std::string> inputs;
  std::variant<hash_router, match_router> rule;
  bool operator==(const router_config&) const = default;
};

struct retry_config {
  std::uint32_t attempts = 8; // handled at most this often
  troupe::backoff backoff;
  bool operator==(const retry_config&) const = default;
};

struct handler_config {
  std::string name;
  std::vector<std::string> inputs;
  std::string class_name; // the registered name; the handler's own by default
  std::uint32_t threads = 1;
  std::uint32_t prefetch = 256; // messages on loan to one thread at a time
  duration timeout = std::chrono::seconds{30}; // 0: never
  retry_config retry;
  restart_policy supervise;
  std::map<std::string, std::string> settings; // scalars, as text
  bool operator==(const handler_config&) const = default;
};

struct sink_config {
  std::string name;
  std::vector<std::string> inputs;
  enum class kind : std::uint8_t { queue, file, standard_output } type{};
  std::string queue;          // queue only
  std::filesystem::path path; // file only
  /// `body`: one body a line. `json`: one object a line with routing_key,
  /// headers and body.
  enum class line_format : std::uint8_t { body, json } format{};
  bool operator==(const sink_config&) const = default;
};

struct vhost_config {
  std::string name;
  std::string description;
  bool operator==(const vhost_config&) const = default;
};

/// Expressions for names: engine/access/name_pattern.hpp. Empty: no name.
struct permission_config {
  std::string configure;
  std::string write;
  std::string read;
  bool operator==(const permission_config&) const = default;
};

struct user_config {
  std::string name;
  /// engine/access/password_hash.hpp, also where the file says `password`.
  /// Empty: only a certificate lets the user in.
  std::string password_hash;
  std::vector<std::string> tags;
  enum class origin : std::uint8_t { anywhere, this_machine } from{};
  std::map<std::string, permission_config> permissions; // by vhost
  bool operator==(const user_config&) const = default;
};

/// One configuration, made of one or more files.
struct pipeline_config {
  node_config node;
  std::optional<cluster_config> cluster; // none: a node by itself
  std::map<std::string, queue_config> queues;
  std::map<std::string, source_config> sources;
  std::map<std::string, router_config> routers;
  std::map<std::string, handler_config> handlers;
  std::map<std::string, sink_config> sinks;
  std::map<std::string, vhost_config> vhosts; // besides "/", always there
  std::map<std::string, user_config> users;   // none: engine/access's own
  bool operator==(const pipeline_config&) const = default;
};

/// What an `inputs` entry can name, besides a queue: a source, a router with a
/// queue, `router.output`, a handler's main output `handler`, its
/// `handler.output`, and `handler.dead` or `router.dead` for dead letters.

} // namespace troupe
