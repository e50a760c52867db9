#include "engine/amqp/server_properties.hpp"

namespace troupe::amqp {

namespace {

field_value capabilities() {
  auto all = field_table{};
  for (const char* name :
       {"publisher_confirms", "exchange_exchange_bindings", "basic.nack",
        "consumer_cancel_notify", "connection.blocked", "consumer_priorities",
        "authentication_failure_close", "per_consumer_qos", "direct_reply_to"})
    all.fields.push_back({name, {true}});
  return {all};
}

} // namespace

field_table server_properties(const connection_options& of) {
  // Celery uses global prefetch limits, which it changes while consumers run,
  // with a RabbitMQ below version 4 and nothing else.
  auto poses = of.compat == compatibility::rabbitmq_3_13;
  auto product = std::string{poses ? "RabbitMQ" : "Troupe"};
  auto version = poses ? std::string{"3.13.7"} : of.version;
  return {
    {{"capabilities", capabilities()},
     {"cluster_name", {of.node_name}},
     {"copyright", {std::string{"The authors of Troupe"}}},
     {"information", {std::string{"Speaks AMQP 0-9-1 as RabbitMQ does"}}},
     {"platform", {std::string{"C++"}}},
     {"product", {product}},
     {"version", {version}}}};
}

} // namespace troupe::amqp
