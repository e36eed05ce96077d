#pragma once
#include "parley/base/json.hpp"
#include "parley/business/business.hpp"

namespace parley::business {

/// The stored document: everything of a profile but id, organization, name, phone and version.
json::object profile_to_json(const Profile& profile);
/// Reads a stored document into `profile`. A document this program did not write is a bug and
/// throws.
void profile_from_json(const json::value& stored, Profile& profile);

}  // namespace parley::business
