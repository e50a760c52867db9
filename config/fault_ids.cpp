#include "config/fault_ids.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr fault_kind kinds[] = {
  {"E0001", "a configuration file cannot be read",
   "The file does not exist, is a folder, is larger than 16 MiB, or this user "
   "may not read it. Check the path given with -c."},
  {"E0002", "a file is not TOML",
   "The parser stopped at the place shown, so nothing after it was looked at. "
   "Often a quote or a bracket is missing, or a table is written twice."},
  {"E0003", "an environment variable is not set",
   "A text holds ${VAR} and the environment has no VAR. Set it, or write a "
   "default: ${VAR:-default}. With ${VAR:?message} the message is shown. An "
   "empty variable counts as not set where a default or a message is given."},
  {"E0004", "a variable reference is malformed",
   "After ${ there has to be a name of letters, digits and `_`, then `}`, "
   "`:-default}` or `:?message}`. To have ${ itself in a text, write $${."},
  {"E0005", "the configuration version is unknown",
   "`config_version` says which release's keys a file uses. This release reads "
   "version 1. A file for a newer release needs a newer release."},
  {"E0101", "a key is unknown",
   "Keys nobody knows are never ignored: a mistyped one would silently leave "
   "its default in force. Which keys there are depends on the `type`."},
  {"E0102", "a section is unknown",
   "The sections are node, cluster, queues, sources, routers, handlers, "
   "sinks, users and vhosts, and the key config_version."},
  {"E0103", "a required key is missing",
   "The component means nothing without this key. Its help says what belongs "
   "there."},
  {"E0104", "a name has characters that names cannot have",
   "Names are 1 to 200 small letters, digits, `_`, `-` and `.`. A name with a "
   "dot stands in quotes: [queues.\"orders.dead\"]. Users and vhosts may have "
   "any name of 1 to 255 bytes without control characters."},
  {"E0105", "a component is defined twice",
   "Files given together make one configuration, and each component stands in "
   "one of them. Remove one of the two or rename it."},
  {"E0106", "two components have names that cannot be told apart",
   "`inputs` names queues, sources, routers and handlers alike, so they share "
   "their names; only a router may be called like the queue it publishes to. "
   "Sinks, handlers and routers have names of their own. A name such as "
   "`charge.alerts` is taken by the output of `charge`."},
  {"E0110", "a list is empty that needs something",
   "A component that reads nothing does nothing: name what it reads or remove "
   "it. A cluster needs an etcd: name where one is."},
  {"E0111", "an input is listed twice",
   "Each input counts once; the second mention would change nothing."},
  {"E0112", "an input does not exist",
   "`inputs` names a source, a queue, a router with a queue, or an output: "
   "`router.route`, `handler`, `handler.output`, `handler.dead`."},
  {"E0113", "a queue is not declared",
   "Routers and sinks publish to queues that [queues] declares. Add "
   "[queues.NAME], with nothing in it if the defaults will do."},
  {"E0114", "an input names something that cannot be read",
   "A match router is read by its outputs, `router.route`; a sink has none; "
   "`handler.in` is the handler's own queue."},
  {"E0115", "a router has no such output",
   "The outputs of a match router are its routes, the output named by "
   "`unmatched`, and `dead` if unmatched messages are rejected. A hash router "
   "has its queue only."},
  {"E0116", "routers feed each other in a circle",
   "A message would go round without end. Only through a handler may messages "
   "come back."},
  {"E0117", "two routers hash one queue by different keys",
   "A queue keeps the order of one key. Give both the same key, or each a "
   "queue of its own."},
  {"E0118", "a queue and its router have different keys",
   "The router chooses the partition by its key and the queue keeps order by "
   "its own. Make both the same, or leave out the queue's `order`: the router "
   "brings it."},
  {"E0119", "a handler class is not registered",
   "`class`, or the handler's name without it, has to be a class that "
   "TROUPE_HANDLER or registry::add put into this program. The stock program "
   "knows fewer classes than one you have linked yourself."},
  {"E0120", "a condition is malformed",
   "A route's condition compares routing_key, exchange, body, header.NAME, "
   "property.NAME, json.NAME or json./POINTER with a text in quotes, a number, "
   "true or false, by == != < <= > >=; `matches` takes a topic pattern, "
   "`contains` a text, `exists` stands before a field. Join conditions with "
   "and, or, not and parentheses."},
  {"E0121", "a key expression is malformed",
   "A key says what part of a message counts: `routing_key`, `exchange`, "
   "`body`, `header:NAME`, `property:NAME`, `json:NAME` or `json:/POINTER`."},
  {"E0122", "a route has a name it cannot have",
   "Routes are named like components. `dead` is taken by rejected messages, "
   "`drop` and `reject` by `unmatched`."},
  {"E0123", "a file that is to be read is missing",
   "The file of a source, or one that `tls` names, has to be there when the "
   "node starts. A relative path starts "
   "at the working directory. `validate --offline` does not look."},
  {"E0124", "a router or queue sink reads a queue",
   "Routers and queue sinks pass messages on before they reach a queue. To "
   "take messages out of a queue, use a handler or another kind of sink."},
  {"E0125", "two components read one queue",
   "Each message of a queue goes to one reader, and its retries follow that "
   "reader. For more hands raise `threads`; to give each reader every message, "
   "let both read the source or the output instead of the queue."},
  {"E0126", "two sources read standard input",
   "Which of them gets a line would be chance. Keep one and let both parts of "
   "the pipeline read it."},
  {"E0127", "the longest wait is shorter than the first",
   "In a `backoff`, `initial` is the first wait and `max` bounds all of them."},
  {"E0128", "a component reads several queues",
   "A handler or sink reads one queue, by whose order its messages, its state "
   "and its progress go. Let everything it reads go to that queue: by a router "
   "with `queue`, or a sink of type `queue`."},
  {"E0130", "an address cannot be listened on",
   "`listen` is an address of this machine and a port: 127.0.0.1:5672 for "
   "clients on the machine itself, 0.0.0.0:5672 for all, [::1]:5672 with "
   "IPv6. Port 0 takes one that is free."},
  {"E0131", "two servers listen at one address",
   "Only one can have it. Give the other another port."},
  {"E0132", "a vhost does not exist",
   "The vhost `/` is always there; others have to be declared: "
   "[vhosts.NAME], with nothing in it."},
  {"E0133", "an AMQP server that is read has no exchange",
   "Clients publish to exchanges. `exchange` says which one's messages also "
   "come out of the source, for the components whose `inputs` name it."},
  {"E0134", "client certificates cannot be checked",
   "With `verify` as `peer` or `require`, `ca` has to name the PEM file with "
   "the certificates that sign those of clients."},
  {"E0135", "an expression of rights is malformed",
   "Rights are regular expressions as Perl has them, found anywhere in a name: "
   "`^orders` is every name that starts so, `.*` every name, an empty text "
   "none."},
  {"E0136", "a password hash is malformed",
   "Print one with `troupe hash-password`. A hash of RabbitMQ's gets "
   "`rabbitmq-sha256$` in front. A password itself goes to `password`."},
  {"E0137", "a user has both a password and a hash",
   "Which of them counts would be a guess. Keep the hash."},
  {"E0140", "an address cannot be connected to",
   "`seeds`, `advertise` and the `endpoints` and hosts of an etcd are where "
   "others connect to: a name or an address, and a port other than 0. "
   "0.0.0.0 and [::] are places to listen at, and lead nowhere: a member that "
   "listens there says in `advertise` where it is reached."},
  {"E0141", "a cluster on several machines has no TLS",
   "Whoever reaches a member could read and change all messages, so that "
   "members go without TLS on one machine only: `listen` and the hosts of "
   "[cluster.etcd] are 127.0.0.1, [::1] or localhost then. Add `tls` with "
   "`ca`, `cert` and `key` to [cluster]."},
  {"E0142", "a cluster or a member has a name it cannot have",
   "Names of clusters and of their members, which are the names of the nodes, "
   "are 1 to 255 letters, digits, `-`, `_` and `.`."},
  {"E0143", "a cluster's etcd has an impossible number of members",
   "An etcd goes on while more than half of its members are there. Two cannot "
   "outvote the loss of either, so they are less safe than one; four stand no "
   "more than three, and many slow each other down. Name three or five nodes, "
   "on machines that do not fail together; others may join as well and ask "
   "these."},
  {"E0144", "a member has no name of its own",
   "In a cluster `node.name` says which member this is: it has to be written, "
   "and to be another on every node."},
  {"E0145", "seeds do not say which nodes run an etcd",
   "Without [cluster.etcd.members] the first three or five of `seeds` run one. "
   "Each is a name, which begins with its `node.name` up to the first dot, and "
   "a port. Addresses say no names, and nodes on one machine need ports of "
   "their own for their etcds: name both under [cluster.etcd.members]."},
  {"E0201", "a value has the wrong type",
   "Text stands in quotes, numbers and true or false do not, lists stand in "
   "brackets."},
  {"E0202", "a word is not one of those allowed",
   "The fault lists the words this key takes."},
  {"E0203", "a value is out of range",
   "The fault says from where to where it may be."},
  {"E0204", "a text is empty",
   "An empty text is most often a variable without a value. To get the "
   "default, leave the key out."},
  {"E0205", "a path is impossible", "No file name holds a zero byte."},
  {"E0207", "a duration needs a unit",
   "Durations are texts of a whole number and its unit: \"5ms\", \"30s\", "
   "\"10m\", \"1h\", \"2d\"; at most 36500 days."},
  {"E0208", "a size needs a unit",
   "Sizes are texts of a whole number and its unit: B, kB, MB, GB, TB for "
   "thousands; KiB, MiB, GiB, TiB for 1024s."},
  {"W0401", "nobody reads a source",
   "Its messages go nowhere. Name it in the `inputs` of a handler, router or "
   "sink, or remove it."},
  {"W0402", "nobody reads a route",
   "Messages that take it are dropped, and counted. Read it, or remove it and "
   "set `unmatched = \"drop\"` to say so."},
  {"W0403", "a queue is not used",
   "Nothing of this configuration publishes to it or reads it."},
  {"W0404", "nothing handles messages",
   "The configuration has neither a handler nor a sink, nor a server for "
   "clients."},
  {"W0405", "a password stands in the file",
   "Whoever may read the file knows it. Write `password_hash` with what "
   "`troupe hash-password` prints, or take the password from the environment: "
   "\"${VAR}\"."},
  {"W0406", "a cluster hangs on one machine",
   "While the one node that runs the etcd is down, nobody can take the place "
   "of "
   "a member that fails. Name three in [cluster.etcd]."},
  {"W0407", "an etcd is asked in the clear",
   "Whoever sees the traffic can read and change what members agree on. Add "
   "`tls` to [cluster.etcd], or see to it that nobody else is in that "
   "network."},
};

} // namespace

std::span<const fault_kind> fault_kinds() { return kinds; }

const fault_kind* find_fault_kind(std::string_view id) {
  const auto* found = std::ranges::find(kinds, id, &fault_kind::id);
  return found == std::end(kinds) ? nullptr : found;
}

} // namespace troupe
