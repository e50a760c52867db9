#pragma once

#include "engine/store/store_options.hpp"

#include <rocksdb/options.h>

#include <string>

namespace troupe {

/// How the database as a whole is run.
rocksdb::DBOptions database_options(const store_options& options);

/// How one column family is kept; `name` as in docs/store_format.md, or
/// another.
rocksdb::ColumnFamilyOptions
family_options(const std::string& name, const store_options& options);

} // namespace troupe
