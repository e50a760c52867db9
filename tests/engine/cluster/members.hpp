#pragma once

#include "engine/cluster/group_record.hpp"

namespace troupe::test {

// The members that tests of clusters are about.
constexpr auto one = cluster::member_id{1};
constexpr auto two = cluster::member_id{2};
constexpr auto three = cluster::member_id{3};
constexpr auto four = cluster::member_id{4};

} // namespace troupe::test
