#include "config/graph.hpp"
#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

TEST_CASE("graph: Mermaid text shows every component and edge") {
  auto config = read_one(orders).config;
  CHECK(mermaid(config, make_plan(config)) == R"(flowchart LR
  n0(["lines"])
  n1{"by_kind"}
  n2{"shard"}
  n3[("by_kind.dead")]
  n4[("orders")]
  n5[("orders.dead")]
  n6[("paid.in")]
  n7["charge"]
  n8[/"paid"/]
  n1 -->|"dead"| n3
  n1 -->|"orders"| n2
  n1 -->|"refunds"| n5
  n7 --> n6
  n7 -->|"dead"| n5
  n0 --> n1
  n2 --> n4
  n4 --> n7
  n6 --> n8
)");
}

TEST_CASE("graph: dot text shows every component and edge") {
  auto config = read_one("[sources.s]\ntype = 'stdin'\n[handlers.a]\n"
                         "inputs = ['s']\n")
                  .config;
  CHECK(dot(config, make_plan(config)) == R"(digraph pipeline {
  rankdir=LR;
  n0 [label="s", shape=oval];
  n1 [label="a.dead", shape=cylinder];
  n2 [label="a.in", shape=cylinder];
  n3 [label="a", shape=box];
  n3 -> n1 [label="dead"];
  n0 -> n2;
  n2 -> n3;
}
)");
}
